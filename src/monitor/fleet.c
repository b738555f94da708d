/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "fleet.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>

/* attempts to connect in one tick, so that a thousand stations do not begin at once */
#define MAX_ATTEMPTS 25

/* A station that there is, or that is still being ended. */
typedef struct
{
  guint32 number; /* among all that there ever were */
  Station *station;
  gboolean is_listened; /* there will be an event of its end */
  gboolean is_removed;  /* from the list */
} Member;

struct _Fleet
{
  StationSettings settings;
  FleetCallbacks callbacks;
  Decoders *decoders;
  GPtrArray *members;    /* in the list's order; removed ones behind */
  GHashTable *by_number; /* number -> Member, owned by the array */
  guint32 n_numbers;
  gboolean is_stopping;
};

static void
member_free (gpointer data)
{
  Member *member = data;

  station_free (member->station);
  g_free (member);
}

/* What the processes report */

/* Whether the list has a station of that id. */
static gboolean
has_id (const Fleet *fleet, const char *id)
{
  for (guint i = 0; i < fleet->members->len; i++) {
    const Member *member = g_ptr_array_index (fleet->members, i);

    if (!member->is_removed &&
        g_str_equal (station_get_entry (member->station)->id, id))
      return TRUE;
  }
  return FALSE;
}

/* It is not listened to any more; of a removed one nothing is left. */
static void
end_member (Fleet *fleet, Member *member)
{
  const char *id = station_get_entry (member->station)->id;

  member->is_listened = FALSE;
  if (!member->is_removed)
    return;
  station_remove (member->station);
  /* another one may have its name by now */
  if (!has_id (fleet, id))
    fleet->callbacks.on_removed (id, fleet->callbacks.user_data);
  g_hash_table_remove (fleet->by_number, GUINT_TO_POINTER (member->number));
  g_ptr_array_remove (fleet->members, member);
}

static void
on_event (const StationEvent *event, gpointer user_data)
{
  Fleet *fleet = user_data;
  Member *member = g_hash_table_lookup (
      fleet->by_number, GUINT_TO_POINTER (event->station));

  if (!member)
    return;
  station_take_event (member->station, event, g_get_monotonic_time ());
  if (event->kind == EVENT_END)
    end_member (fleet, member);
}

static void
on_crash (guint32 number, gboolean had_begun, gpointer user_data)
{
  Fleet *fleet = user_data;
  Member *member = g_hash_table_lookup (
      fleet->by_number, GUINT_TO_POINTER (number));

  if (!member)
    return;
  if (fleet->is_stopping)
    station_stop (member->station);
  else
    station_take_crash (member->station, had_begun, g_get_monotonic_time ());
  end_member (fleet, member);
}

static void
on_decoders_failed (const char *reason, gpointer user_data)
{
  Fleet *fleet = user_data;

  fleet->callbacks.on_failed (reason, fleet->callbacks.user_data);
}

static void
on_record (const Record *record, gpointer user_data)
{
  Fleet *fleet = user_data;

  fleet->callbacks.on_record (record, fleet->callbacks.user_data);
}

Fleet *
fleet_new (const StationSettings *settings, const DecodersOptions *options,
    const FleetCallbacks *callbacks)
{
  static const DecodersCallbacks reports = { on_event, on_crash,
    on_decoders_failed };
  Fleet *fleet = g_new0 (Fleet, 1);

  fleet->settings = *settings;
  fleet->settings.on_record = on_record;
  fleet->settings.user_data = fleet;
  fleet->callbacks = *callbacks;
  fleet->decoders = decoders_new (options, &reports, fleet);
  fleet->members = g_ptr_array_new_with_free_func (member_free);
  fleet->by_number = g_hash_table_new (NULL, NULL);
  return fleet;
}

void
fleet_free (Fleet *fleet)
{
  if (!fleet)
    return;
  decoders_free (fleet->decoders);
  g_hash_table_unref (fleet->by_number);
  g_ptr_array_unref (fleet->members);
  g_free (fleet);
}

/* The list */

static Member *
member_new (Fleet *fleet, StationEntry *entry)
{
  Member *member = g_new0 (Member, 1);

  member->number = fleet->n_numbers++;
  member->station = station_new (entry, &fleet->settings);
  g_hash_table_insert (
      fleet->by_number, GUINT_TO_POINTER (member->number), member);
  return member;
}

static void
remove_member (Fleet *fleet, Member *member)
{
  member->is_removed = TRUE;
  station_stopping (member->station);
  g_ptr_array_add (fleet->members, member);
  if (member->is_listened)
    decoders_stop (fleet->decoders, member->number);
  else
    end_member (fleet, member);
}

/* The members by their URIs; those that are being ended are left out. */
static GHashTable *
index_members (GPtrArray *members)
{
  GHashTable *by_uri = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < members->len; i++) {
    Member *member = g_ptr_array_index (members, i);

    if (!member->is_removed)
      g_hash_table_insert (
          by_uri, station_get_entry (member->station)->uri, member);
  }
  return by_uri;
}

/* The same station, perhaps by another name. */
static void
rename_member (Fleet *fleet, Member *member, StationEntry *entry)
{
  const char *id = station_get_entry (member->station)->id;

  if (!g_str_equal (id, entry->id))
    fleet->callbacks.on_removed (id, fleet->callbacks.user_data);
  station_rename (member->station, entry);
}

