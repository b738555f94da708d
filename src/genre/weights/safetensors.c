/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "error.h"

/* A CRNN is 2 MB.  The limits are there so that a foreign or hostile file costs
 * neither the memory nor the time that it claims to need. */
#define MAX_FILE ((gsize) 256 << 20)
#define MAX_HEADER ((guint64) 4 << 20)
#define MAX_DIMS 8
#define MAX_DEPTH 16

typedef struct
{
  const char *name; /* owned by the header's JSON */
  gboolean f32;
  const char *dtype; /* likewise */
  guint n_dims;
  guint64 shape[MAX_DIMS];
  guint64 begin, end; /* bytes into the data */
} Tensor;

struct _GenreSafetensors
{
  char *name;
  guint8 *owned;      /* the whole file, if it was read here */
  const guint8 *data; /* first byte after the header */
  gsize n_data;
  JsonNode *header;
  JsonObject *metadata; /* may be NULL; owned by header */
  GHashTable *tensors;  /* name -> Tensor */
};

/* json-glib's parser takes more than JSON: comments, single quotes, octal numbers,
 * a second value after the first.  Two readers of one file must not disagree on
 * what it says, and the parser recurses; so the tokens are checked before it
 * starts.  A number below -2^63 would come out of it as a positive one. */
static gboolean
check_json (const char *what, const char *text, gsize length, GError **error)
{
  g_autoptr (GRegex) token = g_regex_new (
      "[][{}:,]|\"(?:[^\"\\\\]|\\\\(?!u0000).)*+\"|true|false|null|"
      "-?(?:0|[1-9][0-9]*)(?![0-9])"
      "(?:\\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![0-9A-Za-z.])",
      G_REGEX_OPTIMIZE | G_REGEX_RAW | G_REGEX_DOTALL, G_REGEX_MATCH_ANCHORED,
      NULL);
  gsize position = 0;
  guint n_values = 0, depth = 0;

  for (;;) {
    g_autoptr (GMatchInfo) match = NULL;
    gsize digits;
    int end;

    while (position < length && strchr (" \t\r\n", text[position]))
      position++;
    if (position == length)
      return TRUE;
    if (!text[position] ||
        !g_regex_match_full (token, text, length, position, 0, &match, NULL) ||
        (depth == 0 && n_values++ > 0))
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "%s is not JSON: unexpected character at byte %" G_GSIZE_FORMAT, what,
          position);
    g_match_info_fetch_pos (match, 0, NULL, &end);
    for (digits = 0; position + 1 + digits < (gsize) end &&
         g_ascii_isdigit (text[position + 1 + digits]);)
      digits++;
    if (text[position] == '-' && digits > 18)
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "%s has a number out of range at byte %" G_GSIZE_FORMAT, what,
          position);
    if ((text[position] == '{' || text[position] == '[') && ++depth > MAX_DEPTH)
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "%s is nested deeper than %d levels", what, MAX_DEPTH);
    if ((text[position] == '}' || text[position] == ']') && depth > 0)
      depth--;
    position = end;
  }
}

typedef struct
{
  GHashTable *seen; /* "object member" */
  char *duplicate;
} Members;

/* json-glib keeps the last of two equal keys; two readers of one file must not
 * disagree on which tensor is meant, so two are one too many. */
static void
on_object_member (JsonParser *parser, JsonObject *object, const char *name,
    gpointer user_data)
{
  Members *members = user_data;
  char *key = g_strdup_printf ("%p %s", (gpointer) object, name);

  (void) parser;
  if (!g_hash_table_add (members->seen, key) && !members->duplicate)
    members->duplicate = g_strdup (name);
}

JsonNode *
genre_json_parse (
    const char *what, const char *text, gsize length, GError **error)
{
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GError) fault = NULL;
  Members members = { NULL, NULL };
  JsonNode *root = NULL;

  if (!g_utf8_validate_len (text, length, NULL)) {
    genre_refuse (error, GENRE_ERROR_FORMAT, "%s is not UTF-8 text", what);
    return NULL;
  }
  if (!check_json (what, text, length, error))
    return NULL;

  parser = json_parser_new ();
  members.seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_signal_connect (
      parser, "object-member", G_CALLBACK (on_object_member), &members);
  if (!json_parser_load_from_data (parser, text, length, &fault))
    genre_refuse (
        error, GENRE_ERROR_FORMAT, "%s is not JSON: %s", what, fault->message);
  else if (members.duplicate)
    genre_refuse (error, GENRE_ERROR_FORMAT, "%s has the key \"%s\" twice",
        what, members.duplicate);
  else if (!(root = json_parser_steal_root (parser)))
    genre_refuse (error, GENRE_ERROR_FORMAT, "%s is empty", what);

  g_hash_table_unref (members.seen);
  g_free (members.duplicate);
  return root;
}

