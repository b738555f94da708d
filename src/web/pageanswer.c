/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "pageanswer.h"

#include <string.h>

#include "answers.h"

/* The bytes of a file of @size that the header Range asks for, of which the guard
 * lets one range through.  FALSE if there are none. */
static gboolean
get_range (SoupMessageHeaders *headers, goffset size, SoupRange *range)
{
  SoupRange *ranges;
  int n;

  if (!soup_message_headers_get_ranges (headers, size, &ranges, &n))
    return FALSE;
  range->start = MAX (ranges[0].start, 0);
  range->end = MIN (ranges[0].end, size - 1);
  soup_message_headers_free_ranges (headers, ranges);
  return range->start <= range->end;
}

/* Answers a GET for a part of @file.  libsoup would make a copy of it. */
static void
answer_range (
    SoupServerMessage *message, Counters *counters, const PageFile *file)
{
  goffset size = g_bytes_get_size (file->plain.data);
  g_autofree char *all = g_strdup_printf ("bytes */%" G_GOFFSET_FORMAT, size);
  g_autoptr (GBytes) part = NULL;
  SoupRange range;

  if (!get_range (
          soup_server_message_get_request_headers (message), size, &range)) {
    answer_set_header (message, "Content-Range", all);
    answer_send_error (message, counters, web_error_get (WEB_ERROR_RANGE),
        "The file has no such bytes.");
    return;
  }
  part = g_bytes_new_from_bytes (
      file->plain.data, range.start, range.end - range.start + 1);
  soup_message_headers_set_content_range (
      soup_server_message_get_response_headers (message), range.start,
      range.end, size);
  answer_send_static (message, SOUP_STATUS_PARTIAL_CONTENT, file->type, part);
}

void
page_answer (
    SoupServerMessage *message, Counters *counters, const PageFile *file)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (
      message);
  const char *known = soup_message_headers_get_list (headers, "If-None-Match");
  const PageForm *form = page_file_choose (
      file, soup_message_headers_get_list (headers, "Accept-Encoding"));
  /* a range is one of the file as it is */
  gboolean is_range = soup_message_headers_get_one (headers, "Range") != NULL;

  if (is_range)
    form = &file->plain;
  answer_set_header (message, "ETag", form->etag);
  answer_set_header (message, "Accept-Ranges", "bytes");
  if (file->gzip.data)
    answer_set_header (message, "Vary", "Accept-Encoding");
  if (known && (!strcmp (known, "*") || strstr (known, form->etag))) {
    /* libsoup would tell the length of no body, which is not the file's */
    soup_message_headers_set_encoding (
        soup_server_message_get_response_headers (message), SOUP_ENCODING_NONE);
    answer_set_status (message, SOUP_STATUS_NOT_MODIFIED);
  } else if (is_range) {
    answer_range (message, counters, file);
  } else {
    if (form->encoding)
      answer_set_header (message, "Content-Encoding", form->encoding);
    answer_send_static (message, SOUP_STATUS_OK, file->type, form->data);
  }
  /* may be kept, but is asked for again */
  answer_set_header (message, "Cache-Control", "no-cache");
  if (file->policy)
    answer_set_header (message, "Content-Security-Policy", file->policy);
}
