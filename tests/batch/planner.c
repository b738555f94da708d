/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Plans of folders and lists that are there, and of names that are not. */

#include "batch/planner.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "temporary.h"

/* of all tests; each clears it */
static char *folder;

/* how many reads go well until one fails; less than 0: all do */
static int n_good_reads = -1;

/* In the place of the C library's: temporary files are read by it. */
ssize_t
pread (int fd, void *data, size_t size, off_t offset)
{
  if (n_good_reads >= 0 && n_good_reads-- == 0) {
    errno = EIO;
    return -1;
  }
  return syscall (SYS_pread64, fd, data, size, offset);
}

static char *
in (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

/* @size: the file has no more than a hole of it */
static void
make_file (const char *name, gsize size)
{
  g_autofree char *path = in (name);
  g_autofree char *above = g_path_get_dirname (path);
  int fd;

  g_assert_cmpint (g_mkdir_with_parents (above, 0700), ==, 0);
  fd = g_open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (ftruncate (fd, (off_t) size), ==, 0);
  close (fd);
}

static void
write_file (const char *name, const char *text, gssize length)
{
  g_autofree char *path = in (name);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, length, &error);
  g_assert_no_error (error);
}

/* @name: in the folder, or "-" */
static Plan *
run (const char *name, guint n_parts, gboolean by_album, double max_duration,
    GError **error)
{
  g_autofree char *path = g_str_equal (name, "-") ? g_strdup (name) : in (name);
  g_autofree char *plan = in ("plan");
  char *names[] = { path, NULL };
  const char *const words[] = { "--json", "\xff", NULL };
  PlannerOptions options = { .folder = plan,
    .n_parts = n_parts,
    .names = names,
    .by_album = by_album,
    .max_duration = max_duration,
    .options = words };

  return planner_run (&options, error);
}

static Plan *
plan (const char *name, guint n_parts, gboolean by_album, double max_duration)
{
  g_autoptr (GError) error = NULL;
  Plan *made = run (name, n_parts, by_album, max_duration, &error);

  g_assert_no_error (error);
  return made;
}

/* The names in the list of a part, each with "|" after it, and without the folder's
 * name. */
static char *
read_list (const Plan *made, guint part)
{
  g_autofree char *path = plan_make_path (made, "lists", part, "");
  g_autofree char *text = NULL, *prefix = g_strconcat (folder, "/", NULL);
  g_autoptr (GError) error = NULL;
  GString *names = g_string_new (NULL);
  gsize length;

  g_file_get_contents (path, &text, &length, &error);
  g_assert_no_error (error);
  g_assert_cmpint (text[length - 1], ==, '\0');
  for (const char *name = text; name < text + length; name += strlen (name) + 1)
    g_string_append_printf (names, "%s|",
        g_str_has_prefix (name, prefix) ? name + strlen (prefix) : name);
  return g_string_free (names, FALSE);
}

static void
assert_list (const Plan *made, guint part, const char *expected)
{
  g_autofree char *names = read_list (made, part);

  g_assert_cmpstr (names, ==, expected);
}

static void
assert_fails (
    const char *name, guint n_parts, gboolean by_album, const char *sentence)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Plan) made = run (name, n_parts, by_album, 0, &error);
  g_autofree char *path = in ("plan");

  g_assert_null (made);
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, sentence));
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_list (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Plan) made = NULL, loaded = NULL;
  g_autofree char *here = g_get_current_dir (), *path = in ("plan");
  g_autofree char *lists = in ("plan/lists");
  const char all[] = "a\0b\nc\0http://x/y.mp3\0\xff";
  g_autofree char *digest = g_compute_checksum_for_data (
      G_CHECKSUM_SHA256, (const guchar *) all, sizeof all);

  temporary_clear (folder);
  write_file ("list", "http://x/y.mp3\0\xff\0a\0b\nc\0a\0a\0", 27);
  made = plan ("list", 2, FALSE, 0);
  g_assert_cmpuint (made->n_repeated, ==, 2);
  g_assert_cmpuint (made->n_parts, ==, 2);
  g_assert_cmpuint (made->whole.n_files, ==, 4);
  g_assert_cmpuint (made->whole.bytes, ==, 0);
  g_assert_cmpfloat (made->whole.seconds, ==, 0);
  g_assert_cmpstr (made->directory, ==, here);
  g_assert_cmpstr (made->folder, ==, path);
  assert_list (made, 0, "a|http://x/y.mp3|");
  assert_list (made, 1, "b\nc|\xff|");
  /* the same on the disk, and nothing but it */
  loaded = plan_load (path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (loaded->digest, ==, made->digest);
  g_assert_cmpstr (loaded->options[1], ==, "\xff");
  g_assert_cmpuint (temporary_count (path), ==, 4);
  g_assert_cmpuint (temporary_count (lists), ==, 2);
  g_assert_cmpstr (made->digest, ==, digest);
}

