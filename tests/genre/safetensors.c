/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Weights files that are damaged, foreign or hostile: each is refused with an
 * error that says which file and what is wrong with it. */

#include "genre/weights/safetensors.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "fixture.h"

#define TENSOR(name, shape, offsets) "`" name "`:" ENTRY (shape, offsets)
#define ENTRY(shape, offsets)                                                  \
  "{`dtype`:`F32`,`shape`:" shape ",`data_offsets`:" offsets "}"
#define SHAPE(shape) "{" TENSOR ("a", shape, "[0,8]") "}"
#define OFFSETS(offsets) "{" TENSOR ("a", "[2]", offsets) "}"

/* What the header may be made to say. */
static const struct
{
  const char *name;
  const char *header;
  gsize n_data;
  const char *word; /* in the error */
} headers[] = {
  { "empty-header", "", 0, "empty" },
  { "blank-header", "    ", 0, "empty" },
  { "not-json", "{`a`:", 0, "not JSON" },
  { "not-utf8", "{`\xff`:1}", 0, "not UTF-8" },
  { "list", "[]", 0, "not an object" },
  { "number", "3", 0, "not an object" },
  /* what json-glib takes beyond JSON: other readers of the file do not, or see
   * something else in it */
  { "two-roots", "{}{}", 0, "not JSON" },
  { "variable", "var a = {}", 0, "not JSON" },
  { "comment", "/* ` */{}", 0, "not JSON" },
  { "single-quotes", "{'__metadata__':{}}", 0, "not JSON" },
  { "octal", SHAPE ("[02]"), 8, "not JSON" },
  { "hexadecimal", SHAPE ("[0x2]"), 8, "not JSON" },
  { "nul-in-name", "{" TENSOR ("a\\u0000b", "[2]", "[0,8]") "}", 8,
      "the header" },

  { "tensor-twice",
      "{" TENSOR ("a", "[2]", "[0,8]") "," TENSOR ("a", "[2]", "[0,8]") "}", 8,
      "\"a\" twice" },
  { "shape-twice",
      "{`a`:{`dtype`:`F32`,`shape`:[2],`shape`:[2],"
      "`data_offsets`:[0,8]}}",
      8, "\"shape\" twice" },
  { "metadata-twice", "{`__metadata__`:{},`__metadata__`:{}}", 0,
      "\"__metadata__\" twice" },
  { "metadata-key-twice", "{`__metadata__`:{`b`:`x`,`b`:`x`}}", 0,
      "\"b\" twice" },
  { "metadata-list", "{`__metadata__`:[]}", 0, "__metadata__" },
  { "metadata-number", "{`__metadata__`:{`b`:1}}", 0, "\"b\" is not a string" },
  { "metadata-null", "{`__metadata__`:{`b`:null}}", 0,
      "\"b\" is not a string" },

  { "entry-list", "{`a`:[]}", 0, "tensor a is not an object" },
  { "no-dtype", "{`a`:{`shape`:[2],`data_offsets`:[0,8]}}", 8, "no dtype" },
  { "dtype-number", "{`a`:{`dtype`:32,`shape`:[2],`data_offsets`:[0,8]}}", 8,
      "no dtype" },
  { "dtype-unknown", "{`a`:{`dtype`:`F33`,`shape`:[2],`data_offsets`:[0,8]}}",
      8, "unknown dtype \"F33\"" },

  { "no-shape", "{`a`:{`dtype`:`F32`,`data_offsets`:[0,8]}}", 8, "shape" },
  { "shape-number", SHAPE ("2"), 8, "shape of tensor a" },
  { "shape-word", SHAPE ("[`2`]"), 8, "shape of tensor a" },
  { "shape-negative", SHAPE ("[-2]"), 8, "shape of tensor a" },
  /* 2 after a wrap of 64 bits */
  { "shape-far-negative", SHAPE ("[-18446744073709551614]"), 8, "" },
  { "shape-far-negative-apart", SHAPE ("[- 18446744073709551614]"), 8, "" },
  { "shape-far-negative-hexadecimal", SHAPE ("[-0xfffffffffffffffe]"), 8, "" },
  { "shape-fraction", SHAPE ("[2.5]"), 8, "shape of tensor a" },
  { "shape-float", SHAPE ("[2.0]"), 8, "shape of tensor a" },
  { "shape-2^63", SHAPE ("[9223372036854775808]"), 8, "shape of tensor a" },
  { "shape-2^64", SHAPE ("[18446744073709551618]"), 8, "shape of tensor a" },
  { "shape-nested", SHAPE ("[[2]]"), 8, "shape of tensor a" },
  { "nine-dimensions", SHAPE ("[1,1,1,1,1,1,1,1,2]"), 8, "at most 8" },
  /* 0 bytes, 8 bytes after a wrap of 64 bits */
  { "shape-overflow-to-0",
      "{" TENSOR ("a", "[4611686018427387904,8]", "[0,0]") "}", 0,
      "too large" },
  { "shape-overflow-to-8",
      "{" TENSOR ("a", "[4611686018427387906]", "[0,8]") "}", 8, "too large" },
  { "shape-product", SHAPE ("[3]"), 8,
      "8 bytes, but its shape and dtype need" },

  { "no-offsets", "{`a`:{`dtype`:`F32`,`shape`:[2]}}", 8, "data_offsets" },
  { "one-offset", OFFSETS ("[0]"), 8, "data_offsets of tensor a" },
  { "three-offsets", OFFSETS ("[0,8,8]"), 8, "data_offsets of tensor a" },
  { "offsets-negative", OFFSETS ("[-8,0]"), 8, "data_offsets of tensor a" },
  { "offsets-fraction", OFFSETS ("[0,8.5]"), 8, "data_offsets of tensor a" },
  { "offsets-2^63", OFFSETS ("[9223372036854775800,9223372036854775808]"), 8,
      "data_offsets of tensor a" },
  { "offsets-backwards", OFFSETS ("[8,0]"), 8, "bytes 8 to 0" },
  { "offsets-far", OFFSETS ("[9223372036854775799,9223372036854775807]"), 8,
      "truncated" },

  { "truncated", SHAPE ("[2]"), 7, "truncated" },
  { "no-data", SHAPE ("[2]"), 0, "truncated" },
  { "trailing-byte", SHAPE ("[2]"), 9, "end at byte 8" },
  { "only-data", "{}", 4, "end at byte 0" },
  { "overlap",
      "{" TENSOR ("a", "[2]", "[0,8]") "," TENSOR ("b", "[2]", "[4,12]") "}",
      12, "overlaps" },
  { "same-place",
      "{" TENSOR ("a", "[2]", "[0,8]") "," TENSOR ("b", "[2]", "[0,8]") "}", 8,
      "overlaps" },
  { "hole",
      "{" TENSOR ("a", "[2]", "[0,8]") "," TENSOR ("b", "[2]", "[12,20]") "}",
      20, "before tensor b" },
  { "hole-first", "{" TENSOR ("a", "[2]", "[4,12]") "}", 12,
      "before tensor a" },
};

