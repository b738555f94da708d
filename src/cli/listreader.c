/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "listreader.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "analysis/filename.h"
#include "analysis/magic.h"

/* bytes that are looked at before the first name is given; more than any path has */
#define LOOK_AHEAD 65536
/* So many more empty names than others there may be where names end in NUL: programs write
 * one NUL too many after each, and soft sound has most of its bytes 0. */
#define MAX_EMPTY 15
/* bytes of a name that a message shows */
#define MAX_SHOWN 40

#define EXPECTED                                                               \
  "; expected are names of files, one in a line or with a NUL after each.  "   \
  "Music is classified by naming its file; what comes from a pipe has to be "  \
  "saved in one first"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define PLAYLIST_HEADER "#EXTM3U"
#define PLAYLIST_ENTRY "#EXTINF:"

struct _ListReader
{
  GDataInputStream *stream;
  char *folder;          /* that relative names start at, or NULL: this one */
  gboolean is_playlist;  /* as far as is known */
  gboolean is_trusted;   /* its names are taken, whatever they are */
  gboolean is_looked_at; /* at its start */
  gboolean begun;
  gboolean ended;
  gboolean null;
  gboolean is_exact; /* known to have names that end in NUL, as they are */
  gboolean keep_empty;
  guint n_names, n_empty; /* so far, with the empty ones; and these alone */
  double duration; /* s, of the name that came last or comes next; 0: unknown */
};

ListReader *
list_reader_new (GInputStream *stream, const char *path, gboolean null)
{
  ListReader *reader = g_new0 (ListReader, 1);

  reader->stream = g_data_input_stream_new (stream);
  g_buffered_input_stream_set_buffer_size (
      G_BUFFERED_INPUT_STREAM (reader->stream), LOOK_AHEAD);
  reader->folder = path ? g_path_get_dirname (path) : NULL;
  reader->is_playlist = path &&
      (g_str_has_suffix (path, ".m3u") || g_str_has_suffix (path, ".m3u8"));
  reader->null = reader->is_exact = null;
  return reader;
}

void
list_reader_keep_empty (ListReader *reader)
{
  reader->keep_empty = TRUE;
}

void
list_reader_trust (ListReader *reader)
{
  reader->is_trusted = reader->is_exact;
}

void
list_reader_free (ListReader *reader)
{
  if (!reader)
    return;
  g_object_unref (reader->stream);
  g_free (reader->folder);
  g_free (reader);
}

/* Whether text of which the first NUL is at @nul is UTF-16.  A list of names that
 * end in NUL may begin with the same two bytes, but hardly does. */
static gboolean
is_utf16 (const char *text, gsize nul)
{
  return nul >= 2 &&
      ((!memcmp (text, "\xff\xfe", 2) && nul % 2 == 1) ||
          (!memcmp (text, "\xfe\xff", 2) && nul % 2 == 0));
}

static gboolean
set_no_list (GError **error, const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s" EXPECTED, what);
  return FALSE;
}

/* Whether reading goes on without waiting for who writes the list. */
static gboolean
is_readable (const ListReader *reader)
{
  GInputStream *base = g_filter_input_stream_get_base_stream (
      G_FILTER_INPUT_STREAM (reader->stream));
  GPollableInputStream *pollable = G_IS_POLLABLE_INPUT_STREAM (base)
      ? G_POLLABLE_INPUT_STREAM (base)
      : NULL;

  return !pollable || !g_pollable_input_stream_can_poll (pollable) ||
      g_pollable_input_stream_is_readable (pollable);
}

/* Reads the first name, and as much beyond it as is there at once.  Gives that
 * @text, and whether it is all. */
static gboolean
fill_start (ListReader *reader, const char **text, gsize *n, gboolean *is_all,
    GCancellable *cancellable, GError **error)
{
  GBufferedInputStream *stream = G_BUFFERED_INPUT_STREAM (reader->stream);
  gssize read = 1;

  while (read > 0) {
    gboolean has_name;

    *text = g_buffered_input_stream_peek_buffer (stream, n);
    has_name = memchr (*text, 0, *n) ||
        (!reader->is_exact && memchr (*text, '\n', *n));
    if (*n >= LOOK_AHEAD || (has_name && !is_readable (reader)))
      break;
    read = g_buffered_input_stream_fill (stream, -1, cancellable, error);
  }
  *is_all = read == 0;
  return read >= 0;
}

