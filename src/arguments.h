/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The arguments of a command, in every spelling that getopt_long() knows.  GOption
 * alone, which describes the options and takes their values, does not know
 * "-j4". */

#pragma once

#include <glib.h>

/**
 * arguments_parse:
 * @context: has the options of @tables, in groups or not; its help is printed
 * @tables: (array zero-terminated=1): all options that there are, as in
 *     @context.  Only their names and types are read.
 * @argc: of main()
 * @argv: of main(); not changed
 * @error: return location, in the domain G_OPTION_ERROR
 *
 * Takes options and names in any order, "-j4" and "-nj4" for "-n -j 4", and a
 * long option by as many letters as tell it from the others.  What follows "--"
 * are names.  An option that takes one value can be given once.  --help ends the
 * process.
 *
 * Returns: (transfer full): the names, %NULL-terminated, or %NULL with @error set;
 *     free with g_strfreev()
 */
char **arguments_parse (GOptionContext *context,
    const GOptionEntry *const *tables, int argc, char **argv, GError **error);

/**
 * arguments_parse_size:
 * @text: a number of bytes such as "4096", or with a unit of 1024 such as "200M" or "2g"
 * @size: return location, bytes; more than 0
 *
 * Returns: %FALSE if it is none
 */
gboolean arguments_parse_size (const char *text, guint64 *size);

/**
 * arguments_suggest:
 * @word: what was typed
 * @known: (array zero-terminated=1): what there is
 *
 * Returns: (nullable): the one of @known that @word may have been meant to be, with
 *     one or two letters wrong, or %NULL
 */
const char *arguments_suggest (const char *word, const char *const *known);

/* Sets an error of the domain G_OPTION_ERROR: what was given, and what is expected.
 * Returns FALSE. */
gboolean arguments_set_error (GError **error, const char *format, ...)
    G_GNUC_PRINTF (2, 3);
