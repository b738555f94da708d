/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Sound safetensors files whose model cannot be run as it says, damage of the
 * file that ships, and the sharing of what was loaded. */

#include "genre/genre.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

#define N_LENGTHS 64
#define N_FLIPS 500

/* the end of a list of layers that gives two probabilities */
#define ENDING                                                                 \
  "{`type`:`mean`},{`type`:`dense`,`name`:`dense`,`units`:2},"                 \
  "{`type`:`softmax`}]"
#define CONV "{`type`:`conv2d`,`name`:`conv`,`channels`:2},"
#define NORM "{`type`:`batch_norm`,`name`:`norm`,`epsilon`:1e-5},"
#define DENSE(units)                                                           \
  "[{`type`:`mean`},{`type`:`dense`,`name`:`dense`,`units`:" units             \
  "},{`type`:`softmax`}]"
#define SOFTMAX(temperature)                                                   \
  "[{`type`:`mean`},{`type`:`dense`,`name`:`dense`,`units`:2},"                \
  "{`type`:`softmax`,`temperature`:" temperature "}]"
#define POOL(bands, frames)                                                    \
  "[{`type`:`max_pool`,`bands`:" bands ",`frames`:" frames "}," ENDING
/* another head, whose labels and layers are those inside the lists */
#define HEAD(name, labels, layers)                                             \
  "{`name`:`" name "`,`labels`:[" labels "],`layers`:[" layers "]}"
#define MOODS "`happy`,`sad`,`angry`"
#define MOODS_LAYERS                                                           \
  "{`type`:`dense`,`name`:`moods`,`units`:3},{`type`:`sigmoid`}"
#define WIDE "{`type`:`conv2d`,`name`:`wide`,`channels`:256}"
#define FRONTEND(n_fft, more)                                                  \
  "{`sample_rate`:22050,`n_fft`:" n_fft ","                                    \
  "`hop_length`:512,`n_mels`:128,`f_min`:0,`f_max`:11025,`frames`:387,"        \
  "`duration`:30" more "}"

