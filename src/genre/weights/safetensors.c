/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "error.h"
#include "json.h"

/* A CRNN is 2 MB.  The limits keep a foreign or hostile file from taking
 * the memory and the time that it claims to need. */
#define MAX_FILE ((gsize) 256 << 20)
#define MAX_HEADER ((guint64) 4 << 20)
#define MAX_DIMS 8
/* the bits of a float's exponent, which are all set in what is not finite */
#define EXPONENT 0x7f800000u

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
  GBytes *bytes;  /* the whole file, or NULL if it is read from @fd */
  int fd;         /* or -1 */
  gsize n_bytes;  /* of the whole file */
  guint64 offset; /* of the first byte after the header */
  gsize n_data;   /* bytes from there on */
  JsonNode *header;
  JsonObject *metadata; /* may be NULL; owned by header */
  GHashTable *tensors;  /* name -> Tensor */
};

/* Copies @n bytes from @offset on, which must be within the file, to @to. */
static gboolean
read_at (const GenreSafetensors *file, guint64 offset, gpointer to, gsize n,
    GError **error)
{
  if (file->bytes) {
    memcpy (
        to, (const guint8 *) g_bytes_get_data (file->bytes, NULL) + offset, n);
    return TRUE;
  }
  for (gsize done = 0; done < n;) {
    gssize got = pread (
        file->fd, (guint8 *) to + done, n - done, offset + done);

    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return genre_refuse (error, GENRE_ERROR_READ, "cannot be read: %s",
          got < 0 ? g_strerror (errno) : "it ended early");
    done += got;
  }
  return TRUE;
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
    return genre_refuse (
        error, GENRE_ERROR_FORMAT, "entry of tensor %s is not an object", name);
  entry = json_node_get_object (node);
  tensor = g_new0 (Tensor, 1);
  tensor->name = name;
  g_hash_table_insert (file->tensors, (gpointer) tensor->name, tensor);

  dtype = json_object_get_member (entry, "dtype");
  if (!dtype || !JSON_NODE_HOLDS_VALUE (dtype) ||
      json_node_get_value_type (dtype) != G_TYPE_STRING)
    return genre_refuse (
        error, GENRE_ERROR_FORMAT, "tensor %s has no dtype", name);
  tensor->dtype = json_node_get_string (dtype);
  size = dtype_size (tensor->dtype);
  if (!size)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "tensor %s has the unknown dtype \"%s\"", name, tensor->dtype);
  tensor->f32 = !strcmp (tensor->dtype, "F32");

  if (!read_numbers (entry, "shape", MAX_DIMS, tensor->shape, &tensor->n_dims))
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "shape of tensor %s is not a list of at most %d whole numbers", name,
        MAX_DIMS);
  for (guint i = 0; i < tensor->n_dims; i++)
    if (!g_uint64_checked_mul (&size, size, tensor->shape[i]))
      return genre_refuse (
          error, GENRE_ERROR_FORMAT, "shape of tensor %s is too large", name);

  if (!read_numbers (entry, "data_offsets", 2, offsets, &n_offsets) ||
      n_offsets != 2)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "data_offsets of tensor %s are not two whole numbers", name);
  tensor->begin = offsets[0];
  tensor->end = offsets[1];
  if (tensor->begin > tensor->end || tensor->end > file->n_data)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "tensor %s lies at bytes %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
        " of the data, of which there are %" G_GSIZE_FORMAT
        "; is the file truncated?",
        name, tensor->begin, tensor->end, file->n_data);
  if (tensor->end - tensor->begin != size)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "tensor %s has %" G_GUINT64_FORMAT " bytes, but its shape and "
        "dtype need %" G_GUINT64_FORMAT,
        name, tensor->end - tensor->begin, size);
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

/* The tensors cover the data without overlap and without holes, as the
 * format demands: in a hole, something else could be hidden. */
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
          "tensor %s overlaps another one", tensor->name);
    if (tensor->begin > position)
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "no tensor covers the data before tensor %s", tensor->name);
    position = tensor->end;
  }
  if (position != file->n_data)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "the tensors end at byte %" G_GUINT64_FORMAT " of the data, of "
        "which there are %" G_GSIZE_FORMAT,
        position, file->n_data);
  return TRUE;
}

