/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A picture of a station's day: its genres, how much it talked, and its states. */

#pragma once

#include "dayrecords.h"

/* Writes it to @path, .svg or .png.  FALSE with @error set. */
gboolean
dayplot_save (const DayRecords *records, const char *path, GError **error);
