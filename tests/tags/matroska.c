/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Genres in Matroska files that are made here, element by element. */

#define _GNU_SOURCE /* memmem() */

#include <string.h>
#include <unistd.h>

#include "tags/formats/matroskasegment.h"
#include "tags/formats/tagserror.h"
#include "try.h"

#define AUDIO_UID 7
#define N_CLUSTERS 3
#define N_PLACES 4 /* Info, Tags, Cues and the first Cluster, in SeekHead */

enum
{
  TAG = 0x7373,
  TARGETS = 0x63c0,
  LEVEL = 0x68ca,
  TRACK_UID = 0x63c5,
  CHAPTER_UID = 0x63c4,
  SIMPLE = 0x67c8,
  NAME = 0x45a3,
  STRING = 0x4487,
  LANGUAGE = 0x447a,
  SEEK = 0x4dbb,
  SEEK_ID = 0x53ab,
  SEEK_POSITION = 0x53ac
};

static char *jazz[] = { "Jazz", NULL };
static char *both[] = { "Jazz", "Hip-Hop", NULL };

/* How a file is made. */
typedef struct
{
  gboolean is_live; /* the Segment's and the Clusters' sizes are unknown */
  gboolean has_crc; /* in SeekHead, Tags and Cues */
  gboolean has_no_places; /* neither SeekHead nor Cues */
  gboolean has_positions; /* the Clusters say where they are */
  gboolean is_tags_last;  /* behind the Cues */
  gboolean is_cues_first; /* before the Clusters */
  guint place_length;     /* of a place, in bytes; 0 for the fewest */
  guint cluster_size;     /* about */
  gboolean is_growing;    /* a place needs a byte more when a genre is added */
  guint64 first_cue;      /* instead of the right place, if it is not 0 */
} Shape;

/* Elements */

static GByteArray *
element (guint32 id, const GByteArray *content)
{
  GByteArray *array = g_byte_array_new ();

  ebml_append (array, id, NULL, content->data, content->len);
  return array;
}

/* Takes @child. */
static void
add (GByteArray *array, GByteArray *child)
{
  g_byte_array_append (array, child->data, child->len);
  g_byte_array_unref (child);
}

static GByteArray *
number (guint32 id, guint64 value, guint length)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();

  ebml_append_uint (content, value, length);
  return element (id, content);
}

static GByteArray *
text (guint32 id, const char *value)
{
  GByteArray *array = g_byte_array_new ();

  ebml_append (array, id, NULL, (const guint8 *) value, strlen (value));
  return array;
}

/* An element of @id; takes the children that follow, up to NULL. */
static GByteArray *
master (guint32 id, ...)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();
  va_list children;
  GByteArray *child;

  va_start (children, id);
  while ((child = va_arg (children, GByteArray *)))
    add (content, child);
  va_end (children);
  return element (id, content);
}

static GByteArray *
simple (const char *name, const char *value)
{
  return master (SIMPLE, text (NAME, name), text (STRING, value), NULL);
}

/* An element with a checksum, if that is wanted. */
static GByteArray *
with_crc (guint32 id, const GByteArray *children, gboolean has_crc)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();

  if (has_crc)
    ebml_append_crc (content);
  g_byte_array_append (content, children->data, children->len);
  ebml_update_crc (content);
  return element (id, content);
}

/* Files */

static GByteArray *
place (const Shape *shape, guint32 id, guint64 value)
{
  return number (id, value,
      shape->place_length ? shape->place_length : ebml_get_uint_length (value));
}

static GByteArray *
seek (const Shape *shape, guint32 id, guint64 value)
{
  return master (
      SEEK, number (SEEK_ID, id, 4), place (shape, SEEK_POSITION, value), NULL);
}

static GByteArray *
cue (const Shape *shape, guint64 value)
{
  return master (0xbb, number (0xb3, 0, 1),
      master (0xb7, number (0xf7, 1, 1), place (shape, 0xf1, value), NULL),
      NULL);
}

