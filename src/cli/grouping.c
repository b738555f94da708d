/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "grouping.h"

#include "albumfolder.h"

struct _Group
{
  char *folder; /* of the album */
  gboolean walked, closed;
  guint64 last_added; /* number of its last track */
  guint n_unknown;    /* tracks without a result */
  GPtrArray *tracks;
};

struct _Grouping
{
  const GroupingFuncs *funcs;
  gpointer user_data;
  GPtrArray *groups;  /* Group: those that are not complete */
  GHashTable *closed; /* folders of groups of a list that were left */
  guint64 n_added;
  gboolean torn;
};

static void
group_free (Group *group)
{
  g_free (group->folder);
  g_ptr_array_unref (group->tracks);
  g_free (group);
}

Grouping *
grouping_new (const GroupingFuncs *funcs, gpointer user_data)
{
  Grouping *grouping = g_new0 (Grouping, 1);

  grouping->funcs = funcs;
  grouping->user_data = user_data;
  grouping->groups = g_ptr_array_new_with_free_func (
      (GDestroyNotify) group_free);
  grouping->closed = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, NULL);
  return grouping;
}

void
grouping_free (Grouping *grouping)
{
  if (!grouping)
    return;
  g_ptr_array_unref (grouping->groups);
  g_hash_table_unref (grouping->closed);
  g_free (grouping);
}

gboolean
grouping_is_open (const Group *group)
{
  return !group->closed;
}

gboolean
grouping_was_torn (const Grouping *grouping)
{
  return grouping->torn;
}

static void
complete (Grouping *grouping, Group *group)
{
  GPtrArray *tracks = group->tracks;
  g_autoptr (GPtrArray) results = g_ptr_array_new ();

  for (guint i = 0; i < tracks->len; i++)
    g_ptr_array_add (results, grouping->funcs->get_result (tracks->pdata[i]));
  grouping_answer (
      group->folder, (Result *const *) results->pdata, results->len);
  for (guint i = 0; i < tracks->len; i++)
    grouping->funcs->done (tracks->pdata[i], grouping->user_data);
  g_ptr_array_remove (grouping->groups, group);
}

/* @group may be freed. */
static void
close_group (Grouping *grouping, Group *group)
{
  group->closed = TRUE;
  if (!group->walked)
    g_hash_table_add (grouping->closed, g_strdup (group->folder));
  if (group->n_unknown == 0)
    complete (grouping, group);
}

/* Whether the listing, which is at @folder now, is done with the group. */
static gboolean
is_left (const Grouping *grouping, const Group *group, const char *folder,
    gboolean walked)
{
  return group->walked && walked
      ? !album_folder_has (group->folder, folder)
      : grouping->n_added - group->last_added > GROUPING_PATIENCE;
}

static void
close_left (Grouping *grouping, const char *folder, gboolean walked)
{
  /* from the last one, as each may be removed */
  for (guint i = grouping->groups->len; i-- > 0;) {
    Group *group = grouping->groups->pdata[i];

    if (!group->closed && is_left (grouping, group, folder, walked))
      close_group (grouping, group);
  }
}

static Group *
find_open (const Grouping *grouping, const char *album)
{
  for (guint i = 0; i < grouping->groups->len; i++) {
    Group *group = grouping->groups->pdata[i];

    if (!group->closed && g_str_equal (group->folder, album))
      return group;
  }
  return NULL;
}

static Group *
group_new (Grouping *grouping, const char *album, gboolean walked)
{
  Group *group = g_new0 (Group, 1);

  group->folder = g_strdup (album);
  group->walked = walked;
  group->tracks = g_ptr_array_new ();
  g_ptr_array_add (grouping->groups, group);
  if (g_hash_table_contains (grouping->closed, album))
    grouping->torn = TRUE;
  return group;
}

Group *
grouping_add (
    Grouping *grouping, const char *name, gboolean walked, gpointer track)
{
  g_autofree char *folder = album_track_folder_new (name);
  g_autofree char *album = album_folder_new (folder);
  Group *group;

  close_left (grouping, folder, walked);
  group = find_open (grouping, album);
  if (!group)
    group = group_new (grouping, album, walked);
  group->last_added = grouping->n_added++;
  group->n_unknown++;
  g_ptr_array_add (group->tracks, track);
  return group;
}

void
grouping_note_result (Grouping *grouping, Group *group)
{
  group->n_unknown--;
  if (group->n_unknown == 0 && group->closed)
    complete (grouping, group);
}

void
grouping_end (Grouping *grouping)
{
  for (guint i = grouping->groups->len; i-- > 0;) {
    Group *group = grouping->groups->pdata[i];

    if (!group->closed)
      close_group (grouping, group);
  }
}
