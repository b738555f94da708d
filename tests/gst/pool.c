/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Elements that share the threads in which they classify. */

#include "support.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#define N_ELEMENTS 8
#define N_THREADS 2

/* Sources that are faster than the elements, each with a sound of its own. */
static GstElement *
make_pipeline (GstTaskPool *pool)
{
  GstElement *pipeline = gst_pipeline_new (NULL);

  for (guint i = 0; i < N_ELEMENTS; i++) {
    g_autofree char *text = g_strdup_printf (
        "audiotestsrc num-buffers=400 freq=%u ! audio/x-raw,rate=22050 ! "
        "genreclassify name=g%u window=3000000000 ! fakesink",
        200 + 300 * i, i);
    g_autoptr (GError) error = NULL;
    GstElement *branch = gst_parse_bin_from_description (text, FALSE, &error);
    g_autofree char *name = g_strdup_printf ("g%u", i);
    GstElement *element;

    fail_unless (branch != NULL, "%s", error ? error->message : "");
    element = gst_bin_get_by_name (GST_BIN (branch), name);
    g_object_set (element, "task-pool", pool, NULL);
    gst_object_unref (element);
    gst_bin_add (GST_BIN (pipeline), branch);
  }
  return pipeline;
}

/* The messages of each element until the end, in its order. */
static GString **
run (GstElement *pipeline)
{
  GString **texts = g_new0 (GString *, N_ELEMENTS);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gboolean ended = FALSE;

  for (guint i = 0; i < N_ELEMENTS; i++)
    texts[i] = g_string_new (NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (!ended) {
    GstMessage *message = gst_bus_timed_pop_filtered (bus, 60 * GST_SECOND,
        GST_MESSAGE_EOS | GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR);

    fail_unless (message && GST_MESSAGE_TYPE (message) != GST_MESSAGE_ERROR);
    ended = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
    if (!ended) {
      g_autofree char *text = gst_structure_to_string (
          gst_message_get_structure (message));
      /* the streams' names are drawn by lot */
      char *id = strstr (text, ", stream-id=");

      if (id)
        *id = '\0';
      g_string_append_printf (
          texts[GST_OBJECT_NAME (message->src)[1] - '0'], "%s\n", text);
    }
    gst_message_unref (message);
  }
  return texts;
}

static void
stop (GstElement *pipeline)
{
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

static GstTaskPool *
make_pool (void)
{
  GstTaskPool *pool = gst_shared_task_pool_new ();

  gst_shared_task_pool_set_max_threads (GST_SHARED_TASK_POOL (pool), N_THREADS);
  gst_task_pool_prepare (pool, NULL);
  return pool;
}

/* Threads that elements have of their own. */
static guint
count_threads (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const char *task;
  guint n = 0;

  while ((task = g_dir_read_name (tasks))) {
    g_autofree char *path = g_strdup_printf ("/proc/self/task/%s/comm", task);
    g_autofree char *name = NULL;

    if (g_file_get_contents (path, &name, NULL, NULL))
      n += g_str_has_prefix (name, "genreclassify");
  }
  return n;
}

/* What each element says does not depend on who classifies for it, nor its order. */
GST_START_TEST (test_same_answers)
{
  g_autoptr (GstTaskPool) pool = make_pool ();
  GstElement *own = make_pipeline (NULL), *shared = make_pipeline (pool);
  GString **expected, **found;

  expected = run (own);
  fail_unless_equals_int (count_threads (), N_ELEMENTS);
  stop (own);
  found = run (shared);
  fail_unless_equals_int (count_threads (), 0);
  stop (shared);
  for (guint i = 0; i < N_ELEMENTS; i++) {
    fail_unless (expected[i]->len > 0);
    fail_unless_equals_string (found[i]->str, expected[i]->str);
    g_string_free (expected[i], TRUE);
    g_string_free (found[i], TRUE);
  }
  g_free (expected);
  g_free (found);
  gst_task_pool_cleanup (pool);
}
GST_END_TEST;

/* Stopped while segments wait for their turn: nothing hangs, and nothing of an element
 * that is gone is done later. */
GST_START_TEST (test_stopped_while_waiting)
{
  g_autoptr (GstTaskPool) pool = make_pool ();

  for (guint i = 0; i < 5; i++) {
    GstElement *pipeline = make_pipeline (pool);

    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    g_usleep (20000 * i);
    stop (pipeline);
  }
  gst_task_pool_cleanup (pool);
}
GST_END_TEST;

static gboolean refuse_threads;

typedef int (*Create) (
    pthread_t *, const pthread_attr_t *, void *(*) (void *), void *);

/* Instead of the C library's, also for the libraries. */
int
pthread_create (pthread_t *thread, const pthread_attr_t *attributes,
    void *(*function) (void *), void *argument)
{
  Create real = (Create) dlsym (RTLD_NEXT, "pthread_create");

  return refuse_threads ? EAGAIN
                        : real (thread, attributes, function, argument);
}

/* Without a thread the element fails to start; the application goes on. */
GST_START_TEST (test_no_thread)
{
  GstElement *element = gst_element_factory_make ("genreclassify", NULL);
  g_autoptr (GstBus) bus = gst_bus_new ();
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  gst_element_set_bus (element, bus);
  refuse_threads = TRUE;
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  refuse_threads = FALSE;
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (strstr (error->message, "thread") != NULL, "%s", error->message);
  gst_element_set_state (element, GST_STATE_NULL);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
}
GST_END_TEST;

/* Where neither the pool has a thread nor the machine, the one that pushes works. */
GST_START_TEST (test_pool_without_threads)
{
  /* not prepared: it refuses */
  g_autoptr (GstTaskPool) pool = gst_task_pool_new ();
  GstHarness *h = harness_new_without_caps (3, NULL);
  GstElement *element = gst_harness_find_element (h, "genreclassify");

  gst_element_set_state (element, GST_STATE_NULL);
  g_object_set (element, "task-pool", pool, NULL);
  gst_element_set_state (element, GST_STATE_PLAYING);
  gst_harness_set_src_caps_str (h,
      "audio/x-raw, format=" GST_AUDIO_NE (
          S16) ", rate=22050, channels=1, layout=interleaved");
  refuse_threads = TRUE;
  push_until (h, 0, 7 * RATE);
  refuse_threads = FALSE;
  fail_unless_equals_int (count_answers (h, "genreclassify"), 2);
  gst_object_unref (element);
  harness_free (h);
}
GST_END_TEST;

static Suite *
pool_suite (void)
{
  Suite *suite = suite_create ("pool");
  TCase *tcase = tcase_create ("pool");

  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_same_answers);
  tcase_add_test (tcase, test_stopped_while_waiting);
  tcase_add_test (tcase, test_no_thread);
  tcase_add_test (tcase, test_pool_without_threads);
  return suite;
}

GST_CHECK_MAIN (pool);