static void
test_header (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autofree char *path = fixture_write_safetensors (
      headers[i].name, headers[i].header, NULL, headers[i].n_data);
  GError *error = NULL;
  GenreSafetensors *file = fixture_load_safetensors (path, &error);

  fixture_assert_refused (
      file, error, GENRE_ERROR_FORMAT, path, headers[i].word);
  genre_safetensors_free (file);
}

/* The first bytes, which say how long the header is. */
static const struct
{
  const char *name;
  const char *bytes;
  gsize n_bytes;
  const char *word;
} starts[] = {
  { "empty", "", 0, "0 bytes" },
  { "one-byte", "\2", 1, "1 bytes" },
  { "seven-bytes", "\2\0\0\0\0\0\0", 7, "7 bytes" },
  { "no-header", "\2\0\0\0\0\0\0\0", 8, "truncated" },
  { "header-too-short", "\3\0\0\0\0\0\0\0{}", 10, "truncated" },
  { "header-4MiB", "\1\0\100\0\0\0\0\0{}", 10, "at most 4194304" },
  { "header-2^63", "\0\0\0\0\0\0\0\200{}", 10, "9223372036854775808" },
  { "header-2^64-8", "\370\377\377\377\377\377\377\377{}", 10,
      "18446744073709551608" },
  { "header-2^64-1", "\377\377\377\377\377\377\377\377{}", 10,
      "18446744073709551615" },
};

