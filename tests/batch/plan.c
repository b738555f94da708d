/* SPDX-License-Identifier: GPL-2.0-or-later */

/* plan.json: as it was written, and as others may have made it. */

#include "batch/plan.h"

#include <string.h>
#include <sys/stat.h>

#include "temporary.h"

#define DIGEST                                                                 \
  "ab2f238b313947b036844415db46219b862513ae57b4f0ff26452c9752ab44ff"

static char *folder;

static void
write_json (const char *text, gssize length)
{
  g_autofree char *path = g_build_filename (folder, "plan.json", NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, length, &error);
  g_assert_no_error (error);
}

static void
assert_parts_equal (const PlanPart *a, const PlanPart *b)
{
  g_assert_cmpuint (a->n_files, ==, b->n_files);
  g_assert_cmpuint (a->bytes, ==, b->bytes);
  g_assert_cmpfloat (a->seconds, ==, b->seconds);
}

static void
test_round_trip (void)
{
  char *options[] = { (char *) "--json", (char *) "100%",
    (char *) "--plot=\xff\xfe \xc3\xa4\n\"\\", (char *) "", NULL };
  PlanPart parts[] = { { 3, 10, 0.1 }, { 1, G_MAXINT64 - 10, 1e15 } };
  Plan plan = { .folder = folder,
    .directory = (char *) "/not utf-8 \xe9/%41",
    .options = options,
    .digest = (char *) DIGEST,
    .key = (char *) "crnn 4 \"window\"",
    .parts = parts,
    .whole = { 4, G_MAXINT64, 0.1 + 1e15 },
    .n_repeated = 7,
    .n_parts = 2 };
  g_autoptr (GError) error = NULL;
  g_autoptr (Plan) loaded = NULL;
  g_autofree char *path = NULL;

  g_assert_true (plan_save (&plan, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (temporary_count (folder), ==, 1);
  loaded = plan_load (folder, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (loaded->folder, ==, folder);
  g_assert_cmpstr (loaded->directory, ==, plan.directory);
  g_assert_cmpstr (loaded->digest, ==, plan.digest);
  g_assert_cmpstr (loaded->key, ==, plan.key);
  g_assert_true (g_strv_equal (
      (const char *const *) loaded->options, (const char *const *) options));
  g_assert_cmpuint (loaded->n_parts, ==, 2);
  g_assert_cmpuint (loaded->n_repeated, ==, 7);
  for (guint i = 0; i < 2; i++)
    assert_parts_equal (&loaded->parts[i], &parts[i]);
  assert_parts_equal (&loaded->whole, &plan.whole);
  path = plan_make_path (loaded, "lists", 7, ".json");
  g_assert_true (g_str_has_suffix (path, "/lists/00007.json"));
  g_assert_true (g_str_has_prefix (path, folder));
}

/* A plan with @member instead of the one of its name. */
static char *
make_json (const char *member)
{
  static const char *const members[] = { "\"version\":1",
    "\"directory\":\"/srv\"", "\"options\":[\"--json\"]",
    "\"digest\":\"" DIGEST "\"", "\"files\":3", "\"bytes\":30",
    "\"seconds\":1.5", "\"repeated\":0",
    "\"parts\":[{\"files\":1,\"bytes\":10,\"seconds\":1},"
    "{\"files\":2,\"bytes\":20,\"seconds\":0.5}]" };
  gsize name_length = member ? strcspn (member, ":") : 0;
  GString *json = g_string_new ("{");

  for (guint i = 0; i < G_N_ELEMENTS (members); i++) {
    gboolean is_other = name_length > 0 &&
        !strncmp (members[i], member, name_length);
    const char *text = is_other ? member : members[i];

    if (!text[strcspn (text, ":")])
      continue; /* to be left out */
    g_string_append_printf (json, "%s%s", json->len > 1 ? "," : "", text);
  }
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

static void
assert_refused (const char *text, gssize length, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Plan) plan = NULL;

  write_json (text, length);
  plan = plan_load (folder, &error);
  g_test_message ("%s", error ? error->message : text);
  g_assert_null (plan);
  g_assert_true (error->domain == G_FILE_ERROR);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_nonnull (strstr (error->message, folder));
  g_assert_nonnull (strstr (error->message, "plan.json"));
  g_assert_nonnull (strstr (error->message, part));
}

static void
test_hostile_members (void)
{
  /* the member, and what the error says */
  static const char *const cases[][2] = {
    { "\"version\"", "\"version\"" },
    { "\"version\":0", "\"version\"" },
    { "\"version\":-1", "\"version\"" },
    { "\"version\":1.0", "\"version\"" },
    { "\"version\":\"1\"", "\"version\"" },
    { "\"version\":2", "later version" },
    { "\"version\":9999999999", "later version" },
    { "\"directory\"", "\"directory\"" },
    { "\"directory\":null", "\"directory\"" },
    { "\"directory\":{}", "\"directory\"" },
    { "\"directory\":\"srv\"", "\"directory\"" },
    { "\"directory\":\"/a%00\"", "\"directory\"" },
    { "\"directory\":\"/a%4\"", "\"directory\"" },
    { "\"options\"", "\"options\"" },
    { "\"options\":\"--json\"", "\"options\"" },
    { "\"options\":[1]", "\"options\"" },
    { "\"options\":[[]]", "\"options\"" },
    { "\"options\":[\"%zz\"]", "\"options\"" },
    { "\"digest\"", "\"digest\"" },
    { "\"digest\":1", "\"digest\"" },
    { "\"digest\":\"\"", "\"digest\"" },
    { "\"version\":1,\"key\":1", "\"key\"" },
    { "\"version\":1,\"key\":null", "\"key\"" },
    { "\"files\"", "\"files\"" },
    { "\"files\":-3", "\"files\"" },
    { "\"files\":3.0", "\"files\"" },
    { "\"files\":4", "do not make up" },
    { "\"bytes\":true", "\"bytes\"" },
    { "\"bytes\":31", "do not make up" },
    { "\"bytes\":18446744073709551646", "" },
    { "\"bytes\":99999999999999999999999", "" },
    { "\"seconds\":-1", "\"seconds\"" },
    { "\"seconds\":1e999", "" },
    { "\"seconds\":\"\"", "\"seconds\"" },
    { "\"repeated\":-1", "\"repeated\"" },
    { "\"parts\"", "\"parts\"" },
    { "\"parts\":[]", "\"parts\"" },
    { "\"parts\":{}", "\"parts\"" },
    { "\"parts\":[3]", "\"parts\"" },
    { "\"parts\":[{}]", "\"files\"" },
    { "\"parts\":[{\"files\":3,\"bytes\":30}]", "\"seconds\"" },
    { "\"parts\":[{\"files\":3,\"bytes\":30,\"seconds\":null}]",
        "\"seconds\"" },
    { "\"parts\":[{\"files\":5,\"bytes\":30,\"seconds\":1},"
      "{\"files\":-2,\"bytes\":0,\"seconds\":1}]",
        "\"files\"" },
    /* whose sum comes round to 30 */
    { "\"parts\":[{\"files\":1,\"bytes\":9223372036854775807,\"seconds\":1},"
      "{\"files\":1,\"bytes\":9223372036854775807,\"seconds\":1},"
      "{\"files\":1,\"bytes\":32,\"seconds\":1}]",
        "do not make up" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *json = make_json (cases[i][0]);

    assert_refused (json, -1, cases[i][1]);
  }
}

static void
test_hostile_text (void)
{
  static const char *const texts[] = { "", " ", "null", "[]", "1", "{",
    "{\"version\":1", "{} {}", "{'version':1}", "[[[[[[[[", "{\"a\":\xff}" };
  g_autofree char *deep = g_strnfill (1000000, '[');
  g_autofree char *whole = make_json (NULL);
  g_autoptr (GString) many = g_string_new ("\"parts\":[");
  g_autofree char *too_many = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_refused (texts[i], -1, "is no plan");
  assert_refused (deep, -1, "is no plan");
  assert_refused (whole, (gssize) strlen (whole) + 1, "is no plan");
  assert_refused (whole, (gssize) strlen (whole) - 1, "is no plan");
  for (guint i = 0; i < PLAN_MAX_PARTS; i++)
    g_string_append (many, "{\"files\":0,\"bytes\":0,\"seconds\":0},");
  g_string_append (many, "{\"files\":3,\"bytes\":30,\"seconds\":0}]");
  too_many = make_json (many->str);
  assert_refused (too_many, -1, "1 to 20000 parts");
}

/* What the cases above are made of is a plan, and so is one with more in it. */
static void
test_accepted (void)
{
  static const char *const members[] = { NULL, "\"seconds\":1",
    "\"version\":1,\"note\":[1]" };

  for (guint i = 0; i < G_N_ELEMENTS (members); i++) {
    g_autofree char *json = make_json (members[i]);
    g_autoptr (GError) error = NULL;
    g_autoptr (Plan) plan = NULL;

    write_json (json, -1);
    plan = plan_load (folder, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (plan->whole.n_files, ==, 3);
    g_assert_cmpfloat (plan->whole.seconds, ==, 1.5);
    g_assert_cmpstr (plan->directory, ==, "/srv");
  }
}

static void
assert_no_plan (const char *path)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (plan_load (path, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_nonnull (strstr (error->message, path));
}

static void
test_no_plan (void)
{
  g_autofree char *path = g_build_filename (folder, "plan.json", NULL);

  assert_no_plan ("/nowhere/at all");
  assert_no_plan (folder);
  /* nobody writes to it */
  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  assert_no_plan (folder);
  g_remove (path);
  g_mkdir (path, 0700);
  assert_no_plan (folder);
  g_rmdir (path);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = temporary_make ();
  g_test_add_func ("/plan/no-plan", test_no_plan);
  g_test_add_func ("/plan/round-trip", test_round_trip);
  g_test_add_func ("/plan/accepted", test_accepted);
  g_test_add_func ("/plan/hostile-members", test_hostile_members);
  g_test_add_func ("/plan/hostile-text", test_hostile_text);
  status = g_test_run ();
  temporary_remove (folder);
  return status;
}