static const struct
{
  const char *name;
  const char *key, *value; /* metadata; NULL: left out */
  const char *word;        /* in the error */
} faults[] = {
  { "no-format", "format", NULL, "\"format\" is missing" },
  { "format", "format", "genreclassify-2", "expected genreclassify-1" },
  { "no-name", "name", NULL, "\"name\" is missing" },
  { "no-version", "version", NULL, "\"version\" is missing" },
  { "name-moves", "name", "a\033[2Jb", "\"name\" has characters" },
  { "version-turns", "version", "1\u202e2", "\"version\" has characters" },

  { "no-frontend", "frontend", NULL, "\"frontend\" is missing" },
  { "frontend-not-json", "frontend", "{", "not JSON" },
  { "frontend-list", "frontend", "[]", "not an object" },
  { "frontend-empty", "frontend", "{}", "\"sample_rate\"" },
  { "frontend-other", "frontend", FRONTEND ("4096", ",`top_db`:80"),
      "n_fft 4096, but this front end has 2048" },
  { "frontend-word", "frontend", FRONTEND ("`2048`", ",`top_db`:80"),
      "no number \"n_fft\"" },
  { "frontend-less", "frontend", FRONTEND ("2048", ""),
      "no number \"top_db\"" },
  { "frontend-more", "frontend", FRONTEND ("2048", ",`top_db`:80,`norm`:1"),
      "unknown member \"norm\"" },
  { "frontend-twice", "frontend", FRONTEND ("2048", ",`top_db`:80,`top_db`:80"),
      "\"top_db\" twice" },

  { "no-labels", "labels", NULL, "\"labels\" is missing" },
  { "labels-not-json", "labels", "quiet", "not JSON" },
  { "labels-object", "labels", "{}", "not a list" },
  { "labels-none", "labels", "[]", "0 labels" },
  { "labels-number", "labels", "[`quiet`,2]", "label 2 is not a word" },
  { "labels-empty", "labels", "[``,`loud`]", "label 1 is not a word" },
  { "labels-escape", "labels", "[`quiet`,`\\u001b[31m`]",
      "label 2 is not a word" },
  { "labels-same", "labels", "[`loud`,`loud`]", "\"loud\" stands there twice" },
  { "labels-less", "labels", "[`quiet`]", "gives [2][1] values" },
  { "labels-more", "labels", "[`a`,`b`,`c`]", "expected [3][1]" },

  { "no-layers", "layers", NULL, "\"layers\" is missing" },
  { "layers-not-json", "layers", "[{]", "not JSON" },
  { "layers-object", "layers", "{}", "not a list" },
  { "layers-none", "layers", "[]", "0 layers" },
  { "layers-nested", "layers", "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]",
      "nested deeper" },
  { "layer-word", "layers", "[`mean`," ENDING, "layer 1 is not an object" },
  { "layer-null", "layers", "[null," ENDING, "layer 1 is not an object" },
  { "layer-more", "layers", "[{`type`:`mean`,`stride`:2}," ENDING,
      "unknown member \"stride\"" },
  { "layer-others", "layers", "[{`type`:`mean`,`frames`:2}," ENDING,
      "unknown member \"frames\"" },
  { "layer-no-type", "layers", "[{`name`:`a`}," ENDING, "\"type\"" },
  { "layer-type-number", "layers", "[{`type`:1}," ENDING, "\"type\"" },
  { "layer-unknown", "layers", "[{`type`:`attention`}," ENDING,
      "layer 1 (attention): there is no such type" },
  { "layer-no-name", "layers", "[{`type`:`gru`,`hidden`:2}," ENDING,
      "layer 1 (gru): it has no name" },

  { "norm-first", "layers", "[" NORM ENDING,
      "norm.weight has the shape [2], expected [1]" },
  { "mfcc-no-coefficients", "layers", "[{`type`:`mfcc`}," ENDING,
      "layer 1 (mfcc): it needs \"coefficients\"" },
  { "mfcc-more-than-bands", "layers",
      "[{`type`:`mfcc`,`coefficients`:129}," ENDING,
      "129 coefficients, expected at most one for each of 128 bands" },
  { "mfcc-after-conv", "layers",
      "[" CONV "{`type`:`mfcc`,`coefficients`:2}," ENDING,
      "layer 2 (mfcc): it follows 2 channels" },
  { "temperature-0", "layers", SOFTMAX ("0"), "temperature is 0, expected" },
  { "temperature-negative", "layers", SOFTMAX ("-1"), "temperature is -1" },
  { "temperature-huge", "layers", SOFTMAX ("1e9"), "temperature is 1e+09" },
  { "temperature-word", "layers", SOFTMAX ("`1`"),
      "layer 3 (softmax): it needs \"temperature\", a number" },
  { "share-nothing", "layers",
      "[{`type`:`mean`},{`type`:`dense`,`name`:`dense`,`units`:2},"
      "{`type`:`softmax`},{`type`:`share_other`},{`type`:`share_other`}]",
      "layer 5 (share_other): it leaves nothing" },
  { "share-too-few", "layers",
      "[{`type`:`mean`},{`type`:`dense`,`name`:`dense`,`units`:2},"
      "{`type`:`softmax`},{`type`:`share_other`}]",
      "gives [1][1] values" },
  { "norm-no-epsilon", "layers",
      "[" CONV "{`type`:`batch_norm`,`name`:`norm`}," ENDING, "\"epsilon\"" },
  { "norm-infinite-epsilon", "layers",
      "[" CONV "{`type`:`batch_norm`,`name`:`norm`,`epsilon`:1e999}," ENDING,
      "\"epsilon\"" },
  { "norm-negative-variance", "layers",
      "[" CONV "{`type`:`batch_norm`,`name`:`flat`,`epsilon`:1e-5}," ENDING,
      "flat.running_var[0] is -1" },
  { "norm-negative-epsilon", "layers",
      "[" CONV "{`type`:`batch_norm`,`name`:`norm`,`epsilon`:-1}," ENDING,
      "running_var[0]" },

  { "no-tensor", "layers", "[{`type`:`gru`,`name`:`gru`,`hidden`:2}," ENDING,
      "no tensor gru.weight_ih_l0" },
  { "other-shape", "layers", "[" CONV ENDING,
      "dense.weight has the shape [2][128], expected [2][256]" },
  { "gives-no-one-frame", "layers",
      "[{`type`:`dense`,`name`:`dense`,`units`:2},{`type`:`softmax`}]",
      "gives [2][387] values" },
  { "no-softmax", "layers",
      "[{`type`:`mean`},{`type`:`dense`,`name`:`dense`,`units`:2}]",
      "not a list of probabilities" },
  { "overflow", "layers",
      "[{`type`:`mean`},{`type`:`dense`,`name`:`huge`,`units`:2},"
      "{`type`:`softmax`}]",
      "not a list of probabilities" },

  { "no-units", "layers",
      "[{`type`:`mean`},{`type`:`dense`,`name`:`dense`},{`type`:`softmax`}]",
      "layer 2 (dense): it needs \"units\"" },
  { "units-0", "layers", DENSE ("0"), "1 to 65536" },
  { "units-negative", "layers", DENSE ("-2"), "1 to 65536" },
  { "units-far-negative", "layers", DENSE ("-18446744073709551614"), "" },
  { "units-65537", "layers", DENSE ("65537"), "1 to 65536" },
  { "units-2^63", "layers", DENSE ("9223372036854775808"), "1 to 65536" },
  { "units-fraction", "layers", DENSE ("2.5"), "1 to 65536" },
  { "units-word", "layers", DENSE ("`2`"), "1 to 65536" },
  { "units-other", "layers", DENSE ("3"), "expected [3][128]" },
  { "channels-0", "layers",
      "[{`type`:`conv2d`,`name`:`conv`,`channels`:0}," ENDING, "\"channels\"" },
  { "hidden-0", "layers", "[{`type`:`lstm`,`name`:`l`,`hidden`:0}," ENDING,
      "\"hidden\"" },
  { "pool-0", "layers", POOL ("0", "1"), "\"bands\"" },
  { "pool-no-frames", "layers", "[{`type`:`max_pool`,`bands`:2}," ENDING,
      "\"frames\"" },
  { "pool-leaves-no-band", "layers", POOL ("129", "1"),
      "leaves nothing of its input [1][128]" },
  { "pool-leaves-no-frame", "layers", POOL ("1", "65536"), "leaves nothing" },
  { "conv-pool-leaves-no-band", "layers",
      "[" CONV "{`type`:`max_pool`,`bands`:129,`frames`:1}," ENDING,
      "leaves nothing" },
  { "pool-needs-17s", "layers", POOL ("1", "220"), "more than 129 frames" },
  { "heads-not-json", "heads", "[", "not JSON" },
  { "heads-object", "heads", "{}", "\"heads\" is not a list" },
  { "heads-number", "heads", "[1]", "head 1: it is not an object" },
  { "heads-no-name", "heads", "[{`labels`:[`a`],`layers`:[]}]",
      "head 1: it is not an object with a \"name\"" },
  { "heads-genre", "heads", "[" HEAD ("genre", MOODS, MOODS_LAYERS) "]",
      "head 1: another one is called \"genre\"" },
  { "heads-twice", "heads",
      "[" HEAD ("m", MOODS, MOODS_LAYERS) "," HEAD (
          "m", MOODS, MOODS_LAYERS) "]",
      "head 2: another one is called \"m\"" },
  { "heads-no-labels", "heads", "[{`name`:`m`,`layers`:[]}]",
      "head 1: \"labels\" is not a list" },
  { "heads-same-labels", "heads",
      "[" HEAD ("m", "`a`,`b`,`a`", MOODS_LAYERS) "]",
      "\"a\" stands there twice" },
  { "heads-less-labels", "heads", "[" HEAD ("m", "`a`", MOODS_LAYERS) "]",
      "the head \"m\" gives 3 values, expected 1" },
  { "heads-no-layers", "heads", "[{`name`:`m`,`labels`:[`a`]}]",
      "head 1: it has no list of \"layers\"" },
  { "heads-none-layers", "heads", "[" HEAD ("m", MOODS, "") "]",
      "head 1: 0 layers" },
  { "heads-layer", "heads", "[" HEAD ("m", MOODS, "{`type`:`x`}") "]",
      "head 1: layer 1 (x): there is no such type" },
  { "heads-tensor", "heads",
      "[" HEAD ("m", MOODS, "{`type`:`dense`,`name`:`n`,`units`:3}") "]",
      "no tensor n.weight" },
  { "heads-no-activation", "heads",
      "[" HEAD ("m", MOODS, "{`type`:`dense`,`name`:`moods`,`units`:3}") "]",
      "not a list of probabilities" },
  { "heads-overflow", "heads",
      "[" HEAD ("m", "`a`,`b`",
          "{`type`:`dense`,`name`:`huge`,`units`:2},{`type`:`softmax`}") "]",
      "output for \"m\" is not a list of probabilities" },
  { "heads-pool", "heads",
      "[" HEAD ("m", MOODS, "{`type`:`max_pool`,`bands`:1,`frames`:2}") "]",
      "head 1: layer 1 (max_pool): it leaves nothing" },
  { "embedding-object", "embedding", "{}", "\"embedding\" is not a list" },
  { "embedding-none", "embedding", "[]", "\"embedding\": 0 layers" },
  { "embedding-tensor", "embedding", "[{`type`:`dense`,`name`:`n`,`units`:3}]",
      "\"embedding\": layer 1 (dense): there is no tensor n.weight" },
  { "embedding-long", "embedding",
      "[{`type`:`conv2d`,`name`:`wide`,`channels`:256}]",
      "\"embedding\": 32768 values, expected at most 4096" },
  { "embedding-overflow", "embedding",
      "[{`type`:`dense`,`name`:`huge`,`units`:2}]", "embedding overflows" },
  { "tensor-twice", "heads",
      "[" HEAD ("m", "`a`", WIDE) "," HEAD ("n", "`a`", WIDE) "]",
      "head 2: layer 1 (conv2d): the layers have more parameters than the file" },
  { "many-features", "layers",
      "[{`type`:`mean`},{`type`:`conv2d`,`name`:`wide`,`channels`:256}," ENDING,
      "layer 3 gives 32768 features, expected at most 4096" },
  { "too-large", "layers",
      "[{`type`:`conv2d`,`name`:`wide`,`channels`:256}," ENDING,
      "output is too large: [256][128]" },
};

