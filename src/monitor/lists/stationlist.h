/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Lists of stations: M3U, PLS, XSPF and OPML, and single URLs. */

#pragma once

#include "stationentry.h"

/* Whether a file or, if @is_uri, a URI is called as a list is: *.m3u, *.pls and so on, in
 * whatever case.  *.m3u8 is one as a file alone: a URI of that is most often a station
 * (HLS). */
gboolean stationlist_is_named (const char *name, gboolean is_uri);

/* Whether that is the kind of a list, as HTTP has it. */
gboolean stationlist_is_type (const char *content_type);

/**
 * stationlist_parse:
 * @data: (array length=size): a list, as a file or a server has it
 * @base: (nullable): URI of the list, for relative entries
 * @warnings: (nullable) (element-type utf8): a sentence is added for each entry that
 *     cannot be one, for some of them if there are many; it frees its elements
 * @error: return location: G_IO_ERROR
 *
 * Reads a list of any of the formats, known by its content: nothing is believed of
 * it.  Nothing else is read or fetched: an entry that is itself the URI of a list is
 * given as it is.  A list whose @base is not a local file has no say over this
 * machine's files and devices: such entries of it are left out.  Entries have no id
 * yet.
 *
 * Returns: (transfer full) (element-type StationEntry): the entries in their order;
 *     %NULL with G_IO_ERROR_INVALID_DATA if it is none of the formats, or has no
 *     station.  An HLS playlist is none: G_IO_ERROR_NOT_SUPPORTED.
 */
GPtrArray *stationlist_parse (const char *data, gsize size, const char *base,
    GPtrArray *warnings, GError **error);

/**
 * stationlist_read:
 * @names: (array zero-terminated=1): paths of lists, URIs of stations or of lists, "-"
 * @warnings: (nullable) (element-type utf8): as in stationlist_parse(); they name the
 *     list and the line
 * @error: return location, names the list and, if it can, the line
 *
 * Reads all of @names.  A URI is one of a list if its path ends in .m3u, .pls, .xspf or
 * .opml, and is then fetched, which may take some seconds; it is a station otherwise,
 * and also if it turns out to be an HLS playlist.  An entry that is there twice is
 * taken once.
 *
 * An id is made of the name alone if no other station's name gives the same, and the
 * name can be written in ASCII; otherwise of the name and a hash of the URI without user
 * and password.  So ids do not depend on the order, and a station with a name of its
 * own keeps its id whatever else comes or goes.
 *
 * Returns: (transfer full) (element-type StationEntry): the stations, at least one, or
 *     %NULL
 */
GPtrArray *stationlist_read (
    const char *const *names, GPtrArray *warnings, GError **error);
