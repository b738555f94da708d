/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The digest of a weights file's tensors. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* SHA-256, in hexadecimal, of all that follows the header in the weights file @path, as
 * models/weights.py records it in the header.  Free with g_free(); NULL with @error of
 * GLib's files. */
char *weights_digest_make (const char *path, GError **error);

G_END_DECLS