static void
test_fault (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autofree char *path = fixture_write_model (
      faults[i].name, faults[i].key, faults[i].value);
  GError *error = NULL;
  GenreModel *model = genre_model_load (path, &error);

  fixture_assert_refused (
      model, error, GENRE_ERROR_FORMAT, path, faults[i].word);
  genre_model_unref (model);
}

static void
test_too_many (const char *key, const char *first, const char *more,
    guint n_more, const char *last, const char *word)
{
  g_autoptr (GString) value = g_string_new (first);
  g_autofree char *path = NULL;
  GError *error = NULL;
  GenreModel *model;

  for (guint i = 0; i < n_more; i++)
    g_string_append_printf (value, more, i);
  g_string_append (value, last);
  path = fixture_write_model ("too-many", key, value->str);
  model = genre_model_load (path, &error);
  fixture_assert_refused (model, error, GENRE_ERROR_FORMAT, path, word);
  genre_model_unref (model);
}

static void
test_too_many_layers (void)
{
  test_too_many ("layers", "[", "{`type`:`relu`,`i`:%u},", 254, ENDING,
      "257 layers, expected 1 to 256");
}

static void
test_too_many_labels (void)
{
  test_too_many ("labels", "[", "`%u`,", 1024, "`last`]",
      "1025 labels, expected 1 to 1024");
}

