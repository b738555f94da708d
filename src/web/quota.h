/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Something that there is a limited amount of, such as bytes or connections.
 * All clients share it, and no client may have all of it. */

#pragma once

#include <glib.h>

typedef struct _Quota Quota;

/* @total for all, of which one client gets at most @share. */
Quota *quota_new (guint64 total, guint64 share);
void quota_free (Quota *quota);
/* Takes @n for @client, an address; FALSE if there is not that much left for
 * it. */
gboolean quota_take (Quota *quota, const char *client, guint64 n);
/* Whether @n is more than is left of @client's own share, so that it does not matter
 * what others have. */
gboolean quota_exceeds_share (Quota *quota, const char *client, guint64 n);
/* Returns @n of what was taken for @client. */
void quota_release (Quota *quota, const char *client, guint64 n);
