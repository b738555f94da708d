/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "keptuploads.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* files in all: each has a descriptor */
#define MAX_FILES 256
/* files of one client, so that there is room for others */
#define MAX_CLIENT_FILES 64
/* bytes of chance in an id; base64 makes 4 characters of 3 bytes */
#define ID_BYTES 24

struct _KeptUploads
{
  guint seconds;
  Quota *disk;
  Quota *number;     /* of files */
  GHashTable *files; /* id -> KeptUpload */
  GQueue order;      /* the same: first the one whose last use is longest ago */
  guint64 size;      /* bytes of all of them */
};

struct _KeptUpload
{
  KeptUploads *kept;
  char *id;
  char *client;
  int fd;
  guint64 size; /* bytes */
  guint n_users;
  gboolean is_forgotten; /* it is no longer in the table */
  GList link;            /* in the order */
  guint timer;           /* while nobody uses it */
};

KeptUploads *
kept_uploads_new (guint seconds, Quota *disk)
{
  KeptUploads *kept = g_new0 (KeptUploads, 1);

  kept->seconds = seconds;
  kept->disk = disk;
  kept->number = quota_new (MAX_FILES, MAX_CLIENT_FILES);
  kept->files = g_hash_table_new (g_str_hash, g_str_equal);
  return kept;
}

void
kept_uploads_free (KeptUploads *kept)
{
  if (!kept)
    return;
  kept_uploads_clear (kept);
  g_hash_table_unref (kept->files);
  quota_free (kept->number);
  g_free (kept);
}

guint
kept_uploads_get_seconds (const KeptUploads *kept)
{
  return kept->seconds;
}

guint
kept_uploads_get_n (const KeptUploads *kept)
{
  return g_hash_table_size (kept->files);
}

guint64
kept_uploads_get_size (const KeptUploads *kept)
{
  return kept->size;
}

static void
free_if_done (KeptUpload *upload)
{
  if (!upload->is_forgotten || upload->n_users > 0)
    return;
  close (upload->fd);
  quota_release (upload->kept->disk, upload->client, upload->size);
  g_free (upload->id);
  g_free (upload->client);
  g_free (upload);
}

/* The disk has the file until its last use ends. */
static void
forget (KeptUpload *upload)
{
  KeptUploads *kept = upload->kept;

  g_clear_handle_id (&upload->timer, g_source_remove);
  g_hash_table_remove (kept->files, upload->id);
  g_queue_unlink (&kept->order, &upload->link);
  quota_release (kept->number, upload->client, 1);
  kept->size -= upload->size;
  upload->is_forgotten = TRUE;
  free_if_done (upload);
}

static gboolean
on_expired (gpointer user_data)
{
  KeptUpload *upload = user_data;

  upload->timer = 0;
  forget (upload);
  return G_SOURCE_REMOVE;
}

static void
start_timer (KeptUpload *upload)
{
  upload->timer = g_timeout_add (
      upload->kept->seconds * 1000, on_expired, upload);
}

/* Free it with g_free(). */
static char *
new_id (void)
{
  guchar bytes[ID_BYTES];
  gssize n;
  char *id;

  do
    n = getrandom (bytes, sizeof bytes, 0);
  while (n < 0 && errno == EINTR);
  /* the kernel gives so few bytes always and at once */
  g_assert (n == sizeof bytes);
  id = g_base64_encode (bytes, sizeof bytes);
  g_strdelimit (id, "+", '-');
  g_strdelimit (id, "/", '_');
  return id;
}

const char *
kept_uploads_add (KeptUploads *kept, const char *client, int fd, guint64 size)
{
  KeptUpload *upload;

  while (!quota_take (kept->number, client, 1))
    if (!kept_uploads_make_room (
            kept, client, quota_exceeds_share (kept->number, client, 1)))
      return NULL;
  upload = g_new0 (KeptUpload, 1);
  upload->kept = kept;
  upload->id = new_id ();
  upload->client = g_strdup (client);
  upload->fd = fd;
  upload->size = size;
  upload->link.data = upload;
  g_hash_table_insert (kept->files, upload->id, upload);
  g_queue_push_tail_link (&kept->order, &upload->link);
  kept->size += size;
  start_timer (upload);
  return upload->id;
}

/* @client is NULL for any. */
static KeptUpload *
find_unused (const KeptUploads *kept, const char *client)
{
  for (GList *i = kept->order.head; i; i = i->next) {
    KeptUpload *upload = i->data;

    if (upload->n_users == 0 && (!client || !strcmp (client, upload->client)))
      return upload;
  }
  return NULL;
}

gboolean
kept_uploads_make_room (
    KeptUploads *kept, const char *client, gboolean only_own)
{
  KeptUpload *upload = find_unused (kept, client);

  if (!upload && !only_own)
    upload = find_unused (kept, NULL);
  if (upload)
    forget (upload);
  return upload != NULL;
}

gboolean
kept_uploads_delete (KeptUploads *kept, const char *id)
{
  KeptUpload *upload = g_hash_table_lookup (kept->files, id);

  if (upload)
    forget (upload);
  return upload != NULL;
}

void
kept_uploads_clear (KeptUploads *kept)
{
  while (kept->order.head)
    forget (kept->order.head->data);
}

KeptUpload *
kept_uploads_use (KeptUploads *kept, const char *id)
{
  KeptUpload *upload = g_hash_table_lookup (kept->files, id);

  if (!upload)
    return NULL;
  g_clear_handle_id (&upload->timer, g_source_remove);
  upload->n_users++;
  return upload;
}

void
kept_upload_release (KeptUpload *upload)
{
  KeptUploads *kept = upload->kept;

  upload->n_users--;
  if (!upload->is_forgotten) {
    g_queue_unlink (&kept->order, &upload->link);
    g_queue_push_tail_link (&kept->order, &upload->link);
    if (upload->n_users == 0)
      start_timer (upload);
  }
  free_if_done (upload);
}

int
kept_upload_open (const KeptUpload *upload)
{
  return fcntl (upload->fd, F_DUPFD_CLOEXEC, 0);
}