/* Where the elements are: found out when the file is made, and right when that was
 * done often enough. */
typedef struct
{
  guint64 info, tags, cues, clusters[N_CLUSTERS];
} Map;

static GByteArray *
make_seek_head (const Shape *shape, const Map *map, gboolean has_tags)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();

  add (content, seek (shape, MATROSKA_INFO, map->info));
  if (has_tags)
    add (content, seek (shape, MATROSKA_TAGS, map->tags));
  add (content, seek (shape, MATROSKA_CUES, map->cues));
  add (content, seek (shape, MATROSKA_CLUSTER, map->clusters[0]));
  return with_crc (MATROSKA_SEEK_HEAD, content, shape->has_crc);
}

static GByteArray *
make_cues (const Shape *shape, const Map *map)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();

  for (guint i = 0; i < N_CLUSTERS; i++)
    add (content,
        cue (shape,
            i == 0 && shape->first_cue ? shape->first_cue : map->clusters[i]));
  return with_crc (MATROSKA_CUES, content, shape->has_crc);
}

static GByteArray *
make_cluster (const Shape *shape, guint64 at)
{
  g_autoptr (GByteArray) content = g_byte_array_new (), block = NULL;
  static const guint8 live[] = { 0x1f, 0x43, 0xb6, 0x75, 0xff };
  GByteArray *cluster;

  block = g_byte_array_new ();
  g_byte_array_set_size (block, MAX (shape->cluster_size, 20));
  memset (block->data, 'b', block->len);
  add (content, number (0xe7, 0, 1));
  if (shape->has_positions)
    add (content, place (shape, 0xa7, at));
  add (content, element (0xa3, block));
  if (!shape->is_live)
    return element (MATROSKA_CLUSTER, content);
  cluster = g_byte_array_new ();
  g_byte_array_append (cluster, live, sizeof live);
  g_byte_array_append (cluster, content->data, content->len);
  return cluster;
}

static void
add_tags (GByteArray *content, const GByteArray *tags, const Shape *shape,
    gboolean is_here, Map *map)
{
  if (!tags || !is_here)
    return;
  map->tags = content->len;
  add (content, with_crc (MATROSKA_TAGS, tags, shape->has_crc));
}

static void
add_cues (GByteArray *content, const Shape *shape, gboolean is_here, Map *map)
{
  guint64 at = content->len;

  if (shape->has_no_places || !is_here)
    return;
  add (content, make_cues (shape, map));
  map->cues = at;
}

/* What is in the Segment.  @tags: (nullable): what is in its Tags */
static GByteArray *
make_content (const Shape *shape, const GByteArray *tags, Map *map)
{
  GByteArray *content = g_byte_array_new ();
  g_autoptr (GByteArray) padding = g_byte_array_new ();

  g_byte_array_set_size (padding, 300);
  memset (padding->data, 0, padding->len);
  if (!shape->has_no_places)
    add (content, make_seek_head (shape, map, tags != NULL));
  add (content, element (EBML_VOID, padding));
  map->info = content->len;
  add (content, master (MATROSKA_INFO, text (0x4d80, "made"), NULL));
  add (content,
      master (MATROSKA_TRACKS,
          master (0xae, number (0x73c5, 6, 1), number (0x83, 1, 1), NULL),
          master (
              0xae, number (0x73c5, AUDIO_UID, 1), number (0x83, 2, 1), NULL),
          NULL));
  add_tags (content, tags, shape, !shape->is_tags_last, map);
  add_cues (content, shape, shape->is_cues_first, map);
  for (guint i = 0; i < N_CLUSTERS; i++) {
    GByteArray *cluster = make_cluster (shape, map->clusters[i]);

    map->clusters[i] = content->len;
    add (content, cluster);
  }
  add_cues (content, shape, !shape->is_cues_first, map);
  add_tags (content, tags, shape, shape->is_tags_last, map);
  return content;
}

