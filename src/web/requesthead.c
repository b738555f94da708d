/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "requesthead.h"

#include <string.h>

#include "weberror.h"

/* so many digits fit a gint64 */
#define MAX_DIGITS 18
/* as libsoup parses a request's URI */
#define URI_FLAGS                                                              \
  (G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED_PATH |                       \
      G_URI_FLAGS_ENCODED_QUERY | G_URI_FLAGS_ENCODED_FRAGMENT |               \
      G_URI_FLAGS_SCHEME_NORMALIZE)

/* headers that the guard itself understands */
typedef enum
{
  FIELD_HOST,
  FIELD_AUTHORIZATION,
  FIELD_LENGTH,
  FIELD_CODING,
  FIELD_EXPECT,
  FIELD_RANGE,
  FIELD_IF_RANGE,

  N_FIELDS
} Field;

static const char *const field_names[N_FIELDS] = { "Host", "Authorization",
  "Content-Length", "Transfer-Encoding", "Expect", "Range", "If-Range" };

/* headers that libsoup is not to act on: of this one connection, which ends
 * after the answer, and conditions that no answer has */
static const char *const dropped_names[] = { "Connection", "Keep-Alive",
  "Proxy-Connection", "TE", "Trailer", "Upgrade", "HTTP2-Settings", "If-Match",
  "If-Modified-Since", "If-Unmodified-Since" };

typedef struct
{
  char *method, *target, *host;
  guint minor; /* of the version: HTTP/1.minor */
  char *values[N_FIELDS];
  guint n_values[N_FIELDS];
  GString *others; /* the lines of all other headers */
} Parser;

/* clang-format off */
G_DEFINE_QUARK (genreclassify-request-error-quark, request_error)
/* clang-format on */

static gboolean
set_bad (GError **error, const char *text)
{
  g_set_error_literal (error, REQUEST_ERROR, WEB_ERROR_BAD_REQUEST, text);
  return FALSE;
}

gboolean
request_is_control (guchar c)
{
  return (c < ' ' && c != '\t') || c == 0x7f;
}

gboolean
request_is_token (const char *text, gsize size)
{
  for (gsize i = 0; i < size; i++)
    if (!g_ascii_isalnum (text[i]) &&
        (!text[i] || !strchr ("!#$%&'*+-.^_`|~", text[i])))
      return FALSE;
  return size > 0;
}

gboolean
request_head_is_head (const char *data, gsize size)
{
  static const char method[] = "HEAD ";

  while (size > 0 && (*data == '\r' || *data == '\n')) {
    data++;
    size--;
  }
  return size >= strlen (method) && !memcmp (data, method, strlen (method));
}

gssize
request_head_find_end (
    const char *data, gsize size, gsize *seen, GError **error)
{
  gsize start = 0; /* empty lines before a request do no harm */

  while (start < size && (data[start] == '\r' || data[start] == '\n'))
    start++;
  for (gsize i = *seen; i < size; i++) {
    gboolean after_cr = i > 0 && data[i - 1] == '\r';

    if (after_cr != (data[i] == '\n')) {
      set_bad (error,
          "The lines of a request end with CR and LF, which are "
          "nowhere else in its headers.");
      return -1;
    }
    if (request_is_control (data[i]) && data[i] != '\r' && data[i] != '\n') {
      set_bad (error, "There is a control character in the request's headers.");
      return -1;
    }
    if (i > start && data[i] == '\n' && data[i - 2] == '\n')
      return i + 1;
  }
  *seen = size;
  if (size < REQUEST_HEAD_MAX)
    return 0;
  if (memchr (data + start, '\n', size - start))
    g_set_error (error, REQUEST_ERROR, WEB_ERROR_HEAD_TOO_LARGE,
        "The request's headers are longer than %u bytes.", REQUEST_HEAD_MAX);
  else
    g_set_error (error, REQUEST_ERROR, WEB_ERROR_URI_TOO_LONG,
        "The request's first line is longer than %u bytes.", REQUEST_HEAD_MAX);
  return -1;
}

/* The request line */

static gboolean
parse_version (Parser *parser, const char *version, GError **error)
{
  if (strlen (version) != 8 || strncmp (version, "HTTP/", 5) ||
      !g_ascii_isdigit (version[5]) || version[6] != '.' ||
      !g_ascii_isdigit (version[7]))
    return set_bad (error,
        "A request begins with a line such as \"GET /health HTTP/1.1\".");
  if (version[5] != '1' || version[7] > '1') {
    g_set_error_literal (error, REQUEST_ERROR, WEB_ERROR_HTTP_VERSION,
        "The service speaks HTTP/1.1 and HTTP/1.0.");
    return FALSE;
  }
  parser->minor = version[7] - '0';
  return TRUE;
}

/* Splits an absolute URI, as clients send one to proxies: its authority counts,
 * not the Host. */