/* As another one began with the same and had more parts, and was killed. */
static void
test_again (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Plan) made = NULL, second = NULL;
  g_autofree char *lists = in ("plan/lists"), *path = in ("plan");

  temporary_clear (folder);
  make_file ("plan/lists/00000", 100);
  make_file ("plan/lists/00017", 100);
  write_file ("list", "a\nb\n", -1);
  made = plan ("list", 1, FALSE, 0);
  assert_list (made, 0, "a|b|");
  g_assert_cmpuint (temporary_count (lists), ==, 1);
  /* what is there stays as it is */
  second = run ("list", 2, FALSE, 0, &error);
  g_assert_null (second);
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_EXIST);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, "--resume"));
  assert_list (made, 0, "a|b|");
  g_assert_cmpuint (temporary_count (lists), ==, 1);
}

/* What was done of a plan that is gone is not the next one's. */
static void
test_remains (void)
{
  static const char *const names[] = { "plan/parts/00000.jsonl",
    "plan/parts/.x\n", "plan/job.sh" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (Plan) first = NULL, second = NULL, third = NULL;
    g_autofree char *file = NULL, *remains = in (names[i]);
    g_autofree char *expected = g_strdup_printf (
        "%s/plan has what an earlier plan made: %s; expected is a folder of its "
        "own.",
        folder, i == 1 ? "parts/.x\\n" : names[i] + strlen ("plan/"));

    temporary_clear (folder);
    write_file ("list", "a\nb\n", -1);
    first = plan ("list", 2, FALSE, 0);
    write_file (names[i], "", 0);
    file = in ("plan/plan.json");
    g_assert_cmpint (g_unlink (file), ==, 0);
    second = run ("list", 1, FALSE, 0, &error);
    g_assert_null (second);
    g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_EXIST);
    g_assert_cmpstr (error->message, ==, expected);
    assert_list (first, 1, "b|");
    g_assert_cmpint (g_unlink (remains), ==, 0);
    third = plan ("list", 1, FALSE, 0);
    assert_list (third, 0, "a|b|");
  }
}

static void
test_two_at_once (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = in ("plan");
  int fd;

  temporary_clear (folder);
  write_file ("list", "a\n", -1);
  g_mkdir (path, 0700);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (flock (fd, LOCK_EX), ==, 0);
  g_assert_null (run ("list", 1, FALSE, 0, &error));
  g_assert_nonnull (strstr (error->message, "Another process"));
  close (fd);
}

static void
test_folder (void)
{
  g_autoptr (Plan) made = NULL;
  g_autofree char *link = in ("music/z");

  temporary_clear (folder);
  make_file ("music/1.wav", 44100 * 4 * 60);
  make_file ("music/a/2.wav", 44100 * 4 * 120);
  make_file ("music/a/new\nline \xff.wav", 44100 * 4 * 30);
  make_file ("music/empty.wav", 0);
  g_assert_cmpint (symlink ("nothing", link), ==, 0);
  made = plan ("music", 2, FALSE, 0);
  /* 120 + 15; 60 + 15, 30 + 15, 15, 15 */
  assert_list (made, 0, "music/a/2.wav|music/z|");
  assert_list (
      made, 1, "music/1.wav|music/a/new\nline \xff.wav|music/empty.wav|");
  g_assert_cmpuint (made->parts[0].bytes, ==, 44100 * 4 * 120);
  g_assert_cmpuint (made->whole.bytes, ==, 44100 * 4 * 210);
  g_assert_cmpfloat_with_epsilon (made->whole.seconds, 210, 0.1);
}

/* Folders in a list are walked; what they have in common is taken once. */
static void
test_folders_in_list (void)
{
  g_autoptr (Plan) made = NULL;
  g_autofree char *list = NULL, *uri = NULL, *path = in ("music/b");

  temporary_clear (folder);
  make_file ("music/a/1.mp3", 10);
  make_file ("music/a/2.mp3", 10);
  make_file ("music/b/3.mp3", 10);
  uri = g_filename_to_uri (path, NULL, NULL);
  list = g_strdup_printf (
      "%s/music/a\n%s/music/a/1.mp3\n%s\n%s/music/c\n%s/music/a\n", folder,
      folder, uri, folder, folder);
  write_file ("list", list, -1);
  made = plan ("list", 1, FALSE, 0);
  assert_list (made, 0, "music/a/1.mp3|music/a/2.mp3|music/b/3.mp3|music/c|");
  g_assert_cmpuint (made->n_repeated, ==, 1);
  g_assert_cmpuint (made->whole.bytes, ==, 30);
}

