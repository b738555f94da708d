/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The undo log: what is written into it is read again, and what else may be in
 * the file is counted. */

#include "tags/undolog.h"

#include <string.h>

#include <glib/gstdio.h>

#include "tags/formats/tagserror.h"

static char *folk[] = { "Folk", "Hip-Hop", NULL };
static char *jazz[] = { "Jazz", NULL };

/* Reads @text from a block of just that size, so that the address sanitizer
 * sees what is read beyond it. */
static UndoLog *
parse (const char *text, gsize length)
{
  g_autofree char *data = g_memdup2 (text, length);

  return undolog_parse (data, length);
}

static UndoLog *
parse_string (const char *text)
{
  return parse (text, strlen (text));
}

static char *
format_line (const char *path)
{
  TagState before = { .genres[TAG_XIPH] = folk };
  TagState after = { .genres[TAG_XIPH] = jazz,
    .genres[TAG_ID3V1] = jazz,
    .classifier[TAG_XIPH] = (char *) "Jazz, confidence 0.90" };

  return undolog_format_line (path, &before, &after);
}

static const UndoEntry *
get_entry (const UndoLog *log, guint file, guint i)
{
  GPtrArray *entries;

  g_assert_cmpuint (log->files->len, >, file);
  entries = log->files->pdata[file];
  g_assert_cmpuint (entries->len, >, i);
  return entries->pdata[i];
}

static void
assert_counts (const UndoLog *log, guint n_files, guint n_torn, guint n_invalid)
{
  g_assert_cmpuint (log->files->len, ==, n_files);
  g_assert_cmpuint (log->n_torn, ==, n_torn);
  g_assert_cmpuint (log->n_invalid, ==, n_invalid);
}

static void
test_line (void)
{
  g_autofree char *line = format_line ("/a/song.ogg");
  g_autoptr (UndoLog) log = parse_string (line);
  const UndoEntry *entry = get_entry (log, 0, 0);

  assert_counts (log, 1, 0, 0);
  g_assert_cmpstr (entry->path, ==, "/a/song.ogg");
  g_assert_cmpstrv (entry->before.genres[TAG_XIPH], folk);
  g_assert_cmpstrv (entry->after.genres[TAG_XIPH], jazz);
  g_assert_null (entry->before.genres[TAG_ID3V1]);
  g_assert_cmpstrv (entry->after.genres[TAG_ID3V1], jazz);
  g_assert_null (entry->before.classifier[TAG_XIPH]);
  g_assert_cmpstr (
      entry->after.classifier[TAG_XIPH], ==, "Jazz, confidence 0.90");
}

static void
test_path (void)
{
  /* not UTF-8, and nothing in it is to be taken for the escape of a byte, for
   * the end of a string, or for JSON's depth */
  const char *path = "/\xff%41/[[[[[[[[{\"'#.ogg";
  g_autofree char *line = format_line (path);
  g_autoptr (UndoLog) log = parse_string (line);

  g_assert_cmpstr (get_entry (log, 0, 0)->path, ==, path);
}

static void
test_order (void)
{
  g_autofree char *a = format_line ("/a"), *b = format_line ("/b");
  g_autofree char *text = g_strjoin ("\n", a, b, a, "", NULL);
  g_autoptr (UndoLog) log = parse_string (text);

  assert_counts (log, 2, 0, 0);
  g_assert_cmpstr (get_entry (log, 0, 1)->path, ==, "/a");
  g_assert_cmpstr (get_entry (log, 1, 0)->path, ==, "/b");
}

/* Lines that were cut off, and zeros where the file was made longer. */
static void
test_torn (void)
{
  g_autofree char *line = format_line ("/a");
  g_autoptr (GString) text = g_string_new_len (line, 20);
  g_autoptr (UndoLog) log = NULL;

  g_string_append_len (text, "\0\0\0", 3);
  g_string_append (text, line);
  g_string_append_len (text, "\n{\"p", 4);
  log = parse (text->str, text->len);
  assert_counts (log, 1, 2, 0);
}

static void
test_invalid (void)
{
  static const char *const lines[] = { "no JSON", "[]", "{}", "null", "7",
    "{\"tags\":{}}", "{\"path\":7,\"tags\":{}}",
    "{\"path\":\"/a\",\"tags\":[]}",
    "{\"path\":\"/a\",\"tags\":{\"ID3v2\":[]}}",
    "{\"path\":\"/a\",\"tags\":{\"ID3v2\":{}}}",
    "{\"path\":\"/a\",\"tags\":{\"ID3v2\":{\"old\":7,\"new\":[]}}}",
    "{\"path\":\"/a\",\"tags\":{\"ID3v2\":{\"old\":[\"a\",7],\"new\":[]}}}",
    "{\"path\":\"/a\",\"tags\":{\"ID3v2\":{\"old\":[null],\"new\":[]}}}",
    "{\"path\":\"/a\",\"path_bytes\":\"%00\",\"tags\":{}}" };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autoptr (UndoLog) log = parse_string (lines[i]);

    g_test_message ("%s", lines[i]);
    assert_counts (log, 0, 0, 1);
  }
}

static void
test_empty (void)
{
  g_autoptr (UndoLog) log = parse_string ("");

  assert_counts (log, 0, 0, 0);
}

/* JSON-GLib's parser would run out of stack. */
static void
test_depth (void)
{
  const gsize n = 1 << 22;
  g_autofree char *text = g_malloc (n);
  g_autoptr (UndoLog) log = NULL;

  memset (text, '[', n);
  log = parse (text, n);
  assert_counts (log, 0, 0, 1);
}

static void
test_file (void)
{
  g_autofree char *folder = g_dir_make_tmp ("undolog-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "log", NULL);
  g_autofree char *line = format_line ("/a");
  g_autoptr (UndoLog) log = NULL;
  GError *error = NULL;

  g_assert_null (undolog_read (path, &error));
  g_assert_error (error, TAGS_ERROR, REASON_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (undolog_check (path, NULL));
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));

  g_file_set_contents (path, line, 20, NULL);
  g_assert_true (undolog_check (path, NULL));
  g_assert_true (undolog_append (path, line, NULL));
  g_assert_true (undolog_append (path, line, NULL));
  log = undolog_read (path, NULL);
  assert_counts (log, 1, 1, 0);
  get_entry (log, 0, 1);

  g_file_set_contents (path, "a song", -1, NULL);
  g_assert_false (undolog_check (path, &error));
  g_assert_error (error, TAGS_ERROR, REASON_WRITE_FAILED);
  g_clear_error (&error);
  g_assert_false (undolog_append (folder, line, &error));
  g_assert_error (error, TAGS_ERROR, REASON_WRITE_FAILED);
  g_clear_error (&error);

  g_remove (path);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/undolog/line", test_line);
  g_test_add_func ("/undolog/path", test_path);
  g_test_add_func ("/undolog/order", test_order);
  g_test_add_func ("/undolog/torn", test_torn);
  g_test_add_func ("/undolog/invalid", test_invalid);
  g_test_add_func ("/undolog/empty", test_empty);
  g_test_add_func ("/undolog/depth", test_depth);
  g_test_add_func ("/undolog/file", test_file);
  return g_test_run ();
}