static GByteArray *
make_head (const char *type, guint64 version)
{
  return master (EBML_HEADER, number (0x42f7, version, 1),
      number (0x42f2, 4, 1), number (0x42f3, 8, 1), text (0x4282, type), NULL);
}

static GByteArray *
make_file (const Shape *shape, const GByteArray *tags)
{
  Map map = { 0 };
  g_autoptr (GByteArray) content = NULL;
  GByteArray *file = make_head ("matroska", 1);

  for (guint i = 0; i < 5; i++) {
    g_clear_pointer (&content, g_byte_array_unref);
    content = make_content (shape, tags, &map);
  }

  ebml_append_uint (file, MATROSKA_SEGMENT, 4);
  if (shape->is_live)
    ebml_append_uint (file, 0x01ffffffffffffff, 8);
  else
    ebml_append_size (file, content->len, 8);
  g_byte_array_append (file, content->data, content->len);
  return file;
}

/* What the Tags of a file are made of: one of the whole file. */
static GByteArray *
make_tags (void)
{
  return master (TAG, master (TARGETS, NULL), simple ("TITLE", "A"), NULL);
}

/* Looking into what was written */

static GBytes *
to_bytes (GByteArray *array)
{
  return g_byte_array_free_to_bytes (array);
}

/* Checks that this many places are right: in SeekHead those of elements of the ID
 * that it says, elsewhere of Clusters. */
static guint
check_places (
    const guint8 *segment, gsize size, const guint8 *bytes, gsize length)
{
  EbmlElement child;
  gsize offset = 0;
  guint32 id = MATROSKA_CLUSTER;
  guint n = 0;

  while (ebml_next (bytes, length, &offset, &child)) {
    guint64 value = ebml_get_uint (child.data, MIN (child.size, 8));
    EbmlHeader header;

    switch (child.header.id) {
      case SEEK_ID:
        id = (guint32) value;
        break;
      case SEEK_POSITION:
      case 0xf1:
        g_assert_cmpuint (value, <, size);
        g_assert_true (
            ebml_parse_header (segment + value, size - value, &header));
        g_assert_cmphex (header.id, ==, id);
        n++;
        break;
      case SEEK:
      case 0xbb:
      case 0xb7:
        n += check_places (segment, size, child.data, child.size);
        break;
      default:
        break;
    }
  }
  g_assert_cmpuint (offset, ==, length);
  return n;
}

/* The element of this ID, which is the first one in the file that looks so. */
static gboolean
find (GBytes *file, guint32 id, EbmlElement *found)
{
  gsize size, offset = 0;
  const guint8 *bytes = g_bytes_get_data (file, &size);
  guint8 wanted[4];

  for (guint i = 0; i < 4; i++)
    wanted[i] = (guint8) (id >> (24 - 8 * i));
  /* SeekHead says IDs too */
  for (gsize i = 0; i + 4 < size; i++) {
    offset = i;
    if (!memcmp (bytes + i, wanted, 4) &&
        (i < 3 || bytes[i - 1] != 0x84 || bytes[i - 2] != 0xab) &&
        ebml_next (bytes, size, &offset, found))
      return TRUE;
  }
  return FALSE;
}

/* Checks the places and checksums of a file that was made of @shape. */
static void
check_file (GBytes *file, const Shape *shape, gboolean has_tags)
{
  static const guint32 ids[] = { MATROSKA_SEEK_HEAD, MATROSKA_CUES,
    MATROSKA_TAGS };
  gsize size;
  const guint8 *bytes = g_bytes_get_data (file, &size), *segment;
  EbmlElement found;
  guint n = 0;

  g_assert_true (find (file, MATROSKA_INFO, &found));
  segment = memmem (bytes, size, "\x18\x53\x80\x67", 4);
  g_assert_nonnull (segment);
  segment += 12;
  if (!shape->is_live)
    g_assert_cmpuint (
        ebml_get_uint (segment - 7, 7), ==, (guint64) (bytes + size - segment));
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
    if (!find (file, ids[i], &found))
      continue;
    g_assert_true (ebml_check_crc (found.data, found.size));
    if (ids[i] != MATROSKA_TAGS)
      n += check_places (
          segment, (gsize) (bytes + size - segment), found.data, found.size);
  }
  g_assert_cmpuint (n, ==,
      shape->has_no_places ? 0 : N_CLUSTERS + N_PLACES - (has_tags ? 0 : 1));
}

