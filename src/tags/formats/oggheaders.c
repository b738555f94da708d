/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "oggheaders.h"

#include <gst/gst.h>

#include "tagserror.h"

#define NO_GRANULE G_MAXUINT64 /* of a page on which no packet ends */
#define MAX_SIZE (1 << 28)
#define MAX_PAGES (1 << 16)

struct _OggHeaders
{
  GArray *pages;      /* OggPage */
  GPtrArray *packets; /* GBytes */
  GArray *granules;   /* guint64: of the page on which the packet ends */
  GByteArray *open;   /* while reading: a packet that goes on */
  gboolean is_open;
  guint64 size; /* of the pages */
};

void
ogg_headers_free (OggHeaders *headers)
{
  g_array_unref (headers->pages);
  g_ptr_array_unref (headers->packets);
  g_array_unref (headers->granules);
  g_byte_array_unref (headers->open);
  g_free (headers);
}

static OggHeaders *
new_headers (void)
{
  OggHeaders *headers = g_new0 (OggHeaders, 1);

  headers->pages = g_array_new (FALSE, FALSE, sizeof (OggPage));
  headers->packets = g_ptr_array_new_with_free_func (
      (GDestroyNotify) g_bytes_unref);
  headers->granules = g_array_new (FALSE, FALSE, sizeof (guint64));
  headers->open = g_byte_array_new ();
  return headers;
}

static const OggPage *
get_page (const OggHeaders *headers, guint i)
{
  return &g_array_index (headers->pages, OggPage, i);
}

static const OggPage *
get_last_page (const OggHeaders *headers)
{
  return get_page (headers, headers->pages->len - 1);
}

guint
ogg_headers_get_n_packets (const OggHeaders *headers)
{
  return headers->packets->len;
}

GBytes *
ogg_headers_get_packet (const OggHeaders *headers, guint i)
{
  return headers->packets->pdata[i];
}

guint32
ogg_headers_get_last (const OggHeaders *headers)
{
  return get_last_page (headers)->sequence;
}

/* Reading */

/* What keeps @page, which comes next, from being rewritten; or NULL.  Sentences go
 * on with it. */
static const char *
find_fault (const OggHeaders *headers, const OggPage *page)
{
  const OggPage *before = headers->pages->len > 0 ? get_last_page (headers)
                                                  : NULL;

  if (!!(page->flags & OGG_CONTINUED) != headers->is_open)
    return "it does not begin where the page before ends";
  if (before && page->sequence != before->sequence + 1)
    return "its number is not the next";
  if (before && before->flags & OGG_EOS)
    return "the page before says that it is the last";
  if (headers->size + page->size > MAX_SIZE || headers->pages->len == MAX_PAGES)
    return "there is more of the tags than can be read";
  return NULL;
}

static void
end_packet (OggHeaders *headers, guint64 granule)
{
  g_ptr_array_add (
      headers->packets, g_byte_array_free_to_bytes (headers->open));
  headers->open = g_byte_array_new ();
  g_array_append_val (headers->granules, granule);
}

/* Adds what is on a page.  FALSE if it could not be read. */
static gboolean
add_page (OggHeaders *headers, MediaFile *file, const OggPage *page)
{
  g_autoptr (GBytes)
      body = media_file_get (file, page->offset + OGG_HEADER + page->n_segments,
          oggpage_get_body_size (page));
  const guint8 *data = body ? g_bytes_get_data (body, NULL) : NULL;

  if (!body)
    return FALSE;
  for (guint i = 0; i < page->n_segments; i++) {
    if (page->lacing[i] > 0)
      g_byte_array_append (headers->open, data, page->lacing[i]);
    data += page->lacing[i];
    headers->is_open = page->lacing[i] == 255;
    if (!headers->is_open)
      end_packet (headers, page->granule);
  }
  g_array_append_val (headers->pages, *page);
  headers->size += page->size;
  return TRUE;
}

/* TRUE if the page is one of which no rewriting could keep which packet the
 * granule position, a time, is of. */
static gboolean
has_time (const OggPage *page)
{
  guint n_packets = 0;

  for (guint i = 0; i < page->n_segments; i++)
    n_packets += page->lacing[i] < 255;
  return n_packets > 1 && page->granule != 0 && page->granule != NO_GRANULE;
}

