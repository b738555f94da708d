/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tagwriter.h"

#include <stdlib.h>
#include <string.h>

#include <gst/tag/tag.h>

#include "genre/genre.h"
#include "genretag.h"
#include "undo.h"

void
tag_change_clear (TagChange *change)
{
  g_clear_pointer (&change->old_genre, g_free);
  g_clear_pointer (&change->new_genre, g_free);
  g_clear_pointer (&change->note, g_free);
}

char **
tagwriter_get_names (TagKind kind, char **genres)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (; genres && *genres; genres++) {
    char *end;
    guint64 number = g_ascii_strtoull (*genres, &end, 10);
    gboolean known = kind == TAG_ID3V2 && end > *genres && !*end &&
        number < gst_tag_id3_genre_count ();

    g_strv_builder_add (
        names, known ? gst_tag_id3_genre_get ((guint) number) : *genres);
  }
  return g_strv_builder_end (names);
}

static int
compare_names (const void *a, const void *b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* In any order: ID3v2.3 has those that ID3 knows first. */
static gboolean
same_genres (TagKind kind, char **a, char **b)
{
  g_auto (GStrv) first = tagwriter_get_names (kind, a);
  g_auto (GStrv) second = tagwriter_get_names (kind, b);

  qsort (first, g_strv_length (first), sizeof *first, compare_names);
  qsort (second, g_strv_length (second), sizeof *second, compare_names);
  return g_strv_equal (
      (const char *const *) first, (const char *const *) second);
}

gboolean
tagwriter_same_state (const TagState *a, const TagState *b)
{
  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    if (!same_genres ((TagKind) kind, a->genres[kind], b->genres[kind]) ||
        g_strcmp0 (a->classifier[kind], b->classifier[kind]))
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_obstacle (const TagState *state, GError **error)
{
  if (state->obstacle)
    g_set_error_literal (
        error, GENRE_ERROR, GENRE_ERROR_FORMAT, state->obstacle);
  return !state->obstacle;
}

/* FALSE with @error set if the copy is not what it was to be. */
static gboolean
check_tags (int fd, const TagState *old, const TagState *wanted, GError **error)
{
  TagState state;
  gboolean same;

  if (!tag_file_read (fd, &state, error))
    return FALSE;
  same = check_obstacle (&state, error) &&
      tagwriter_same_state (&state, wanted);
  if (!same && !state.obstacle)
    g_set_error (error, GENRE_ERROR, GENRE_ERROR_FORMAT,
        "Its tags cannot hold this genre.");
  for (guint kind = 0; same && kind < TAG_KINDS; kind++) {
    if (!old->others[kind] ||
        !g_strcmp0 (old->others[kind], state.others[kind]))
      continue;
    g_set_error (error, GENRE_ERROR, GENRE_ERROR_FORMAT,
        "More than the genre would change in its %s tag.",
        tag_kind_name ((TagKind) kind));
    same = FALSE;
  }
  tag_state_clear (&state);
  return same;
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
  if (!strcmp (before, after))
    return TRUE;
  g_set_error (error, GENRE_ERROR, GENRE_ERROR_FORMAT,
      "Its decoded audio would not be the same.");
  return FALSE;
}

gboolean
tagwriter_replace (Replacement *replacement, const TagState *old,
    const TagState *wanted, const TagOptions *options, const char *log,
    GError **error)
{
  return check_obstacle (old, error) && replacement_copy (replacement, error) &&
      tag_file_write (replacement->fd, wanted, options->id3v23, error) &&
      check_tags (replacement->fd, old, wanted, error) &&
      check_audio (replacement, &options->watch, error) &&
      replacement_sync (replacement, options->preserve_times, error) &&
      /* before the file is changed: a line too many can do no harm */
      (!log || undo_log_append (options->undo_log, log, error)) &&
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

/* Adds the names that tags of the file have, each once: those of its home, or of
 * the others. */
static void
collect (const TagState *state, gboolean home, GPtrArray *names)
{
  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    g_auto (GStrv)
        values = tagwriter_get_names ((TagKind) kind, state->genres[kind]);

    for (guint i = 0; state->is_home[kind] == home && values[i]; i++) {
      if (!contains (names, values[i]))
        g_ptr_array_add (names, g_strdup (values[i]));
    }
  }
}

/* What that kind of tag can say of these genres. */
static char **
fit (TagKind kind, GPtrArray *names)
{
  char **values = g_new0 (char *, names->len + 1);
  const char *first = names->pdata[0];

  if (kind == TAG_INFO) {
    g_autoptr (GPtrArray) list = g_ptr_array_copy (names, NULL, NULL);

    g_ptr_array_set_free_func (list, NULL);
    g_ptr_array_add (list, NULL);
    values[0] = g_strjoinv ("; ", (char **) list->pdata);
  } else if (kind == TAG_ID3V1) {
    for (guint i = 0; i < gst_tag_id3_genre_count () && !values[0]; i++) {
      if (!strcmp (gst_tag_id3_genre_get (i), first))
        values[0] = g_strdup (first);
    }
  } else {
    for (guint i = 0; i < names->len; i++)
      values[i] = g_strdup (names->pdata[i]);
  }
  return values;
}

/* The home of the genre is set, and so is every other tag that has one, so that
 * they agree. */
static void
plan (const TagState *old, GPtrArray *names, const char *classifier,
    TagState *wanted)
{
  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    gboolean has_one = old->genres[kind] && *old->genres[kind];

    wanted->genres[kind] = old->is_home[kind] || has_one
        ? fit ((TagKind) kind, names)
        : g_strdupv (old->genres[kind]);
    wanted->classifier[kind] = g_strdup (
        classifier && old->is_home[kind] && kind != TAG_INFO
            ? classifier
            : old->classifier[kind]);
    wanted->is_home[kind] = old->is_home[kind];
  }
}

static char *
join (GPtrArray *names)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < names->len; i++)
    g_string_append_printf (
        text, "%s%s", i > 0 ? "; " : "", (char *) names->pdata[i]);
  return names->len > 0 ? g_strdup (text->str) : NULL;
}

