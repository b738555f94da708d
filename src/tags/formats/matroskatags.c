/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "matroskatags.h"

#include <string.h>

#include "matroskasegment.h"
#include "tagitems.h"

enum
{
  TAG = 0x7373,
  TARGETS = 0x63c0,
  TARGET_TYPE_VALUE = 0x68ca,
  TARGET_TYPE = 0x63ca,
  TAG_TRACK_UID = 0x63c5,
  TAG_EDITION_UID = 0x63c9,
  TAG_CHAPTER_UID = 0x63c4,
  TAG_ATTACHMENT_UID = 0x63c6,
  SIMPLE_TAG = 0x67c8,
  TAG_NAME = 0x45a3,
  TAG_STRING = 0x4487,
  TAG_BINARY = 0x4485
};

#define GENRE "GENRE"
#define SONG 30

/* What a Tag is about. */
typedef enum
{
  ABOUT_OTHERS, /* its GENRE is none of the file */
  ABOUT_LEVEL, /* whose GENRE counts, though a new one would not be put there */
  ABOUT_TRACK, /* the first audio track */
  ABOUT_FILE,
  ABOUT_SONG
} About;
#define RANK_GENRE 8 /* of a Tag that has a GENRE */

/* A Tag that may have the file's genre. */
typedef struct
{
  EbmlHeader header;
  gboolean has_crc;
  About about;
  guint first, n; /* its kept items; the first stands for its header */
  gboolean has_genre;
  gboolean is_bare; /* nothing but the genre and an empty Targets are in it */
} Tag;

/* The Tag that a kept item belongs to, if it is none of these. */
#define NO_TAG G_MAXUINT

struct _MatroskaTags
{
  gboolean exists;
  EbmlHeader header;
  gboolean has_crc;
  /* Kept are what is in the Tags above, each behind an item for the Tag's header,
   * and other Tags as they are; at the end an item without bytes, so that
   * a field for which there is no place yet has a position of its own. */
  TagItems *items;
  GArray *owners;  /* guint, for each kept item: its Tag, or NO_TAG */
  GArray *tags;    /* Tag */
  guint home;      /* the Tag that a new genre goes into */
  int optional;    /* a Tag that is only there if it has the genre, or -1 */
  gboolean is_new; /* the file does not have that Tag */
};

static Tag *
get_tag (const MatroskaTags *tags, guint i)
{
  return &g_array_index (tags->tags, Tag, i);
}

static guint
get_owner (const MatroskaTags *tags, guint item)
{
  return g_array_index (tags->owners, guint, item);
}

void
matroska_tags_free (MatroskaTags *tags)
{
  tag_items_free (tags->items);
  g_array_unref (tags->owners);
  g_array_unref (tags->tags);
  g_free (tags);
}

static void
add_kept (MatroskaTags *tags, guint owner, char *name, const guint8 *bytes,
    gsize size)
{
  g_array_append_val (tags->owners, owner);
  tag_items_add_kept (tags->items, name, g_bytes_new (bytes, size));
  if (owner != NO_TAG)
    get_tag (tags, owner)->n++;
}

/* Reading */

/* TRUE if a damaged element keeps the tags from being read. */
static gboolean
set_damaged (char **problem, const char *what)
{
  if (!*problem)
    *problem = g_strdup_printf (
        "Its tags are damaged: what is in %s is not whole.", what);
  return TRUE;
}

static void
set_wrong_crc (char **problem, const char *what)
{
  if (!*problem)
    *problem = g_strdup_printf (
        "Its tags are damaged: %s does not match its checksum (CRC-32).", what);
}

/* TRUE if no more can be read; a problem then. */
static gboolean
is_full (const MatroskaTags *tags, char **problem)
{
  if (!tag_items_is_full (tags->items))
    return FALSE;
  if (problem && !*problem)
    *problem = g_strdup ("It has too many tags.");
  return TRUE;
}

/* What a SimpleTag says. */
typedef struct
{
  char *name; /* or NULL */
  gboolean has_binary, has_nested;
} Simple;

static char *
get_text (const EbmlElement *element)
{
  return g_strndup ((const char *) element->data, element->size);
}

