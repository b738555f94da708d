/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "fetchsrc.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gst/base/gstpushsrc.h>

#include "fetchprotocol.h"
#include "process/packet.h"

/* bytes of a buffer, at most */
#define BLOCK_SIZE 16384

enum
{
  PROP_IS_STATION = 1,
  PROP_IS_LIVE,
  PROP_FD
};

G_DECLARE_FINAL_TYPE (FetchSrc, fetch_src, FETCH, SRC, GstPushSrc)

struct _FetchSrc
{
  GstPushSrc parent;
  char *uri;
  char *location;      /* where it was found in the end, or NULL; object lock */
  gboolean is_station; /* with titles, and not to be sought in */
  gboolean is_live;
  int file; /* what is read instead of the URI, or -1; not owned */

  /* the streaming thread's, or nobody's */
  GstPoll *poll; /* lets the thread be woken */
  GstPollFD stream;
  FetchAnswer answer;
  gsize n_answered;         /* bytes of the answer that have come */
  guint64 offset, position; /* where to begin, and how far that is */
  gint64 end;
};

static void fetch_src_init_handler (gpointer iface, gpointer data);

G_DEFINE_TYPE_WITH_CODE (FetchSrc, fetch_src, GST_TYPE_PUSH_SRC,
    G_IMPLEMENT_INTERFACE (GST_TYPE_URI_HANDLER, fetch_src_init_handler))

static int fetch_socket = -1;

/* Connecting */

static void
disconnect (FetchSrc *src)
{
  if (src->stream.fd < 0)
    return;
  gst_poll_remove_fd (src->poll, &src->stream);
  if (src->stream.fd != src->file)
    close (src->stream.fd);
  src->stream.fd = -1;
}

static gboolean
fail (FetchSrc *src, const char *why)
{
  GST_ELEMENT_ERROR (src, RESOURCE, READ, ("%s", why), (NULL));
  return FALSE;
}

static gboolean
request (FetchSrc *src, int other_end)
{
  FetchRequest order = { .offset = src->offset,
    .end = src->end,
    .is_station = src->is_station,
    .is_live = src->is_live };

  g_strlcpy (order.uri, src->uri, sizeof order.uri);
  return packet_send (fetch_socket, &order, sizeof order, &other_end, 1);
}

/* Asks for the URI.  FALSE if an error was posted. */
static gboolean
connect_stream (FetchSrc *src)
{
  int ends[2];
  gboolean ok;

  src->n_answered = 0;
  src->position = src->offset;
  if (src->file >= 0) {
    src->stream.fd = src->file;
    src->n_answered = sizeof src->answer;
  } else {
    if (!src->uri || strlen (src->uri) >= FETCH_MAX_URI)
      return fail (src, "The URI is too long.");
    if (socketpair (AF_UNIX, SOCK_STREAM, 0, ends) < 0)
      return fail (src, "There are too many open files.");
    ok = request (src, ends[1]);
    close (ends[1]);
    src->stream.fd = ends[0];
    if (!ok)
      fail (src, "The process that fetches is gone.");
  }
  gst_poll_add_fd (src->poll, &src->stream);
  gst_poll_fd_ctl_read (src->poll, &src->stream, TRUE);
  return TRUE;
}

/* Reads what there is, up to @size, and waits until there is some.  0 at the end, -1 if
 * there is an error or the thread is to stop. */
static gssize
read_some (FetchSrc *src, gpointer data, gsize size, GstFlowReturn *flow)
{
  gssize n;

  do {
    *flow = GST_FLOW_OK;
    if (src->stream.fd != src->file &&
        gst_poll_wait (src->poll, GST_CLOCK_TIME_NONE) < 0) {
      if (errno == EINTR || errno == EAGAIN)
        continue;
      *flow = errno == EBUSY ? GST_FLOW_FLUSHING : GST_FLOW_ERROR;
      return -1;
    }
    n = read (src->stream.fd, data, size);
  } while (n < 0 && (errno == EINTR || errno == EAGAIN));
  /* the other process has ended in the middle: it is the end of what comes */
  return MAX (n, 0);
}

/* Announces titles to come, which icydemux takes out. */
static void
set_caps (FetchSrc *src)
{
  g_autoptr (GstCaps) caps = NULL;

  if (src->answer.metadata_interval == 0 ||
      src->answer.metadata_interval > G_MAXINT)
    return;
  caps = gst_caps_new_simple ("application/x-icy", "metadata-interval",
      G_TYPE_INT, (int) src->answer.metadata_interval, NULL);
  /* its parts are examined where this says nothing */
  if (*src->answer.content_type)
    gst_caps_set_simple (
        caps, "content-type", G_TYPE_STRING, src->answer.content_type, NULL);
  gst_base_src_set_caps (GST_BASE_SRC (src), caps);
}

