/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "spelling.h"

#include <string>
#include <vector>

#include <id3v1genres.h>
#include <tstringlist.h>

#include "genre/genre.h"

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

} /* namespace */

const char *
spelling_of_label (const char *label)
{
  for (const std::string &name : get_names ()) {
    if (genre_labels_match (name.c_str (), label))
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