void
fleet_set_list (Fleet *fleet, GPtrArray *list)
{
  g_autoptr (GPtrArray) old = fleet->members;
  g_autoptr (GHashTable) by_uri = index_members (old);

  g_ptr_array_set_free_func (old, NULL);
  g_ptr_array_set_free_func (list, NULL);
  fleet->members = g_ptr_array_new_with_free_func (member_free);
  for (guint i = 0; i < list->len; i++) {
    StationEntry *entry = g_ptr_array_index (list, i);
    Member *member = g_hash_table_lookup (by_uri, entry->uri);

    if (member) {
      g_hash_table_remove (by_uri, entry->uri);
      rename_member (fleet, member, entry);
    } else {
      member = member_new (fleet, entry);
    }
    g_ptr_array_add (fleet->members, member);
  }
  g_ptr_array_unref (list);
  for (guint i = 0; i < old->len; i++) {
    Member *member = g_ptr_array_index (old, i);

    if (member->is_removed)
      g_ptr_array_add (fleet->members, member);
    else if (g_hash_table_remove (
                 by_uri, station_get_entry (member->station)->uri))
      remove_member (fleet, member);
  }
}

/* Connecting */

/* The open file of a "file:" URI, or -1 with @error set. */
static int
open_file (const char *uri, GError **error)
{
  g_autofree char *path = g_filename_from_uri (uri, NULL, error);
  /* a pipe is not waited for */
  int fd = path ? open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
  struct stat info;

  if (path && fd < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
        "It cannot be read: %s.", g_strerror (errno));
  } else if (path && !(fstat (fd, &info) == 0 && S_ISREG (info.st_mode))) {
    g_set_error_literal (
        error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "It is no file.");
    close (fd);
    fd = -1;
  }
  return fd;
}

static void
fail_attempt (Member *member, const char *reason)
{
  StationEvent event = { .kind = EVENT_END, .station = member->number };

  station_event_set_text (event.title, reason);
  station_take_event (member->station, &event, g_get_monotonic_time ());
}

/* FALSE if it has to wait. */
static gboolean
connect_member (Fleet *fleet, Member *member)
{
  const char *uri = station_get_entry (member->station)->uri;
  g_autoptr (GError) error = NULL;
  DecodersStart start;
  int file = -1;

  if (g_str_has_prefix (uri, "file:")) {
    if (!fleet->settings.is_recorded) {
      fail_attempt (member, "It is a file, which --recorded is for.");
      return TRUE;
    }
    file = open_file (uri, &error);
    if (file < 0) {
      fail_attempt (member, error->message);
      return TRUE;
    }
  }
  start = decoders_start (fleet->decoders, member->number, uri, file,
      fleet->settings.is_recorded, station_get_suspicion (member->station));
  if (file >= 0)
    close (file);
  if (start == DECODERS_WAIT)
    return FALSE;
  station_connecting (member->station);
  member->is_listened = start == DECODERS_STARTED;
  if (start == DECODERS_FAILED)
    fail_attempt (member, "There is no process for it.");
  return TRUE;
}

void
fleet_tick (Fleet *fleet)
{
  gint64 now = g_get_monotonic_time ();
  guint n = 0;

  for (guint i = 0; !fleet->is_stopping && i < fleet->members->len; i++) {
    Member *member = g_ptr_array_index (fleet->members, i);

    if (member->is_listened || member->is_removed ||
        station_is_done (member->station) ||
        station_get_next_attempt (member->station) > now)
      continue;
    if (connect_member (fleet, member) && ++n == MAX_ATTEMPTS)
      return;
  }
}

/* The end */

void
fleet_stop (Fleet *fleet)
{
  fleet->is_stopping = TRUE;
  for (guint i = 0; i < fleet->members->len; i++) {
    Member *member = g_ptr_array_index (fleet->members, i);

    station_stopping (member->station);
    if (member->is_listened)
      decoders_stop (fleet->decoders, member->number);
    else
      station_stop (member->station);
  }
}

void
fleet_give_up (Fleet *fleet)
{
  for (guint i = 0; i < fleet->members->len; i++) {
    Member *member = g_ptr_array_index (fleet->members, i);

    station_stop (member->station);
  }
}

gboolean
fleet_is_done (const Fleet *fleet)
{
  for (guint i = 0; i < fleet->members->len; i++) {
    const Member *member = g_ptr_array_index (fleet->members, i);

    if (member->is_listened || !station_is_done (member->station))
      return FALSE;
  }
  return TRUE;
}

gboolean
fleet_has_failed (const Fleet *fleet)
{
  gboolean failed = FALSE;

  for (guint i = 0; i < fleet->members->len; i++) {
    const Member *member = g_ptr_array_index (fleet->members, i);

    failed |= station_has_failed (member->station);
  }
  return failed;
}

/* Views */

void
fleet_get_views (const Fleet *fleet, GArray *views)
{
  for (guint i = 0; i < fleet->members->len; i++) {
    const Member *member = g_ptr_array_index (fleet->members, i);
    StationView view;

    if (member->is_removed)
      continue;
    station_get_view (member->station, &view);
    g_array_append_val (views, view);
  }
}

guint
fleet_get_n_processes (const Fleet *fleet)
{
  return decoders_get_n_processes (fleet->decoders);
}

guint64
fleet_get_n_crashes (const Fleet *fleet)
{
  return decoders_get_n_crashes (fleet->decoders);
}
