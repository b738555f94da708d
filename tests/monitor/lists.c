/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Lists of stations, many of them as people have reported that players fail at them:
 * the report is named. */

#include "monitor/lists/stationlist.h"
#include "monitor/lists/stationlistprivate.h"

#include <glib/gstdio.h>
#include <string.h>

#define REMOTE "http://lists.example/dir/list"

/* Support */

static GPtrArray *
parse_bytes (const char *data, gsize size, const char *base, GError **error)
{
  /* of its own size, so that a read beyond is found */
  g_autofree char *copy = g_memdup2 (data, size);

  return stationlist_parse (copy, size, base, NULL, error);
}

/* The entries as "URI|name", one a line. */
static char *
describe (GPtrArray *entries)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < entries->len; i++) {
    const StationEntry *entry = entries->pdata[i];

    g_assert_true (g_utf8_validate (entry->name, -1, NULL));
    g_string_append_printf (text, "%s|%s\n", entry->uri, entry->name);
  }
  return g_string_free (text, FALSE);
}

static void
check_bytes (
    const char *data, gsize size, const char *base, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) entries = parse_bytes (data, size, base, &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  text = describe (entries);
  g_assert_cmpstr (text, ==, expected);
}

static void
check (const char *data, const char *expected)
{
  check_bytes (data, strlen (data), REMOTE, expected);
}

static void
check_error (const char *data, gsize size, int code, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) entries = parse_bytes (data, size, REMOTE, &error);

  g_assert_null (entries);
  g_assert_error (error, G_IO_ERROR, code);
  g_assert_nonnull (strstr (error->message, part));
}

static void
check_invalid (const char *data, const char *part)
{
  check_error (data, strlen (data), G_IO_ERROR_INVALID_DATA, part);
}

static char *
write_file (const char *folder, const char *name, const char *text)
{
  char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  return path;
}

static char *
make_folder (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("lists-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

static void
remove_folder (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (folder))) {
    g_autofree char *file = g_build_filename (path, name, NULL);

    g_remove (file);
  }
  g_rmdir (path);
}

/* Reads a list that is written to a file. */
static GPtrArray *
read_text (const char *text, GPtrArray *warnings, GError **error)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *path = write_file (folder, "list.m3u", text);
  const char *const names[] = { path, NULL };
  GPtrArray *entries = stationlist_read (names, warnings, error);

  remove_folder (folder);
  return entries;
}

static char *
join_ids (GPtrArray *entries)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < entries->len; i++) {
    const char *id = ((StationEntry *) entries->pdata[i])->id;

    g_assert_cmpuint (strlen (id), <=, 64);
    g_assert_cmpuint (strspn (id, "abcdefghijklmnopqrstuvwxyz0123456789-_."),
        ==, strlen (id));
    g_assert_true (g_ascii_isalnum (*id));
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "", id);
  }
  return g_string_free (text, FALSE);
}

static void
check_ids (const char *text, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) entries = read_text (text, NULL, &error);
  g_autofree char *ids = NULL;

  g_assert_no_error (error);
  ids = join_ids (entries);
  if (!g_pattern_match_simple (expected, ids))
    g_error ("ids are \"%s\", not \"%s\"", ids, expected);
}

/* M3U */

