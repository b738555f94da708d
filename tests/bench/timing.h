/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the benchmarks in C do with the times that they have taken. */

#pragma once

#include <stdlib.h>
#include <time.h>

/* s, of one of clock_gettime()'s clocks */
static inline double
timing_now (clockid_t clock)
{
  struct timespec time;

  clock_gettime (clock, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

static inline int
timing_compare (const void *a, const void *b)
{
  double difference = *(const double *) a - *(const double *) b;

  return (difference > 0) - (difference < 0);
}

/* Sorts @times [n]: the first is the least then.  Returns the median. */
static inline double
timing_sort (double *times, size_t n)
{
  qsort (times, n, sizeof *times, timing_compare);
  return times[n / 2];
}
