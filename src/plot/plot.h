/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A picture of one track: the waveform, the mel spectrogram and, below them on
 * the same axis of time, the probabilities of its genres. */

#pragma once

#include <glib.h>

#include "analysis/overview.h"
#include "analysis/result.h"

/**
 * plot_write:
 * @path: where to: a name that ends in .svg or .png
 * @result: what was found, with its labels and segments
 * @overview: the same file, heard
 * @error: return location: also if @path ends otherwise (see
 *     figure_check_path())
 *
 * An older file of that name is replaced, at once and only by a whole one.
 *
 * Returns: %FALSE with @error set, and nothing written
 */
gboolean plot_write (const char *path, const Result *result,
    const Overview *overview, GError **error);

/* The same, with the overview made here by decoding the file once more: what
 * --plot does.  result->name is the file or URI, as source_init() takes it. */
gboolean plot_file (const char *path, const Result *result, GError **error);