static void
read_simple (const EbmlElement *element, Simple *simple, char **problem)
{
  EbmlElement child;
  gsize offset = 0;

  while (ebml_next (element->data, element->size, &offset, &child)) {
    if (child.header.id == TAG_NAME && !simple->name)
      simple->name = get_text (&child);
    else if (child.header.id == TAG_BINARY)
      simple->has_binary = TRUE;
    else if (child.header.id == SIMPLE_TAG)
      simple->has_nested = TRUE;
  }
  if (offset < element->size)
    set_damaged (problem, "a SimpleTag");
}

static gboolean
has_name (const Simple *simple, const char *name)
{
  return simple->name && !simple->has_binary &&
      !g_ascii_strcasecmp (simple->name, name);
}

static void
add_field (
    MatroskaTags *tags, const EbmlElement *element, gboolean is_classifier)
{
  EbmlElement child;
  gsize offset = 0;

  tag_items_add_field (tags->items, is_classifier,
      g_bytes_new (element->raw, element->raw_length));
  while (ebml_next (element->data, element->size, &offset, &child)) {
    if (child.header.id != TAG_STRING)
      continue;
    if (is_classifier)
      tag_items_set_classifier (
          tags->items, (const char *) child.data, (gssize) child.size);
    else
      tag_items_add_genre (
          tags->items, (const char *) child.data, (gssize) child.size);
  }
}

static void
add_simple (
    MatroskaTags *tags, guint owner, const EbmlElement *element, char **problem)
{
  Simple simple = { NULL, FALSE, FALSE };
  gboolean is_genre, is_classifier;

  read_simple (element, &simple, problem);
  is_genre = has_name (&simple, GENRE);
  is_classifier = has_name (&simple, TAG_CLASSIFIER);
  if ((is_genre || is_classifier) && simple.has_nested && !*problem)
    *problem = g_strdup_printf (
        "Its tag %s has tags of its own, which would be lost.", simple.name);
  if (is_genre || is_classifier) {
    add_field (tags, element, is_classifier);
    get_tag (tags, owner)->has_genre |= is_genre;
  } else {
    g_autofree char *name = simple.name
        ? g_utf8_make_valid (
              simple.name, (gssize) MIN (strlen (simple.name), 40))
        : g_strdup ("without a name");

    add_kept (tags, owner, g_strconcat ("tag ", name, NULL), element->raw,
        element->raw_length);
  }
  g_free (simple.name);
}

/* What a Targets says of what its Tag is about. */
static About
read_targets (const EbmlElement *element, guint64 audio_uid, char **problem)
{
  EbmlElement child;
  gsize offset = 0;
  gboolean is_audio = FALSE, is_other = FALSE, has_type = FALSE;
  guint64 level = 0;

  while (ebml_next (element->data, element->size, &offset, &child)) {
    guint64 value = ebml_get_uint (child.data, MIN (child.size, 8));

    switch (child.header.id) {
      case TARGET_TYPE_VALUE:
        level = value;
        break;
      case TARGET_TYPE:
        has_type = TRUE;
        break;
      case TAG_TRACK_UID:
        /* 0 means all */
        is_audio = is_audio || (value && value == audio_uid);
        is_other = is_other || (value && value != audio_uid);
        break;
      case TAG_EDITION_UID:
      case TAG_CHAPTER_UID:
      case TAG_ATTACHMENT_UID:
        is_other = is_other || value;
        break;
      case EBML_VOID:
      case EBML_CRC32:
        break;
      default:
        is_other = TRUE;
    }
  }
  if (offset < element->size)
    set_damaged (problem, "a Tag's Targets");
  if (is_other)
    return ABOUT_OTHERS;
  if (is_audio)
    return ABOUT_TRACK;
  if (level == SONG)
    return ABOUT_SONG;
  return level || has_type ? ABOUT_LEVEL : ABOUT_FILE;
}

/* What a Tag is about.  A second Targets would say something else. */
static About
get_about (const EbmlElement *element, guint64 audio_uid, char **problem)
{
  EbmlElement child;
  gsize offset = 0;
  About about = ABOUT_FILE;
  gboolean found = FALSE;

  while (ebml_next (element->data, element->size, &offset, &child)) {
    if (child.header.id != TARGETS)
      continue;
    about = found ? ABOUT_OTHERS : read_targets (&child, audio_uid, problem);
    found = TRUE;
  }
  return offset < element->size && set_damaged (problem, "a Tag") ? ABOUT_OTHERS
                                                                  : about;
}

