/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a process loads before it enters the sandbox, where it can open nothing. */

#pragma once

#include <glib.h>

/* FALSE with @error (ANALYSIS_ERROR) set if there is no element genreclassify. */
gboolean preload_check_plugin (GError **error);

/* Loads all parsers, demuxers and decoders of audio, and our element, whose model must
 * have been offered.
 * @elements: (array zero-terminated=1): the names of others that are needed */
void preload_decoders (const char *const *elements);
