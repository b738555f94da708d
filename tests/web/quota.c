/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "web/quota.h"

static void
test_quota (void)
{
  Quota *quota = quota_new (10, 6);

  g_assert_true (quota_take (quota, "a", 6));
  g_assert_false (quota_take (quota, "a", 1));
  /* it is for "a" alone that there is no more */
  g_assert_true (quota_exceeds_share (quota, "a", 1));
  g_assert_false (quota_exceeds_share (quota, "a", 0));
  g_assert_false (quota_exceeds_share (quota, "b", 6));
  g_assert_true (quota_exceeds_share (quota, "b", G_MAXUINT64));
  g_assert_false (quota_take (quota, "b", 5));
  g_assert_true (quota_take (quota, "b", 4));
  g_assert_false (quota_take (quota, "c", 1));
  quota_release (quota, "a", 6);
  g_assert_false (quota_take (quota, "b", G_MAXUINT64));
  g_assert_true (quota_take (quota, "b", 2));
  g_assert_true (quota_take (quota, "a", 4));
  quota_free (quota);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quota", test_quota);
  return g_test_run ();
}
