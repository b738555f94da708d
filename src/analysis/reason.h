/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Why a file has no result, or was not written: a code for programs.  Sentences
 * are for people; no program decides by reading one. */

#pragma once

#include <glib.h>

typedef enum
{
  REASON_NONE, /* there is nothing to explain */

  /* of the input */
  REASON_NOT_FOUND,
  REASON_UNREADABLE,  /* no permission, an error of the disk, or no file */
  REASON_UNREACHABLE, /* a server does not answer, or has stopped sending */
  REASON_NOT_AUDIO,   /* another or an unknown type of file, or an empty one */
  REASON_NO_AUDIO_STREAM, /* a media file without sound: a picture, a mute film */
  REASON_TOO_SHORT,
  REASON_LOW_RATE,   /* too few samples a second to tell a genre */
  REASON_NO_NUMBERS, /* none of its samples is a finite number */

  /* of the decoder */
  REASON_DECODER_MISSING, /* none is installed for it */
  REASON_DECODER_FAILED,
  REASON_DECODER_CRASHED, /* and took its process with it */
  REASON_TIMEOUT,         /* no progress, or not done in the time allowed */
  REASON_TOO_MUCH_WORK,   /* more than its length and size explain */
  REASON_OUT_OF_MEMORY,   /* it needs more than a process may have */
  REASON_OVERTAKEN,       /* it took long while others waited */

  /* of this program and what it is made of */
  REASON_BAD_MODEL,      /* the weights file, or a window that it cannot take */
  REASON_PLUGIN_MISSING, /* an element of GStreamer that is always needed */
  REASON_INTERNAL,
  REASON_PLOT_FAILED,

  /* of writing tags */
  REASON_TRUNCATED, /* the file ends too early, but is played up to there */
  REASON_UNWRITABLE_FORMAT,
  REASON_MALFORMED_TAGS,
  REASON_TAG_WOULD_CHANGE, /* something else than the genre */
  REASON_NOT_A_FILE,       /* a stream or a device */
  REASON_READ_ONLY,
  REASON_BUSY,              /* another process writes the file */
  REASON_CHANGED_MEANWHILE, /* by somebody else */
  REASON_NO_SPACE,
  REASON_WRITE_FAILED,

  N_REASONS
} Reason;

/* The domain of every error that src/analysis sets, and of rooms above it that have
 * none of their own; an error's code is a Reason. */
#define ANALYSIS_ERROR (analysis_error_quark ())
GQuark analysis_error_quark (void);

/* The stable name of a reason, such as "too-short"; NULL for REASON_NONE. */
const char *reason_to_code (Reason reason);
/* The inverse: REASON_NONE for NULL, REASON_INTERNAL for an unknown name. */
Reason reason_from_code (const char *code);
/* Whether the same may succeed another time, with nothing changed by the user. */
gboolean reason_is_retryable (Reason reason);
/* Whether the file was read and holds no audio.  Only another content changes
 * that. */
gboolean reason_is_no_audio (Reason reason);
/* Whether a file that was found, in a folder or a list, is skipped for this reason
 * and is no failure: it is no music, or has no place for the genre, and only
 * another content changes that.  @named_as_audio: its name says that it is audio,
 * and if it is none, something is wrong with it. */
gboolean reason_may_skip (Reason reason, gboolean named_as_audio);
/* The Reason of an error in the domain ANALYSIS_ERROR; @otherwise for an error of
 * another domain, or NULL. */
Reason reason_from_error (const GError *error, Reason otherwise);