static void
test_too_many_heads (void)
{
  test_too_many ("heads", "[", HEAD ("%u", MOODS, MOODS_LAYERS) ",", 8,
      HEAD ("last", MOODS, MOODS_LAYERS) "]", "9 heads, expected at most 8");
}

static void
test_missing_file (void)
{
  g_autofree char *path = fixture_path ("missing");
  GError *error = NULL;
  GenreModel *model = genre_model_load (path, &error);

  fixture_assert_refused (
      model, error, GENRE_ERROR_NOT_FOUND, path, "No such file");
}

/* The small model that the faults are made in is itself sound. */
static void
test_small (void)
{
  g_autofree char *path = fixture_write_model ("small", NULL, NULL);
  GError *error = NULL;
  GenreModel *model = genre_model_load (path, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (genre_model_get_name (model), ==, "small");
  g_assert_cmpstr (genre_model_get_version (model), ==, "7");
  g_assert_cmpuint (genre_model_get_n_labels (model), ==, 2);
  g_assert_cmpstr (genre_model_get_label (model, 0), ==, "quiet");
  g_assert_cmpstr (genre_model_get_label (model, 1), ==, "loud");
  g_assert_cmpuint (genre_model_get_n_parameters (model), ==, 2 * 128 + 2);
  g_assert_cmpuint (
      genre_mel_column_at (genre_model_get_min_window (model)), ==, 1);
  genre_model_unref (model);
}

/* What @model says of columns of three bands, at different levels. */
static GenrePrediction *
analyse (GenreModel *model)
{
  g_autoptr (GenreClassifier)
      classifier = genre_classifier_new (model, 22050, NULL, NULL);
  g_autoptr (GenreSegment) segment = NULL;
  g_autofree float *samples = g_new (float, 22050 * 6);
  GenrePrediction *prediction;

  for (guint i = 0; i < 22050 * 6; i++)
    samples[i] = sinf (i * 0.05f) + sinf (i * 0.3f) / 8 + sinf (i * 1.1f) / 64;
  genre_classifier_push (classifier, GENRE_SAMPLE_F32, 1, samples, 22050 * 6);
  genre_classifier_finish (classifier);
  segment = genre_classifier_take_segment (classifier);
  prediction = genre_classifier_analyse (classifier, segment, NULL);
  g_assert_nonnull (prediction);
  return prediction;
}

/* What @model says, whose genres are those of @alone, which has nothing else. */
static GenrePrediction *
analyse_beside (GenreModel *alone, GenreModel *model)
{
  g_autoptr (GenrePrediction) expected = analyse (alone);
  GenrePrediction *prediction = analyse (model);
  gsize n, n_expected;
  const float *values = genre_prediction_get_values (expected, 0, &n_expected);

  g_assert_cmpmem (genre_prediction_get_values (prediction, 0, &n), n * 4,
      values, n_expected * 4);
  g_assert_cmpuint (n, ==, 2);
  return prediction;
}

/* Another head answers beside the genres, and leaves their answer as it was. */
static void
test_heads (void)
{
  g_autofree char *one = fixture_write_model ("one", NULL, NULL);
  g_autofree char *two = fixture_write_model (
      "two", "heads", "[" HEAD ("moods", MOODS, MOODS_LAYERS) "]");
  g_autoptr (GError) error = NULL;
  g_autoptr (GenreModel) alone = genre_model_load (one, &error);
  g_autoptr (GenreModel) model = genre_model_load (two, &error);
  g_autoptr (GenrePrediction) prediction = NULL;
  const float *values, *embedding;
  double square = 0, row = 0, length = 0;
  gsize n;

  g_assert_no_error (error);
  g_assert_cmpuint (genre_model_get_n_heads (alone), ==, 1);
  g_assert_cmpuint (genre_model_get_n_heads (model), ==, 2);
  g_assert_cmpstr (genre_model_get_head_name (model, 0), ==, "genre");
  g_assert_cmpstr (genre_model_get_head_labels (model, 0)[1], ==, "loud");
  g_assert_true (genre_model_is_head_exclusive (model, 0));
  g_assert_cmpstr (genre_model_get_head_name (model, 1), ==, "moods");
  g_assert_cmpstr (genre_model_get_head_labels (model, 1)[2], ==, "angry");
  g_assert_null (genre_model_get_head_labels (model, 1)[3]);
  g_assert_false (genre_model_is_head_exclusive (model, 1));
  g_assert_cmpuint (genre_model_get_n_parameters (model), ==,
      genre_model_get_n_parameters (alone) + 3 * 128 + 3);

  prediction = analyse_beside (alone, model);
  values = genre_prediction_get_values (prediction, 1, &n);
  g_assert_cmpuint (n, ==, 3);
  embedding = genre_prediction_get_embedding (prediction, &n);
  g_assert_cmpuint (n, ==, 128);
  for (guint i = 0; i < n; i++)
    square += embedding[i] * embedding[i];
  g_assert_cmpfloat_with_epsilon (square, 1, 1e-5);
  /* the rows of moods.weight are alike, so that without the bias all values are what
   * one row makes of the features, which the embedding is a multiple of */
  for (guint band = 0; band < 128; band++)
    row += embedding[band] * (band % 2 ? -0.02 : 0.01);
  for (guint i = 0; i < 3; i++) {
    double logit = log (values[i] / (1 - values[i])) - (i % 2 ? -0.5 : 0.5);

    if (i == 0)
      length = logit / row;
    g_assert_cmpfloat_with_epsilon (logit, length * row, 1e-5);
  }
  g_assert_cmpfloat (length, >, 1);
}

/* What makes the embedding changes nothing else; it is as long as its last layer is
 * wide, and of length 1 as a vector. */
static void
test_embedding (void)
{
  g_autofree char *without = fixture_write_model ("without", NULL, NULL);
  g_autofree char *with = fixture_write_model (
      "with", "embedding", "[{`type`:`dense`,`name`:`moods`,`units`:3}]");
  g_autoptr (GError) error = NULL;
  g_autoptr (GenreModel) alone = genre_model_load (without, &error);
  g_autoptr (GenreModel) model = genre_model_load (with, &error);
  g_autoptr (GenrePrediction) prediction = NULL;
  const float *values;
  gsize n;

  g_assert_no_error (error);
  g_assert_cmpuint (genre_model_get_embedding_size (alone), ==, 128);
  g_assert_cmpuint (genre_model_get_embedding_size (model), ==, 3);
  g_assert_cmpuint (genre_model_get_n_heads (model), ==, 1);
  g_assert_cmpuint (genre_model_get_n_parameters (model), ==,
      genre_model_get_n_parameters (alone) + 3 * 128 + 3);
  prediction = analyse_beside (alone, model);
  values = genre_prediction_get_embedding (prediction, &n);
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpfloat_with_epsilon (
      values[0] * values[0] + values[1] * values[1] + values[2] * values[2], 1,
      1e-5);
  /* by the biases of moods, whose rows are alike */
  g_assert_cmpfloat_with_epsilon (values[0], values[2], 1e-6);
  g_assert_cmpfloat (values[0], >, values[1]);
}

static void
test_min_columns (void)
{
  g_autofree char *path = fixture_write_model (
      "pooled", "layers", POOL ("1", "7"));
  GError *error = NULL;
  GenreModel *model = genre_model_load (path, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (
      genre_mel_column_at (genre_model_get_min_window (model)), ==, 7);
  genre_model_unref (model);
}

/* One file in use is one model, under whatever path. */
static void
test_shared (void)
{
  g_autofree char *path = fixture_write_model ("shared", NULL, NULL);
  g_autofree char *other = fixture_write_model ("other", NULL, NULL);
  g_autofree char *link_path = fixture_path ("link");
  GenreModel *first = genre_model_load (path, NULL);
  GenreModel *second = genre_model_load (path, NULL);
  GenreModel *third, *linked;

  g_assert_nonnull (first);
  g_assert_true (first == second);
  g_assert_cmpint (symlink (path, link_path), ==, 0);
  linked = genre_model_load (link_path, NULL);
  g_assert_true (first == linked);
  third = genre_model_load (other, NULL);
  g_assert_nonnull (third);
  g_assert_true (first != third);
  genre_model_unref (first);
  genre_model_unref (linked);
  genre_model_unref (third);

  /* still whole after two of its three references went */
  g_assert_cmpstr (genre_model_get_label (second, 1), ==, "loud");
  g_assert_true (genre_model_ref (second) == second);
  genre_model_unref (second);
  genre_model_unref (second);

  first = genre_model_load (path, NULL);
  g_assert_nonnull (first);
  g_assert_cmpstr (genre_model_get_label (first, 1), ==, "loud");
  genre_model_unref (first);
}

/* A file that was replaced while its model is in use is another model. */
static void
test_replaced (void)
{
  g_autofree char *path = fixture_write_model ("replaced", NULL, NULL);
  GenreModel *old = genre_model_load (path, NULL), *new;

  g_free (fixture_write_model ("replaced", "version", "8-longer"));
  new = genre_model_load (path, NULL);
  g_assert_nonnull (new);
  g_assert_cmpstr (genre_model_get_version (old), ==, "7");
  g_assert_cmpstr (genre_model_get_version (new), ==, "8-longer");
  genre_model_unref (old);
  genre_model_unref (new);
}

static gpointer
load_and_unref (gpointer path)
{
  for (guint i = 0; i < 50; i++) {
    GenreModel *model = genre_model_load (path, NULL);

    g_assert_nonnull (model);
    g_assert_cmpstr (genre_model_get_label (model, 0), ==, "quiet");
    genre_model_unref (model);
  }
  return NULL;
}

static void
test_threads (void)
{
  g_autofree char *path = fixture_write_model ("threads", NULL, NULL);
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new (NULL, load_and_unref, path);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

/* A copy of the model that ships, to be damaged; gives its bytes too. */
static char *
copy_shipped (char **bytes, gsize *n_bytes)
{
  g_autofree char *shipped = fixture_shipped_model ();
  g_autoptr (GError) error = NULL;

  if (!g_file_get_contents (shipped, bytes, n_bytes, &error))
    g_error ("%s", error->message);
  return fixture_write ("damaged", *bytes, *n_bytes);
}

static gsize
header_length (const char *bytes)
{
  guint64 length;

  memcpy (&length, bytes, 8);
  return GUINT64_FROM_LE (length);
}

/* Half of the lengths in the header or at its ends, half anywhere. */
static void
test_truncated (void)
{
  g_autofree char *bytes = NULL;
  gsize n_bytes;
  g_autofree char *path = copy_shipped (&bytes, &n_bytes);
  gsize header = 8 + header_length (bytes);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  gsize lengths[N_LENGTHS] = { 0, 1, 7, 8, 9, header - 1, header, header + 1,
    n_bytes - 4, n_bytes - 1 };

  for (guint i = 10; i < N_LENGTHS; i++)
    lengths[i] = i % 2 ? g_rand_int_range (rand, 0, header)
                       : g_rand_int_range (rand, header, n_bytes);
  for (guint i = 0; i < N_LENGTHS; i++) {
    g_autofree char *written = fixture_write ("damaged", bytes, lengths[i]);
    GError *error = NULL;
    GenreModel *model = genre_model_load (path, &error);

    fixture_assert_refused (model, error, GENRE_ERROR_FORMAT, path, "");
    genre_model_unref (model);
  }
}

/* Not every flip makes a bad file: it may hit the model's name. */
static void
test_flipped (void)
{
  g_autofree char *bytes = NULL;
  gsize n_bytes;
  g_autofree char *path = copy_shipped (&bytes, &n_bytes);
  gsize header = 8 + header_length (bytes);
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);
  guint n_refused = 0;
  int fd = open (path, O_WRONLY | O_CLOEXEC);

  for (guint i = 0; i < N_FLIPS; i++) {
    gsize place = g_rand_int_range (rand, 0, header);
    char flipped = bytes[place] ^ g_rand_int_range (rand, 1, 256);
    GError *error = NULL;
    GenreModel *model;

    g_assert_cmpint (pwrite (fd, &flipped, 1, place), ==, 1);
    model = genre_model_load (path, &error);
    if (model) {
      g_assert_no_error (error);
      g_assert_cmpuint (genre_model_get_n_labels (model), >, 0);
      genre_model_unref (model);
    } else {
      fixture_assert_refused (model, error, GENRE_ERROR_FORMAT, path, "");
      n_refused++;
    }
    g_assert_cmpint (pwrite (fd, bytes + place, 1, place), ==, 1);
  }
  close (fd);
  g_test_message ("%u of %u refused", n_refused, N_FLIPS);
  g_assert_cmpuint (n_refused, >, N_FLIPS / 2);
}

/* Kernels that there are not: a clear refusal, not others in silence. */
static void
test_unknown_kernels (void)
{
  const char *variable = "GENRECLASSIFY_KERNELS";
  g_autofree char *before = g_strdup (g_getenv (variable));
  g_autofree char *path = fixture_write_model ("kernels", NULL, NULL);
  g_autoptr (GError) error = NULL;
  GenreModel *model;

  g_setenv (variable, "abacus", TRUE);
  model = genre_model_load (path, &error);
  g_assert_null (model);
  g_assert_error (error, GENRE_ERROR, GENRE_ERROR_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "abacus"));
  g_assert_nonnull (strstr (error->message, "generic, plain"));
  g_clear_error (&error);
  g_assert_null (genre_get_kernels (&error));
  g_assert_error (error, GENRE_ERROR, GENRE_ERROR_ARGUMENT);
  g_setenv (variable, "generic", TRUE);
  g_assert_cmpstr (genre_get_kernels (NULL), ==, "generic");
  if (before)
    g_setenv (variable, before, TRUE);
  else
    g_unsetenv (variable);
}

/* A model from memory is what it is from its file, but shared with no other. */
static void
test_bytes (void)
{
  g_autofree char *path = fixture_write_model ("bytes", NULL, NULL);
  g_autofree char *content = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GenreModel) first = NULL;
  g_autoptr (GenreModel) second = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &content, &length, NULL));
  bytes = g_bytes_new (content, length);
  first = genre_model_load_bytes (bytes, "memory", &error);
  g_assert_no_error (error);
  second = genre_model_load_bytes (bytes, "memory", &error);
  g_assert_true (first && second && first != second);
  g_assert_cmpstr (genre_model_get_labels (first)[1], ==, "loud");
  g_assert_null (genre_model_get_labels (first)[2]);
  g_assert_cmpstr (genre_model_get_metadata (first, "version"), ==, "7");
  g_assert_nonnull (
      strstr (genre_model_get_metadata (first, "layers"), "dense"));
  g_assert_null (genre_model_get_metadata (first, "figures"));

  g_clear_pointer (&bytes, g_bytes_unref);
  bytes = g_bytes_new (content, length - 1);
  g_assert_null (genre_model_load_bytes (bytes, "memory", &error));
  g_assert_error (error, GENRE_ERROR, GENRE_ERROR_FORMAT);
  g_assert_true (error && g_str_has_prefix (error->message, "memory: "));
}

