/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tagitems.h"

#include <string.h>

static void
tag_item_free (gpointer data)
{
  TagItem *item = data;

  g_free (item->name);
  g_bytes_unref (item->raw);
  g_free (item);
}

TagItems *
tag_items_new (void)
{
  TagItems *items = g_new0 (TagItems, 1);

  items->kept = g_ptr_array_new_with_free_func (tag_item_free);
  items->fields = tag_fields_new ();
  items->genres = g_ptr_array_new_with_free_func (g_free);
  return items;
}

void
tag_items_free (TagItems *items)
{
  g_ptr_array_unref (items->kept);
  g_ptr_array_unref (items->fields);
  g_ptr_array_unref (items->genres);
  g_free (items->classifier);
  g_free (items);
}

void
tag_items_add_kept (TagItems *items, char *name, GBytes *raw)
{
  TagItem *item = g_new (TagItem, 1);

  *item = (TagItem){ name, raw };
  g_ptr_array_add (items->kept, item);
}

void
tag_items_add_field (TagItems *items, gboolean is_classifier, GBytes *raw)
{
  g_ptr_array_add (
      items->fields, tag_field_new (items->kept->len, is_classifier, raw));
}

static char *
to_utf8 (const char *text, gssize length)
{
  gsize n = length < 0 ? strlen (text) : (gsize) length;

  /* some programs end a text with 0 */
  while (n > 0 && !text[n - 1])
    n--;
  if (g_utf8_validate (text, (gssize) n, NULL))
    return g_strndup (text, n);
  return g_convert (text, (gssize) n, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
}

void
tag_items_add_genre (TagItems *items, const char *text, gssize length)
{
  g_autofree char *genre = to_utf8 (text, length);

  if (!genre || !*g_strstrip (genre))
    return;
  if (items->genres->len < TAG_MAX_GENRES)
    g_ptr_array_add (items->genres, g_steal_pointer (&genre));
  else
    items->has_more_genres = TRUE;
}

gboolean
tag_items_is_full (const TagItems *items)
{
  return items->kept->len + items->fields->len >= TAG_MAX_ITEMS;
}

void
tag_items_set_classifier (TagItems *items, const char *text, gssize length)
{
  g_free (items->classifier);
  items->classifier = to_utf8 (text, length);
}

/* Adds a field behind all whose position is not greater. */
static void
insert_field (
    GPtrArray *fields, guint position, gboolean is_classifier, GBytes *raw)
{
  int i = (int) fields->len;

  while (i > 0 && ((TagField *) fields->pdata[i - 1])->position > position)
    i--;
  g_ptr_array_insert (
      fields, i, tag_field_new (position, is_classifier, g_bytes_ref (raw)));
}

const TagField *
tag_items_find_field (const TagItems *items, gboolean is_classifier)
{
  for (guint i = 0; i < items->fields->len; i++) {
    const TagField *field = items->fields->pdata[i];

    if (field->is_classifier == is_classifier)
      return field;
  }
  return NULL;
}

static void
keep_fields (const TagItems *items, gboolean is_classifier, GPtrArray *fields)
{
  for (guint i = 0; i < items->fields->len; i++) {
    const TagField *field = items->fields->pdata[i];

    if (field->is_classifier == is_classifier)
      insert_field (fields, field->position, is_classifier, field->raw);
  }
}

static gboolean
says_genres (const TagItems *items, char **genres)
{
  guint n = genres ? g_strv_length (genres) : 0;

  if (n != items->genres->len)
    return FALSE;
  for (guint i = 0; i < n; i++) {
    if (strcmp (genres[i], items->genres->pdata[i]))
      return FALSE;
  }
  return TRUE;
}

static void
add_encoded (const TagItems *items, char **genres, const char *classifier,
    TagEncode encode, GPtrArray *fields)
{
  g_autoptr (GPtrArray)
      raws = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  const TagField *old = tag_items_find_field (items, classifier != NULL);
  guint position = old ? old->position : items->kept->len;

  encode (items, genres, classifier, raws);
  for (guint i = 0; i < raws->len; i++)
    insert_field (fields, position, classifier != NULL, raws->pdata[i]);
}

GPtrArray *
tag_items_get_fields (const TagItems *items, TagKind kind,
    const TagState *wanted, TagEncode encode)
{
  char **genres = wanted->genres[kind];
  const char *classifier = wanted->classifier[kind];
  GPtrArray *fields;

  if (wanted->fields[kind])
    return g_ptr_array_ref (wanted->fields[kind]);
  fields = tag_fields_new ();
  if (says_genres (items, genres))
    keep_fields (items, FALSE, fields);
  else if (genres && *genres)
    add_encoded (items, genres, NULL, encode, fields);
  if (!g_strcmp0 (classifier, items->classifier))
    keep_fields (items, TRUE, fields);
  else if (classifier)
    add_encoded (items, NULL, classifier, encode, fields);
  return fields;
}

static void
append (GByteArray *all, GBytes *raw)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (raw, &size);

  if (size > 0)
    g_byte_array_append (all, data, (guint) size);
}

GByteArray *
tag_items_join (const TagItems *items, GPtrArray *fields)
{
  GByteArray *all = g_byte_array_new ();
  guint next = 0;

  for (guint i = 0; i <= items->kept->len; i++) {
    /* what stood behind fields that are gone comes last */
    while (next < fields->len &&
        (((TagField *) fields->pdata[next])->position <= i ||
            i == items->kept->len))
      append (all, ((TagField *) fields->pdata[next++])->raw);
    if (i < items->kept->len)
      append (all, ((TagItem *) items->kept->pdata[i])->raw);
  }
  return all;
}

char **
tag_items_get_genres (const TagItems *items)
{
  g_autoptr (GStrvBuilder) genres = g_strv_builder_new ();

  for (guint i = 0; i < items->genres->len; i++)
    g_strv_builder_add (genres, items->genres->pdata[i]);
  return g_strv_builder_end (genres);
}

void
tag_items_to_state (const TagItems *items, TagKind kind, TagState *state)
{
  GPtrArray *fields = tag_fields_new ();

  for (guint i = 0; i < items->fields->len; i++) {
    const TagField *field = items->fields->pdata[i];

    g_ptr_array_add (fields,
        tag_field_new (
            field->position, field->is_classifier, g_bytes_ref (field->raw)));
  }
  g_clear_pointer (&state->fields[kind], g_ptr_array_unref);
  g_strfreev (state->genres[kind]);
  g_free (state->classifier[kind]);
  state->fields[kind] = fields;
  state->genres[kind] = tag_items_get_genres (items);
  state->classifier[kind] = g_strdup (items->classifier);
}