static gboolean
read_metadata (GenreSafetensors *file, JsonNode *node, GError **error)
{
  g_autoptr (GList) keys = NULL;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return genre_refuse (
        error, GENRE_ERROR_FORMAT, "__metadata__ is not an object");
  file->metadata = json_node_get_object (node);
  keys = json_object_get_members (file->metadata);
  for (GList *l = keys; l; l = l->next) {
    JsonNode *value = json_object_get_member (file->metadata, l->data);

    if (!JSON_NODE_HOLDS_VALUE (value) ||
        json_node_get_value_type (value) != G_TYPE_STRING)
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "metadata \"%s\" is not a string", (const char *) l->data);
  }
  return TRUE;
}

/* Finds where the header ends, and parses it. */
static gboolean
parse_header (GenreSafetensors *file, GError **error)
{
  const char *const what = "the header";
  g_autofree char *text = NULL;
  guint64 length;

  if (file->n_bytes < 8)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "not a safetensors file: %" G_GSIZE_FORMAT " bytes, expected at "
        "least 8",
        file->n_bytes);
  if (!read_at (file, 0, &length, 8, error))
    return FALSE;
  length = GUINT64_FROM_LE (length);
  if (length > MAX_HEADER)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "not a safetensors file: its first 8 bytes say that the header has "
        "%" G_GUINT64_FORMAT " bytes; expected at most %" G_GUINT64_FORMAT,
        length, MAX_HEADER);
  if (length > file->n_bytes - 8)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "the header has %" G_GUINT64_FORMAT " bytes, the rest of the file "
        "%" G_GSIZE_FORMAT "; is it truncated?",
        length, file->n_bytes - 8);

  file->offset = 8 + length;
  file->n_data = file->n_bytes - file->offset;
  text = g_malloc (MAX (length, 1));
  if (!read_at (file, 8, text, length, error))
    return FALSE;
  file->header = genre_json_parse (what, text, length, error);
  if (!file->header)
    return FALSE;
  return JSON_NODE_HOLDS_OBJECT (file->header) ||
      genre_refuse (error, GENRE_ERROR_FORMAT, "%s is not an object", what);
}

static gboolean
read_header (GenreSafetensors *file, GError **error)
{
  g_autoptr (GList) names = NULL;
  JsonObject *root;

  if (!parse_header (file, error))
    return FALSE;
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

static GenreSafetensors *
safetensors_new (GBytes *bytes, int fd, gsize n_bytes, GError **error)
{
  GenreSafetensors *file = g_new0 (GenreSafetensors, 1);

  file->bytes = bytes;
  file->fd = fd;
  file->n_bytes = n_bytes;
  file->tensors = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  if (!read_header (file, error))
    g_clear_pointer (&file, genre_safetensors_free);
  return file;
}

GenreSafetensors *
genre_safetensors_new (GBytes *bytes, GError **error)
{
  return safetensors_new (
      g_bytes_ref (bytes), -1, g_bytes_get_size (bytes), error);
}

void
genre_safetensors_free (GenreSafetensors *file)
{
  if (!file)
    return;
  g_hash_table_unref (file->tensors);
  g_clear_pointer (&file->header, json_node_unref);
  g_clear_pointer (&file->bytes, g_bytes_unref);
  if (file->fd >= 0)
    close (file->fd);
  g_free (file);
}

/* The size of the regular file @fd, or FALSE if it is none or is too large. */
static gboolean
get_size (int fd, gsize *size, GError **error)
{
  struct stat info;

  if (fstat (fd, &info) < 0 || !S_ISREG (info.st_mode))
    return genre_refuse (error, GENRE_ERROR_READ, "not a regular file");
  if (info.st_size < 0 || (guint64) info.st_size > MAX_FILE)
    return genre_refuse (error, GENRE_ERROR_FORMAT,
        "%" G_GINT64_FORMAT
        " bytes, expected a weights file of at most %" G_GSIZE_FORMAT,
        (gint64) info.st_size, MAX_FILE);
  *size = info.st_size;
  return TRUE;
}

GenreSafetensors *
genre_safetensors_open (const char *path, GError **error)
{
  gsize n_bytes = 0;
  /* O_NONBLOCK: opening a FIFO must not wait for its writer */
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);

  if (fd < 0) {
    int code = errno;

    genre_refuse (error,
        code == ENOENT || code == ENOTDIR ? GENRE_ERROR_NOT_FOUND
                                          : GENRE_ERROR_READ,
        "cannot be opened: %s", g_strerror (code));
    return NULL;
  }
  if (!get_size (fd, &n_bytes, error)) {
    close (fd);
    return NULL;
  }
  return safetensors_new (NULL, fd, n_bytes, error);
}