/* What a playlist says goes before sizes. */
static void
test_durations (void)
{
  g_autoptr (Plan) made = NULL;

  temporary_clear (folder);
  make_file ("a.wav", 44100 * 4 * 1000);
  make_file ("b.wav", 44100 * 4 * 500);
  write_file ("list.m3u",
      "#EXTM3U\n#EXTINF:100,A\na.wav\nb.wav\n#EXTINF:300,C\nc.wav\n"
      "#EXTINF:1e300,D\nd.wav\n",
      -1);
  made = plan ("list.m3u", 4, FALSE, 0);
  assert_list (made, 0, "d.wav|");
  assert_list (made, 1, "b.wav|");
  assert_list (made, 2, "c.wav|");
  assert_list (made, 3, "a.wav|");
  g_assert_cmpfloat (made->parts[0].seconds, ==, 1e8);
  g_assert_cmpfloat_with_epsilon (made->parts[1].seconds, 500, 0.1);
  g_assert_cmpfloat (made->parts[2].seconds, ==, 300);
  g_assert_cmpfloat (made->parts[3].seconds, ==, 100);
}

static void
test_max_duration (void)
{
  g_autoptr (Plan) made = NULL;

  temporary_clear (folder);
  write_file ("list.m3u",
      "#EXTM3U\n#EXTINF:7200,\na\n#EXTINF:60,\nb\n#EXTINF:20,\nc\n"
      "#EXTINF:60,\nd\n",
      -1);
  made = plan ("list.m3u", 2, FALSE, 60);
  g_assert_cmpfloat (made->whole.seconds, ==, 200);
  g_assert_cmpuint (made->parts[0].n_files, ==, 2);
}

/* The discs of an album are one unit, though other names come between them, and its
 * tracks are neighbours. */
static void
test_albums (void)
{
  g_autoptr (Plan) made = NULL;

  temporary_clear (folder);
  write_file ("list",
      "/m/A (Disc 2)/1.mp3\n/m/A (Disc 1)/2.mp3\n/m/A (Disc 1)/1.mp3\n"
      "/m/A (Disc 1) b/x.mp3\n/m/B/CD1/1.mp3\n/m/B/CD 2/1.mp3\n/m/C/1.mp3\n"
      "/m/B/0.mp3\n/m/A (Disc 1b)/1.mp3\n/m/./C/2.mp3\n",
      -1);
  made = plan ("list", 3, TRUE, 0);
  assert_list (made, 1, "/m/B/0.mp3|/m/B/CD 2/1.mp3|/m/B/CD1/1.mp3|");
  assert_list (made, 2, "/m/./C/2.mp3|/m/C/1.mp3|");
  assert_list (made, 0,
      "/m/A (Disc 1) b/x.mp3|/m/A (Disc 1)/1.mp3|/m/A (Disc 1)/2.mp3|"
      "/m/A (Disc 1b)/1.mp3|/m/A (Disc 2)/1.mp3|");
}

static void
test_errors (void)
{
  g_autofree char *music = in ("music"), *late = NULL;

  temporary_clear (folder);
  write_file ("list", "\n\n", -1);
  assert_fails ("list", 1, FALSE, "no files");
  write_file ("list", "/a/1\n/a/2\n/b/3\n", -1);
  assert_fails ("list", 4, FALSE, "There are only 3 files, too few for 4");
  assert_fails ("list", 3, TRUE, "There are only 2 albums, too few for 3");
  assert_fails ("list", 0, FALSE, "1 to 20000 parts");
  assert_fails ("list", PLAN_MAX_PARTS + 1, FALSE, "1 to 20000 parts");
  write_file ("list", "/a/1\n", -1);
  assert_fails ("list", 2, FALSE, "There is only 1 file, too few for 2");
  /* a NUL so late that the names end in newlines */
  late = g_strnfill (100000, '\n');
  late[0] = late[90000] = 'a';
  late[90001] = '\0';
  write_file ("list", late, 100000);
  assert_fails ("list", 1, FALSE, "list cannot be read");
  assert_fails ("nothing", 1, FALSE, "nothing cannot be read");
  /* sound without a header */
  write_file ("list", "a\0.\0\1\0", 6);
  assert_fails ("list", 1, FALSE, "Its name 3, \"\\x01\", is none");
  /* not "/../", which leads elsewhere where a processor is emulated */
  write_file ("list", "/a/1\n/./\n", -1);
  assert_fails ("list", 1, FALSE, "/./, the root of the file system");
  make_file ("song.mp3", 1);
  assert_fails ("song.mp3", 1, FALSE, "song.mp3 is music");
  g_mkdir (music, 0700);
  assert_fails ("music", 1, FALSE, "no files");
}

