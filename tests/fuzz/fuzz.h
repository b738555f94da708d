/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A fuzz target is a program with this function, which libFuzzer calls with bytes
 * that it makes up, and corpus.c with those of the files in corpus/.  The target
 * hands them to one parser.  It finds a fault if the program crashes, if a
 * sanitizer reports something, or if GLib reports a warning. */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include <glib.h>

/* Bytes @data, [size], whatever they are.  Returns 0. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
/* Called once, before the first input: from then on a warning of GLib aborts. */
int LLVMFuzzerInitialize (int *argc, char ***argv);

/* Asserts that a function which returned @ok sets @error if and only if it
 * failed, with a message; frees the error. */
void fuzz_check_error (gboolean ok, GError *error);
/* A file in memory that has these bytes; its position is the start. */
int fuzz_make_file (const uint8_t *data, size_t size);