/* FALSE, and an obstacle, if the page cannot be taken for one of the headers'. */
static gboolean
read_page (Layout *layout, OggHeaders *headers, const OggPage *page)
{
  const char *fault = find_fault (headers, page);

  if (fault) {
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "Page %u of its tags, at byte %" G_GUINT64_FORMAT ", is damaged: %s.",
        headers->pages->len + 1, page->offset, fault);
    return FALSE;
  }
  if (!oggpage_check (layout->file, page))
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "Page %u of its tags, at byte %" G_GUINT64_FORMAT
        ", is damaged: its checksum is wrong.",
        headers->pages->len + 1, page->offset);
  if (has_time (page))
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "Page %u of its tags, at byte %" G_GUINT64_FORMAT
        ", has audio, too, which should begin on a page of its own.",
        headers->pages->len + 1, page->offset);
  return add_page (headers, layout->file, page);
}

static gboolean
has_one_packet (const OggPage *page)
{
  for (guint i = 0; i < page->n_segments; i++) {
    if (page->lacing[i] < 255)
      return i + 1u == page->n_segments;
  }
  return FALSE;
}

OggHeaders *
ogg_headers_read (
    Layout *layout, OggWalk *walk, const OggPage *first, guint n_packets)
{
  OggHeaders *headers = new_headers ();
  OggPage page;

  if (!has_one_packet (first))
    layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
        "The first page of its stream is damaged: it is to have one packet.");
  while (oggpage_next (walk, &page)) {
    if (page.serial != first->serial)
      continue;
    if (page.flags & OGG_BOS)
      break;
    if (!read_page (layout, headers, &page)) {
      ogg_headers_free (headers);
      return NULL;
    }
    if (headers->packets->len >= n_packets && !headers->is_open)
      return headers;
  }
  layout_set_obstacle (layout, REASON_MALFORMED_TAGS,
      "Its stream ends before or within the tags.");
  ogg_headers_free (headers);
  return NULL;
}

void
ogg_headers_add_front (const OggHeaders *headers, Layout *layout, guint64 start)
{
  const OggPage *first = get_page (headers, 0);
  const OggPage *last = get_last_page (headers);
  guint32 kept[] = { first->serial, first->sequence, last->flags & OGG_EOS };

  layout_add_piece (layout, "pages in front of the tags");
  layout_extend (layout, start, first->offset - start);
  layout_add_piece (layout, "headers of the pages of the tags");
  layout_extend_bytes (layout, g_bytes_new (kept, sizeof kept));
}

guint64
ogg_headers_add_between (const OggHeaders *headers, Layout *layout)
{
  guint64 done = get_page (headers, 0)->offset;

  layout_add_piece (layout, "pages behind the tags");
  for (guint i = 0; i < headers->pages->len; i++) {
    const OggPage *page = get_page (headers, i);

    layout_extend (layout, done, page->offset - done);
    done = page->offset + page->size;
  }
  return done;
}

/* Writing */

/* The packets that are to be on the pages, and how these are filled. */
typedef struct
{
  GByteArray *body;   /* of all pages */
  GByteArray *lacing; /* of all pages */
  GArray *counts;     /* guint: the number of segments of each page */
} Paging;

static void
paging_clear (Paging *paging)
{
  g_byte_array_unref (paging->body);
  g_byte_array_unref (paging->lacing);
  g_array_unref (paging->counts);
}

static guint
count_segments (GBytes *packet)
{
  return (guint) (g_bytes_get_size (packet) / 255 + 1);
}

static void
add_packet (Paging *paging, GBytes *packet)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (packet, &size);

  if (size > 0)
    g_byte_array_append (paging->body, data, (guint) size);
  for (guint i = count_segments (packet); i > 0; i--) {
    guint8 n = i > 1 ? 255 : (guint8) (size % 255);

    g_byte_array_append (paging->lacing, &n, 1);
  }
}

/* TRUE if each page but the last is as full as it can be, which is how most
 * programs do it. */
static gboolean
is_filled (const OggHeaders *headers)
{
  for (guint i = 0; i < headers->pages->len; i++) {
    guint n = get_page (headers, i)->n_segments;

    if (i + 1 < headers->pages->len ? n < OGG_MAX_SEGMENTS : n == 0)
      return FALSE;
  }
  return TRUE;
}

static void
fill_pages (guint n_segments, GArray *counts)
{
  while (n_segments > 0) {
    guint n = MIN (n_segments, OGG_MAX_SEGMENTS);

    g_array_append_val (counts, n);
    n_segments -= n;
  }
}

/* The page on which the comment ends. */
static guint
find_end (const OggHeaders *headers)
{
  guint n = count_segments (headers->packets->pdata[0]), i = 0;

  while (n > get_page (headers, i)->n_segments)
    n -= get_page (headers, i++)->n_segments;
  return i;
}