static void
test_start (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autofree char *path = fixture_write (
      starts[i].name, starts[i].bytes, starts[i].n_bytes);
  GError *error = NULL;
  GenreSafetensors *file = fixture_load_safetensors (path, &error);

  fixture_assert_refused (
      file, error, GENRE_ERROR_FORMAT, path, starts[i].word);
  genre_safetensors_free (file);
}

/* Nesting that would overflow the stack of a parser that recurses; what stands
 * before it must not hide it. */
static const struct
{
  const char *name, *before;
} nests[] = {
  { "nested", "" },
  { "nested-in-tensor", "{`a`:" },
  { "nested-after-string", "{`\\\\`:1,`\\``:" },
  { "nested-after-comment", "/*`*/" },
  { "nested-after-single-quotes", "{'`':" },
};

static void
test_nest (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autofree char *brackets = g_strnfill (100000, '[');
  g_autofree char *header = g_strconcat (nests[i].before, brackets, NULL);
  g_autofree char *path = fixture_write_safetensors (
      nests[i].name, header, NULL, 0);
  GError *error = NULL;
  GenreSafetensors *file = fixture_load_safetensors (path, &error);

  fixture_assert_refused (file, error, GENRE_ERROR_FORMAT, path, "the header");
  genre_safetensors_free (file);
}

/* Tensors of a sound file that are not what the network needs, which is "a" of
 * [2][3]. */
static const struct
{
  const char *name;
  const char *header;
  guint32 word_at_4; /* value 4, as bits */
  const char *word;
} tensors[] = {
  { "missing", "{" TENSOR ("b", "[2,3]", "[0,24]") "}", 0, "no tensor a" },
  { "f16", "{`a`:{`dtype`:`F16`,`shape`:[2,6],`data_offsets`:[0,24]}}", 0,
      "F16, expected F32" },
  { "i32", "{`a`:{`dtype`:`I32`,`shape`:[2,3],`data_offsets`:[0,24]}}", 0,
      "I32, expected F32" },
  { "transposed", "{" TENSOR ("a", "[3,2]", "[0,24]") "}", 0,
      "[3][2], expected [2][3]" },
  { "flat", "{" TENSOR ("a", "[6]", "[0,24]") "}", 0, "[6], expected [2][3]" },
  { "more-dimensions", "{" TENSOR ("a", "[2,3,1]", "[0,24]") "}", 0,
      "[2][3][1], expected [2][3]" },
  { "nan", "{" TENSOR ("a", "[2,3]", "[0,24]") "}", 0x7fc00000, "value 4" },
  { "signalling-nan", "{" TENSOR ("a", "[2,3]", "[0,24]") "}", 0xff800001,
      "value 4" },
  { "infinity", "{" TENSOR ("a", "[2,3]", "[0,24]") "}", 0x7f800000,
      "not finite" },
  { "minus-infinity", "{" TENSOR ("a", "[2,3]", "[0,24]") "}", 0xff800000,
      "not finite" },
};

