/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A model that cannot be used, or is not there, fails the state change, with an
 * error that names it and the fault. */

#include "support.h"

#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

static void
check_refused (const char *model, GQuark domain, int code, const char *word)
{
  GstElement *element = gst_element_factory_make ("genreclassify", NULL);
  g_autoptr (GstBus) bus = gst_bus_new ();
  g_autoptr (GstMessage) message = NULL;
  g_autoptr (GError) error = NULL;

  gst_element_set_bus (element, bus);
  g_object_set (element, "model", model, NULL);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (
      g_error_matches (error, domain, code), "%s: %s", model, error->message);
  fail_unless (strstr (error->message, model ? model : "crnn") != NULL, "%s",
      error->message);
  fail_unless (strstr (error->message, word) != NULL, "%s", error->message);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (element);
}

GST_START_TEST (test_bad_models)
{
  g_autofree char *directory = g_dir_make_tmp ("genreXXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "bad", NULL);
  g_autofree char *good = g_build_filename (
      g_getenv ("GENRECLASSIFY_MODELS"), "crnn.safetensors", NULL);
  g_autofree char *bytes = NULL;
  gsize length;

  check_refused (path, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND,
      "cannot be opened");
  check_refused (directory, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ,
      "not a regular file");
  fail_unless (mkfifo (path, 0600) == 0);
  check_refused (
      path, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, "not a regular file");
  g_unlink (path);
  g_file_set_contents (path, "a text, not a model", -1, NULL);
  check_refused (path, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
      "not a safetensors file");
  g_file_set_contents (path, "\2\0\0\0\0\0\0\0{}", 10, NULL);
  check_refused (path, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT,
      "not a model of this program");
  fail_unless (g_file_get_contents (good, &bytes, &length, NULL));
  g_file_set_contents (path, bytes, length - 1, NULL);
  check_refused (path, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "truncated");
  g_unlink (path);
  g_rmdir (directory);
}

GST_END_TEST;

/* A model is also found by its name, and of one that is not there it is said which
 * ones there are.  The folder has one model, and no default. */
GST_START_TEST (test_model_names)
{
  g_autofree char *models = g_strdup (g_getenv ("GENRECLASSIFY_MODELS"));
  g_autofree char *shipped = g_build_filename (
      models, "crnn.safetensors", NULL);
  g_autofree char *directory = g_dir_make_tmp ("genreXXXXXX", NULL);
  g_autofree char *path = g_build_filename (
      directory, "mine.safetensors", NULL);
  g_autofree char *listed = g_strdup_printf ("%s (mine)", directory);
  g_autofree char *bytes = NULL;
  gsize length;
  GstElement *element = gst_element_factory_make ("genreclassify", NULL);

  fail_unless (g_file_get_contents (shipped, &bytes, &length, NULL) &&
      g_file_set_contents (path, bytes, length, NULL));
  g_setenv ("GENRECLASSIFY_MODELS", directory, TRUE);
  g_object_set (element, "model", "mine", NULL);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
  check_refused (
      "cnn", GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, listed);
  check_refused (
      NULL, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, listed);
  g_setenv ("GENRECLASSIFY_MODELS", models, TRUE);
  g_unlink (path);
  g_rmdir (directory);
}

GST_END_TEST;

/* After a model that fails, another one can be set and used. */
GST_START_TEST (test_second_try)
{
  GstElement *element = gst_element_factory_make ("genreclassify", NULL);

  g_object_set (element, "model", "/nonexistent", NULL);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (element, GST_STATE_NULL);
  g_object_set (element, "model", NULL, NULL);
  fail_unless_equals_int (gst_element_set_state (element, GST_STATE_PAUSED),
      GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
}

GST_END_TEST;

static Suite *
errors_suite (void)
{
  Suite *suite = suite_create ("errors");
  TCase *chain = tcase_create ("general");

  suite_add_tcase (suite, chain);
  tcase_add_test (chain, test_bad_models);
  tcase_add_test (chain, test_model_names);
  tcase_add_test (chain, test_second_try);
  return suite;
}

GST_CHECK_MAIN (errors);