static void
test_m3u (void)
{
  check ("http://a.example/1\n\n# a comment\nhttp://a.example:8000/2/;\n",
      "http://a.example/1|a.example/1\n"
      "http://a.example:8000/2/;|a.example:8000/2\n");
  check ("#EXTM3U\n#EXTINF:-1,One\nhttp://a.example/1\nhttp://a.example/2\n",
      "http://a.example/1|One\nhttp://a.example/2|a.example/2\n");
  check ("#extm3u\n#extinf:0 , One\nHTTP://a.example/1",
      "http://a.example/1|One\n");
  /* old Macs, Windows, and a list without an end of line, Edzelf/ESP32-Radio#132 */
  check ("#EXTM3U\r#EXTINF:-1,One\rhttp://a.example/1\r",
      "http://a.example/1|One\n");
  check ("#EXTM3U\r\n#EXTINF:-1,One\r\n\r\nhttp://a.example/1",
      "http://a.example/1|One\n");
  /* blanks around the URL, omaralbeik/M3UKit#16; and before the name,
   * gerbera/gerbera#551 */
  check ("#EXTM3U\n#EXTINF:-1, Astra/Pro7\n  http://a.example/1 \t\n",
      "http://a.example/1|Astra/Pro7\n");
  /* other tags in between, omaralbeik/M3UKit#21 */
  check ("#EXTM3U\n#EXTINF:-1 tvg-name=\"TV1\",TV 1\n#EXTGRP:Group\n"
         "#EXTVLCOPT:http-user-agent=mpv\nhttp://a.example/1\n",
      "http://a.example/1|TV 1\n");
  /* mpv-player/mpv#6879 */
  check ("http://a.example/1 # One\nhttp://a.example/2#two\n",
      "http://a.example/1|One\nhttp://a.example/2#two|a.example/2\n");
}

static void
check_extinf (const char *extinf, const char *name)
{
  g_autofree char *text = g_strdup_printf (
      "#EXTM3U\n#EXTINF:%s\nhttp://a.example/1\n", extinf);
  g_autofree char *expected = g_strdup_printf ("http://a.example/1|%s\n", name);

  check (text, expected);
}

static void
test_extinf (void)
{
  /* freearhey/iptv-playlist-parser#19, bebo-dot-dev/m3u-epg-editor#8 */
  check_extinf ("-1 tvg-name=\"Good, Bad\" group-title=\"A\",The Good, the Bad",
      "The Good, the Bad");
  check_extinf ("-1 tvg-id=\"Buffalo, NY\" group-title=\"US\",ABC", "ABC");
  check_extinf ("-1 group-title=\"(.*),(.*),\",Ahla FM", "Ahla FM");
  check_extinf ("-1 tvg-name='A, b',Single", "Single");
  /* hoshsadiq/m3ufilter#6, and with one of the quotes */
  check_extinf (
      "-1 tvg-name=\"This is \"a test\"\" group-title=\"T\",A \"test\"",
      "A \"test\"");
  check_extinf ("-1 tvg-name=\"12\" Mix\" group-title=\"T, U\",Mix", "Mix");
  check_extinf ("-1 tvg-name=\"Say \"hi\" now, ok\" g=\"d\",N", "N");
  check_extinf ("-1 tvg-name=\"Say \"hi\" now\" g=\"d\",", "Say \"hi\" now");
  check_extinf ("-1 tvg-name=\"Open,N", "N");
  /* bylee20/bomi#7 */
  check_extinf ("-1, group-title=\"Re, gion\" tvg-logo=\"\",TV B", "TV B");
  /* segator/proxylive#17, Threadfin/Threadfin#65, #590 */
  check_extinf (
      "-1 tvg-id=\"x\" tvg-name=\"By tvg\" radio=\"true\",", "By tvg");
  check_extinf ("-1 radio=true tvg-id = \"by.id\"", "by.id");
  check_extinf (
      "-1 tvg-name=\"Dash | City\"tvg-id=\"R (R)\"tvg-chno=\"7\"g=\"D\","
      "Dash Radio | City",
      "Dash Radio | City");
  check_extinf ("-1", "a.example/1");
  check_extinf ("-1,", "a.example/1");
  check_extinf ("-1 90s without comma", "90s without comma");
  check_extinf ("-1,O'Neill's \"Rock\"", "O'Neill's \"Rock\"");
  /* a SHOUTcast server's count of listeners */
  check_extinf ("-1,(#1 - 52/1000) Name", "Name");
}

