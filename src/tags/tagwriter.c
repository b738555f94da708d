/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tagwriter.h"

#include <string.h>

#include "spelling.h"
#include "tagfile.h"
#include "tagserror.h"
#include "undolog.h"

void
tag_change_clear (TagChange *change)
{
  g_clear_pointer (&change->old_genre, g_free);
  g_clear_pointer (&change->new_genre, g_free);
  g_clear_pointer (&change->note, g_free);
}

/* FALSE with @error set if the tags cannot be rewritten without loss. */
static gboolean
check_rewritable (const TagState *state, GError **error)
{
  const Unwritable *unwritable = state->unwritable;

  return !unwritable ||
      tags_error_set (error, unwritable->reason, unwritable->message);
}

/* FALSE with @error set if the rest of a tag that was there is not the same. */
static gboolean
check_rest (const TagState *old, const TagState *now, GError **error)
{
  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    if (!old->rest_digest[kind] ||
        !g_strcmp0 (old->rest_digest[kind], now->rest_digest[kind]))
      continue;
    g_set_error (error, TAGS_ERROR, REASON_TAG_WOULD_CHANGE,
        "More than the genre would change in its %s tag.",
        tag_kind_name ((TagKind) kind));
    return FALSE;
  }
  return TRUE;
}

/* Reads the tags of the copy.  FALSE with @error set if they are not what they
 * should be. */
static gboolean
check_tags (int fd, const TagState *old, const TagState *wanted, GError **error)
{
  TagState now;
  gboolean ok;

  if (!tag_file_read (fd, &now, error))
    return FALSE;
  ok = check_rewritable (&now, error) &&
      (tag_state_equal (&now, wanted) ||
          tags_error_set (error, REASON_UNWRITABLE_FORMAT,
              "Its tags cannot hold this genre.")) &&
      check_rest (old, &now, error);
  tag_state_clear (&now);
  return ok;
}

static gboolean
check_audio (
    const Replacement *replacement, const AudioSumWatch *watch, GError **error)
{
  g_autofree char *before = audio_sum (replacement->path, watch, error);
  g_autofree char *after = before ? audio_sum (replacement->copy, watch, error)
                                  : NULL;

  if (!before || !after)
    return FALSE;
  return !strcmp (before, after) ||
      tags_error_set (error, REASON_TAG_WOULD_CHANGE,
          "Its decoded audio would not be the same.");
}

gboolean
tagwriter_replace (Replacement *replacement, const TagState *old,
    const TagState *wanted, const TagOptions *options, const char *log_line,
    GError **error)
{
  return check_rewritable (old, error) &&
      replacement_copy (replacement, error) &&
      tag_file_write (replacement->fd, wanted, options->id3v23, error) &&
      check_tags (replacement->fd, old, wanted, error) &&
      check_audio (replacement, &options->watch, error) &&
      replacement_sync (replacement, options->preserve_times, error) &&
      /* before the file is changed, as a line too many does no harm */
      (!log_line || undolog_append (options->undo_log, log_line, error)) &&
      replacement_commit (replacement, error);
}

static gboolean
contains (GPtrArray *names, const char *name)
{
  for (guint i = 0; i < names->len; i++) {
    if (!g_ascii_strcasecmp (names->pdata[i], name))
      return TRUE;
  }
  return FALSE;
}

/* Adds the genres of the file's primary tags, or those of the others, each name
 * once. */
static void
add_genres (const TagState *state, gboolean primary, GPtrArray *names)
{
  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    g_auto (GStrv)
        values = tag_kind_get_names ((TagKind) kind, state->genres[kind]);

    for (guint i = 0; state->is_primary[kind] == primary && values[i]; i++) {
      if (!contains (names, values[i]))
        g_ptr_array_add (names, g_strdup (values[i]));
    }
  }
}

static char *
join_names (GPtrArray *names)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < names->len; i++)
    g_string_append_printf (
        text, "%s%s", i > 0 ? "; " : "", (char *) names->pdata[i]);
  return names->len > 0 ? g_strdup (text->str) : NULL;
}

/* TRUE if ID3v1's list has exactly this name. */
static gboolean
is_id3v1_name (const char *name)
{
  const char *known;

  for (guint i = 0; (known = spelling_of_id3v1 (i)); i++) {
    if (!strcmp (known, name))
      return TRUE;
  }
  return FALSE;
}

/* The genres that this kind of tag is to have of @names, of which there is at
 * least one. */
