/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Cancelling, and many classifiers at the same time. */

#include "fixture.h"
#include "support.h"

/* What has been cancelled stays so until it is taken back. */
static void
test_cancelled (void)
{
  GenreModel *model = load_model ();
  guint n_labels = genre_model_get_n_labels (model);
  GenreClassifier *classifier = new_classifier (model, 22050, 6 * SECOND, 0, 0);
  GenreSegment *segment = make_segment (classifier, 1);
  g_autofree float *probabilities = g_new (float, n_labels);
  g_autoptr (GError) error = NULL;

  genre_classifier_set_cancelled (classifier, TRUE);
  for (guint i = 0; i < 2; i++) {
    g_assert_false (classify (classifier, segment, probabilities, &error));
    g_assert_error (error, GENRE_ERROR, GENRE_ERROR_CANCELLED);
    g_clear_error (&error);
  }
  genre_classifier_set_cancelled (classifier, FALSE);
  classify (classifier, segment, probabilities, &error);
  g_assert_no_error (error);
  assert_probabilities (probabilities, n_labels);
  genre_segment_unref (segment);
  genre_classifier_unref (classifier);
}

static gpointer
predict_300s (gpointer classifier)
{
  const gsize n = 3870;
  g_autofree float *columns = g_new0 (float, n *GENRE_MEL_BANDS);
  float probabilities[MAX_LABELS];
  GError *error = NULL;

  predict (classifier, columns, n, probabilities, &error);
  return error;
}

/* From another thread, when the run is under way or about to be. */
static void
test_cancel_under_way (void)
{
  GenreClassifier *classifier = new_classifier (
      load_model (), 22050, 300 * SECOND, 0, 0);
  GThread *thread = g_thread_new ("network", predict_300s, classifier);
  g_autoptr (GError) error = NULL;

  g_usleep (20000);
  genre_classifier_set_cancelled (classifier, TRUE);
  error = g_thread_join (thread);
  g_assert_error (error, GENRE_ERROR, GENRE_ERROR_CANCELLED);
  genre_classifier_unref (classifier);
}

#define N_SEGMENTS 4

typedef struct
{
  GenreClassifier *classifier;
  GAsyncQueue *segments;
  float sum; /* of the first label's probabilities */
} Worker;

static gpointer
classify_all (gpointer data)
{
  Worker *worker = data;
  float probabilities[MAX_LABELS];

  for (guint i = 0; i < N_SEGMENTS; i++) {
    GenreSegment *segment = g_async_queue_pop (worker->segments);

    classify (worker->classifier, segment, probabilities, NULL);
    worker->sum += probabilities[0];
    genre_segment_unref (segment);
  }
  return NULL;
}

/* The network in one thread while the front end goes on in another, in more
 * streams than a model has workspaces on a small machine. */
static void
test_threads (void)
{
  Worker workers[5];
  GThread *threads[G_N_ELEMENTS (workers)];
  float alone;

  for (gsize w = 0; w < G_N_ELEMENTS (workers); w++) {
    workers[w].classifier = new_classifier (
        load_model (), 22050, 6 * SECOND, 0, 0);
    workers[w].segments = g_async_queue_new ();
    workers[w].sum = 0;
  }
  for (guint i = 0; i < N_SEGMENTS; i++)
    g_async_queue_push (
        workers[0].segments, make_segment (workers[0].classifier, i));
  classify_all (&workers[0]);
  alone = workers[0].sum;
  workers[0].sum = 0;
  g_assert_cmpfloat (alone, >, 0);

  for (gsize w = 0; w < G_N_ELEMENTS (workers); w++)
    threads[w] = g_thread_new ("network", classify_all, &workers[w]);
  for (guint i = 0; i < N_SEGMENTS; i++)
    for (gsize w = 0; w < G_N_ELEMENTS (workers); w++)
      g_async_queue_push (
          workers[w].segments, make_segment (workers[w].classifier, i));
  for (gsize w = 0; w < G_N_ELEMENTS (workers); w++) {
    g_thread_join (threads[w]);
    g_assert_true (workers[w].sum == alone);
    g_async_queue_unref (workers[w].segments);
    genre_classifier_unref (workers[w].classifier);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/threads/cancelled", test_cancelled);
  g_test_add_func ("/threads/cancel-under-way", test_cancel_under_way);
  g_test_add_func ("/threads/many", test_threads);
  return fixture_run ();
}
