/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "formats.h"

const TagFormat *const tag_formats[] = {
  &tag_format_aiff,
  &tag_format_asf,
  &tag_format_flac,
  &tag_format_matroska,
  &tag_format_mp4,
  &tag_format_ogg,
  &tag_format_wav,
  &tag_format_tta,
  &tag_format_dsf,
  &tag_format_monkeys_audio,
  &tag_format_wavpack,
  &tag_format_musepack,
  &tag_format_tak,
  &tag_format_optimfrog,
  /* have no magic bytes, and are looked for behind others */
  &tag_format_mpeg,
  &tag_format_adts,
  NULL,
};
