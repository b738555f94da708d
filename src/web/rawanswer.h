/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Answers as they go to the client, for requests that libsoup does not get or not
 * whole; and the headers that every answer has. */

#pragma once

#include <libsoup/soup.h>

#include "weberror.h"

typedef struct
{
  const char *name, *value;
} AnswerHeader;

/* The last one has no name. */
extern const AnswerHeader answer_headers[];

/* An answer with an error; free with g_free().  @text is a sentence for
 * people, @id that of the request, which is a HEAD request if @is_head. */
char *raw_answer_new (
    WebError error, const char *text, const char *id, gboolean is_head);
/* The answer that @message has, which is text and whole; free with g_free(). */
char *raw_answer_from_message (SoupServerMessage *message);