/* Adds a Tag that may have the genre, and all that is in it. */
static void
add_tag (
    MatroskaTags *tags, const EbmlElement *element, About about, char **problem)
{
  static const guint8 id[] = { TAG >> 8, TAG & 0xff };
  Tag tag = { .header = element->header,
    .has_crc = ebml_has_crc (element->data, element->size),
    .about = about,
    .first = tags->items->kept->len };
  guint i = tags->tags->len;
  gboolean is_bare = TRUE;
  EbmlElement child;
  gsize offset = 0;

  if (!ebml_check_crc (element->data, element->size))
    set_wrong_crc (problem, "a Tag");
  g_array_append_val (tags->tags, tag);
  add_kept (tags, i, g_strdup ("Tag"), id, sizeof id);
  if (tag.has_crc)
    ebml_next (element->data, element->size, &offset, &child);
  while (!is_full (tags, problem) &&
      ebml_next (element->data, element->size, &offset, &child)) {
    if (child.header.id == SIMPLE_TAG) {
      add_simple (tags, i, &child, problem);
    } else {
      is_bare = is_bare && child.header.id == TARGETS && child.size == 0;
      add_kept (tags, i, matroska_get_name (child.header.id), child.raw,
          child.raw_length);
    }
  }
  get_tag (tags, i)->is_bare = is_bare && get_tag (tags, i)->n <= 2;
}

/* Adds what is in the element. */
static void
read_tags (MatroskaTags *tags, const EbmlElement *element, guint64 audio_uid,
    char **problem)
{
  EbmlElement child;
  gsize offset = 0;

  tags->exists = TRUE;
  tags->header = element->header;
  tags->has_crc = ebml_has_crc (element->data, element->size);
  if (!ebml_check_crc (element->data, element->size))
    set_wrong_crc (problem, "Tags");
  if (tags->has_crc)
    ebml_next (element->data, element->size, &offset, &child);
  while (!is_full (tags, problem) &&
      ebml_next (element->data, element->size, &offset, &child)) {
    About about = child.header.id == TAG
        ? get_about (&child, audio_uid, problem)
        : ABOUT_OTHERS;

    if (about != ABOUT_OTHERS)
      add_tag (tags, &child, about, problem);
    else
      add_kept (tags, NO_TAG,
          child.header.id == TAG ? g_strdup ("Tag of a part")
                                 : matroska_get_name (child.header.id),
          child.raw, child.raw_length);
  }
  if (offset < element->size)
    set_damaged (problem, "Tags");
}

static guint
get_rank (const Tag *tag)
{
  return (guint) tag->about + (tag->has_genre ? RANK_GENRE : 0);
}

/* Chooses the Tag for a new genre, or makes one. */
static void
choose_home (MatroskaTags *tags)
{
  /* a Tag with an empty Targets, as FFmpeg writes it */
  static const guint8 empty[] = { TAG >> 8, TAG & 0xff, 0x83, TARGETS >> 8,
    TARGETS & 0xff, 0x80 };
  guint best = 0, n_homes = 0;
  EbmlElement made;
  gsize offset = 0;

  tags->optional = -1;
  for (guint i = 0; i < tags->tags->len; i++) {
    guint rank = get_rank (get_tag (tags, i));

    if (rank > best) {
      best = rank;
      tags->home = i;
    }
    if (get_tag (tags, i)->about >= ABOUT_FILE) {
      tags->optional = get_tag (tags, i)->is_bare && n_homes == 0 ? (int) i
                                                                  : -1;
      n_homes++;
    }
  }
  if (best >= ABOUT_FILE)
    return;
  ebml_next (empty, sizeof empty, &offset, &made);
  tags->is_new = TRUE;
  tags->home = tags->tags->len;
  tags->optional = (int) tags->home;
  add_tag (tags, &made, ABOUT_FILE, NULL);
}

/* Puts the fields of the Tag that a new genre goes into before others, as new fields
 * take the place of the first. */