static void
test_relative (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *song = write_file (folder, "50% o #1.mp3", "");
  g_autofree char *uri = g_filename_to_uri (song, NULL, NULL);
  g_autofree char *base = g_strconcat ("file://", folder, "/list.m3u", NULL);
  g_autofree char *text = g_strdup_printf (
      "50%% o #1.mp3\n%s\n.\\50%% o #1.mp3\nno such file\n", song);
  g_autofree char *expected = g_strdup_printf (
      "%s|50%% o #1.mp3\n%s|50%% o #1.mp3\n%s|50%% o #1.mp3\n", uri, uri, uri);
  g_autofree char *xspf = g_strdup_printf ("<playlist><trackList><track>"
                                           "<location>50%%25%%20o%%20%%231.mp3"
                                           "</location></track><track>"
                                           "<location>%s</location></track>"
                                           "</trackList></playlist>",
      song);

  check ("#EXTM3U\n2.ogg\n../3 b.ogg\n/4\n//b.example/5\n?id=6",
      "http://lists.example/dir/2.ogg|lists.example/dir/2.ogg\n"
      "http://lists.example/3%20b.ogg|lists.example/3 b.ogg\n"
      "http://lists.example/4|lists.example/4\n"
      "http://b.example/5|b.example/5\n"
      "http://lists.example/dir/list?id=6|lists.example/dir/list\n");
  /* "./" of a path is kept by GLib */
  for (char *dot; (dot = strstr (text, ".\\"));)
    memmove (dot, dot + 2, strlen (dot + 2) + 1);
  check_bytes (text, strlen (text), base, expected);
  g_free (expected);
  expected = g_strdup_printf ("%s|50%% o #1.mp3\n%s|50%% o #1.mp3\n", uri, uri);
  check_bytes (xspf, strlen (xspf), base, expected);
  remove_folder (folder);
}

static void
test_encodings (void)
{
  static const char utf16[] = "\xff\xfeh\0t\0t\0p\0:\0/\0/\0a\0/\0\xe9\0\n";

  /* owntone/owntone-server#1674: with the mark, the first entry got lost */
  check (
      "\xef\xbb\xbfhttp://a.example/1\n", "http://a.example/1|a.example/1\n");
  check ("\xef\xbb\xbf#EXTM3U\n#EXTINF:-1,A\nhttp://a.example/1\n"
         "\xef\xbb\xbf#EXTM3U\n#EXTINF:-1,B\nhttp://a.example/2\n",
      "http://a.example/1|A\nhttp://a.example/2|B\n");
  /* aargirakis/BZRPlayer#409: both in one list */
  check ("#EXTM3U\n#EXTINF:-1,Caf\xe9 \x80\nhttp://a.example/1\n"
         "#EXTINF:-1,Tienaté\nhttp://a.example/2\n"
         "#EXTINF:-1,Caf\xe9\x81\nhttp://a.example/3\n",
      "http://a.example/1|Café €\n"
      "http://a.example/2|Tienaté\nhttp://a.example/3|Café\n");
  check_bytes (utf16, sizeof utf16, REMOTE, "http://a/%C3%A9|a/é\n");
  check_error (utf16, 5, G_IO_ERROR_INVALID_DATA, "UTF-16");
}

static void
test_bad_lines (void)
{
  static const char text[] =
      "#EXTM3U\nhttp:/http:/x\nhttp:://x\nhttp://\n"
      "http%3A%2F%2Fx<\nFile6=\n<a href=\"\nmailto:x@y\n"
      "http://user:secret@:x/\nhttp://a.example/1\nC:\\Music\\x.mp3\n";
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) entries = read_text (text, warnings, &error);
  const char *first;

  /* junguler/m3u-radio-music-playlists#56 */
  g_assert_no_error (error);
  g_assert_cmpuint (entries->len, ==, 1);
  g_assert_cmpuint (warnings->len, ==, 9);
  first = warnings->pdata[0];
  g_assert_nonnull (strstr (first,
      "list.m3u: line 2: \"http:/http:/x\" is left out: it is no complete"));
  for (guint i = 0; i < warnings->len; i++)
    g_assert_null (strstr (warnings->pdata[i], "secret"));
}

