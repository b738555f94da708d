/* SPDX-License-Identifier: GPL-2.0-or-later */

/* tagwriter-tool [OPTIONS] GENRE FILE...: writes that genre; or with --undo. */

#include <locale.h>

#include <gst/gst.h>

#include "tagwriter.h"
#include "undo.h"

static gboolean
write_file (const char *path, const char *genre, const TagOptions *options)
{
  g_autoptr (GError) error = NULL;
  TagChange change;

  if (!tagwriter_write (
          path, genre, 0.87, "crnn 3", options, &change, &error)) {
    g_printerr ("%s: %s\n", path, error->message);
    return FALSE;
  }
  g_print ("%s: %s: %s -> %s%s%s\n", path, change.written ? "written" : "kept",
      change.old_genre ? change.old_genre : "none", change.new_genre,
      change.note ? ": " : "", change.note ? change.note : "");
  tag_change_clear (&change);
  return TRUE;
}

int
main (int argc, char **argv)
{
  TagOptions options = { 0 };
  gboolean overwrite = FALSE, append = FALSE, undo = FALSE, ok = TRUE;
  const GOptionEntry entries[] = {
    { "overwrite", 0, 0, G_OPTION_ARG_NONE, &overwrite, NULL, NULL },
    { "append", 0, 0, G_OPTION_ARG_NONE, &append, NULL, NULL },
    { "id3v23", 0, 0, G_OPTION_ARG_NONE, &options.id3v23, NULL, NULL },
    { "preserve-times", 0, 0, G_OPTION_ARG_NONE, &options.preserve_times, NULL,
        NULL },
    { "write-confidence", 0, 0, G_OPTION_ARG_NONE, &options.write_confidence,
        NULL, NULL },
    { "dry-run", 0, 0, G_OPTION_ARG_NONE, &options.dry_run, NULL, NULL },
    { "undo-log", 0, 0, G_OPTION_ARG_FILENAME, &options.undo_log, NULL, NULL },
    { "undo", 0, 0, G_OPTION_ARG_NONE, &undo, NULL, NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  setlocale (LC_ALL, "");
  gst_init (NULL, NULL);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, NULL) || argc < 2)
    return 2;
  if (undo)
    return undo_run (argv[1], options.dry_run);
  options.mode = overwrite ? TAG_OVERWRITE : append ? TAG_APPEND : TAG_KEEP;
  for (int i = 2; i < argc; i++)
    ok &= write_file (argv[i], argv[1], &options);
  return !ok;
}