/* Keeps the pages as they are, but for that on which the comment ends; if it would
 * be too full, more come behind it.  @n_more: segments that the comment has more */
static void
keep_pages (const OggHeaders *headers, int n_more, GArray *counts)
{
  guint end = find_end (headers), left = (guint) n_more;

  for (guint i = 0; i <= end; i++)
    left += get_page (headers, i)->n_segments;
  for (guint i = 0; i < end && left > 0; i++) {
    guint n = MIN (left, get_page (headers, i)->n_segments);

    g_array_append_val (counts, n);
    left -= n;
  }
  fill_pages (left, counts);
  for (guint i = end + 1; i < headers->pages->len; i++) {
    guint n = get_page (headers, i)->n_segments;

    g_array_append_val (counts, n);
  }
}

static void
make_paging (const OggHeaders *headers, GBytes *comment, Paging *paging)
{
  paging->body = g_byte_array_new ();
  paging->lacing = g_byte_array_new ();
  paging->counts = g_array_new (FALSE, FALSE, sizeof (guint));
  add_packet (paging, comment);
  for (guint i = 1; i < headers->packets->len; i++)
    add_packet (paging, headers->packets->pdata[i]);
  if (is_filled (headers))
    fill_pages (paging->lacing->len, paging->counts);
  else
    keep_pages (headers,
        (int) count_segments (comment) -
            (int) count_segments (headers->packets->pdata[0]),
        paging->counts);
}

/* Where the next page begins. */
typedef struct
{
  guint segment, byte, packet;
} Place;

/* Makes page @i, which begins at @place, and moves @place to its end. */
static GBytes *
make_page (
    const OggHeaders *headers, const Paging *paging, guint i, Place *place)
{
  const gboolean is_old = i < headers->pages->len;
  const gboolean is_last = i + 1 == paging->counts->len;
  const guint8 *lacing = paging->lacing->data + place->segment;
  guint start = place->byte, n_packets = 0;
  g_autoptr (GByteArray) data = g_byte_array_new ();
  OggPage page = {
    .serial = get_page (headers, 0)->serial,
    .sequence = get_page (headers, 0)->sequence + i,
    .n_segments = (guint8) g_array_index (paging->counts, guint, i),
    .granule = is_old ? get_page (headers, i)->granule : NO_GRANULE,
    .flags = is_last ? get_last_page (headers)->flags & OGG_EOS : 0,
  };

  if (place->segment > 0 && lacing[-1] == 255)
    page.flags |= OGG_CONTINUED;
  for (guint j = 0; j < page.n_segments; j++) {
    page.lacing[j] = lacing[j];
    place->byte += lacing[j];
    n_packets += lacing[j] < 255;
  }
  place->segment += page.n_segments;
  place->packet += n_packets;
  /* of a page on which no packet ends, some programs write 0 */
  if (n_packets > 0)
    page.granule = g_array_index (
        headers->granules, guint64, place->packet - 1);
  else if (page.granule != 0)
    page.granule = NO_GRANULE;

  oggpage_append_header (&page, data);
  if (place->byte > start)
    g_byte_array_append (data, paging->body->data + start, place->byte - start);
  oggpage_set_checksum (data, 0);
  return g_bytes_new (data->data, data->len);
}

gboolean
ogg_headers_replace (const OggHeaders *headers, GBytes *comment,
    Splices *splices, guint32 *n_more, GError **error)
{
  Paging paging;
  Place place = { 0 };
  const guint n_old = headers->pages->len;
  guint n_new;

  *n_more = 0;
  if (g_bytes_equal (comment, headers->packets->pdata[0]))
    return TRUE;
  if (g_bytes_get_size (comment) > MAX_SIZE / 2)
    return tags_error_set (error, REASON_UNWRITABLE_FORMAT,
        "Its Vorbis comment is longer than can be written.");
  make_paging (headers, comment, &paging);
  n_new = paging.counts->len;
  for (guint i = 0; i < n_new; i++) {
    /* further pages come behind the last one */
    const OggPage *old = get_page (headers, MIN (i, n_old - 1));
    GBytes *made = make_page (headers, &paging, i, &place);

    if (i < n_old)
      splices_replace (splices, old->offset, old->size, made);
    else
      splices_replace (splices, old->offset + old->size, 0, made);
  }
  for (guint i = n_new; i < n_old; i++) {
    const OggPage *old = get_page (headers, i);

    splices_replace (splices, old->offset, old->size, NULL);
  }
  *n_more = n_new - n_old;
  paging_clear (&paging);
  return TRUE;
}