static void
test_tensor (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  const gsize shape[] = { 2, 3 };
  guint32 values[6] = { 0 };
  g_autofree char *path = NULL;
  g_autofree float *tensor = NULL;
  GError *error = NULL;
  GenreSafetensors *file;

  values[4] = GUINT32_TO_LE (tensors[i].word_at_4);
  path = fixture_write_safetensors (
      tensors[i].name, tensors[i].header, values, sizeof values);
  file = fixture_load_safetensors (path, &error);
  g_assert_no_error (error);
  tensor = genre_safetensors_dup_tensor (file, "a", shape, 2, &error);
  fixture_assert_refused (
      tensor, error, GENRE_ERROR_FORMAT, "", tensors[i].word);
  genre_safetensors_free (file);
}

static void
test_sound (void)
{
  /* 1, -2, the smallest float, the largest one; 0.5 */
  const guint32 words[] = { GUINT32_TO_LE (0x3f800000),
    GUINT32_TO_LE (0xc0000000), GUINT32_TO_LE (1), GUINT32_TO_LE (0x7f7fffff),
    GUINT32_TO_LE (0x3f000000), 0xffffffff };
  const gsize shape[] = { 2, 2 }, none[] = { 0, 5 };
  /* tensors in another order than their data, an empty one, one of no
   * dimensions, padding, brackets that are no nesting */
  static const char header[] =
      "{`scalar`:{`dtype`:`F32`,`shape`:[],`data_offsets`:[16,20]},"
      "`empty`:{`dtype`:`F32`,`shape`:[0,5],`data_offsets`:[16,16]},"
      "`bytes`:{`dtype`:`U8`,`shape`:[4],`data_offsets`:[20,24]},"
      "`__metadata__`:{`b`:`[[[[[[[[[[[[[[[[[[[[\\`[[\\\\`,`é`:`ü`},"
      "`a`:{`dtype`:`F32`,`shape`:[2,2],`data_offsets`:[0,16]}}     ";
  g_autofree char *path = fixture_write_safetensors (
      "sound", header, words, sizeof words);
  g_autofree char *name = g_filename_display_name (path);
  GError *error = NULL;
  GenreSafetensors *file = fixture_load_safetensors (path, &error);
  float *values;

  g_assert_no_error (error);
  g_assert_cmpstr (genre_safetensors_get_metadata (file, "b"), ==,
      "[[[[[[[[[[[[[[[[[[[[\"[[\\");
  g_assert_cmpstr (genre_safetensors_get_metadata (file, "é"), ==, "ü");
  g_assert_null (genre_safetensors_get_metadata (file, "c"));

  values = genre_safetensors_dup_tensor (file, "a", shape, 2, &error);
  g_assert_no_error (error);
  g_assert_true (values[0] == 1 && values[1] == -2 && values[2] > 0 &&
      values[3] == G_MAXFLOAT);
  g_free (values);
  values = genre_safetensors_dup_tensor (file, "scalar", NULL, 0, &error);
  g_assert_no_error (error);
  g_assert_true (values[0] == 0.5f);
  g_free (values);
  values = genre_safetensors_dup_tensor (file, "empty", none, 2, &error);
  g_assert_no_error (error);
  g_free (values);
  genre_safetensors_free (file);
}

static void
test_no_metadata (void)
{
  g_autofree char *path = fixture_write_safetensors (
      "no-metadata", SHAPE ("[2]"), NULL, 8);
  GError *error = NULL;
  GenreSafetensors *file = fixture_load_safetensors (path, &error);

  g_assert_no_error (error);
  g_assert_null (genre_safetensors_get_metadata (file, "format"));
  genre_safetensors_free (file);
}

/* A megabyte of text and escapes in one string of the header is no fault, nor a
 * reason for a parser to recurse. */