/* Whether the @n bytes @text, with which the list begins, are names, as far as they
 * are complete.  FALSE with @error set if not. */
static gboolean
check_names (
    const ListReader *reader, const char *text, gsize n, GError **error)
{
  g_autoptr (GInputStream)
      stream = g_memory_input_stream_new_from_data (text, (gssize) n, NULL);
  g_autoptr (ListReader) trial = list_reader_new (stream, NULL, reader->null);
  g_autoptr (GError) fault = NULL;
  char *name;

  trial->folder = g_strdup (reader->folder);
  trial->is_playlist = reader->is_playlist;
  trial->is_exact = reader->is_exact;
  trial->keep_empty = reader->keep_empty;
  trial->is_looked_at = TRUE;
  while ((name = list_reader_next (trial, NULL, &fault)))
    g_free (name);
  if (!fault)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&fault));
  return FALSE;
}

/* Finds out whether the names end in NUL, and whether they are names: music that is
 * taken for a list has names too, of which the commonest two samples are those of the
 * folders "." and "/".  FALSE with @error set if it is no list, or cannot be read. */
static gboolean
look_at_start (ListReader *reader, GCancellable *cancellable, GError **error)
{
  const char *text, *nul;
  gsize n;
  gboolean is_all;

  if (!fill_start (reader, &text, &n, &is_all, cancellable, error))
    return FALSE;
  nul = memchr (text, 0, n);
  if (!reader->is_exact && nul && is_utf16 (text, nul - text)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "It is in UTF-16; expected is UTF-8, or the names' own bytes");
    return FALSE;
  }
  if (magic_is_music ((const guint8 *) text, n))
    return set_no_list (error, "It begins as a file of music does");
  reader->null = reader->is_exact || nul;
  if (!is_all) {
    const gsize all = n;

    while (n > 0 && text[n - 1] != (reader->null ? '\0' : '\n'))
      n--;
    if (n == 0 && all >= LOOK_AHEAD && !reader->keep_empty)
      return set_no_list (error, "Its first name has no end");
  }
  return check_names (reader, text, n, error);
}

/* Reads up to the next separator or the end.  NULL with @error set, or at the end if
 * nothing is left. */
static char *
read_name (ListReader *reader, GCancellable *cancellable, GError **error)
{
  const char separator = reader->null ? '\0' : '\n';
  g_autoptr (GError) fault = NULL;
  gsize length = 0;
  char *name = g_data_input_stream_read_upto (
      reader->stream, &separator, 1, &length, cancellable, &fault);

  if (name && strlen (name) < length) {
    g_free (name);
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "A line has a NUL in it; names that end in NUL need --null");
    return NULL;
  }
  if (!fault)
    g_data_input_stream_read_byte (reader->stream, cancellable, &fault);
  if (!fault)
    return name ? name : g_strdup ("");
  /* the end of the list sets an error that cannot be told from others */
  reader->ended = TRUE;
  if (g_buffered_input_stream_fill (G_BUFFERED_INPUT_STREAM (reader->stream), 1,
          cancellable, NULL) != 0) {
    g_clear_pointer (&name, g_free);
    g_propagate_error (error, g_steal_pointer (&fault));
  }
  return name;
}

static gboolean
exists (const char *name)
{
  return g_file_test (name, G_FILE_TEST_IS_SYMLINK | G_FILE_TEST_EXISTS);
}

/* Takes away what editors and other systems add to a name, unless a file has it in
 * its own. */
static void
clean (const ListReader *reader, char *name)
{
  gsize length = strlen (name);

  if (!reader->begun && g_str_has_prefix (name, BYTE_ORDER_MARK) &&
      !exists (name)) {
    length -= strlen (BYTE_ORDER_MARK);
    memmove (name, name + strlen (BYTE_ORDER_MARK), length + 1);
  }
  if (!reader->null && length > 0 && name[length - 1] == '\r' && !exists (name))
    name[length - 1] = '\0';
}