/* An array of at most @max whole numbers >= 0. */
static gboolean
read_numbers (JsonObject *object, const char *member, guint max,
    guint64 *values, guint *n_values)
{
  JsonNode *node = json_object_get_member (object, member);
  JsonArray *array;

  if (!node || !JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;
  array = json_node_get_array (node);
  *n_values = json_array_get_length (array);
  if (*n_values > max)
    return FALSE;
  for (guint i = 0; i < *n_values; i++) {
    JsonNode *value = json_array_get_element (array, i);
    gint64 number;

    if (!JSON_NODE_HOLDS_VALUE (value) ||
        json_node_get_value_type (value) != G_TYPE_INT64)
      return FALSE;
    /* a number past 2^63 - 1 comes out negative */
    number = json_node_get_int (value);
    if (number < 0)
      return FALSE;
    values[i] = number;
  }
  return TRUE;
}

static guint
dtype_size (const char *dtype)
{
  static const struct
  {
    const char *name;
    guint size;
  } sizes[] = {
    { "F64", 8 },
    { "I64", 8 },
    { "U64", 8 },
    { "F32", 4 },
    { "I32", 4 },
    { "U32", 4 },
    { "F16", 2 },
    { "BF16", 2 },
    { "I16", 2 },
    { "U16", 2 },
    { "I8", 1 },
    { "U8", 1 },
    { "BOOL", 1 },
    { "F8_E4M3", 1 },
    { "F8_E5M2", 1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    if (!strcmp (dtype, sizes[i].name))
      return sizes[i].size;
  return 0;
}

static gboolean
read_tensor (
    GenreSafetensors *file, const char *name, JsonNode *node, GError **error)
{
  JsonObject *entry;
  JsonNode *dtype;
  guint64 offsets[2], size;
  guint n_offsets;
  Tensor *tensor;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: entry of tensor %s is not an object", file->name, name);
  entry = json_node_get_object (node);
  tensor = g_new0 (Tensor, 1);
  tensor->name = name;
  g_hash_table_insert (file->tensors, (gpointer) tensor->name, tensor);

  dtype = json_object_get_member (entry, "dtype");
  if (!dtype || !JSON_NODE_HOLDS_VALUE (dtype) ||
      json_node_get_value_type (dtype) != G_TYPE_STRING)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: tensor %s has no dtype", file->name, name);
  tensor->dtype = json_node_get_string (dtype);
  size = dtype_size (tensor->dtype);
  if (!size)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: tensor %s has the unknown dtype \"%s\"", file->name, name,
        tensor->dtype);
  tensor->f32 = !strcmp (tensor->dtype, "F32");

  if (!read_numbers (entry, "shape", MAX_DIMS, tensor->shape, &tensor->n_dims))
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: shape of tensor %s is not a list of at most %d whole numbers",
        file->name, name, MAX_DIMS);
  for (guint i = 0; i < tensor->n_dims; i++)
    if (!g_uint64_checked_mul (&size, size, tensor->shape[i]))
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "%s: shape of tensor %s is too large", file->name, name);

  if (!read_numbers (entry, "data_offsets", 2, offsets, &n_offsets) ||
      n_offsets != 2)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: data_offsets of tensor %s are not two whole numbers", file->name,
        name);
  tensor->begin = offsets[0];
  tensor->end = offsets[1];
  if (tensor->begin > tensor->end || tensor->end > file->n_data)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: tensor %s lies at bytes %" G_GUINT64_FORMAT
        " to %" G_GUINT64_FORMAT
        " of the data, of which there are %" G_GSIZE_FORMAT
        "; is the file truncated?",
        file->name, name, tensor->begin, tensor->end, file->n_data);
  if (tensor->end - tensor->begin != size)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: tensor %s has %" G_GUINT64_FORMAT " bytes, but its shape and "
        "dtype need %" G_GUINT64_FORMAT,
        file->name, name, tensor->end - tensor->begin, size);
  return TRUE;
}

static int
compare_begin (gconstpointer a, gconstpointer b)
{
  const Tensor *ta = *(const Tensor *const *) a;
  const Tensor *tb = *(const Tensor *const *) b;

  if (ta->begin != tb->begin)
    return ta->begin < tb->begin ? -1 : 1;
  return ta->end < tb->end ? -1 : ta->end > tb->end;
}

/* The tensors cover the data without overlap and without holes, as the format
 * demands: a hole is where something else could be hidden. */
