/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "listreader.h"

#include <math.h>
#include <string.h>

/* more than any path has */
#define LOOK_AHEAD 65536

#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define PLAYLIST_HEADER "#EXTM3U"
#define PLAYLIST_ENTRY "#EXTINF:"

struct _ListReader
{
  GDataInputStream *stream;
  char *folder;         /* that relative names start at, or NULL: this one */
  gboolean is_playlist; /* as far as is known */
  gboolean begun;
  gboolean ended;
  gboolean null;
  gboolean is_exact; /* known to have names that end in NUL, as they are */
  gboolean keep_empty;
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

/* Finds out whether the names end in NUL.  FALSE with @error set if the list cannot
 * be read. */
static gboolean
find_separator (ListReader *reader, GCancellable *cancellable, GError **error)
{
  GBufferedInputStream *stream = G_BUFFERED_INPUT_STREAM (reader->stream);
  const char *text, *nul;
  gssize read;
  gsize n;

  do {
    read = g_buffered_input_stream_fill (stream, -1, cancellable, error);
    if (read < 0)
      return FALSE;
    text = g_buffered_input_stream_peek_buffer (stream, &n);
    nul = memchr (text, 0, n);
  } while (read > 0 && n < LOOK_AHEAD && !nul && !memchr (text, '\n', n));
  if (nul && is_utf16 (text, nul - text)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "It is in UTF-16; expected is UTF-8, or the names' own bytes");
    return FALSE;
  }
  reader->null = nul != NULL;
  return TRUE;
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

char *
list_reader_next (ListReader *reader, GCancellable *cancellable, GError **error)
{
  char *name;

  reader->duration = 0;
  if (!reader->begun && !reader->is_exact &&
      !find_separator (reader, cancellable, error))
    return NULL;
  while (!reader->ended && (name = read_name (reader, cancellable, error))) {
    if (!reader->is_exact)
      clean (reader, name);
    if (!reader->begun && !reader->is_exact &&
        g_str_has_prefix (name, PLAYLIST_HEADER) && !exists (name))
      reader->is_playlist = TRUE;
    reader->begun = TRUE;
    if (*name && reader->is_playlist)
      name = resolve (reader, name);
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