/* The seconds of "#EXTINF:SECONDS,TITLE", or 0.  Some programs put more words before
 * the comma, and -1 stands for what has no end. */
static double
parse_duration (const char *line)
{
  const char *number = line + strlen (PLAYLIST_ENTRY);
  double seconds;
  char *end;

  while (*number == ' ')
    number++;
  if (!g_ascii_isdigit (*number))
    return 0;
  seconds = g_ascii_strtod (number, &end);
  return strchr (", \t", *end) && isfinite (seconds) ? seconds : 0;
}

/* Takes a line of a playlist.  NULL if it is a comment. */
static char *
resolve (ListReader *reader, char *line)
{
  g_autofree char *scheme = g_uri_parse_scheme (line);
  char *path = scheme || g_path_is_absolute (line) || !reader->folder
      ? g_strdup (line)
      : g_build_filename (reader->folder, line, NULL);

  if (*line == '#' && !exists (path)) {
    g_clear_pointer (&path, g_free);
    if (g_str_has_prefix (line, PLAYLIST_ENTRY))
      reader->duration = parse_duration (line);
  }
  g_free (line);
  return path;
}

/* Neither the control characters of names nor their length say anything if there is
 * such a file.  No path of the system is as long as PATH_MAX. */
static gboolean
is_name (const char *name)
{
  gboolean is_odd = FALSE;
  gsize length = 0;

  for (; name[length]; length++)
    if (g_ascii_iscntrl (name[length]) && !strchr ("\t\n\r", name[length]))
      is_odd = TRUE;
  if (!is_odd && length >= PATH_MAX) {
    g_autofree char *scheme = g_uri_parse_scheme (name);

    is_odd = !scheme;
  }
  return !is_odd || exists (name);
}

/* Whether @name, which is next, may be one. */
static gboolean
check_name (ListReader *reader, const char *name, GError **error)
{
  g_autofree char *start = NULL, *shown = NULL, *what = NULL;

  reader->n_names++;
  reader->n_empty += !*name;
  if (reader->is_trusted || reader->keep_empty)
    return TRUE;
  if (reader->null && reader->n_empty > MAX_EMPTY &&
      reader->n_empty - MAX_EMPTY > reader->n_names - reader->n_empty)
    return set_no_list (error, "It has NULs without names");
  if (is_name (name))
    return TRUE;
  start = g_strndup (name, MAX_SHOWN);
  shown = filename_display (start);
  what = g_strdup_printf (
      "Its name %u, \"%s%s\", is none: it %s, and there is no such file",
      reader->n_names, shown, strlen (name) > MAX_SHOWN ? "..." : "",
      strlen (name) >= PATH_MAX ? "is too long" : "has control characters");
  return set_no_list (error, what);
}

char *
list_reader_next (ListReader *reader, GCancellable *cancellable, GError **error)
{
  char *name;

  reader->duration = 0;
  if (!reader->is_trusted && !reader->is_looked_at &&
      !look_at_start (reader, cancellable, error))
    return NULL;
  reader->is_looked_at = TRUE;
  while (!reader->ended && (name = read_name (reader, cancellable, error))) {
    if (!reader->is_exact)
      clean (reader, name);
    if (!reader->begun && !reader->is_exact &&
        g_str_has_prefix (name, PLAYLIST_HEADER) && !exists (name))
      reader->is_playlist = TRUE;
    reader->begun = TRUE;
    if (*name && reader->is_playlist)
      name = resolve (reader, name);
    if (name && !check_name (reader, name, error)) {
      reader->ended = TRUE;
      g_free (name);
      return NULL;
    }
    if (name && (*name || (reader->keep_empty && !reader->is_playlist)))
      return name;
    g_free (name);
  }
  return NULL;
}

double
list_reader_get_duration (const ListReader *reader)
{
  return reader->duration;
}
