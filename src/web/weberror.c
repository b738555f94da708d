/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "weberror.h"

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

static const WebError errors[N_WEB_ERRORS] = {
  [WEB_ERROR_BAD_REQUEST] = { SOUP_STATUS_BAD_REQUEST, "bad-request", FALSE },
  [WEB_ERROR_UNAUTHORIZED] = { SOUP_STATUS_UNAUTHORIZED, "unauthorized",
      FALSE },
  [WEB_ERROR_FORBIDDEN] = { SOUP_STATUS_FORBIDDEN, "forbidden", FALSE },
  [WEB_ERROR_NOT_FOUND] = { SOUP_STATUS_NOT_FOUND, "not-found", FALSE },
  [WEB_ERROR_UNKNOWN_MODEL] = { SOUP_STATUS_NOT_FOUND, "unknown-model", FALSE },
  [WEB_ERROR_NO_UPLOAD] = { SOUP_STATUS_NOT_FOUND, "no-upload", FALSE },
  [WEB_ERROR_METHOD_NOT_ALLOWED] = { SOUP_STATUS_METHOD_NOT_ALLOWED,
      "method-not-allowed", FALSE },
  [WEB_ERROR_SLOW_CLIENT] = { SOUP_STATUS_REQUEST_TIMEOUT, "slow-client",
      TRUE },
  [WEB_ERROR_TOO_LARGE] = { SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, "too-large",
      FALSE },
  [WEB_ERROR_ENCODED] = { SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE, "encoded",
      FALSE },
  [WEB_ERROR_BUSY] = { SOUP_STATUS_SERVICE_UNAVAILABLE, "busy", TRUE },
  [WEB_ERROR_NO_SPACE] = { SOUP_STATUS_INSUFFICIENT_STORAGE, "no-space", TRUE },
};

/* The statuses of reasons.  Those that are not here are no fault of the file:
 * 500. */
static const guint statuses[N_REASONS] = {
  /* the file is no media */
  [REASON_NOT_AUDIO] = SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE,
  [REASON_NO_AUDIO_STREAM] = SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE,
  [REASON_DECODER_MISSING] = SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE,
  /* it is media, but damaged or of no use */
  [REASON_TOO_SHORT] = SOUP_STATUS_UNPROCESSABLE_ENTITY,
  [REASON_DECODER_FAILED] = SOUP_STATUS_UNPROCESSABLE_ENTITY,
  [REASON_DECODER_CRASHED] = SOUP_STATUS_UNPROCESSABLE_ENTITY,
  [REASON_UNREADABLE] = SOUP_STATUS_UNPROCESSABLE_ENTITY,
  /* it is a playlist, say: what it refers to cannot be opened in the sandbox */
  [REASON_NOT_FOUND] = SOUP_STATUS_UNPROCESSABLE_ENTITY,
  [REASON_UNREACHABLE] = SOUP_STATUS_UNPROCESSABLE_ENTITY,

  [REASON_TIMEOUT] = SOUP_STATUS_GATEWAY_TIMEOUT,
};

WebError
web_error_get (WebErrorKind kind)
{
  return errors[kind];
}

WebError
web_error_from_reason (Reason reason)
{
  guint status = statuses[reason];

  return (WebError){ status ? status : SOUP_STATUS_INTERNAL_SERVER_ERROR,
    reason_to_code (reason), reason_is_retryable (reason) };
}

char *
web_error_to_json (WebError error, const char *message)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "error");
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "code");
  json_builder_add_string_value (builder, error.code);
  json_builder_set_member_name (builder, "message");
  json_builder_add_string_value (builder, message);
  json_builder_set_member_name (builder, "retryable");
  json_builder_add_boolean_value (builder, error.retryable);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}