static void
test_long_string (void)
{
  g_autoptr (GString) header = g_string_new ("{`__metadata__`:{`note`:`");
  g_autofree char *path = NULL;
  GError *error = NULL;
  GenreSafetensors *file;

  for (guint i = 0; i < 200000; i++)
    g_string_append (header, "abc\\n");
  g_string_append (header, "`}}");
  path = fixture_write_safetensors ("long-string", header->str, NULL, 0);
  file = fixture_load_safetensors (path, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (
      strlen (genre_safetensors_get_metadata (file, "note")), ==, 200000 * 4);
  genre_safetensors_free (file);
}

static void
test_missing_file (void)
{
  g_autofree char *path = fixture_path ("missing.safetensors");
  g_autofree char *file = fixture_write ("file", "", 0);
  g_autofree char *below = g_build_filename (file, "below", NULL);
  GError *error = NULL;
  GenreSafetensors *result;

  result = fixture_load_safetensors (path, &error);
  fixture_assert_refused (
      result, error, GENRE_ERROR_NOT_FOUND, path, "No such file");
  error = NULL;
  result = fixture_load_safetensors (below, &error);
  fixture_assert_refused (
      result, error, GENRE_ERROR_NOT_FOUND, below, "directory");
}

/* Its tensors are read when they are asked for. */
static void
test_cut_meanwhile (void)
{
  const gsize shape[] = { 2 };
  g_autofree char *path = fixture_write_safetensors (
      "cut-meanwhile", SHAPE ("[2]"), NULL, 8);
  GError *error = NULL;
  GenreSafetensors *file = fixture_load_safetensors (path, &error);
  GStatBuf info;
  float *values;

  g_assert_no_error (error);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (truncate (path, info.st_size - 4), ==, 0);
  values = genre_safetensors_dup_tensor (file, "a", shape, 1, &error);
  fixture_assert_refused (values, error, GENRE_ERROR_READ, "", "ended early");
  genre_safetensors_free (file);
}

static void
test_directory (void)
{
  g_autofree char *path = fixture_path ("directory");
  GError *error = NULL;
  GenreSafetensors *result;

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  result = fixture_load_safetensors (path, &error);
  fixture_assert_refused (
      result, error, GENRE_ERROR_READ, path, "not a regular file");
}

/* Opening a FIFO waits for its writer, and there is none. */
static void
test_fifo (void)
{
  g_autofree char *path = fixture_path ("fifo");
  GError *error = NULL;
  GenreSafetensors *result;

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  alarm (10);
  result = fixture_load_safetensors (path, &error);
  fixture_assert_refused (
      result, error, GENRE_ERROR_READ, path, "not a regular file");
  alarm (0);
}

static void
test_huge_file (void)
{
  g_autofree char *path = fixture_write ("huge", "\2\0\0\0\0\0\0\0{}", 10);
  GError *error = NULL;
  GenreSafetensors *result;

  /* sparse: takes no room */
  g_assert_cmpint (truncate (path, (off_t) 1 << 40), ==, 0);
  result = fixture_load_safetensors (path, &error);
  fixture_assert_refused (
      result, error, GENRE_ERROR_FORMAT, path, "1099511627776 bytes");
}

#define ADD_CASES(group, table, test)                                          \
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++) {                           \
    g_autofree char *name = g_strconcat (                                      \
        "/safetensors/" group "/", table[i].name, NULL);                       \
                                                                               \
    g_test_add_data_func (name, GSIZE_TO_POINTER (i), test);                   \
  }

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/safetensors/sound", test_sound);
  g_test_add_func ("/safetensors/no-metadata", test_no_metadata);
  g_test_add_func ("/safetensors/long-string", test_long_string);
  g_test_add_func ("/safetensors/file/missing", test_missing_file);
  g_test_add_func ("/safetensors/file/cut-meanwhile", test_cut_meanwhile);
  g_test_add_func ("/safetensors/file/directory", test_directory);
  g_test_add_func ("/safetensors/file/fifo", test_fifo);
  g_test_add_func ("/safetensors/file/huge", test_huge_file);
  ADD_CASES ("start", starts, test_start);
  ADD_CASES ("header", headers, test_header);
  ADD_CASES ("tensor", tensors, test_tensor);
  ADD_CASES ("nest", nests, test_nest);
  return fixture_run ();
}