static void
test_many_bad_lines (void)
{
  g_autoptr (GString) text = g_string_new ("http://a.example/\n");
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) entries = NULL;

  for (guint i = 0; i < 1000; i++)
    g_string_append (text, "foo:bar\n");
  entries = stationlist_parse (text->str, text->len, REMOTE, warnings, NULL);
  g_assert_cmpuint (entries->len, ==, 1);
  g_assert_cmpuint (warnings->len, ==, MAX_WARNINGS + 1);
  g_assert_cmpstr (
      warnings->pdata[MAX_WARNINGS], ==, "980 more entries are left out");
}

static void
test_schemes (void)
{
  static const char text[] =
      "icy://a.example:8000/\nrtsp://a.example/\nhls+https://a.example/\n"
      "http://a.example/x|User-Agent=Some&Referer=x\npulse://some.monitor\n"
      "alsa:hw\nfile:///etc/passwd\npipewire:\n";

  check_bytes (text, strlen (text), NULL,
      "http://a.example:8000/|a.example:8000\nrtsp://a.example/|a.example\n"
      "https://a.example/|a.example\nhttp://a.example/x|a.example/x\n"
      "pulse://some.monitor|some.monitor\nalsa:hw|alsa:hw\n"
      "file:///etc/passwd|passwd\npipewire:|pipewire:\n");
  /* a list from elsewhere has no say over microphones and files */
  check (text,
      "http://a.example:8000/|a.example:8000\nrtsp://a.example/|a.example\n"
      "https://a.example/|a.example\nhttp://a.example/x|a.example/x\n");
  /* what is to be trusted depends on it */
  check ("HTTP://a.example/X\nRtsp://a.example/\nICY://a.example/1\n"
         "HLS+HTTPS://a.example/2\n",
      "http://a.example/X|a.example/X\nrtsp://a.example/|a.example\n"
      "http://a.example/1|a.example/1\nhttps://a.example/2|a.example/2\n");
  check_bytes (
      "HTTPS://a.example/\n", 19, NULL, "https://a.example/|a.example\n");
}

/* What the processes that listen have no room for. */
static void
test_long (void)
{
  g_autofree char *fits = g_strnfill (3000, 'a'), *wide = NULL, *text = NULL;
  g_autoptr (GPtrArray) warnings = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) entries = NULL;
  StationEntry *entry;

  /* of three bytes each, when they are escaped */
  wide = g_strnfill (1500, ' ');
  text = g_strdup_printf ("#EXTM3U\nhttp://a.example/%s\n"
                          "http://a.example/%sx\nhttp://a.example/%s%s\n",
      fits, wide, fits, fits);
  entries = stationlist_parse (text, strlen (text), REMOTE, warnings, NULL);
  g_assert_cmpuint (entries->len, ==, 1);
  g_assert_cmpuint (warnings->len, ==, 2);
  for (guint i = 0; i < warnings->len; i++)
    g_assert_nonnull (strstr (warnings->pdata[i], "it is too long"));
  g_free (text);
  text = g_strconcat ("http://a.example/", fits, fits, NULL);
  entry = station_entry_new_for_uri (text, &error);
  g_assert_null (entry);
  g_assert_nonnull (strstr (error->message, "it is too long"));
}

static void
test_called (void)
{
  g_assert_true (stationlist_is_named ("dir/List.M3U", FALSE));
  g_assert_true (stationlist_is_named ("a.m3u8", FALSE));
  g_assert_false (stationlist_is_named ("a.mp3", FALSE));
  g_assert_false (stationlist_is_named (".pls", FALSE));
  g_assert_true (stationlist_is_named ("http://a/b.Pls?x=1.mp3", TRUE));
  g_assert_false (stationlist_is_named ("http://a/b?c.pls", TRUE));
  g_assert_false (stationlist_is_named ("http://a/b.m3u8", TRUE));
  g_assert_true (stationlist_is_type ("Audio/X-MpegURL"));
  g_assert_false (stationlist_is_type ("audio/mpeg"));
}