static gboolean
check_coverage (GenreSafetensors *file, GError **error)
{
  g_autoptr (GPtrArray) tensors = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;
  guint64 position = 0;

  g_hash_table_iter_init (&iter, file->tensors);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (tensors, value);
  g_ptr_array_sort (tensors, compare_begin);
  for (guint i = 0; i < tensors->len; i++) {
    const Tensor *tensor = g_ptr_array_index (tensors, i);

    if (tensor->begin < position)
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "%s: tensor %s overlaps another one", file->name, tensor->name);
    if (tensor->begin > position)
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "%s: no tensor covers the data before tensor %s", file->name,
          tensor->name);
    position = tensor->end;
  }
  if (position != file->n_data)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: the tensors end at byte %" G_GUINT64_FORMAT " of the data, of "
        "which there are %" G_GSIZE_FORMAT,
        file->name, position, file->n_data);
  return TRUE;
}

static gboolean
read_metadata (GenreSafetensors *file, JsonNode *node, GError **error)
{
  g_autoptr (GList) keys = NULL;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: __metadata__ is not an object", file->name);
  file->metadata = json_node_get_object (node);
  keys = json_object_get_members (file->metadata);
  for (GList *l = keys; l; l = l->next) {
    JsonNode *value = json_object_get_member (file->metadata, l->data);

    if (!JSON_NODE_HOLDS_VALUE (value) ||
        json_node_get_value_type (value) != G_TYPE_STRING)
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "%s: metadata \"%s\" is not a string", file->name,
          (const char *) l->data);
  }
  return TRUE;
}

static gboolean
read_header (
    GenreSafetensors *file, const guint8 *bytes, gsize n_bytes, GError **error)
{
  g_autofree char *what = g_strdup_printf ("%s: the header", file->name);
  g_autoptr (GList) names = NULL;
  JsonObject *root;
  guint64 length;

  if (n_bytes < 8)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: not a safetensors file: %" G_GSIZE_FORMAT " bytes, expected at "
        "least 8",
        file->name, n_bytes);
  memcpy (&length, bytes, 8);
  length = GUINT64_FROM_LE (length);
  if (length > MAX_HEADER)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: not a safetensors file: its first 8 bytes say that the header has "
        "%" G_GUINT64_FORMAT " bytes; expected at most %" G_GUINT64_FORMAT,
        file->name, length, MAX_HEADER);
  if (length > n_bytes - 8)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: the header has %" G_GUINT64_FORMAT " bytes, the rest of the file "
        "%" G_GSIZE_FORMAT "; is it truncated?",
        file->name, length, n_bytes - 8);

  file->data = bytes + 8 + length;
  file->n_data = n_bytes - 8 - length;
  file->header = genre_json_parse (
      what, (const char *) bytes + 8, length, error);
  if (!file->header)
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (file->header))
    return genre_refuse (
        error, GENRE_ERROR_FORMAT, "%s is not an object", what);

  root = json_node_get_object (file->header);
  names = json_object_get_members (root);
  for (GList *l = names; l; l = l->next) {
    JsonNode *node = json_object_get_member (root, l->data);

    if (!strcmp (l->data, "__metadata__")
            ? !read_metadata (file, node, error)
            : !read_tensor (file, l->data, node, error))
      return FALSE;
  }
  return check_coverage (file, error);
}

GenreSafetensors *
genre_safetensors_parse (
    const char *name, const guint8 *bytes, gsize n_bytes, GError **error)
{
  GenreSafetensors *file = g_new0 (GenreSafetensors, 1);

  file->name = g_strdup (name);
  file->tensors = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  if (!read_header (file, bytes, n_bytes, error)) {
    genre_safetensors_free (file);
    return NULL;
  }
  return file;
}

/* The file is read, not mapped: a mapped file that is truncated while it is in
 * use kills the process. */