static void
sort_fields (MatroskaTags *tags)
{
  GPtrArray *fields = tag_fields_new ();

  for (guint pass = 0; pass < 2; pass++) {
    for (guint i = 0; i < tags->items->fields->len; i++) {
      const TagField *field = tags->items->fields->pdata[i];

      if ((get_owner (tags, field->position - 1) != tags->home) == pass)
        g_ptr_array_add (fields,
            tag_field_new (field->position, field->is_classifier,
                g_bytes_ref (field->raw)));
    }
  }
  g_ptr_array_unref (tags->items->fields);
  tags->items->fields = fields;
}

MatroskaTags *
matroska_tags_parse (GBytes *raw, guint64 audio_uid, char **problem)
{
  MatroskaTags *tags = g_new0 (MatroskaTags, 1);
  EbmlElement element;
  gsize size = 0, offset = 0;
  const guint8 *bytes = raw ? g_bytes_get_data (raw, &size) : NULL;

  *problem = NULL;
  tags->items = tag_items_new ();
  tags->owners = g_array_new (FALSE, FALSE, sizeof (guint));
  tags->tags = g_array_new (FALSE, FALSE, sizeof (Tag));
  if (raw && ebml_next (bytes, size, &offset, &element))
    read_tags (tags, &element, audio_uid, problem);
  choose_home (tags);
  add_kept (tags, NO_TAG, g_strdup ("end"), NULL, 0);
  sort_fields (tags);
  return tags;
}

const TagItems *
matroska_tags_get_items (const MatroskaTags *tags)
{
  return tags->items;
}

guint
matroska_tags_get_rank (const MatroskaTags *tags)
{
  return tags->is_new ? 0 : get_rank (get_tag (tags, tags->home));
}

gboolean
matroska_tags_is_optional (const MatroskaTags *tags)
{
  guint n_items = tags->items->kept->len - 1;

  return tags->optional < 0
      ? FALSE
      : n_items == get_tag (tags, (guint) tags->optional)->n;
}

void
matroska_tags_add_pieces (const MatroskaTags *tags, Layout *layout)
{
  char ***genres = &layout->state.genres[TAG_MATROSKA];

  for (guint i = 0; i + 1 < tags->items->kept->len; i++) {
    const TagItem *item = tags->items->kept->pdata[i];

    if (tags->optional >= 0 && get_owner (tags, i) == (guint) tags->optional)
      continue;
    layout_add_piece (
        layout, "%s %s", tag_kind_name (TAG_MATROSKA), item->name);
    layout_extend_bytes (layout, g_bytes_ref (item->raw));
  }
  tag_items_to_state (tags->items, TAG_MATROSKA, &layout->state);
  if (tags->is_new)
    g_clear_pointer (genres, g_strfreev);
}

/* Writing */

/* A SimpleTag with this value: @old with another one, or a new one. */
static GBytes *
make_simple (GBytes *old, const char *name, const char *value)
{
  g_autoptr (GByteArray) content = g_byte_array_new (), simple = NULL;
  EbmlElement element, child;
  gsize size, offset = 0;
  const guint8 *bytes = old ? g_bytes_get_data (old, &size) : NULL;
  gboolean done = FALSE;

  if (old)
    ebml_next (bytes, size, &offset, &element);
  else
    ebml_append (content, TAG_NAME, NULL, (const guint8 *) name, strlen (name));
  offset = 0;
  while (old && ebml_next (element.data, element.size, &offset, &child)) {
    if (child.header.id != TAG_STRING)
      g_byte_array_append (content, child.raw, (guint) child.raw_length);
    else if (!done)
      ebml_append (content, TAG_STRING, &child.header, (const guint8 *) value,
          strlen (value));
    done = done || child.header.id == TAG_STRING;
  }
  if (!done)
    ebml_append (
        content, TAG_STRING, NULL, (const guint8 *) value, strlen (value));
  ebml_update_crc (content);
  simple = g_byte_array_new ();
  ebml_append (simple, SIMPLE_TAG, old ? &element.header : NULL, content->data,
      content->len);
  return g_byte_array_free_to_bytes (g_steal_pointer (&simple));
}