static char *
describe (const char *genre, double confidence, const char *model)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (number, sizeof number, "%.2f", confidence);
  return g_strdup_printf ("%s, confidence %s, model %s", genre, number, model);
}

/* Turns the genres that the file has into those that it is to have. */
static void
merge (GPtrArray *names, const char *genre, TagMode mode)
{
  if (mode == TAG_OVERWRITE)
    g_ptr_array_set_size (names, 0);
  if (!contains (names, genre))
    g_ptr_array_add (names, g_strdup (genre));
}

static gboolean
write_state (Replacement *replacement, const TagState *old,
    const TagState *wanted, const TagOptions *options, TagChange *change,
    GError **error)
{
  g_autofree char *log = NULL;

  if (tagwriter_same_state (old, wanted)) {
    change->note = g_strdup ("It has this genre already.");
    return TRUE;
  }
  if (!check_obstacle (old, error) ||
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
    log = undo_log_line (replacement->path, old, wanted);
  return tagwriter_replace (replacement, old, wanted, options, log, error);
}

static gboolean
write_genre (Replacement *replacement, const char *genre,
    const char *classifier, const TagOptions *options, TagChange *change,
    GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  TagState old, wanted = { 0 };
  gboolean ok;

  if (!options->dry_run)
    replacement_clean (replacement);
  if (!tag_file_read (replacement->source, &old, error))
    return FALSE;
  collect (&old, TRUE, names);
  if (names->len == 0)
    collect (&old, FALSE, names);
  change->old_genre = join (names);
  if (names->len > 0 && options->mode == TAG_KEEP) {
    change->new_genre = g_strdup (change->old_genre);
    change->note = g_strdup ("It has a genre already.");
    tag_state_clear (&old);
    return TRUE;
  }
  merge (names, genre, options->mode);
  change->new_genre = join (names);
  plan (&old, names, classifier, &wanted);
  ok = write_state (replacement, &old, &wanted, options, change, error);
  tag_state_clear (&old);
  tag_state_clear (&wanted);
  return ok;
}

gboolean
tagwriter_write (const char *path, const char *genre, double confidence,
    const char *model, const TagOptions *options, TagChange *change,
    GError **error)
{
  const char *spelling = genre_tag_spelling (genre);
  g_autofree char *classifier = options->write_confidence
      ? describe (spelling, confidence, model)
      : NULL;
  Replacement replacement;
  gboolean ok;

  memset (change, 0, sizeof *change);
  if (!replacement_open (&replacement, path, error))
    return FALSE;
  ok = write_genre (&replacement, spelling, classifier, options, change, error);
  replacement_clear (&replacement);
  if (!ok) {
    tag_change_clear (change);
    change->written = FALSE;
  }
  return ok;
}
