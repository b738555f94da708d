/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "celltext.h"

#include <string.h>

/* So much of a text is looked at: no screen shows more, and a station may send a
 * megabyte. */
#define MAX_BYTES 4096
/* accents on one letter; more than languages need would be drawn over other rows */
#define MAX_MARKS 2
#define LEFT_TO_RIGHT_MARK 0x200e
#define REPLACEMENT 0xfffd

/* (transfer full): the text as valid UTF-8 and composed, as a terminal may know no
 * other width of "ö" or "한" than that of one character */
static char *
make_valid (const char *text, gboolean utf8)
{
  g_autofree char *valid = NULL, *composed = NULL;
  gsize length = strnlen (text, MAX_BYTES);

  while (length == MAX_BYTES && length > 0 && (text[length] & 0xc0) == 0x80)
    length--;
  valid = g_utf8_make_valid (text, length);
  composed = g_utf8_normalize (valid, -1, G_NORMALIZE_DEFAULT_COMPOSE);
  if (!composed)
    return g_steal_pointer (&valid);
  return utf8 ? g_steal_pointer (&composed) : g_str_to_ascii (composed, "C");
}

/* What is drawn for @c: ' ' for what is to separate words, 0 for nothing.
 *
 * Emoji that are made of several characters lose what modifies them, since terminals
 * do not agree how wide the whole is, but do agree about its parts. */
static gunichar
choose_character (gunichar c)
{
  if (c >= 0x1f1e6 && c <= 0x1f1ff) /* two of them are a flag: its country */
    return 'A' + c - 0x1f1e6;
  if (c >= 0x1f3fb && c <= 0x1f3ff) /* skin */
    return 0;
  if ((c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xe0100 && c <= 0xe01ef))
    return 0; /* variation selectors */
  switch (g_unichar_type (c)) {
    case G_UNICODE_CONTROL: /* with C1, of which xterm makes commands in UTF-8 */
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_SPACE_SEPARATOR:
      return ' ';
    case G_UNICODE_FORMAT: /* directions, joiners, tags */
    case G_UNICODE_ENCLOSING_MARK:
      return 0;
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_UNASSIGNED:
      return REPLACEMENT;
    default:
      return c;
  }
}

static guint
get_width (gunichar c)
{
  return g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
}

static gboolean
is_right_to_left (gunichar c)
{
  return (c >= 0x590 && c <= 0x8ff) || (c >= 0xfb1d && c <= 0xfdff) ||
      (c >= 0xfe70 && c <= 0xfeff) || (c >= 0x10800 && c <= 0x10fff) ||
      (c >= 0x1e800 && c <= 0x1efff);
}

/* (transfer full): @text with all that cannot do harm, words apart by one space */
static char *
clean (const char *text, gboolean utf8)
{
  g_autofree char *valid = make_valid (text, utf8);
  GString *cleaned = g_string_new (NULL);
  guint n_marks = MAX_MARKS; /* on the last letter; there is none yet */
  gboolean is_apart = FALSE;

  for (const char *p = valid; *p; p = g_utf8_next_char (p)) {
    const gunichar c = choose_character (g_utf8_get_char (p));

    if (c == ' ') {
      is_apart = TRUE;
      n_marks = MAX_MARKS;
    } else if (c && (get_width (c) > 0 || n_marks < MAX_MARKS)) {
      if (is_apart && cleaned->len > 0)
        g_string_append_c (cleaned, ' ');
      n_marks = get_width (c) > 0 ? 0 : n_marks + 1;
      is_apart = FALSE;
      g_string_append_unichar (cleaned, c);
    }
  }
  return g_string_free (cleaned, FALSE);
}

/* Bytes of @text that fit into @width columns, which are then *@columns. */
static gsize
measure (const char *text, guint width, guint *columns)
{
  const char *p = text;

  *columns = 0;
  for (; *p; p = g_utf8_next_char (p)) {
    const guint more = get_width (g_utf8_get_char (p));

    if (more > width - *columns)
      break;
    *columns += more;
  }
  return p - text;
}

guint
celltext_get_width (const char *text, gboolean utf8)
{
  g_autofree char *cleaned = clean (text, utf8);
  guint columns;

  measure (cleaned, G_MAXUINT, &columns);
  return columns;
}

void
celltext_append (GString *line, const char *text, guint width, gboolean utf8)
{
  g_autofree char *cleaned = clean (text ? text : "", utf8);
  guint columns;
  gsize length = measure (cleaned, width, &columns);
  gboolean is_cut = cleaned[length] != '\0' && width > 0;
  gboolean is_reversed = FALSE;

  if (is_cut)
    length = measure (cleaned, width - 1, &columns);
  while (is_cut && length > 0 && cleaned[length - 1] == ' ') {
    length--;
    columns--;
  }
  g_string_append_len (line, cleaned, length);
  if (is_cut) {
    g_string_append (line, utf8 ? "…" : "~");
    columns++;
  }
  g_string_append_printf (line, "%*s", (int) (width - columns), "");
  for (const char *p = cleaned; p < cleaned + length; p = g_utf8_next_char (p))
    is_reversed |= is_right_to_left (g_utf8_get_char (p));
  if (is_reversed)
    g_string_append_unichar (line, LEFT_TO_RIGHT_MARK);
}