/* By name, by path, and the default. */
static void
test_find (void)
{
  g_autofree char *path = fixture_write_model ("here.safetensors", NULL, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *by_name = NULL;
  g_auto (GStrv) names = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GenreModel) model = NULL;

  g_setenv ("GENRECLASSIFY_MODELS", folder, TRUE);
  by_name = genre_model_find ("here", &error);
  g_assert_cmpstr (by_name, ==, path);
  names = genre_model_list (&error);
  g_assert_no_error (error);
  g_assert_true (
      names && g_strv_contains ((const char *const *) names, "here"));
  model = genre_model_load ("here", &error);
  g_assert_no_error (error);
  g_assert_nonnull (model);

  g_assert_null (genre_model_load ("nowhere", &error));
  g_assert_error (error, GENRE_ERROR, GENRE_ERROR_NOT_FOUND);
  g_assert_true (error && strstr (error->message, "here") &&
      strstr (error->message, folder));
  g_clear_error (&error);
  /* the default, which this folder does not have */
  g_assert_null (genre_model_load (NULL, &error));
  g_assert_error (error, GENRE_ERROR, GENRE_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_setenv ("GENRECLASSIFY_MODELS", "/nowhere", TRUE);
  g_assert_null (genre_model_list (&error));
  g_assert_error (error, GENRE_ERROR, GENRE_ERROR_NOT_FOUND);
  g_unsetenv ("GENRECLASSIFY_MODELS");
}

/* The user's own models come first, and those that ship are not missed. */
static void
test_own_folder (void)
{
  g_autofree char *parent = fixture_path ("genreclassify");
  g_autofree char *own = fixture_path ("genreclassify/models");
  g_autofree char *path = fixture_path (
      "genreclassify/models/crnn.safetensors");
  g_autofree char *found = NULL;
  g_auto (GStrv) folders = genre_model_get_folders (), names = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (g_strv_length (folders), ==, 2);
  g_assert_cmpstr (folders[0], ==, own);
  g_assert_cmpint (g_mkdir_with_parents (own, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, "x", 1, NULL));
  found = genre_model_find (NULL, &error);
  g_assert_cmpstr (found, ==, path);
  names = genre_model_list (&error);
  g_assert_no_error (error);
  g_assert_true (
      names && g_strv_contains ((const char *const *) names, "crnn"));
  g_assert_null (genre_model_load ("yours", &error));
  g_assert_error (error, GENRE_ERROR, GENRE_ERROR_NOT_FOUND);
  g_assert_true (error && strstr (error->message, own) &&
      strstr (error->message, folders[1]));
  g_assert_cmpint (g_remove (path) + g_rmdir (own) + g_rmdir (parent), ==, 0);
}

/* A name that was offered needs no file. */
static void
test_offer (void)
{
  g_autofree char *path = fixture_write_model ("offered", NULL, NULL);
  g_autoptr (GenreModel) model = genre_model_load (path, NULL);
  g_autoptr (GenreModel) found = NULL, by_path = NULL;

  g_assert_null (genre_model_load ("lent", NULL));
  genre_model_offer (model, "lent");
  found = genre_model_load ("lent", NULL);
  g_assert_true (found == model);
  by_path = genre_model_load ("./lent", NULL);
  g_assert_null (by_path);
}

static gpointer
load_path (gpointer path)
{
  return genre_model_load (path, NULL);
}

/* Many threads load and free one file: each gets the model that is in use. */
static void
test_load_at_once (void)
{
  g_autofree char *path = fixture_write_model ("quick", NULL, NULL);
  GThread *threads[8];

  for (guint i = 0; i < 100; i++) {
    GenreModel *first = NULL;

    for (gsize t = 0; t < G_N_ELEMENTS (threads); t++)
      threads[t] = g_thread_new ("load", load_path, path);
    for (gsize t = 0; t < G_N_ELEMENTS (threads); t++) {
      GenreModel *model = g_thread_join (threads[t]);

      g_assert_nonnull (model);
      /* while one is held, all others are the same */
      if (first)
        g_assert_true (model == first);
      else
        first = genre_model_ref (model);
      genre_model_unref (model);
    }
    genre_model_unref (first);
  }
}

typedef struct
{
  const char *path;
  int code; /* of the error; -1: the model is sound */
} Load;

static gpointer
load_again_and_again (gpointer data)
{
  const Load *load = data;

  for (guint i = 0; i < 20; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GenreModel) model = genre_model_load (load->path, &error);

    if (load->code < 0) {
      g_assert_no_error (error);
      g_assert_cmpstr (genre_model_get_label (model, 1), ==, "loud");
    } else {
      g_assert_null (model);
      g_assert_error (error, GENRE_ERROR, load->code);
    }
  }
  return NULL;
}