static char **
get_genres_for (TagKind kind, GPtrArray *names)
{
  char **genres = g_new0 (char *, names->len + 1);
  const char *first = names->pdata[0];

  if (kind == TAG_INFO) {
    genres[0] = join_names (names);
  } else if (kind == TAG_ID3V1) {
    genres[0] = is_id3v1_name (first) ? g_strdup (first) : NULL;
  } else {
    for (guint i = 0; i < names->len; i++)
      genres[i] = g_strdup (names->pdata[i]);
  }
  return genres;
}

/* Sets @wanted to what the tags are to say.  The primary tags get the genres,
 * and so does every other tag that has genres, so that all of them agree. */
static void
set_wanted (const TagState *old, GPtrArray *names, const char *classifier,
    TagState *wanted)
{
  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    gboolean has_genres = old->genres[kind] && *old->genres[kind];
    gboolean has_classifier = classifier && old->is_primary[kind] &&
        kind != TAG_INFO;

    wanted->genres[kind] = old->is_primary[kind] || has_genres
        ? get_genres_for ((TagKind) kind, names)
        : g_strdupv (old->genres[kind]);
    wanted->classifier[kind] = g_strdup (
        has_classifier ? classifier : old->classifier[kind]);
    wanted->is_primary[kind] = old->is_primary[kind];
  }
}

/* Turns the genres that the file has into those that it is to have. */
static void
add_new_genres (GPtrArray *names, const char *const *genres, TagMode mode)
{
  if (mode == TAG_OVERWRITE)
    g_ptr_array_set_size (names, 0);
  for (; *genres; genres++) {
    if (!contains (names, *genres))
      g_ptr_array_add (names, g_strdup (*genres));
  }
}

/* Makes the file's tags say what is in @wanted, unless they do already. */
static gboolean
write_state (Replacement *replacement, const TagState *old,
    const TagState *wanted, const TagOptions *options, TagChange *change,
    GError **error)
{
  g_autofree char *log_line = NULL;

  if (tag_state_equal (old, wanted)) {
    change->note = g_strdup ("It has this genre already.");
    return TRUE;
  }
  if (!check_rewritable (old, error) ||
      !replacement_check_writable (replacement, error))
    return FALSE;
  if (replacement->st.st_nlink > 1)
    change->note = g_strdup_printf (
        "It has %u other names (hard links), which keep the "
        "file as it was.",
        (guint) replacement->st.st_nlink - 1);
  change->written = TRUE;
  if (options->dry_run)
    return TRUE;
  if (options->undo_log)
    log_line = undolog_format_line (replacement->path, old, wanted);
  return tagwriter_replace (replacement, old, wanted, options, log_line, error);
}

static gboolean
write_genres (Replacement *replacement, const char *const *genres,
    const char *classifier, const TagOptions *options, TagChange *change,
    GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  TagState old, wanted = { 0 };
  gboolean ok;

  if (!options->dry_run)
    replacement_remove_leftover (replacement);
  if (!tag_file_read (replacement->source, &old, error))
    return FALSE;
  add_genres (&old, TRUE, names);
  if (names->len == 0)
    add_genres (&old, FALSE, names);
  change->old_genre = join_names (names);
  if (names->len > 0 && options->mode == TAG_KEEP) {
    change->new_genre = g_strdup (change->old_genre);
    change->note = g_strdup ("It has a genre already.");
    tag_state_clear (&old);
    return TRUE;
  }
  add_new_genres (names, genres, options->mode);
  change->new_genre = join_names (names);
  set_wanted (&old, names, classifier, &wanted);
  ok = write_state (replacement, &old, &wanted, options, change, error);
  tag_state_clear (&old);
  tag_state_clear (&wanted);
  return ok;
}

char *
tagwriter_format_classifier (
    const char *genre, double confidence, const char *model)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (number, sizeof number, "%.2f", confidence);
  return g_strdup_printf ("%s, confidence %s, model %s", genre, number, model);
}

gboolean
tagwriter_write (const char *path, const char *const *genres,
    const char *classifier, const TagOptions *options, TagChange *change,
    GError **error)
{
  Replacement replacement;
  gboolean ok;

  memset (change, 0, sizeof *change);
  if (!replacement_open (&replacement, path, error))
    return FALSE;
  ok = write_genres (&replacement, genres, classifier, options, change, error);
  replacement_clear (&replacement);
  if (!ok) {
    tag_change_clear (change);
    change->written = FALSE;
  }
  return ok;
}
