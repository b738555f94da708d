/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernels.h"

#include <string.h>

#ifdef GENRE_HAVE_X86_KERNELS
#include <cpuid.h>
#endif

#include "genre/genre.h"

#define VARIABLE "GENRECLASSIFY_KERNELS"
#define EXACT "exact"

extern const GenreKernels genre_kernels_plain, genre_kernels_generic;
#ifdef GENRE_HAVE_X86_KERNELS
extern const GenreKernels genre_kernels_avx2, genre_kernels_avx512;
extern const GenreKernels genre_kernels_avx2_half, genre_kernels_avx512_half;

/* Clang 14 does not know it in __builtin_cpu_supports().  What the system must save for it
 * is what AVX2 needs, too. */
static gboolean
has_half_floats (void)
{
  guint a, b, c, d;

  return __get_cpuid (1, &a, &b, &c, &d) && (c & bit_F16C);
}
#endif

static gboolean
is_supported (const GenreKernels *kernels)
{
#ifdef GENRE_HAVE_X86_KERNELS
  const gboolean avx2 = __builtin_cpu_supports ("avx2") &&
      __builtin_cpu_supports ("fma");
  const gboolean avx512 = avx2 && __builtin_cpu_supports ("avx512f");
  const gboolean half = has_half_floats ();

  if (kernels == &genre_kernels_avx512_half)
    return avx512 && half;
  if (kernels == &genre_kernels_avx512)
    return avx512;
  if (kernels == &genre_kernels_avx2_half)
    return avx2 && half;
  if (kernels == &genre_kernels_avx2)
    return avx2;
#endif
  (void) kernels;
  return TRUE;
}

/* The fastest first. */
static const GenreKernels *const all[] = {
#ifdef GENRE_HAVE_X86_KERNELS
  &genre_kernels_avx512_half,
  &genre_kernels_avx512,
  &genre_kernels_avx2_half,
  &genre_kernels_avx2,
#endif
  &genre_kernels_generic,
  &genre_kernels_plain,
};

/* Whether the variable's value @name means @kernels; among those that are supported
 * the first counts. */
static gboolean
is_meant (const GenreKernels *kernels, const char *name)
{
  return !name || !strcmp (name, kernels->name) ||
      (!strcmp (name, EXACT) && kernels->exact == kernels);
}

const GenreKernels *
genre_kernels_get (GError **error)
{
  const char *name = g_getenv (VARIABLE);
  g_autoptr (GString) names = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (all); i++) {
    if (!is_supported (all[i]))
      continue;
    if (is_meant (all[i], name))
      return all[i];
    g_string_append_printf (
        names, "%s%s", names->len ? ", " : "", all[i]->name);
  }
  g_set_error (error, GENRE_ERROR, GENRE_ERROR_ARGUMENT,
      VARIABLE " is \"%s\", expected " EXACT
               " or one that this processor has: %s",
      name, names->str);
  return NULL;
}