const char *
genre_safetensors_get_metadata (const GenreSafetensors *file, const char *key)
{
  if (!file->metadata || !json_object_has_member (file->metadata, key))
    return NULL;
  return json_object_get_string_member (file->metadata, key);
}

GHashTable *
genre_safetensors_dup_metadata (const GenreSafetensors *file)
{
  GHashTable *copy = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GList)
      keys = file->metadata ? json_object_get_members (file->metadata) : NULL;

  for (GList *l = keys; l; l = l->next)
    g_hash_table_insert (copy, g_strdup (l->data),
        g_strdup (json_object_get_string_member (file->metadata, l->data)));
  return copy;
}

static char *
shape_to_string (const guint64 *shape, guint n_dims)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n_dims; i++)
    g_string_append_printf (text, "[%" G_GUINT64_FORMAT "]", shape[i]);
  return g_string_free (text, FALSE);
}

gsize
genre_safetensors_get_n_values (const GenreSafetensors *file)
{
  return file->n_data / sizeof (float);
}

/* The words of @values, as the file has them, in this machine's order.  A single NaN
 * among the weights would make every probability NaN. */
static gboolean
check_values (float *values, gsize n, const char *name, GError **error)
{
  guint32 *words = (guint32 *) values;
  gboolean all_finite = TRUE;

  for (gsize i = 0; i < n; i++) {
    words[i] = GUINT32_FROM_LE (words[i]);
    all_finite &= (words[i] & EXPONENT) != EXPONENT;
  }
  for (gsize i = 0; !all_finite && i < n; i++)
    if ((words[i] & EXPONENT) == EXPONENT)
      return genre_refuse (error, GENRE_ERROR_FORMAT,
          "value %" G_GSIZE_FORMAT " of tensor %s is not finite", i, name);
  return TRUE;
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
    genre_refuse (error, GENRE_ERROR_FORMAT, "there is no tensor %s", name);
    return NULL;
  }
  if (!tensor->f32) {
    genre_refuse (error, GENRE_ERROR_FORMAT, "tensor %s is %s, expected F32",
        name, tensor->dtype);
    return NULL;
  }
  if (tensor->n_dims != n_dims ||
      memcmp (tensor->shape, wanted, n_dims * sizeof wanted[0])) {
    g_autofree char *is = shape_to_string (tensor->shape, tensor->n_dims);
    g_autofree char *expected = shape_to_string (wanted, n_dims);

    genre_refuse (error, GENRE_ERROR_FORMAT,
        "tensor %s has the shape %s, expected %s", name, is, expected);
    return NULL;
  }

  n_values = (tensor->end - tensor->begin) / sizeof (float);
  values = g_try_new (float, MAX (n_values, 1));
  if (!values) {
    genre_refuse (error, GENRE_ERROR_READ, "no memory for tensor %s", name);
    return NULL;
  }
  if (!read_at (file, file->offset + tensor->begin, values,
          n_values * sizeof *values, error) ||
      !check_values (values, n_values, name, error)) {
    g_free (values);
    return NULL;
  }
  return values;
}
