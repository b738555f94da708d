/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "reason.h"

/* clang-format would put spaces around the hyphens of the name */
/* clang-format off */
G_DEFINE_QUARK (analysis-error-quark, analysis_error)
/* clang-format on */

static const struct
{
  const char *code;
  gboolean retryable;
} reasons[N_REASONS] = {
  [REASON_NONE] = { NULL, FALSE },
  [REASON_NOT_FOUND] = { "not-found", FALSE },
  [REASON_UNREADABLE] = { "unreadable", FALSE },
  [REASON_UNREACHABLE] = { "unreachable", TRUE },
  [REASON_NOT_AUDIO] = { "not-audio", FALSE },
  [REASON_NO_AUDIO_STREAM] = { "no-audio-stream", FALSE },
  [REASON_TOO_SHORT] = { "too-short", FALSE },
  [REASON_LOW_RATE] = { "low-rate", FALSE },
  [REASON_NO_NUMBERS] = { "no-numbers", FALSE },
  [REASON_DECODER_MISSING] = { "decoder-missing", FALSE },
  [REASON_DECODER_FAILED] = { "decoder-failed", FALSE },
  [REASON_DECODER_CRASHED] = { "decoder-crashed", FALSE },
  [REASON_TIMEOUT] = { "timeout", TRUE },
  [REASON_TOO_MUCH_WORK] = { "too-much-work", FALSE },
  [REASON_OUT_OF_MEMORY] = { "out-of-memory", FALSE },
  [REASON_OVERTAKEN] = { "overtaken", TRUE },
  [REASON_BAD_MODEL] = { "bad-model", FALSE },
  [REASON_PLUGIN_MISSING] = { "plugin-missing", FALSE },
  [REASON_INTERNAL] = { "internal", TRUE },
  [REASON_PLOT_FAILED] = { "plot-failed", FALSE },
  [REASON_TRUNCATED] = { "truncated", FALSE },
  [REASON_UNWRITABLE_FORMAT] = { "unwritable-format", FALSE },
  [REASON_MALFORMED_TAGS] = { "malformed-tags", FALSE },
  [REASON_TAG_WOULD_CHANGE] = { "tag-would-change", FALSE },
  [REASON_NOT_A_FILE] = { "not-a-file", FALSE },
  [REASON_READ_ONLY] = { "read-only", FALSE },
  [REASON_BUSY] = { "busy", TRUE },
  [REASON_CHANGED_MEANWHILE] = { "changed-meanwhile", TRUE },
  [REASON_NO_SPACE] = { "no-space", TRUE },
  [REASON_WRITE_FAILED] = { "write-failed", FALSE },
};

const char *
reason_to_code (Reason reason)
{
  return reasons[reason].code;
}

Reason
reason_from_code (const char *code)
{
  if (!code)
    return REASON_NONE;
  for (Reason reason = REASON_NONE + 1; reason < N_REASONS; reason++)
    if (g_str_equal (code, reasons[reason].code))
      return reason;
  return REASON_INTERNAL;
}

gboolean
reason_is_retryable (Reason reason)
{
  return reasons[reason].retryable;
}

gboolean
reason_is_no_audio (Reason reason)
{
  return reason == REASON_NOT_AUDIO || reason == REASON_NO_AUDIO_STREAM;
}

gboolean
reason_may_skip (Reason reason, gboolean named_as_audio)
{
  switch (reason) {
    case REASON_TOO_SHORT:
    case REASON_UNWRITABLE_FORMAT:
      return TRUE;
    default:
      return reason_is_no_audio (reason) && !named_as_audio;
  }
}

Reason
reason_from_error (const GError *error, Reason otherwise)
{
  return error && error->domain == ANALYSIS_ERROR ? (Reason) error->code
                                                  : otherwise;
}
