/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a model can say, as the command and the service list it. */

#pragma once

#include "genre/genre.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* The name of the head whose labels are a model's tags. */
#define MODEL_TAGS "tags"

/* The labels of @model's tags, ended by NULL, owned by it; none if it has none. */
const char *const *model_get_tags (const GenreModel *model);

/* Adds to the object that @builder is in the members "labels" and "tags", arrays, and
 * "embedding_size", how many numbers its embedding has or 0. */
void model_add_answers (JsonBuilder *builder, const GenreModel *model);

G_END_DECLS
