/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Files of audio between tags: see edges.h. */

#pragma once

#include "edges.h"

G_BEGIN_DECLS

/* The format's scan(), with the kind of tag that a file without any gets.  Gives the
 * tags, which are the layout's. */
const Edges *plain_scan (Layout *layout, guint64 start, TagKind otherwise);
/* The format's edit(). */
gboolean plain_edit (const Layout *layout, const TagState *wanted,
    const EditOptions *options, Splices *splices, GError **error);

G_END_DECLS
