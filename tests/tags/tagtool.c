/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Shows what a file is made of, or writes genres into a copy of it, without
 * classifying:
 *
 *     tagtool show FILE...
 *     tagtool write FILE COPY [GENRE...]     without genres: takes them away
 *     tagtool return FILE COPY [GENRE...]    writes, and takes back by the fields */

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tags/formats/tagfile.h"

static TagFile *
open_file (const char *path)
{
  g_autoptr (GError) error = NULL;
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  TagFile *file = tag_file_open (fd, &error);

  if (!file)
    g_print ("%s: %s\n", path, error->message);
  return file;
}

static void
show (const char *path)
{
  g_autoptr (TagFile) file = open_file (path);
  g_autofree char *pieces = file ? tag_file_describe (file) : NULL;
  const GError *obstacle = file ? tag_file_get_obstacle (file) : NULL;
  const TagState *state = file ? tag_file_get_state (file) : NULL;

  if (!file)
    return;
  g_print ("%s: %s\n%s", path, tag_file_get_format (file), pieces);
  for (guint kind = 0; kind < TAG_KINDS; kind++) {
    g_auto (GStrv)
        names = tag_kind_get_names ((TagKind) kind, state->genres[kind]);
    g_autofree char *text = g_strjoinv ("; ", names);

    if (state->genres[kind] || state->is_primary[kind])
      g_print ("-> %s%s: %s (%s)\n", tag_kind_name ((TagKind) kind),
          state->is_primary[kind] ? ", primary" : "",
          state->genres[kind] ? text : "no tag",
          state->classifier[kind] ? state->classifier[kind] : "");
  }
  if (obstacle)
    g_print ("-> obstacle: %s\n", obstacle->message);
}

/* NULL, after a message, if it failed. */
static TagFile *
change (TagFile *file, const TagState *wanted)
{
  g_autoptr (GError) error = NULL;
  EditOptions options = { FALSE };
  TagFile *changed = tag_file_change (file, wanted, &options, &error);

  if (!changed)
    g_print ("not written: %s\n", error->message);
  return changed;
}

static int
write_copy (const char *path, const char *copy, char **genres, gboolean back)
{
  g_autoptr (TagFile) file = open_file (path), changed = NULL, last = NULL;
  g_autoptr (GError) error = NULL;
  TagState wanted = { 0 };
  const TagState *state;
  int fd = open (copy, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

  if (!file || fd < 0)
    return 1;
  state = tag_file_get_state (file);
  for (guint kind = 0; kind < TAG_KINDS; kind++)
    if (state->is_primary[kind] ||
        (state->genres[kind] && *state->genres[kind]))
      wanted.genres[kind] = *genres ? tag_kind_fit_genres ((TagKind) kind,
                                          state->is_primary[kind], genres)
                                    : g_new0 (char *, 1);
  changed = change (file, &wanted);
  tag_state_clear (&wanted);
  if (!changed || (back && !(last = change (changed, state))))
    return 1;
  if (tag_file_write (back ? changed : file, back ? last : changed, fd, &error))
    return 0;
  g_print ("not written: %s\n", error->message);
  return 1;
}

int
main (int argc, char **argv)
{
  if (argc > 2 && !strcmp (argv[1], "show")) {
    for (int i = 2; i < argc; i++)
      show (argv[i]);
    return 0;
  }
  if (argc > 3)
    return write_copy (argv[2], argv[3], argv + 4, !strcmp (argv[1], "return"));
  return 2;
}