static guint8 *
read_file (const char *path, gsize *n_bytes, GError **error)
{
  g_autofree char *name = g_filename_display_name (path);
  g_autofree guint8 *bytes = NULL;
  struct stat info;
  gsize done = 0;
  /* O_NONBLOCK: opening a FIFO must not wait for its writer */
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);

  if (fd < 0) {
    int code = errno;

    genre_refuse (error,
        code == ENOENT || code == ENOTDIR ? GENRE_ERROR_NOT_FOUND
                                          : GENRE_ERROR_READ,
        "%s: cannot be opened: %s", name, g_strerror (code));
    return NULL;
  }
  if (fstat (fd, &info) < 0 || !S_ISREG (info.st_mode)) {
    genre_refuse (error, GENRE_ERROR_READ, "%s: not a regular file", name);
    goto out;
  }
  if (info.st_size < 0 || (guint64) info.st_size > MAX_FILE) {
    genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: %" G_GINT64_FORMAT
        " bytes, expected a weights file of at most %" G_GSIZE_FORMAT,
        name, (gint64) info.st_size, MAX_FILE);
    goto out;
  }
  *n_bytes = info.st_size;
  bytes = g_try_malloc (*n_bytes + 1);
  if (!bytes) {
    genre_refuse (error, GENRE_ERROR_READ,
        "%s: no memory for its %" G_GSIZE_FORMAT " bytes", name, *n_bytes);
    goto out;
  }
  while (done < *n_bytes) {
    gssize got = read (fd, bytes + done, *n_bytes - done);

    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0) {
      genre_refuse (error, GENRE_ERROR_READ, "%s: cannot be read: %s", name,
          got < 0 ? g_strerror (errno) : "it ended early");
      g_clear_pointer (&bytes, g_free);
      break;
    }
    done += got;
  }
out:
  close (fd);
  return g_steal_pointer (&bytes);
}

GenreSafetensors *
genre_safetensors_load (const char *path, GError **error)
{
  g_autofree char *name = g_filename_display_name (path);
  gsize n_bytes = 0;
  guint8 *bytes = read_file (path, &n_bytes, error);
  GenreSafetensors *file;

  if (!bytes)
    return NULL;
  file = genre_safetensors_parse (name, bytes, n_bytes, error);
  if (file)
    file->owned = bytes;
  else
    g_free (bytes);
  return file;
}

void
genre_safetensors_free (GenreSafetensors *file)
{
  if (!file)
    return;
  g_hash_table_unref (file->tensors);
  g_clear_pointer (&file->header, json_node_unref);
  g_free (file->owned);
  g_free (file->name);
  g_free (file);
}

const char *
genre_safetensors_get_metadata (const GenreSafetensors *file, const char *key)
{
  if (!file->metadata || !json_object_has_member (file->metadata, key))
    return NULL;
  return json_object_get_string_member (file->metadata, key);
}

const char *
genre_safetensors_get_name (const GenreSafetensors *file)
{
  return file->name;
}

gboolean
genre_safetensors_has (const GenreSafetensors *file, const char *name)
{
  return g_hash_table_contains (file->tensors, name);
}

static char *
shape_to_string (const guint64 *shape, guint n_dims)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n_dims; i++)
    g_string_append_printf (text, "[%" G_GUINT64_FORMAT "]", shape[i]);
  return g_string_free (text, FALSE);
}

float *
genre_safetensors_dup_tensor (const GenreSafetensors *file, const char *name,
    const gsize *shape, guint n_dims, GError **error)
{
  const Tensor *tensor = g_hash_table_lookup (file->tensors, name);
  guint64 wanted[MAX_DIMS];
  gsize n_values;
  float *values;

  g_return_val_if_fail (n_dims <= MAX_DIMS, NULL);
  for (guint i = 0; i < n_dims; i++)
    wanted[i] = shape[i];
  if (!tensor) {
    genre_refuse (error, GENRE_ERROR_FORMAT, "%s: there is no tensor %s",
        file->name, name);
    return NULL;
  }
  if (!tensor->f32) {
    genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: tensor %s is %s, expected F32", file->name, name, tensor->dtype);
    return NULL;
  }
  if (tensor->n_dims != n_dims ||
      memcmp (tensor->shape, wanted, n_dims * sizeof wanted[0])) {
    g_autofree char *is = shape_to_string (tensor->shape, tensor->n_dims);
    g_autofree char *expected = shape_to_string (wanted, n_dims);

    genre_refuse (error, GENRE_ERROR_FORMAT,
        "%s: tensor %s has the shape %s, expected %s", file->name, name, is,
        expected);
    return NULL;
  }

  n_values = (tensor->end - tensor->begin) / sizeof (float);
  values = g_try_new (float, MAX (n_values, 1));
  if (!values) {
    genre_refuse (error, GENRE_ERROR_READ, "%s: no memory for tensor %s",
        file->name, name);
    return NULL;
  }
  for (gsize i = 0; i < n_values; i++) {
    guint32 word;

    memcpy (&word, file->data + tensor->begin + i * 4, 4);
    word = GUINT32_FROM_LE (word);
    memcpy (values + i, &word, 4);
    /* one NaN among the weights would make every probability one */
    if ((word & 0x7f800000) == 0x7f800000) {
      genre_refuse (error, GENRE_ERROR_FORMAT,
          "%s: value %" G_GSIZE_FORMAT " of tensor %s is not finite",
          file->name, i, name);
      g_free (values);
      return NULL;
    }
  }
  return values;
}