static void
set_location (FetchSrc *src)
{
  GST_OBJECT_LOCK (src);
  g_free (src->location);
  src->location = *src->answer.uri ? g_strdup (src->answer.uri) : NULL;
  GST_OBJECT_UNLOCK (src);
}

/* Reads the answer, if it has not come yet. */
static GstFlowReturn
take_answer (FetchSrc *src)
{
  GstFlowReturn flow;

  while (src->n_answered < sizeof src->answer) {
    gssize n = read_some (src, (guint8 *) &src->answer + src->n_answered,
        sizeof src->answer - src->n_answered, &flow);

    if (n < 0)
      return flow;
    if (n == 0) {
      fail (src, "The process that fetches is gone.");
      return GST_FLOW_ERROR;
    }
    src->n_answered += n;
    if (src->n_answered < sizeof src->answer)
      continue;
    src->answer.error[FETCH_MAX_TEXT - 1] = '\0';
    src->answer.content_type[FETCH_MAX_TEXT - 1] = '\0';
    src->answer.uri[FETCH_MAX_URI - 1] = '\0';
    if (*src->answer.error) {
      GST_ELEMENT_ERROR_WITH_DETAILS (src, RESOURCE, NOT_FOUND,
          ("%s", src->answer.error), (NULL),
          ("http-status-code", G_TYPE_UINT, src->answer.status, NULL));
      return GST_FLOW_ERROR;
    }
    set_location (src);
    set_caps (src);
  }
  return GST_FLOW_OK;
}

/* GstPushSrc and GstBaseSrc */

static GstFlowReturn
fetch_src_create (GstPushSrc *base, GstBuffer **buffer)
{
  FetchSrc *src = FETCH_SRC (base);
  GstFlowReturn flow;
  GstMapInfo map;
  gssize n;

  if (src->stream.fd < 0 && !connect_stream (src))
    return GST_FLOW_ERROR;
  flow = take_answer (src);
  if (flow != GST_FLOW_OK)
    return flow;
  *buffer = gst_buffer_new_allocate (NULL, BLOCK_SIZE, NULL);
  gst_buffer_map (*buffer, &map, GST_MAP_WRITE);
  n = read_some (src, map.data, map.size, &flow);
  gst_buffer_unmap (*buffer, &map);
  if (n <= 0) {
    gst_clear_buffer (buffer);
    return n == 0 ? GST_FLOW_EOS : flow;
  }
  gst_buffer_resize (*buffer, 0, n);
  GST_BUFFER_OFFSET (*buffer) = src->position;
  src->position += n;
  GST_BUFFER_OFFSET_END (*buffer) = src->position;
  return GST_FLOW_OK;
}

static gboolean
fetch_src_start (GstBaseSrc *base)
{
  FetchSrc *src = FETCH_SRC (base);

  src->offset = 0;
  src->end = -1;
  gst_poll_set_flushing (src->poll, FALSE);
  gst_base_src_set_live (base, src->is_live);
  return TRUE;
}

static gboolean
fetch_src_stop (GstBaseSrc *base)
{
  disconnect (FETCH_SRC (base));
  return TRUE;
}

static gboolean
fetch_src_unlock (GstBaseSrc *base)
{
  gst_poll_set_flushing (FETCH_SRC (base)->poll, TRUE);
  return TRUE;
}

static gboolean
fetch_src_unlock_stop (GstBaseSrc *base)
{
  gst_poll_set_flushing (FETCH_SRC (base)->poll, FALSE);
  return TRUE;
}

/* A piece of an adaptive stream may be a part of a file. */
static gboolean
fetch_src_is_seekable (GstBaseSrc *base)
{
  FetchSrc *src = FETCH_SRC (base);

  return !src->is_station && src->file < 0;
}

static gboolean
fetch_src_do_seek (GstBaseSrc *base, GstSegment *segment)
{
  FetchSrc *src = FETCH_SRC (base);

  if (segment->rate < 0 || segment->format != GST_FORMAT_BYTES)
    return FALSE;
  src->end = segment->stop == GST_CLOCK_TIME_NONE ? -1 : (gint64) segment->stop;
  if (src->stream.fd >= 0 && src->position == segment->start)
    return TRUE;
  disconnect (src);
  src->offset = segment->start;
  return TRUE;
}

/* What a list refers to is found from where that was found; and there it is asked for
 * again, as the others may have led to it only once. */
