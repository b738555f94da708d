/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is written into files that have genres, and into none. */

#include "tags/tagwriter.h"

#include <string.h>

#include <glib/gstdio.h>
#include <gst/gst.h>

#include "tags/undo.h"
#include "try.h"

typedef struct
{
  char *folder, *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  (void) data;
  fixture->folder = g_dir_make_tmp (NULL, NULL);
  fixture->path = g_build_filename (fixture->folder, "song.flac", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  (void) data;
  /* no copy is left beside the file */
  g_assert_cmpint (g_unlink (fixture->path), ==, 0);
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_free (fixture->folder);
  g_free (fixture->path);
}

/* Makes the file, with these genres (nullable). */
static void
make_file (const Fixture *fixture, char **genres)
{
  g_autoptr (GBytes) data = try_make_flac ();
  g_autoptr (GBytes) made = genres ? try_write (data, genres, TRUE)
                                   : g_bytes_ref (data);
  gsize length;
  gconstpointer bytes = g_bytes_get_data (made, &length);

  g_assert_true (
      g_file_set_contents (fixture->path, bytes, (gssize) length, NULL));
}

/* Writes "Metal" into a file that has @old, names separated by "|", and compares
 * with what should be there: the same, or NULL if the file is to be kept as it
 * is. */
static void
check (const Fixture *fixture, const char *old, TagOptions options,
    const char *expected)
{
  static const char *const metal[] = { "Metal", NULL };
  g_auto (GStrv) had = g_strsplit (old, "|", -1);
  g_auto (GStrv) names = NULL;
  g_autofree char *genre = NULL, *wanted = NULL;
  TagChange said, done;
  gboolean known;
  g_autoptr (GError) error = NULL;

  make_file (fixture, *old ? had : NULL);
  names = g_strsplit (expected ? expected : old, "|", -1);
  wanted = *names ? g_strjoinv ("; ", names) : NULL;

  options.dry_run = TRUE;
  g_assert_true (
      tagwriter_write (fixture->path, metal, NULL, &options, &said, &error));
  options.dry_run = FALSE;
  g_assert_true (
      tagwriter_write (fixture->path, metal, NULL, &options, &done, &error));
  g_assert_no_error (error);
  genre = tagwriter_read_genre (fixture->path, &known);
  g_assert_true (known);
  g_assert_cmpstr (genre, ==, wanted);

  g_assert_cmpint (done.written, ==, expected != NULL);
  g_assert_cmpstr (done.new_genre, ==, wanted);
  g_assert_cmpint (said.written, ==, done.written);
  g_assert_cmpstr (said.old_genre, ==, done.old_genre);
  g_assert_cmpstr (said.new_genre, ==, done.new_genre);
  g_assert_cmpstr (said.note, ==, done.note);
  tag_change_clear (&said);
  tag_change_clear (&done);
}

static void
test_modes (Fixture *fixture, gconstpointer data)
{
  const TagOptions keep = { .mode = TAG_KEEP },
                   overwrite = { .mode = TAG_OVERWRITE },
                   append = { .mode = TAG_APPEND };

  (void) data;
  check (fixture, "", keep, "Metal");
  check (fixture, "Rock", keep, NULL);
  check (fixture, "Rock|Pop", overwrite, "Metal");
  check (fixture, "Rock", append, "Rock|Metal");
  check (fixture, "metal", append, NULL);
  check (fixture, "Metal", overwrite, NULL);
}

/* Several genres in one text are several. */
static void
test_joined (Fixture *fixture, gconstpointer data)
{
  const TagOptions append = { .mode = TAG_APPEND };

  (void) data;
  check (fixture, "Rock; Metal", append, NULL);
  check (fixture, "Rock;METAL", append, NULL);
  check (fixture, "Rock; Pop", append, "Rock; Pop|Metal");
  check (fixture, "Heavy Metal", append, "Heavy Metal|Metal");
}

static void
test_placeholders (Fixture *fixture, gconstpointer data)
{
  const TagOptions keep = { .mode = TAG_KEEP }, append = { .mode = TAG_APPEND };
  const TagOptions own = { .mode = TAG_KEEP, .placeholders = "misc; Various" };

  (void) data;
  check (fixture, "Unknown", keep, "Metal");
  check (fixture, "other", keep, "Metal");
  check (fixture, "none", append, "Metal");
  check (fixture, "genre|Pop", append, "Pop|Metal");
  check (fixture, "Other|Pop", keep, NULL);
  check (fixture, "Unknown", own, NULL);
  check (fixture, "VARIOUS", own, "Metal");
}

/* A run that only says what it would do finds the same obstacles. */
static void
test_dry_run (Fixture *fixture, gconstpointer data)
{
  static const char *const jazz[] = { "Jazz", NULL };
  TagOptions options = { .mode = TAG_KEEP, .dry_run = TRUE };
  g_autoptr (GBytes) whole = try_make_flac ();
  gsize length;
  g_autofree char *flac = g_bytes_unref_to_data (
      g_steal_pointer (&whole), &length);

  (void) data;
  /* more fields than there are */
  g_assert_cmpint (flac[4 + 38 + 4 + 8], ==, 2);
  flac[4 + 38 + 4 + 8] = 9;
  g_assert_true (
      g_file_set_contents (fixture->path, flac, (gssize) length, NULL));
  for (guint i = 0; i < 2; i++, options.dry_run = FALSE) {
    g_autoptr (GError) error = NULL;
    TagChange change;

    g_assert_false (
        tagwriter_write (fixture->path, jazz, NULL, &options, &change, &error));
    g_assert_cmpstr (error->message, ==,
        "Its Vorbis comment is damaged: it is to have 9 fields, and ends within "
        "field 3.");
  }
}

static void
print_nothing (const char *text)
{
  (void) text;
}

/* Undoes the log, which is removed. */
static void
undo (const char *log, gboolean has_fields)
{
  g_autoptr (GRegex) fields = g_regex_new (
      ",\"old_fields\":\\[(\\[[^]]*\\],?)*\\]", 0, 0, NULL);
  g_autofree char *text = NULL, *stripped = NULL;
  GPrintFunc print = g_set_print_handler (print_nothing);

  g_assert_true (g_file_get_contents (log, &text, NULL, NULL));
  stripped = g_regex_replace_literal (fields, text, -1, 0, "", 0, NULL);
  g_assert_cmpint (strlen (stripped), <, strlen (text));
  if (!has_fields)
    g_assert_true (g_file_set_contents (log, stripped, -1, NULL));
  g_assert_cmpint (undo_run (log, FALSE), ==, 0);
  g_set_print_handler (print);
  g_assert_cmpint (g_unlink (log), ==, 0);
}

/* Logs of earlier versions do not have the fields; the genres are given back by
 * their names. */
static void
test_undo (Fixture *fixture, gconstpointer data)
{
  static const char *const metal[] = { "Metal", NULL };
  static char *old[] = { "Rock", "Pop", NULL };
  g_autofree char *log = g_build_filename (fixture->folder, "log", NULL);
  const TagOptions options = { .mode = TAG_OVERWRITE, .undo_log = log };

  (void) data;
  for (guint i = 0; i < 4; i++) {
    g_autofree char *before = NULL, *after = NULL;
    gsize n_before, n_after;
    TagChange change;

    make_file (fixture, i < 2 ? old : NULL);
    g_assert_true (
        g_file_get_contents (fixture->path, &before, &n_before, NULL));
    g_assert_true (tagwriter_write (
        fixture->path, metal, "by me", &options, &change, NULL));
    tag_change_clear (&change);
    undo (log, i % 2 == 0);
    g_assert_true (g_file_get_contents (fixture->path, &after, &n_after, NULL));
    g_assert_cmpmem (after, n_after, before, n_before);
  }
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    void (*test) (Fixture *, gconstpointer);
  } tests[] = {
    { "/tagwriter/modes", test_modes },
    { "/tagwriter/joined", test_joined },
    { "/tagwriter/placeholders", test_placeholders },
    { "/tagwriter/dry-run", test_dry_run },
    { "/tagwriter/undo", test_undo },
  };

  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, Fixture, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
