/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "spelling.h"

#include <string>
#include <vector>

#include <id3v1genres.h>
#include <tstringlist.h>

namespace {

/* ID3v1's genres by their numbers. */
const std::vector<std::string> &
get_names ()
{
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;

    for (const TagLib::String &name : TagLib::ID3v1::genreList ())
      list.push_back (name.to8Bit (true));
    return list;
  }();

  return names;
}

/* TODO: to be replaced by genre_labels_match() of genre/genre.h */
gboolean
labels_match (const char *a, const char *b)
{
  for (;; a++, b++) {
    while (*a && !g_ascii_isalnum (*a))
      a++;
    while (*b && !g_ascii_isalnum (*b))
      b++;
    if (g_ascii_tolower (*a) != g_ascii_tolower (*b))
      return FALSE;
    if (!*a)
      return TRUE;
  }
}

} /* namespace */

const char *
spelling_of_label (const char *label)
{
  for (const std::string &name : get_names ()) {
    if (labels_match (name.c_str (), label))
      return name.c_str ();
  }
  return label;
}

const char *
spelling_of_id3v1 (guint64 number)
{
  const std::vector<std::string> &names = get_names ();

  return number < names.size () ? names[number].c_str () : NULL;
}
