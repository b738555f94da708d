/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What all clients share, and no single one may have all of. */

#pragma once

#include <glib.h>

typedef struct _Quota Quota;

/* @total for all, of which one client gets at most @share. */
Quota *quota_new (guint64 total, guint64 share);
void quota_free (Quota *quota);
/* Takes @n for @client; FALSE if there is not as much left for it. */
gboolean quota_take (Quota *quota, const char *client, guint64 n);
/* Gives back what was taken. */
void quota_give (Quota *quota, const char *client, guint64 n);