static void
test_hls (void)
{
  static const char media[] = "#EXTM3U\n#EXT-X-VERSION:3\n"
                              "#EXT-X-TARGETDURATION:5\n#EXTINF:5.0,\n1.ts\n";
  static const char master[] =
      "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=64000\nlow.m3u8\n";

  /* segler-alex/radiobrowser-api-rust#145 */
  check_error (media, strlen (media), G_IO_ERROR_NOT_SUPPORTED, "HLS");
  check_error (master, strlen (master), G_IO_ERROR_NOT_SUPPORTED, "HLS");
  check ("#EXTM3U\n#EXTINF:-1,A\n#EXT-X-SUB-URL=x\nhttp://a.example/a.m3u8\n",
      "http://a.example/a.m3u8|A\n");
}

/* PLS */

static void
test_pls (void)
{
  /* quodlibet/quodlibet#1536, elboulangero/goodvibes#67, mopidy/mopidy#2276,
   * clementine-player/Clementine#1877 */
  check ("[Playlist]\r\nTITLE12=Twelve\r\nfile12 = http://a.example/12\r\n"
         "NumberOfEvents=9\r\nFile2= http://a.example/2\r\nTitle2= Two=2\r\n"
         "Length2=-1\r\nTitle5=No file\r\nFile7=\r\nVersion=2\r\n",
      "http://a.example/2|Two=2\nhttp://a.example/12|Twelve\n");
  check ("File1=http://a.example/1\n", "http://a.example/1|a.example/1\n");
  check ("[playlist]\nFile1=http://a.example/1\nTitle1=(#1 - 4/9) A\n"
         "[playlist]\nTitle1=B\nFile1=http://a.example/2\n"
         "File1=http://a.example/3\nTitle1=C\n"
         "File99999999999999999999999=http://a.example/4\n",
      "http://a.example/1|A\nhttp://a.example/2|B\nhttp://a.example/3|C\n"
      "http://a.example/4|a.example/4\n");
  check_invalid ("[playlist]\nNumberOfEntries=0\n", "no station");
}

/* XML */

static void
test_xspf (void)
{
  check ("<?xml version='1.0'?>\n<playlist version='1' "
         "xmlns='http://xspf.org/ns/0/'><title>List</title><trackList>\n"
         "<track><location> </location><location>\n http://a.example/1\n"
         "</location><location>http://b.example</location>"
         "<title>One</title></track>\n<track><title>None</title></track>"
         "<track><location>x y</location></track></trackList></playlist>",
      "http://a.example/1|One\n"
      "http://lists.example/dir/x%20y|lists.example/dir/x y\n");
  /* alastair/xspf#2; MusicPlayerDaemon/MPD#781 */
  check ("<ns0:playlist xmlns:ns0='http://xspf.org/ns/0/'><ns0:trackList>"
         "<ns0:track><ns0:location>http://a.example/?a=1&amp;b=2"
         "</ns0:location><ns0:title><![CDATA[A & B]]></ns0:title></ns0:track>"
         "</ns0:trackList></ns0:playlist>",
      "http://a.example/?a=1&b=2|A & B\n");
}

static void
test_opml (void)
{
  check (
      "\xef\xbb\xbf<?xml version='1.0' encoding='UTF-8'?><opml version='1'>"
      "<head><status>200</status></head><body><outline text='Group'>"
      "<outline type='audio' text='R &#x26; B' bitrate='64' "
      "URL='http://opml.example/Tune.ashx?id=s1&amp;f=2'/>"
      "<outline type='link' text='More' URL='http://opml.example/B.ashx'/>"
      "<outline><outline title='Deep' xmlUrl='http://a.example/2'/></outline>"
      "</outline><outline text='Last' url='http://a.example/3'/>"
      "</body></opml>",
      "http://opml.example/Tune.ashx?id=s1&f=2|R & B\n"
      "http://a.example/2|Deep\nhttp://a.example/3|Last\n");
  /* written as if it were text */
  check ("<opml><body><outline text='Caf\xe9 & Bar' "
         "URL='http://a.example/?a=1&b=2'/></body></opml>",
      "http://a.example/?a=1&b=2|Café & Bar\n");
  check ("<opml><outline text='\xe9\x81' URL='http://a.example/'/></opml>",
      "http://a.example/|é\n");
  check_invalid ("<opml><body><outline type='link' URL='http://a/'/></body>"
                 "</opml>",
      "links to other lists");
}