static void
encode (const TagItems *items, char **genres, const char *classifier,
    GPtrArray *raws)
{
  const TagField *old = tag_items_find_field (items, classifier != NULL);
  GBytes *raw = old ? old->raw : NULL;

  if (classifier)
    g_ptr_array_add (raws, make_simple (raw, TAG_CLASSIFIER, classifier));
  else
    for (; *genres; genres++)
      g_ptr_array_add (raws, make_simple (raw, GENRE, *genres));
}

static void
free_fields (gpointer fields)
{
  if (fields)
    g_byte_array_unref (fields);
}

/* The fields' bytes for each number of kept items that stand before them; NULL where
 * there are none.  To be freed with g_ptr_array_unref(). */
static GPtrArray *
place_fields (const MatroskaTags *tags, GPtrArray *fields)
{
  GPtrArray *places = g_ptr_array_new_full (
      tags->items->kept->len + 1, free_fields);
  const Tag *home = get_tag (tags, tags->home);

  g_ptr_array_set_size (places, (int) tags->items->kept->len + 1);
  for (guint i = 0; i < fields->len; i++) {
    const TagField *field = fields->pdata[i];
    guint position = field->position;
    gsize size;
    const guint8 *bytes = g_bytes_get_data (field->raw, &size);

    if (position == 0 || position >= places->len ||
        get_owner (tags, position - 1) == NO_TAG)
      position = home->first + home->n;
    if (!places->pdata[position])
      places->pdata[position] = g_byte_array_new ();
    g_byte_array_append (places->pdata[position], bytes, (guint) size);
  }
  return places;
}

static void
append_bytes (GByteArray *array, const guint8 *bytes, gsize size)
{
  if (size > 0)
    g_byte_array_append (array, bytes, (guint) size);
}

/* Appends the Tag of this number; FALSE if it is not to be there any more. */
static gboolean
append_tag (const MatroskaTags *tags, guint i, const GPtrArray *places,
    gboolean keep_optional, GByteArray *out)
{
  const Tag *tag = get_tag (tags, i);
  g_autoptr (GByteArray) content = g_byte_array_new ();
  gboolean has_fields = FALSE;

  if (tag->has_crc)
    ebml_append_crc (content);
  for (guint item = tag->first; item < tag->first + tag->n; item++) {
    const TagItem *kept = tags->items->kept->pdata[item];
    const GByteArray *fields = places->pdata[item + 1];
    gsize size;
    const guint8 *bytes = g_bytes_get_data (kept->raw, &size);

    /* the first one stands for the header */
    if (item > tag->first)
      append_bytes (content, bytes, size);
    if (fields)
      append_bytes (content, fields->data, fields->len);
    has_fields = has_fields || fields;
  }
  if (!has_fields && (int) i == tags->optional && !keep_optional)
    return FALSE;
  ebml_update_crc (content);
  ebml_append (out, TAG, &tag->header, content->data, content->len);
  return TRUE;
}

GBytes *
matroska_tags_render (const MatroskaTags *tags, const TagState *wanted)
{
  g_autoptr (GPtrArray)
      fields = tag_items_get_fields (tags->items, TAG_MATROSKA, wanted, encode),
      places = place_fields (tags, fields);
  g_autoptr (GByteArray) content = g_byte_array_new (), out = NULL;
  gboolean keep_optional = !tags->is_new && wanted->genres[TAG_MATROSKA];
  gboolean has_removed = FALSE;
  guint i = 0, start;

  if (tags->has_crc)
    ebml_append_crc (content);
  start = content->len;
  while (i < tags->items->kept->len) {
    guint owner = get_owner (tags, i);
    const TagItem *kept = tags->items->kept->pdata[i];
    gsize size;
    const guint8 *bytes = g_bytes_get_data (kept->raw, &size);

    if (owner == NO_TAG) {
      append_bytes (content, bytes, size);
      i++;
    } else {
      if (!append_tag (tags, owner, places, keep_optional, content))
        has_removed = has_removed || !tags->is_new;
      i += get_tag (tags, owner)->n;
    }
  }
  if (content->len == start && (has_removed || !tags->exists))
    return NULL;
  ebml_update_crc (content);
  out = g_byte_array_new ();
  ebml_append (out, MATROSKA_TAGS, tags->exists ? &tags->header : NULL,
      content->data, content->len);
  return g_byte_array_free_to_bytes (g_steal_pointer (&out));
}
