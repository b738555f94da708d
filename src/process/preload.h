/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a process loads before it enters the sandbox, where it can open nothing. */

#pragma once

#include <glib.h>

/* Brings GStreamer's registry of plugins up to date, before GStreamer is initialised: where
 * no other program does it (GST_REGISTRY_FORK=no), each plugin that is new is loaded for
 * that, and some start threads, which a process in the sandbox must not have.  So it is
 * done in a child.  Blocks meanwhile, mostly some ms.  What fails there is for the
 * initialisation to tell. */
void preload_registry (void);

/* FALSE with @error (ANALYSIS_ERROR) set if there is no element genreclassify. */
gboolean preload_check_plugin (GError **error);

/* Loads parsers, demuxers and decoders of audio, and our element, whose model must
 * have been offered.
 * @plugins: (array zero-terminated=1) (nullable): those that they are taken from; NULL:
 *     all that there are.  What others give is not found in the sandbox.
 * @elements: (array zero-terminated=1): the names of others that are needed */
void preload_decoders (const char *const *plugins, const char *const *elements);