/* All shapes, without Tags and with some: what is written can be taken back to the
 * byte, and what points somewhere points there. */
static void
test_shapes (void)
{
  static const Shape shapes[] = {
    { .has_crc = TRUE },
    { .is_tags_last = TRUE },
    { .is_cues_first = TRUE, .has_crc = TRUE },
    { .is_live = TRUE },
    { .is_live = TRUE, .has_no_places = TRUE, .has_positions = TRUE },
    { .has_positions = TRUE, .place_length = 8 },
    /* places that need a byte more when they move: in SeekHead, in Cues */
    { .cluster_size = 0x54b1, .has_crc = TRUE, .is_growing = TRUE },
    { .cluster_size = 0x7f10, .has_crc = TRUE, .is_growing = TRUE },
    { .cluster_size = 0x7eff, .is_cues_first = TRUE, .is_growing = TRUE },
    { .cluster_size = 0x7f2a, .is_tags_last = TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++) {
    g_autoptr (GByteArray) tags = make_tags ();
    g_autoptr (GBytes) with = to_bytes (make_file (&shapes[i], tags));
    g_autoptr (GBytes) without = to_bytes (make_file (&shapes[i], NULL));
    g_autoptr (GBytes) changed = try_write (with, jazz, TRUE);
    g_autoptr (GBytes) more = try_write (changed, both, TRUE);
    g_autoptr (GBytes) made = try_write (without, both, TRUE);

    /* there is more than the genre's and the classifier's elements */
    g_assert_cmpint (g_bytes_get_size (changed) - g_bytes_get_size (with) > 46,
        ==, shapes[i].is_growing);
    check_file (with, &shapes[i], TRUE);
    check_file (without, &shapes[i], FALSE);
    check_file (changed, &shapes[i], TRUE);
    check_file (more, &shapes[i], TRUE);
    check_file (made, &shapes[i], TRUE);
  }
}

/* Takes all: writes the genres, and compares with the Tags that there should be. */
static void
check_tags (GByteArray *tags, char **genres, GByteArray *expected)
{
  const Shape shape = { .has_crc = FALSE };
  g_autoptr (GBytes) file = to_bytes (make_file (&shape, tags));
  g_autoptr (GBytes) written = try_write (file, genres, TRUE);
  EbmlElement found;

  g_assert_true (find (written, MATROSKA_TAGS, &found));
  g_assert_cmpmem (found.data, found.size, expected->data, expected->len);
  g_byte_array_unref (tags);
  g_byte_array_unref (expected);
}

static GByteArray *
join (GByteArray *first, GByteArray *second)
{
  add (first, second);
  return first;
}

/* What is written beside the genre. */
static GByteArray *
classifier (void)
{
  return simple ("GENRECLASSIFY", "a test");
}

static GByteArray *
level (guint value)
{
  return master (TARGETS, number (LEVEL, value, 1), NULL);
}

static GByteArray *
about (guint32 id, guint uid)
{
  return master (TARGETS, number (id, uid, 1), NULL);
}

/* Which Tag it is put in. */
static void
test_targets (void)
{
  GByteArray *nothing = master (TARGETS, NULL);

  /* of the whole file; without Targets it is that, too */
  check_tags (make_tags (), both,
      master (TAG, master (TARGETS, NULL), simple ("TITLE", "A"),
          simple ("GENRE", "Jazz"), simple ("GENRE", "Hip-Hop"), classifier (),
          NULL));
  check_tags (master (TAG, simple ("TITLE", "A"), NULL), jazz,
      master (TAG, simple ("TITLE", "A"), simple ("GENRE", "Jazz"),
          classifier (), NULL));
  /* of the song rather than of the album */
  check_tags (join (master (TAG, level (50), simple ("TITLE", "Album"), NULL),
                  master (TAG, level (30), simple ("TITLE", "Song"), NULL)),
      jazz,
      join (master (TAG, level (50), simple ("TITLE", "Album"), NULL),
          master (TAG, level (30), simple ("TITLE", "Song"),
              simple ("GENRE", "Jazz"), classifier (), NULL)));
  /* a new one, where the others are of a track, or a chapter */
  check_tags (
      join (master (TAG, about (TRACK_UID, AUDIO_UID), simple ("DURATION", "1"),
                NULL),
          master (TAG, about (CHAPTER_UID, 3), simple ("GENRE", "Pop"), NULL)),
      jazz,
      join (join (master (TAG, about (TRACK_UID, AUDIO_UID),
                      simple ("DURATION", "1"), NULL),
                master (TAG, about (CHAPTER_UID, 3), simple ("GENRE", "Pop"),
                    NULL)),
          master (
              TAG, nothing, simple ("GENRE", "Jazz"), classifier (), NULL)));
  /* or of an album */
  check_tags (master (TAG, level (50), simple ("TITLE", "Album"), NULL), jazz,
      join (master (TAG, level (50), simple ("TITLE", "Album"), NULL),
          master (TAG, master (TARGETS, NULL), simple ("GENRE", "Jazz"),
              classifier (), NULL)));
}

/* Where there is one already. */
static void
test_replaced (void)
{
  GByteArray *old = master (SIMPLE, text (NAME, "Genre"),
      text (LANGUAGE, "eng"), text (STRING, "Rock"), NULL);
  GByteArray *new_one = master (SIMPLE, text (NAME, "Genre"),
      text (LANGUAGE, "eng"), text (STRING, "Jazz"), NULL);

  check_tags (master (TAG, level (50), old, simple ("TITLE", "A"), NULL), jazz,
      master (TAG, level (50), new_one, simple ("TITLE", "A"), classifier (),
          NULL));
  /* of the audio track, but not of another */
  check_tags (
      join (master (TAG, about (TRACK_UID, 6), simple ("GENRE", "Drama"), NULL),
          master (TAG, about (TRACK_UID, AUDIO_UID), simple ("GENRE", "Rock"),
              NULL)),
      jazz,
      join (master (TAG, about (TRACK_UID, 6), simple ("GENRE", "Drama"), NULL),
          master (TAG, about (TRACK_UID, AUDIO_UID), simple ("GENRE", "Jazz"),
              classifier (), NULL)));
  /* of the album and of the song: readers would take one or the other */
  check_tags (join (master (TAG, level (50), simple ("GENRE", "Rock"), NULL),
                  master (TAG, level (30), simple ("GENRE", "Pop"),
                      simple ("TITLE", "A"), NULL)),
      jazz,
      join (master (TAG, level (50), NULL),
          master (TAG, level (30), simple ("GENRE", "Jazz"),
              simple ("TITLE", "A"), classifier (), NULL)));
  /* one within another tag is no genre of the file */
  check_tags (master (TAG, master (TARGETS, NULL),
                  master (SIMPLE, text (NAME, "ORIGINAL"),
                      simple ("GENRE", "Pop"), NULL),
                  NULL),
      jazz,
      master (TAG, master (TARGETS, NULL),
          master (
              SIMPLE, text (NAME, "ORIGINAL"), simple ("GENRE", "Pop"), NULL),
          simple ("GENRE", "Jazz"), classifier (), NULL));
}

/* Places where nothing is are kept as they are, or as far from the end. */
static void
test_odd_places (void)
{
  static const guint64 places[] = { 3, 350, 100000, G_MAXUINT64 - 49 };

  for (guint i = 0; i < G_N_ELEMENTS (places); i++) {
    const Shape shape = { .first_cue = places[i] };
    g_autoptr (GByteArray) tags = make_tags ();
    g_autoptr (GBytes) file = to_bytes (make_file (&shape, tags));
    g_autoptr (GBytes) written = try_write (file, both, TRUE);

    g_assert_nonnull (written);
  }
}

/* Refused when it would have to be written. */
static void
check_not_written (GBytes *data, const char *word)
{
  TagState wanted = { .genres[TAG_MATROSKA] = both };
  EditOptions options = { FALSE };
  int fd = try_open (data);
  g_autoptr (TagFile) file = tag_file_open (fd, NULL);
  g_autoptr (TagFile) changed = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_no_error (tag_file_get_obstacle (file));
  changed = tag_file_change (file, &wanted, &options, &error);
  g_assert_null (changed);
  g_assert_nonnull (error);
  if (!strstr (error->message, word))
    g_error ("\"%s\" has not \"%s\"", error->message, word);
  close (fd);
}

/* A byte of the element of this ID is changed, counted from its end. */
static GBytes *
damage (const Shape *shape, guint32 id, gsize from_end)
{
  g_autoptr (GByteArray) tags = make_tags ();
  GBytes *file = to_bytes (make_file (shape, tags));
  EbmlElement found;

  g_assert_true (find (file, id, &found));
  ((guint8 *) found.raw)[found.raw_length - from_end] ^= 1;
  return file;
}

static void
test_checksums (void)
{
  const Shape shape = { .has_crc = TRUE }, plain = { .has_crc = FALSE };
  const Shape placed = { .has_positions = TRUE, .cluster_size = 0x7f12 };
  g_autoptr (GByteArray) tags = make_tags ();
  g_autoptr (GBytes) bad_tags = damage (&shape, MATROSKA_TAGS, 1);
  g_autoptr (GBytes) bad_cues = damage (&shape, MATROSKA_CUES, 1);
  g_autoptr (GBytes) other = damage (&plain, MATROSKA_TAGS, 1);
  g_autoptr (GBytes) full = to_bytes (make_file (&placed, tags));
  g_autoptr (GBytes) written = try_write (other, jazz, TRUE);

  try_assert_obstacle (bad_tags, "checksum");
  check_not_written (bad_cues, "Cues does not match its checksum");
  check_not_written (full, "no room");
}

/* Takes the file. */
static void
refuse (GByteArray *file, const char *word)
{
  g_autoptr (GBytes) bytes = to_bytes (file);

  try_assert_obstacle (bytes, word);
}

/* A file of one Segment, whose content is taken. */
static GByteArray *
wrap (GByteArray *content)
{
  GByteArray *file = make_head ("webm", 1);

  add (file, element (MATROSKA_SEGMENT, content));
  g_byte_array_unref (content);
  return file;
}

/* An element that is wrong in a Tags of its own. */
static GByteArray *
with_tags (GByteArray *tags)
{
  const Shape plain = { .has_crc = FALSE };
  GByteArray *file = make_file (&plain, tags);

  g_byte_array_unref (tags);
  return file;
}

static void
test_obstacles (void)
{
  const Shape plain = { .has_crc = FALSE }, live = { .is_live = TRUE };
  static const guint8 no_size[] = { 0x15, 0x49, 0xa9, 0x66, 0xff };
  GByteArray *file = make_file (&plain, NULL);

  g_byte_array_set_size (file, file->len - 5);
  refuse (file, "its Segment at byte");
  file = make_file (&live, NULL);
  g_byte_array_set_size (file, file->len - 5);
  refuse (file, "its Cues at byte");
  refuse (join (make_file (&plain, NULL), make_file (&plain, NULL)),
      "another EBML header");
  refuse (join (make_file (&live, NULL), make_file (&plain, NULL)),
      "several Segments");
  refuse (join (make_file (&plain, NULL), number (MATROSKA_TAGS, 1, 1)),
      "another Tags");
  refuse (
      join (make_head ("webm", 2), master (MATROSKA_SEGMENT, NULL)), "version");
  refuse (join (make_head ("webm", 1), master (MATROSKA_INFO, NULL)),
      "followed by a Segment");
  refuse (wrap (number (EBML_CRC32, 1, 4)), "checksum");
  file = g_byte_array_new ();
  g_byte_array_append (file, no_size, sizeof no_size);
  refuse (wrap (file), "Info has no size");
  file = g_byte_array_new ();
  g_byte_array_set_size (file, 9);
  memset (file->data, 0, 9);
  refuse (wrap (file), "At byte");
  /* longer than what they are in */
  refuse (with_tags (number (TAG, 0x638410, 3)), "a Tag is not whole");
  refuse (with_tags (master (TAG, number (TARGETS, 0x63c590, 3), NULL)),
      "Targets is not whole");
  refuse (with_tags (master (TAG, number (SIMPLE, 0x45a390, 3), NULL)),
      "SimpleTag is not whole");
  refuse (with_tags (master (TAG,
              master (SIMPLE, text (NAME, "GENRE"), text (STRING, "Pop"),
                  simple ("URL", "x"), NULL),
              NULL)),
      "GENRE has tags of its own");
}

/* Two elements Tags with a genre: it cannot become another one. */
static void
test_rivals (void)
{
  const Shape live = { .is_live = TRUE };
  GByteArray *tag = master (TAG, simple ("GENRE", "Pop"), NULL);
  GByteArray *file = make_file (&live, tag), *other = make_file (&live, tag);
  g_autoptr (GBytes) same = to_bytes (
      join (file, master (MATROSKA_TAGS, tag, NULL)));

  try_assert_refused (same, jazz, "two elements Tags with a genre");
  refuse (join (other,
              master (MATROSKA_TAGS,
                  master (TAG, simple ("GENRE", "Ska"), NULL), NULL)),
      "two elements Tags with a genre");
}

/* Bytes behind the Segment are kept, and no other type of document is taken. */
static void
test_container (void)
{
  const Shape plain = { .has_crc = FALSE };
  g_autoptr (GBytes) file = to_bytes (
      join (make_file (&plain, NULL), text (0x54, "AG: an ID3v1 tag")));
  g_autoptr (GBytes) written = try_write (file, jazz, TRUE);
  g_autoptr (GBytes) other = to_bytes (
      join (make_head ("mkvx", 1), master (MATROSKA_SEGMENT, NULL)));

  g_assert_nonnull (written);
  try_assert_obstacle (other, "Matroska or WebM");
}

static void
test_damaged (void)
{
  const Shape shape = { .has_crc = TRUE, .has_positions = TRUE };
  const Shape live = { .is_live = TRUE };
  g_autoptr (GByteArray) tags = make_tags ();
  g_autoptr (GBytes) file = to_bytes (make_file (&shape, tags));
  g_autoptr (GBytes) other = to_bytes (make_file (&live, tags));

  try_damage (file, 2000, g_bytes_get_size (file));
  try_damage (other, 2000, g_bytes_get_size (other));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/matroska/shapes", test_shapes);
  g_test_add_func ("/matroska/targets", test_targets);
  g_test_add_func ("/matroska/replaced", test_replaced);
  g_test_add_func ("/matroska/odd-places", test_odd_places);
  g_test_add_func ("/matroska/checksums", test_checksums);
  g_test_add_func ("/matroska/obstacles", test_obstacles);
  g_test_add_func ("/matroska/rivals", test_rivals);
  g_test_add_func ("/matroska/container", test_container);
  g_test_add_func ("/matroska/damaged", test_damaged);
  return g_test_run ();
}