static gboolean
fetch_src_query (GstBaseSrc *base, GstQuery *query)
{
  FetchSrc *src = FETCH_SRC (base);

  if (GST_QUERY_TYPE (query) != GST_QUERY_URI)
    return GST_BASE_SRC_CLASS (fetch_src_parent_class)->query (base, query);
  gst_query_set_uri (query, src->uri);
  GST_OBJECT_LOCK (src);
  if (src->location && g_strcmp0 (src->location, src->uri) != 0) {
    gst_query_set_uri_redirection (query, src->location);
    gst_query_set_uri_redirection_permanent (query, TRUE);
  }
  GST_OBJECT_UNLOCK (src);
  return TRUE;
}

/* GObject */

static void
fetch_src_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  FetchSrc *src = FETCH_SRC (object);

  if (id == PROP_IS_STATION)
    src->is_station = g_value_get_boolean (value);
  else if (id == PROP_IS_LIVE)
    src->is_live = g_value_get_boolean (value);
  else if (id == PROP_FD)
    src->file = g_value_get_int (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
fetch_src_finalize (GObject *object)
{
  FetchSrc *src = FETCH_SRC (object);

  disconnect (src);
  gst_poll_free (src->poll);
  g_free (src->uri);
  g_free (src->location);
  G_OBJECT_CLASS (fetch_src_parent_class)->finalize (object);
}

static void
fetch_src_class_init (FetchSrcClass *klass)
{
  static GstStaticPadTemplate pad = GST_STATIC_PAD_TEMPLATE (
      "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
  GObjectClass *object = G_OBJECT_CLASS (klass);
  GstBaseSrcClass *base = GST_BASE_SRC_CLASS (klass);
  const GParamFlags flags = G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS;

  object->set_property = fetch_src_set_property;
  object->finalize = fetch_src_finalize;
  g_object_class_install_property (object, PROP_IS_STATION,
      g_param_spec_boolean ("is-station", "Is a station",
          "A station, not a piece of one", FALSE, flags));
  g_object_class_install_property (object, PROP_IS_LIVE,
      g_param_spec_boolean ("is-live", "Is live",
          "It comes no faster than it is heard", FALSE, flags));
  g_object_class_install_property (object, PROP_FD,
      g_param_spec_int ("fd", "Descriptor",
          "An open file that is read instead of the URI", -1, G_MAXINT, -1,
          flags));
  base->start = fetch_src_start;
  base->stop = fetch_src_stop;
  base->unlock = fetch_src_unlock;
  base->unlock_stop = fetch_src_unlock_stop;
  base->is_seekable = fetch_src_is_seekable;
  base->do_seek = fetch_src_do_seek;
  base->query = fetch_src_query;
  GST_PUSH_SRC_CLASS (klass)->create = fetch_src_create;
  gst_element_class_add_static_pad_template (GST_ELEMENT_CLASS (klass), &pad);
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Fetching source", "Source/Network", "Reads what another process fetches",
      "The genreclassify developers");
}

static void
fetch_src_init (FetchSrc *src)
{
  src->file = -1;
  src->poll = gst_poll_new (TRUE);
  gst_poll_fd_init (&src->stream);
}

/* The URI */

static GstURIType
fetch_src_get_type_of_uri (GType type G_GNUC_UNUSED)
{
  return GST_URI_SRC;
}

static const char *const *
fetch_src_get_protocols (GType type G_GNUC_UNUSED)
{
  static const char *const protocols[] = { "http", "https", NULL };

  return protocols;
}

static char *
fetch_src_get_uri (GstURIHandler *handler)
{
  return g_strdup (FETCH_SRC (handler)->uri);
}

static gboolean
fetch_src_set_uri (
    GstURIHandler *handler, const char *uri, GError **error G_GNUC_UNUSED)
{
  FetchSrc *src = FETCH_SRC (handler);

  g_free (src->uri);
  src->uri = g_strdup (uri);
  GST_OBJECT_LOCK (src);
  g_clear_pointer (&src->location, g_free);
  GST_OBJECT_UNLOCK (src);
  return TRUE;
}

static void
fetch_src_init_handler (gpointer iface, gpointer data G_GNUC_UNUSED)
{
  GstURIHandlerInterface *handler = iface;

  handler->get_type = fetch_src_get_type_of_uri;
  handler->get_protocols = fetch_src_get_protocols;
  handler->get_uri = fetch_src_get_uri;
  handler->set_uri = fetch_src_set_uri;
}

void
fetch_src_register (int socket)
{
  fetch_socket = socket;
  gst_element_register (
      NULL, "fetchsrc", GST_RANK_PRIMARY + 100, fetch_src_get_type ());
}
