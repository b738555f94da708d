/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "libraries.h"

#include <string.h>

#include <cairo.h>
#include <fftw3.h>
#include <gst/gst.h>
#include <gst/pbutils/pbutils.h>
#include <json-glib/json-glib.h>
#include <pango/pango.h>
#include <sqlite3.h>
#include <zlib.h>

#if defined(HAVE_WEB) || defined(HAVE_MONITOR)
#include <libsoup/soup.h>
#include <seccomp.h>
#endif
#ifdef HAVE_MONITOR
#include <libxml/parser.h>
#include <mosquitto.h>
#endif

static char *
join (guint major, guint minor, guint micro)
{
  return g_strdup_printf ("%u.%u.%u", major, minor, micro);
}

static char *
get_glib (void)
{
  return join (glib_major_version, glib_minor_version, glib_micro_version);
}

static char *
get_json_glib (void)
{
  return g_strdup (JSON_VERSION_S);
}

/* "fftw-3.3.10-sse2-avx" */
static char *
get_fftw (void)
{
  const char *version = fftwf_version;

  if (g_str_has_prefix (version, "fftw-"))
    version += strlen ("fftw-");
  return g_strndup (version, strcspn (version, "-"));
}

static char *
get_gstreamer (void)
{
  guint major, minor, micro, nano;

  gst_version (&major, &minor, &micro, &nano);
  return join (major, minor, micro);
}

static char *
get_plugins_base (void)
{
  guint major, minor, micro, nano;

  gst_plugins_base_version (&major, &minor, &micro, &nano);
  return join (major, minor, micro);
}

static char *
get_cairo (void)
{
  return g_strdup (cairo_version_string ());
}

static char *
get_pango (void)
{
  return g_strdup (pango_version_string ());
}

static char *
get_sqlite (void)
{
  return g_strdup (sqlite3_libversion ());
}

static char *
get_zlib (void)
{
  return g_strdup (zlibVersion ());
}

#if defined(HAVE_WEB) || defined(HAVE_MONITOR)
static char *
get_soup (void)
{
  return join (soup_get_major_version (), soup_get_minor_version (),
      soup_get_micro_version ());
}

static char *
get_seccomp (void)
{
  const struct scmp_version *version = seccomp_version ();

  return join (version->major, version->minor, version->micro);
}
#endif

#ifdef HAVE_MONITOR
static char *
get_mosquitto (void)
{
  int major, minor, micro;

  mosquitto_lib_version (&major, &minor, &micro);
  return join (major, minor, micro);
}

/* "20914", with more behind it or not */
static char *
get_xml (void)
{
  guint64 number = g_ascii_strtoull (xmlParserVersion, NULL, 10);

  return join (number / 10000, number / 100 % 100, number % 100);
}
#endif

/* Licences are those of the libraries' own files: "2.1 of the License, or (at your
 * option) any later version" is LGPL-2.1-or-later, whatever the package is said to
 * be under. */
static const Library libraries[] = {
  { "GLib", "LGPL-2.1-or-later", get_glib, FALSE },
  { "JSON-GLib", "LGPL-2.1-or-later", get_json_glib, TRUE },
  { "FFTW3", "GPL-2.0-or-later", get_fftw, FALSE },
  { "GStreamer", "LGPL-2.0-or-later", get_gstreamer, FALSE },
  { "GStreamer base libraries", "LGPL-2.0-or-later", get_plugins_base, FALSE },
  { "cairo", "LGPL-2.1-only OR MPL-1.1", get_cairo, FALSE },
  { "Pango", "LGPL-2.0-or-later", get_pango, FALSE },
  { "SQLite", "blessing", get_sqlite, FALSE },
  { "zlib", "Zlib", get_zlib, FALSE },
#if defined(HAVE_WEB) || defined(HAVE_MONITOR)
  { "libsoup", "LGPL-2.0-or-later", get_soup, FALSE },
  { "libseccomp", "LGPL-2.1-only", get_seccomp, FALSE },
#endif
#ifdef HAVE_MONITOR
  { "libmosquitto", "EPL-2.0 OR BSD-3-Clause", get_mosquitto, FALSE },
  { "libxml2", "MIT", get_xml, FALSE },
#endif
};

const Library *
libraries_get (gsize *n)
{
  *n = G_N_ELEMENTS (libraries);
  return libraries;
}