static gboolean
parse_target (Parser *parser, const char *target, GError **error)
{
  const char *rest = strstr (target, "://");
  gboolean is_http = rest &&
      (!g_ascii_strncasecmp (target, "http://", rest + 3 - target) ||
          !g_ascii_strncasecmp (target, "https://", rest + 3 - target));

  if (*target == '/') {
    parser->target = g_strdup (target);
    return TRUE;
  }
  if (is_http) {
    gsize size = strcspn (rest + 3, "/?");

    parser->host = g_strndup (rest + 3, size);
    rest += 3 + size;
    parser->target = g_strconcat (*rest == '/' ? "" : "/", rest, NULL);
    return TRUE;
  }
  if (!strcmp (parser->method, "CONNECT") ||
      (!strcmp (parser->method, "OPTIONS") && !strcmp (target, "*"))) {
    g_set_error (error, REQUEST_ERROR, WEB_ERROR_NOT_IMPLEMENTED,
        "The service has no %s; see /openapi.json.",
        *target == '*' ? "OPTIONS *" : "CONNECT");
    return FALSE;
  }
  return set_bad (error, "What is requested is a path, such as /health.");
}

static gboolean
parse_request_line (Parser *parser, const char *line, GError **error)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 4);

  if (g_strv_length (words) != 3 ||
      !request_is_token (words[0], strlen (words[0])))
    return set_bad (error,
        "A request begins with a line such as \"GET /health HTTP/1.1\".");
  parser->method = g_strdup (words[0]);
  return parse_version (parser, words[2], error) &&
      parse_target (parser, words[1], error);
}

/* The headers */

static gboolean
is_dropped (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (dropped_names); i++)
    if (!g_ascii_strcasecmp (name, dropped_names[i]))
      return TRUE;
  return FALSE;
}

static gboolean
parse_field (Parser *parser, const char *line, GError **error)
{
  const char *colon = strchr (line, ':');
  g_autofree char *name = NULL, *value = NULL;

  if (*line == ' ' || *line == '\t')
    return set_bad (error, "A header goes on in a second line.");
  if (!colon || !request_is_token (line, colon - line))
    return set_bad (
        error, "A header is not a name, a colon and a value, in this order.");
  name = g_strndup (line, colon - line);
  value = g_strstrip (g_strdup (colon + 1));
  for (Field field = 0; field < N_FIELDS; field++)
    if (!g_ascii_strcasecmp (name, field_names[field])) {
      g_free (parser->values[field]);
      parser->values[field] = g_steal_pointer (&value);
      parser->n_values[field]++;
      return TRUE;
    }
  if (!is_dropped (name))
    g_string_append_printf (parser->others, "%s: %s\r\n", name, value);
  return TRUE;
}

/* FALSE if a header is there more than once. */
static gboolean
check_single (const Parser *parser, Field field, GError **error)
{
  if (parser->n_values[field] < 2)
    return TRUE;
  g_set_error (error, REQUEST_ERROR, WEB_ERROR_BAD_REQUEST,
      "There is more than one %s.", field_names[field]);
  return FALSE;
}

/* Whether libsoup takes the request's URI. */
static gboolean
is_uri (const char *host, const char *target)
{
  g_autofree char *text = g_strconcat ("http://", host, target, NULL),
                  *path = NULL;
  g_autoptr (GUri) uri = NULL;

  for (const char *p = target; *p; p++)
    if (*p <= ' ' || *p > '~' || *p == '#')
      return FALSE;
  uri = g_uri_parse (text, URI_FLAGS, NULL);
  path = uri && g_uri_get_host (uri) && *g_uri_get_host (uri)
      ? g_uri_unescape_string (g_uri_get_path (uri), NULL)
      : NULL;
  return path && !strstr (path, "/../") && !g_str_has_suffix (path, "/..");
}

static gboolean
check_host (Parser *parser, GError **error)
{
  if (!check_single (parser, FIELD_HOST, error))
    return FALSE;
  if (!parser->values[FIELD_HOST] && parser->minor > 0)
    return set_bad (error, "There is no Host.");
  if (!parser->host)
    parser->host = g_steal_pointer (&parser->values[FIELD_HOST]);
  /* no browser leaves it out, so no page of another site does */
  if (!parser->host)
    parser->host = g_strdup ("localhost");
  for (const char *p = parser->host; *p; p++)
    if (!g_ascii_isalnum (*p) && !strchr (".-_~:[]%", *p))
      return set_bad (error, "The Host is not a name and, perhaps, a port.");
  if (!is_uri (parser->host, parser->target))
    return set_bad (error,
        "The Host and the path are not those of a URL, or the path goes up.");
  return TRUE;
}