/* Loads that fail disturb neither one another nor those that do not, of the same
 * file or of another. */
static void
test_load_faults_at_once (void)
{
  g_autofree char *good = fixture_write_model ("good", NULL, NULL);
  g_autofree char *other = fixture_write_model ("second", NULL, NULL);
  g_autofree char *bad = fixture_write_model ("bad", "format", NULL);
  g_autofree char *worse = fixture_write ("worse", "no model", 8);
  g_autofree char *missing = fixture_path ("missing");
  const Load loads[] = { { bad, GENRE_ERROR_FORMAT },
    { worse, GENRE_ERROR_FORMAT }, { missing, GENRE_ERROR_NOT_FOUND },
    { good, -1 }, { other, -1 } };
  GThread *threads[2 * G_N_ELEMENTS (loads)];

  /* @n at a time: at first only bad files, when the table of loaded models comes
   * and goes with each of them */
  for (gsize n = 1; n <= G_N_ELEMENTS (loads); n++) {
    for (gsize t = 0; t < 2 * n; t++)
      threads[t] = g_thread_new (
          "load", load_again_and_again, (gpointer) &loads[t % n]);
    for (gsize t = 0; t < 2 * n; t++)
      g_thread_join (threads[t]);
  }
}

/* Names of genres as people write them. */
static void
test_labels_match (void)
{
  g_assert_true (genre_labels_match ("hiphop", "Hip-Hop"));
  g_assert_true (genre_labels_match ("R&B", "rb"));
  g_assert_true (genre_labels_match ("", " - "));
  g_assert_false (genre_labels_match ("hiphop", "Hip-Hop/Rap"));
  g_assert_false (genre_labels_match ("rock", "roc"));
  g_assert_false (genre_labels_match ("演歌", "民謡"));
  g_assert_true (genre_labels_match ("Café-jazz", "café Jazz"));
  g_assert_false (genre_labels_match ("pop", "Synthpop"));
}

