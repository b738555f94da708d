/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tagwriter.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "undolog.h"

void
tag_change_clear (TagChange *change)
{
  g_clear_pointer (&change->old_genre, g_free);
  g_clear_pointer (&change->new_genre, g_free);
  g_clear_pointer (&change->note, g_free);
}

gboolean
tagwriter_replace (Replacement *replacement, const TagFile *file,
    const TagState *wanted, const TagOptions *options, const char *log_line,
    GError **error)
{
  EditOptions edit = { .id3v23 = options->id3v23 };
  g_autoptr (TagFile) changed = tag_file_change (file, wanted, &edit, error);

  return changed && replacement_check_writable (replacement, error) &&
      (options->dry_run ||
          (replacement_create (replacement, error) &&
              tag_file_write (file, changed, replacement->fd, error) &&
              replacement_sync (replacement, options->preserve_times, error) &&
              /* before the file is changed, as a line too many does no harm */
              (!log_line ||
                  undolog_append (options->undo_log, log_line, error)) &&
              replacement_commit (replacement, error)));
}

/* TRUE if @list, names separated by ";", has @name. */
static gboolean
list_has (const char *list, const char *name)
{
  g_auto (GStrv) parts = g_strsplit (list, ";", -1);

  for (char **part = parts; *part; part++) {
    if (!g_ascii_strcasecmp (g_strstrip (*part), name))
      return TRUE;
  }
  return FALSE;
}

/* Many programs write several genres as one text, "Rock; Metal". */
static gboolean
contains (GPtrArray *names, const char *name)
{
  for (guint i = 0; i < names->len; i++) {
    if (!g_ascii_strcasecmp (names->pdata[i], name) ||
        list_has (names->pdata[i], name))
      return TRUE;
  }
  return FALSE;
}

/* TRUE if @names has all of the genres that @text, which may be several, says. */
static gboolean
contains_all (GPtrArray *names, const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ";", -1);

  for (char **part = parts; *part; part++) {
    if (!contains (names, g_strstrip (*part)))
      return FALSE;
  }
  return TRUE;
}

static gboolean
is_placeholder (const char *name, const TagOptions *options)
{
  const char *list = options->placeholders ? options->placeholders
                                           : TAGWRITER_PLACEHOLDERS;

  return list_has (list, name);
}

/* Takes out of the names those that stand for none. */
static void
drop_placeholders (GPtrArray *names, const TagOptions *options)
{
  for (guint i = names->len; i-- > 0;) {
    if (is_placeholder (names->pdata[i], options))
      g_ptr_array_remove_index (names, i);
  }
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
      if (!contains_all (names, values[i]))
        g_ptr_array_add (names, g_strdup (values[i]));
    }
  }
}

/* The genres that the file has: those of its primary tags or, if these have none,
 * of the others.  To be freed with g_ptr_array_unref(). */
static GPtrArray *
get_genres (const TagState *state)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);

  add_genres (state, TRUE, names);
  if (names->len == 0)
    add_genres (state, FALSE, names);
  return names;
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

static char **
copy_names (GPtrArray *names)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < names->len; i++)
    g_strv_builder_add (builder, names->pdata[i]);
  return g_strv_builder_end (builder);
}

/* Sets @wanted to what the tags are to say.  The primary tags get the genres,
 * and so does every other tag that has genres, so that all of them agree. */
static void
set_wanted (const TagState *old, GPtrArray *names, const char *classifier,
    TagState *wanted)
{
  g_auto (GStrv) genres = copy_names (names);

  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    gboolean has_genres = old->genres[kind] && *old->genres[kind];
    gboolean has_classifier = classifier && old->is_primary[kind] &&
        kind != TAG_INFO && kind != TAG_ID3V1;

    wanted->genres[kind] = old->is_primary[kind] || has_genres
        ? tag_kind_fit_genres ((TagKind) kind, old->is_primary[kind], genres)
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
write_state (Replacement *replacement, const TagFile *file,
    const TagState *wanted, const TagOptions *options, TagChange *change,
    GError **error)
{
  const TagState *old = tag_file_get_state (file);
  g_autofree char *log_line = NULL;

  /* nothing may be wanted only because no tag could be found */
  if (tag_state_equal (old, wanted) && change->old_genre) {
    change->note = g_strdup ("It has this genre already.");
    return TRUE;
  }
  if (replacement->st.st_nlink > 1)
    change->note = g_strdup_printf (
        "It has other names (hard links: %u), which keep the file as it was.",
        (guint) replacement->st.st_nlink - 1);
  change->written = TRUE;
  if (options->undo_log)
    log_line = undolog_format_line (replacement->path, old, wanted);
  return tagwriter_replace (
      replacement, file, wanted, options, log_line, error);
}

static gboolean
write_genres (Replacement *replacement, const char *const *genres,
    const char *classifier, const TagOptions *options, TagChange *change,
    GError **error)
{
  g_autoptr (TagFile) file = NULL;
  g_autoptr (GPtrArray) names = NULL;
  TagState wanted = { 0 };
  gboolean ok;

  if (!options->dry_run)
    replacement_remove_leftover (replacement);
  file = tag_file_open (replacement->source, error);
  if (!file)
    return FALSE;
  tag_file_set_watch (file, options->progress, options->user_data);
  names = get_genres (tag_file_get_state (file));
  change->old_genre = join_names (names);
  drop_placeholders (names, options);
  if (names->len > 0 && options->mode == TAG_KEEP) {
    change->new_genre = g_strdup (change->old_genre);
    change->note = g_strdup ("It has a genre already.");
    return TRUE;
  }
  add_new_genres (names, genres, options->mode);
  change->new_genre = join_names (names);
  set_wanted (tag_file_get_state (file), names, classifier, &wanted);
  ok = write_state (replacement, file, &wanted, options, change, error);
  tag_state_clear (&wanted);
  return ok;
}

char *
tagwriter_read_genre (const char *path, gboolean *known)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  g_autoptr (TagFile) file = fd < 0 ? NULL : tag_file_open (fd, NULL);
  g_autoptr (GPtrArray) names = file ? get_genres (tag_file_get_state (file))
                                     : NULL;

  if (fd >= 0)
    close (fd);
  *known = file != NULL;
  return names ? join_names (names) : NULL;
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
