/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a web server says of a file without sending it, by which it can be told later
 * whether it is still the same. */

#pragma once

#include <gst/gst.h>

typedef struct
{
  guint64 size;     /* bytes; 0 if the server does not say */
  gint64 validator; /* > 0: a digest of what the server calls this version */
} HttpStamp;

/* Whether @name has the form of a URI of a web server, as "http://host/song.mp3".  A
 * file may have such a name as well, in a folder "http:". */
gboolean httpstamp_is_uri (const char *name);

/**
 * httpstamp_get:
 * @uri: of a web server
 * @timeout: ms to wait for the answer
 * @stamp: (out): what the server says, once redirections were followed
 *
 * Asks by a HEAD request, which GStreamer's souphttpsrc makes as it makes the one that
 * fetches the file.  The validator is the ETag, weak or strong, or else a Last-Modified
 * that is a time and earlier than the answer.
 *
 * Returns: %FALSE if there is none, or no such answer: the server does not take HEAD,
 *     as for an address that was signed for GET, does not answer in time, or is not
 *     there.  That is no failure: what the file is can be seen by fetching it
 */
gboolean httpstamp_get (const char *uri, guint timeout, HttpStamp *stamp);

/* Sets the validator to 0 if @message, any one of a pipeline that fetches the file, is
 * an answer with another one, or none: it is not the file that @stamp was got of. */
void httpstamp_compare (HttpStamp *stamp, GstMessage *message);

/* The headers in @answer, the structure of any element's message or event, if that is
 * what souphttpsrc tells of a server's answer, and the *@status of it; or NULL. */
const GstStructure *
httpstamp_get_headers (const GstStructure *answer, guint *status);

/* The value of a header, whose name may be spelled "ETag", "Etag" or "etag"; several
 * values in lines, "" without any.  Free with g_free(). */
char *httpstamp_get_header (const GstStructure *headers, const char *name);