/* Music under a name that does not say so. */
static void
test_music (void)
{
  static const struct
  {
    const char *start;
    gsize size;
  } music[] = { { "\0\0\0\x20"
                  "ftypisom",
                    12 },
    { "RIFF\0\1\2\3WAVE", 12 }, { "RIFF\n\n\n\nAVI ", 12 },
    { "FORM\0\1\2\3AIFC", 12 }, { "OggS\0\2", 6 }, { "fLaC\x80\0\0\"", 8 },
    { "ID3\4\0", 5 }, { "ID3\3\0", 5 }, { "MThd\0\0\0\6", 8 },
    { "\x1a\x45\xdf\xa3", 4 }, { "\x30\x26\xb2\x75\x8e\x66\xcf\x11", 8 },
    { "\xff\xfb\x90\x64\0\x0f", 6 }, { "\xff\xf1\x50\x80\x01", 5 } },
    names[] = { { "OggS\0x", 7 }, { "RIFF RAFF WAVE", 15 },
      { "fLaC/a\0\0b", 10 }, { "ID3 tags/a.mp3", 15 }, { "MThd.mid", 9 },
      { "x\0a/ftyp", 9 }, { "\xff\xf0\xea\n\xff.mp3\r\n", 11 },
      { "\xff\xfb\0a\tb", 7 } };

  for (guint i = 0; i < G_N_ELEMENTS (music); i++) {
    g_autofree char *start = g_memdup2 (music[i].start, music[i].size);

    temporary_clear (folder);
    write_file ("song", start, (gssize) music[i].size);
    assert_fails (
        "song", 1, FALSE, "song is music; expected is a folder or a list");
  }
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (Plan) made = NULL;

    temporary_clear (folder);
    write_file ("list", names[i].start, (gssize) names[i].size);
    made = plan ("list", 1, FALSE, 0);
  }
  /* which begins as frames do, and is told by another sentence */
  temporary_clear (folder);
  write_file ("list", "\xff\xfe\x01\x04\n", 6);
  assert_fails ("list", 1, FALSE, "UTF-16");
}

/* A disk that fails while names are read: nothing is planned, whichever read it is. */
static void
test_no_read (void)
{
  g_autofree char *name = g_strnfill (4000, 'x');
  g_autoptr (GString) list = g_string_new (NULL);
  g_autofree char *path = in ("plan");
  /* the first is whether the list is music, and may fail */
  int n = 1;
  gboolean ok;

  temporary_clear (folder);
  /* more than is read at once */
  for (guint i = 0; i < 600; i++)
    g_string_append_printf (list, "%u%s\n", i, name);
  write_file ("list", list->str, -1);
  do {
    g_autoptr (GError) error = NULL;
    g_autoptr (Plan) made = NULL;

    n_good_reads = n;
    made = run ("list", 2, FALSE, 0, &error);
    ok = n_good_reads >= 0;
    n_good_reads = -1;
    if (!ok) {
      /* the last ones are many */
      n += n < 6 ? 1 : 6;
      g_assert_null (made);
      g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_IO);
      g_assert_nonnull (strstr (error->message, folder));
      g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
    }
  } while (!ok);
  /* the names twice, each time in two pieces, and those of the parts */
  g_assert_cmpint (n, >, 6);
}

/* As a full disk */
static void
test_no_room (void)
{
  g_autoptr (GString) list = g_string_new (NULL);
  struct rlimit old, limit;

  temporary_clear (folder);
  for (guint i = 0; i < 20000; i++)
    g_string_append_printf (list, "/a/file that is not there/%u\n", i);
  write_file ("list", list->str, -1);
  getrlimit (RLIMIT_FSIZE, &old);
  limit = old;
  limit.rlim_cur = 100000;
  setrlimit (RLIMIT_FSIZE, &limit);
  assert_fails ("list", 1, FALSE, folder);
  setrlimit (RLIMIT_FSIZE, &old);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = temporary_make ();
  g_test_add_func ("/planner/list", test_list);
  g_test_add_func ("/planner/again", test_again);
  g_test_add_func ("/planner/remains", test_remains);
  g_test_add_func ("/planner/two-at-once", test_two_at_once);
  g_test_add_func ("/planner/folder", test_folder);
  g_test_add_func ("/planner/folders-in-list", test_folders_in_list);
  g_test_add_func ("/planner/durations", test_durations);
  g_test_add_func ("/planner/max-duration", test_max_duration);
  g_test_add_func ("/planner/albums", test_albums);
  g_test_add_func ("/planner/errors", test_errors);
  g_test_add_func ("/planner/music", test_music);
  g_test_add_func ("/planner/no-read", test_no_read);
  g_test_add_func ("/planner/no-room", test_no_room);
  status = g_test_run ();
  temporary_remove (folder);
  return status;
}
