/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The errors of this room.  The message is a sentence for people, the code is a
 * Reason for programs. */

#pragma once

#include <glib.h>

#include "analysis/reason.h"

G_BEGIN_DECLS

/* The domain of every error that src/tags sets; an error's code is a Reason. */
#define TAGS_ERROR (tags_error_quark ())
GQuark tags_error_quark (void);

/* Sets @error.  Returns FALSE, so that a function can end with it. */
gboolean tags_error_set (GError **error, Reason reason, const char *message);

/* Sets @error to "@what: the text of errno.".  The reason is that of errno if
 * errno says it: a full disk, a missing file, a read-only file system.
 * Otherwise it is @reason.  Returns FALSE. */
gboolean tags_error_set_errno (GError **error, Reason reason, const char *what);

/* The reason of an error of this domain; REASON_INTERNAL for any other
 * error. */
Reason tags_error_get_reason (const GError *error);

G_END_DECLS
