/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One way to refuse: sets @error to a sentence and gives FALSE. */

#pragma once

#include "genre/genre.h"

gboolean genre_refuse (GError **error, GenreError code, const char *format, ...)
    G_GNUC_PRINTF (3, 4);
