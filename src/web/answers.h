/* SPDX-License-Identifier: GPL-2.0-or-later */

/* How a request is answered: headers, status, a body of text or JSON, an error,
 * or a stream of events. */

#pragma once

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

#include "counters.h"
#include "weberror.h"

void answer_set_header (
    SoupServerMessage *message, const char *name, const char *value);
/* Sets the status and the headers that every answer has.  A request with a
 * status is being answered: not to be called before there is an answer, or a
 * "100 Continue" would have these headers. */
void answer_set_status (SoupServerMessage *message, guint status);
/* Whether the status is set. */
gboolean answer_has_begun (SoupServerMessage *message);

/* @type is the Content-Type.  @data counts as memory of the client that has not
 * taken it yet. */
void answer_send (
    SoupServerMessage *message, guint status, const char *type, GBytes *data);
/* The same for @data that the service keeps anyway. */
void answer_send_static (
    SoupServerMessage *message, guint status, const char *type, GBytes *data);
/* Takes @text. */
void answer_send_text (
    SoupServerMessage *message, guint status, const char *type, char *text);
/* Takes @root. */
void
answer_send_json (SoupServerMessage *message, guint status, JsonNode *root);
/* Answers with an error, or sends an event "error" if a stream of events has
 * begun; counts it in @counters.  @text is a sentence for people. */
void answer_send_error (SoupServerMessage *message, Counters *counters,
    WebError error, const char *text);
/* The code of the error that was sent, a literal; NULL: none. */
const char *answer_get_error (SoupServerMessage *message);

/* Events (https://html.spec.whatwg.org/multipage/server-sent-events.html) */

/* Begins a stream of events, unless it has begun already. */
void answer_begin_events (SoupServerMessage *message);
/* Sends an event.  Takes @json, which is one line. */
void
answer_send_event (SoupServerMessage *message, const char *name, char *json);

/* The body is complete: sends what is left of it. */
void answer_complete (SoupServerMessage *message);