static void
test_xml_attacks (void)
{
  g_autoptr (GString) bomb = g_string_new ("<!DOCTYPE opml [");
  g_autoptr (GString) deep = g_string_new ("<opml>");
  gint64 start = g_get_monotonic_time ();

  g_string_append (bomb, "<!ENTITY a0 'http://a.example/'>");
  for (guint i = 1; i < 30; i++)
    g_string_append_printf (bomb, "<!ENTITY a%u '&a%u;&a%u;&a%u;&a%u;'>", i,
        i - 1, i - 1, i - 1, i - 1);
  g_string_append (bomb, "]><opml><outline URL='&a29;' text='x'/></opml>");
  check_invalid (bomb->str, "XML");
  check_invalid ("<!DOCTYPE playlist [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>"
                 "<playlist><trackList><track><location>http://a/&f;</location>"
                 "</track></trackList></playlist>",
      "entities");
  for (guint i = 0; i < 100000; i++)
    g_string_append (deep, "<outline>");
  check_invalid (deep->str, "malformed XML");
  g_string_assign (deep, "<opml");
  for (guint i = 0; i < 100000; i++)
    g_string_append_printf (deep, " a%u=''", i);
  g_string_append (deep, "/>");
  check_invalid (deep->str, "tag of more than");
  g_assert_cmpint (g_get_monotonic_time () - start, <, 30 * G_USEC_PER_SEC);
}

/* What is none */

static void
test_none (void)
{
  static const char mp3[] = "\xff\xfb\x90\x64\0\0\0\0http://a.example/\n";

  check_invalid ("", "empty");
  check_invalid ("\xef\xbb\xbf \r\n\n", "empty");
  check_invalid ("#EXTM3U\n", "no station");
  check_error (mp3, sizeof mp3, G_IO_ERROR_INVALID_DATA, "binary");
  /* music-assistant/server#5739, Edzelf/Esp-radio#125 */
  check_invalid ("\n<!DOCTYPE HTML>\n<a href='http://a.example/'>", "web page");
  check_invalid ("<?xml version='1.0'?>\n<html xmlns='x'/>", "web page");
  check_invalid ("Not found\n", "line 1: \"Not found\"");
  check_invalid ("{\"error\": \"http://a.example/\"}", "no station");
  check_invalid ("<rss/>", "neither XSPF nor OPML");
  check_invalid ("<opml><outline", "malformed XML; line 1");
}

/* Names */

static void
test_names (void)
{
  g_autofree char *wide = g_strnfill (500, 'x');
  g_autofree char *text = g_strdup_printf (
      "#EXTM3U\n#EXTINF:-1,%s\nhttp://a.example/\n", wide);
  g_autofree char *expected = g_strdup_printf (
      "http://a.example/|%.128s\n", wide);
  static const char nul[] =
      "#EXTM3U\n#EXTINF:-1,A\0B\x1b[31m\t\x7f C\xe2\x80\xae"
      "D\nhttp://a.example/\n";

  check (text, expected);
  check_bytes (nul, sizeof nul - 1, REMOTE, "http://a.example/|AB[31m CD\n");
  /* the user's name and password */
  check ("#EXTM3U\n#EXTINF:-1,http://me:pw@a.example/1\n"
         "http://me:pw@a.example/1\nhttps://me:p@w@b.example:8/?pw=3\n",
      "http://me:pw@a.example/1|http://a.example/1\n"
      "https://me:p@w@b.example:8/?pw=3|b.example:8\n");
  /* two spellings of one letter */
  check ("#EXTM3U\n#EXTINF:-1,Cafe\xcc\x81\nhttp://a.example/",
      "http://a.example/|Café\n");
}

/* Ids */