/* a program that is compiled with this warning may ask for the version, too */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wtype-limits"

/* The library and its header are of one version. */
static void
test_version (void)
{
  guint major, minor, micro;
  g_autofree char *version = NULL;

  genre_version (&major, &minor, &micro);
  version = g_strdup_printf ("%u.%u.%u", major, minor, micro);
  g_assert_cmpstr (version, ==, PROJECT_VERSION);
  g_assert_true (GENRE_CHECK_VERSION (major, minor, micro));
  g_assert_true (GENRE_CHECK_VERSION (major - 1, minor + 1, micro + 1));
  g_assert_false (GENRE_CHECK_VERSION (major, minor, micro + 1));
  g_assert_false (GENRE_CHECK_VERSION (major, minor + 1, 0));
  g_assert_false (GENRE_CHECK_VERSION (major + 1, 0, 0));
}

#pragma GCC diagnostic pop

int
main (int argc, char **argv)
{
  g_autofree char *data = fixture_path ("");

  /* where the user's own models are looked for */
  g_setenv ("XDG_DATA_HOME", data, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/bytes", test_bytes);
  g_test_add_func ("/model/find", test_find);
  g_test_add_func ("/model/load-at-once", test_load_at_once);
  g_test_add_func ("/model/load-faults-at-once", test_load_faults_at_once);
  g_test_add_func ("/model/own-folder", test_own_folder);
  g_test_add_func ("/model/offer", test_offer);
  g_test_add_func ("/model/heads", test_heads);
  g_test_add_func ("/model/embedding", test_embedding);
  g_test_add_func ("/model/labels-match", test_labels_match);
  g_test_add_func ("/model/version", test_version);
  g_test_add_func ("/model/small", test_small);
  g_test_add_func ("/model/min-columns", test_min_columns);
  g_test_add_func ("/model/shared", test_shared);
  g_test_add_func ("/model/replaced", test_replaced);
  g_test_add_func ("/model/threads", test_threads);
  g_test_add_func ("/model/missing-file", test_missing_file);
  g_test_add_func ("/model/unknown-kernels", test_unknown_kernels);
  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++) {
    g_autofree char *name = g_strconcat ("/model/fault/", faults[i].name, NULL);

    g_test_add_data_func (name, GSIZE_TO_POINTER (i), test_fault);
  }
  g_test_add_func ("/model/fault/too-many-layers", test_too_many_layers);
  g_test_add_func ("/model/fault/too-many-labels", test_too_many_labels);
  g_test_add_func ("/model/fault/too-many-heads", test_too_many_heads);
  g_test_add_func ("/model/shipped/truncated", test_truncated);
  g_test_add_func ("/model/shipped/flipped", test_flipped);
  return fixture_run ();
}
