/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "weberror.h"

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

static const WebError errors[N_WEB_ERRORS] = {
  [WEB_ERROR_BAD_REQUEST] = { SOUP_STATUS_BAD_REQUEST, "bad_request" },
  [WEB_ERROR_UNAUTHORIZED] = { SOUP_STATUS_UNAUTHORIZED, "unauthorized" },
  [WEB_ERROR_FORBIDDEN] = { SOUP_STATUS_FORBIDDEN, "forbidden" },
  [WEB_ERROR_NOT_FOUND] = { SOUP_STATUS_NOT_FOUND, "not_found" },
  [WEB_ERROR_UNKNOWN_MODEL] = { SOUP_STATUS_NOT_FOUND, "unknown_model" },
  [WEB_ERROR_METHOD_NOT_ALLOWED] = { SOUP_STATUS_METHOD_NOT_ALLOWED,
      "method_not_allowed" },
  [WEB_ERROR_SLOW_CLIENT] = { SOUP_STATUS_REQUEST_TIMEOUT, "slow_client" },
  [WEB_ERROR_TOO_LARGE] = { SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, "too_large" },
  [WEB_ERROR_ENCODED] = { SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE, "encoded" },
  [WEB_ERROR_BUSY] = { SOUP_STATUS_SERVICE_UNAVAILABLE, "busy" },
  [WEB_ERROR_NO_SPACE] = { SOUP_STATUS_INSUFFICIENT_STORAGE, "no_space" },
  [WEB_ERROR_NOT_AUDIO] = { SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE, "not_audio" },
  [WEB_ERROR_TOO_SHORT] = { SOUP_STATUS_UNPROCESSABLE_ENTITY, "too_short" },
  [WEB_ERROR_BROKEN] = { SOUP_STATUS_UNPROCESSABLE_ENTITY, "broken" },
  [WEB_ERROR_TOO_SLOW] = { SOUP_STATUS_GATEWAY_TIMEOUT, "too_slow" },
  [WEB_ERROR_INTERNAL] = { SOUP_STATUS_INTERNAL_SERVER_ERROR, "internal" },
};

const WebError *
web_error_get (WebErrorKind kind)
{
  return &errors[kind];
}

char *
web_error_to_json (const WebError *error, const char *message)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "error");
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "code");
  json_builder_add_string_value (builder, error->code);
  json_builder_set_member_name (builder, "message");
  json_builder_add_string_value (builder, message);
  json_builder_end_object (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}