static void
test_ids (void)
{
  check_ids ("#EXTM3U\n#EXTINF:-1,Radio Österreich 1\nhttp://a.example/1\n"
             "#EXTINF:-1,  FM4: Rock & Roll!\nhttp://a.example/2\n"
             "#EXTINF:-1,../.hidden\nhttp://a.example/3\n"
             "http://me:pw@a.example:8000/x.mp3\n",
      "radio-osterreich-1 fm4-rock-roll hidden a.example-8000-x.mp3");
  /* names that are the same, or nothing in ASCII */
  check_ids ("#EXTM3U\n#EXTINF:-1,One\nhttp://a.example/1\n"
             "#EXTINF:-1,ONE!\nhttp://a.example/2\n#EXTINF:-1,Маяк\n"
             "http://a.example/3\n#EXTINF:-1,Радио 1\nhttp://a.example/4\n"
             "#EXTINF:-1,1\nhttp://a.example/5\n",
      "one-???????? one-???????? station-???????? 1-???????? 1");
  /* the same but for the password, which is in no hash */
  check_ids ("http://me:a@a.example/\nhttp://me:b@a.example/\n"
             "http://me:a@a.example/\n",
      "a.example-???????\? a.example-???????\?-2");
}

/* What is left of ids when another station comes, or the order changes. */
static void
test_stable_ids (void)
{
  static const char *const parts[] = { "#EXTINF:-1,One\nhttp://a.example/1\n",
    "#EXTINF:-1,Two\nhttp://a.example/2\n",
    "#EXTINF:-1,Two\nhttp://a.example/3\n",
    "#EXTINF:-1,Three\nhttp://a.example/4\n" };
  g_autofree char *text = g_strconcat (
      "#EXTM3U\n", parts[0], parts[1], parts[2], NULL);
  g_autofree char *other = g_strconcat (
      "#EXTM3U\n", parts[2], parts[3], parts[1], parts[0], parts[3], NULL);
  g_autoptr (GPtrArray) first = read_text (text, NULL, NULL);
  g_autoptr (GPtrArray) second = read_text (other, NULL, NULL);
  static const guint now[] = { 3, 2, 0 };

  g_assert_cmpuint (second->len, ==, 4);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpstr (((StationEntry *) first->pdata[i])->id, ==,
        ((StationEntry *) second->pdata[now[i]])->id);
}

/* Crafted names do not make two ids the same. */
static void
test_unique_ids (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GString) text = g_string_new ("#EXTM3U\n");
  g_autofree char *hash = g_compute_checksum_for_string (
      G_CHECKSUM_SHA256, "http://a.example/1", -1);
  g_autoptr (GPtrArray) entries = NULL;

  for (guint i = 0; i < 2; i++)
    g_string_append_printf (text, "#EXTINF:-1,x\nhttp://u%u@a.example/1\n", i);
  for (guint i = 1; i < 5; i++)
    g_string_append_printf (
        text, "#EXTINF:-1,x-%.8s-%u\nhttp://b.example/%u\n", hash, i, i);
  g_string_append_printf (
      text, "#EXTINF:-1,x-%.8s\nhttp://b.example/9\n", hash);
  entries = read_text (text->str, NULL, NULL);
  g_assert_cmpuint (entries->len, ==, 7);
  for (guint i = 0; i < entries->len; i++)
    g_assert_true (
        g_hash_table_add (seen, ((StationEntry *) entries->pdata[i])->id));
}

static void
test_many (void)
{
  g_autoptr (GString) text = g_string_new ("#EXTM3U\n");
  gint64 start;

  /* of every kind: alone, the same name, the same but for the user, Latin-1, bad */
  for (guint i = 0; i < 10000; i++) {
    static const char *const names[] = { "Station %u", "Same", "Caf\xe9 %u" };

    g_string_append (text, "#EXTINF:-1 tvg-id=\"x\",");
    g_string_append_printf (text, names[i % 3], i);
    g_string_append_printf (text,
        i % 2 ? "\nhttp://a.example/%u\n" : "\nhttp://u%u@b.example/\n", i);
    if (i % 4 == 0)
      g_string_append (text, "foo:bar\n");
  }
  start = g_get_monotonic_time ();
  {
    g_autoptr (GPtrArray) entries = read_text (text->str, NULL, NULL);

    g_assert_cmpuint (entries->len, ==, 10000);
  }
  g_test_message ("10,000 stations: %" G_GINT64_FORMAT " ms",
      (g_get_monotonic_time () - start) / 1000);
  /* a bound that only what is quadratic is beyond, also under a sanitizer */
  g_assert_cmpint (g_get_monotonic_time () - start, <, 60 * G_USEC_PER_SEC);
}