/* How long the body is. */
static gboolean
check_framing (const Parser *parser, RequestHead *head, GError **error)
{
  const char *length = parser->values[FIELD_LENGTH],
             *coding = parser->values[FIELD_CODING];

  if (!check_single (parser, FIELD_LENGTH, error) ||
      !check_single (parser, FIELD_CODING, error))
    return FALSE;
  if (length && (!*length || length[strspn (length, "0123456789")]))
    return set_bad (error, "The Content-Length is not a number.");
  if (coding && length)
    return set_bad (
        error, "There are both a Content-Length and a Transfer-Encoding.");
  if (coding && (parser->minor == 0 || g_ascii_strcasecmp (coding, "chunked")))
    return set_bad (
        error, "The one Transfer-Encoding is \"chunked\", in HTTP/1.1.");
  if (length && strlen (length) > MAX_DIGITS) {
    g_set_error_literal (error, REQUEST_ERROR, WEB_ERROR_TOO_LARGE,
        "The Content-Length is too large for anything.");
    return FALSE;
  }
  head->is_chunked = coding != NULL;
  head->length = length ? g_ascii_strtoull (length, NULL, 10) : 0;
  return TRUE;
}

static gboolean
check_expectation (const Parser *parser, GError **error)
{
  const char *expect = parser->values[FIELD_EXPECT];

  if (parser->minor == 0 || !expect ||
      (parser->n_values[FIELD_EXPECT] == 1 &&
          !g_ascii_strcasecmp (expect, "100-continue")))
    return TRUE;
  g_set_error_literal (error, REQUEST_ERROR, WEB_ERROR_EXPECTATION,
      "The one thing to expect is \"100-continue\".");
  return FALSE;
}

/* Whether @value is one range of bytes, as "bytes=0-99", "bytes=100-" or
 * "bytes=-100". */
static gboolean
is_single_range (const char *value)
{
  const char *first = value + strlen ("bytes="), *last;
  gsize n_first, n_last;

  if (g_ascii_strncasecmp (value, "bytes=", strlen ("bytes=")))
    return FALSE;
  n_first = strspn (first, "0123456789");
  last = first + n_first + 1;
  if (last[-1] != '-')
    return FALSE;
  n_last = strspn (last, "0123456789");
  return !last[n_last] && n_first <= MAX_DIGITS && n_last <= MAX_DIGITS &&
      n_first + n_last > 0 &&
      (!n_first || !n_last ||
          g_ascii_strtoull (first, NULL, 10) <=
              g_ascii_strtoull (last, NULL, 10));
}

/* Writing it anew */

static char *
write_head (const Parser *parser, const RequestHead *head)
{
  GString *text = g_string_new (NULL);
  const char *range = parser->values[FIELD_RANGE];

  g_string_append_printf (text,
      "%s %s HTTP/1.%u\r\nHost: %s\r\nConnection: close\r\n", parser->method,
      parser->target, parser->minor, parser->host);
  if (parser->values[FIELD_AUTHORIZATION])
    g_string_append_printf (
        text, "Authorization: %s\r\n", parser->values[FIELD_AUTHORIZATION]);
  if (head->is_chunked)
    g_string_append (text, "Transfer-Encoding: chunked\r\n");
  else if (parser->values[FIELD_LENGTH])
    g_string_append_printf (
        text, "Content-Length: %" G_GUINT64_FORMAT "\r\n", head->length);
  if (parser->minor > 0 && parser->values[FIELD_EXPECT] &&
      (head->is_chunked || head->length > 0))
    g_string_append (text, "Expect: 100-continue\r\n");
  /* without the range the answer is whole, which is always right */
  if (range && !strcmp (parser->method, "GET") &&
      parser->n_values[FIELD_RANGE] == 1 && !parser->values[FIELD_IF_RANGE] &&
      is_single_range (range))
    g_string_append_printf (
        text, "Range: bytes=%s\r\n", range + strlen ("bytes="));
  g_string_append_len (text, parser->others->str, parser->others->len);
  g_string_append (text, "\r\n");
  return g_string_free (text, FALSE);
}

gboolean
request_head_parse (
    const char *data, gsize size, RequestHead *head, GError **error)
{
  g_autofree char *copy = g_strndup (data, size);
  g_auto (GStrv) lines = g_strsplit (copy + strspn (copy, "\r\n"), "\r\n", -1);
  Parser parser = { .others = g_string_new (NULL) };
  gboolean ok;

  *head = (RequestHead){ 0 };
  ok = parse_request_line (&parser, lines[0] ? lines[0] : "", error);
  for (guint i = 1; ok && lines[i] && *lines[i]; i++)
    ok = parse_field (&parser, lines[i], error);
  ok = ok && check_host (&parser, error) &&
      check_single (&parser, FIELD_AUTHORIZATION, error) &&
      check_framing (&parser, head, error) &&
      check_expectation (&parser, error);
  if (ok)
    head->text = write_head (&parser, head);
  g_free (parser.method);
  g_free (parser.target);
  g_free (parser.host);
  for (Field field = 0; field < N_FIELDS; field++)
    g_free (parser.values[field]);
  g_string_free (parser.others, TRUE);
  return ok;
}
