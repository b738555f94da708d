/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "modelanswers.h"

const char *const *
model_get_tags (const GenreModel *model)
{
  static const char *const none[] = { NULL };
  const gint head = genre_model_find_head (model, MODEL_TAGS);

  return head < 0 ? none : genre_model_get_head_labels (model, head);
}

static void
add_strings (
    JsonBuilder *builder, const char *member, const char *const *strings)
{
  json_builder_set_member_name (builder, member);
  json_builder_begin_array (builder);
  for (; *strings; strings++)
    json_builder_add_string_value (builder, *strings);
  json_builder_end_array (builder);
}

void
model_add_answers (JsonBuilder *builder, const GenreModel *model)
{
  add_strings (builder, "labels", genre_model_get_head_labels (model, 0));
  add_strings (builder, "tags", model_get_tags (model));
  json_builder_set_member_name (builder, "embedding_size");
  json_builder_add_int_value (builder, genre_model_get_embedding_size (model));
}