/* Arguments */

static void
check_read_error (const char *name, const char *part)
{
  const char *const names[] = { name, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) entries = stationlist_read (names, NULL, &error);

  g_assert_null (entries);
  g_assert_nonnull (error);
  if (!strstr (error->message, part))
    g_error ("\"%s\" is not in: %s", part, error->message);
  g_assert_null (strstr (error->message, "secret"));
}

static void
test_arguments (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *list = write_file (
      folder, "Radio: all", "icy://a.example/1");
  g_autofree char *hls = write_file (
      folder, "x.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n1.ts");
  const char *const names[] = { "Radio: all", "http://a.example/1",
    "http://a.example/2.m3u8", "pulse://", NULL };
  g_autofree char *here = g_get_current_dir (), *text = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) entries = NULL;

  g_assert_cmpint (g_chdir (folder), ==, 0);
  entries = stationlist_read (names, NULL, &error);
  g_assert_cmpint (g_chdir (here), ==, 0);
  g_assert_no_error (error);
  text = describe (entries);
  g_assert_cmpstr (text, ==,
      "http://a.example/1|a.example/1\n"
      "http://a.example/2.m3u8|a.example/2.m3u8\npulse://|pulse:\n");
  check_read_error (hls, "x.m3u8: It is an HLS playlist");
  check_read_error ("foo://me:secret@x", "x: It cannot be a station");
  check_read_error ("me:secret@host:8000/x", "host:8000/x: It cannot be");
  check_read_error ("http://me:secret@", "no complete URL");
  check_read_error ("/no/such/file", "/no/such/file: ");
  check_read_error ("ftp://me:secret@host/a.m3u", "cannot be a station");
  check_read_error (folder, folder);
  remove_folder (folder);
}

static void
test_standard_input (void)
{
  static const char *const names[] = { "-", NULL };
  g_autofree char *folder = make_folder ();
  g_autofree char *list = write_file (folder, "list", "http://a.example/1");
  g_autoptr (GPtrArray) entries = NULL;

  g_assert_nonnull (freopen (list, "r", stdin));
  entries = stationlist_read (names, NULL, NULL);
  g_assert_cmpuint (entries->len, ==, 1);
  /* it has come to its end */
  check_read_error ("-", "standard input: It has no station: it is empty");
  remove_folder (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/lists/m3u", test_m3u);
  g_test_add_func ("/lists/extinf", test_extinf);
  g_test_add_func ("/lists/relative", test_relative);
  g_test_add_func ("/lists/encodings", test_encodings);
  g_test_add_func ("/lists/bad-lines", test_bad_lines);
  g_test_add_func ("/lists/many-bad-lines", test_many_bad_lines);
  g_test_add_func ("/lists/schemes", test_schemes);
  g_test_add_func ("/lists/long", test_long);
  g_test_add_func ("/lists/called", test_called);
  g_test_add_func ("/lists/hls", test_hls);
  g_test_add_func ("/lists/pls", test_pls);
  g_test_add_func ("/lists/xspf", test_xspf);
  g_test_add_func ("/lists/opml", test_opml);
  g_test_add_func ("/lists/xml-attacks", test_xml_attacks);
  g_test_add_func ("/lists/none", test_none);
  g_test_add_func ("/lists/names", test_names);
  g_test_add_func ("/lists/ids", test_ids);
  g_test_add_func ("/lists/stable-ids", test_stable_ids);
  g_test_add_func ("/lists/unique-ids", test_unique_ids);
  g_test_add_func ("/lists/many", test_many);
  g_test_add_func ("/lists/arguments", test_arguments);
  g_test_add_func ("/lists/standard-input", test_standard_input);
  return g_test_run ();
}
