/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "formats.h"

const TagFormat *const tag_formats[] = {
  &tag_format_flac,
  &tag_format_matroska,
  NULL,
};
