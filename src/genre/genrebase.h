/* SPDX-License-Identifier: GPL-2.0-or-later */

/* libgenre: what its other headers stand on: version, errors, limits and units. */

#pragma once

#include <glib-object.h>

#include "genreversion.h"

G_BEGIN_DECLS

#if defined(__GNUC__)
#define GENRE_API __attribute__ ((visibility ("default"))) extern
#else
#define GENRE_API extern
#endif

/* Version */

/**
 * genre_version:
 * @major: (out) (optional): first part of the version
 * @minor: (out) (optional): second part
 * @micro: (out) (optional): third part
 *
 * Gives the version of the library that the program runs with, which may be
 * another one than it was compiled with.
 *
 * Since: 1.0
 */
GENRE_API void genre_version (guint *major, guint *minor, guint *micro);

/**
 * genre_get_kernels:
 * @error: return location for an error
 *
 * Tells which set of kernels computes in this process: the fastest that the processor
 * has, or what `GENRECLASSIFY_KERNELS` names.
 *
 * Errors: %GENRE_ERROR_ARGUMENT if `GENRECLASSIFY_KERNELS` names kernels that there
 * are not.
 *
 * Returns: (transfer none) (nullable): its name, such as "avx2-half", or %NULL with
 *     @error set
 *
 * Since: 1.0
 */
GENRE_API const char *genre_get_kernels (GError **error);

/* Errors */

/**
 * GENRE_ERROR:
 *
 * Domain of the errors of this library; their codes are those of #GenreError.
 *
 * Since: 1.0
 */
#define GENRE_ERROR (genre_error_quark ())

/**
 * GenreError:
 * @GENRE_ERROR_NOT_FOUND: there is no such weights file or model
 * @GENRE_ERROR_READ: the weights file could not be read
 * @GENRE_ERROR_FORMAT: the file is not a weights file, is damaged, or describes
 *     a network that this library cannot run
 * @GENRE_ERROR_ARGUMENT: a value is out of its documented range
 * @GENRE_ERROR_CANCELLED: genre_classifier_set_cancelled() was called
 *
 * Why something was refused.
 *
 * Since: 1.0
 */
typedef enum
{
  GENRE_ERROR_NOT_FOUND,
  GENRE_ERROR_READ,
  GENRE_ERROR_FORMAT,
  GENRE_ERROR_ARGUMENT,
  GENRE_ERROR_CANCELLED
} GenreError;

/**
 * genre_error_quark:
 *
 * Gives the domain of the errors of this library, %GENRE_ERROR.
 *
 * Returns: the quark of "genre-error-quark"
 *
 * Since: 1.0
 */
GENRE_API GQuark genre_error_quark (void);

/* Limits and units */

/**
 * GENRE_SECOND:
 *
 * A second, in the unit of all times here: ns.
 *
 * Since: 1.0
 */
#define GENRE_SECOND G_GUINT64_CONSTANT (1000000000)

/**
 * GENRE_MIN_RATE:
 *
 * Lowest sample rate that can be analysed, Hz.
 *
 * Since: 1.0
 */
#define GENRE_MIN_RATE 4000
/**
 * GENRE_MAX_RATE:
 *
 * Highest sample rate that can be analysed, Hz.
 *
 * Since: 1.0
 */
#define GENRE_MAX_RATE 384000
/**
 * GENRE_MIN_WINDOW:
 *
 * Shortest window, ns.
 *
 * Since: 1.0
 */
#define GENRE_MIN_WINDOW G_GUINT64_CONSTANT (3000000000)
/**
 * GENRE_MAX_WINDOW:
 *
 * Longest window, ns.
 *
 * Since: 1.0
 */
#define GENRE_MAX_WINDOW G_GUINT64_CONSTANT (300000000000)
/**
 * GENRE_MIN_HOP:
 *
 * Least distance of one window's start to the next one's, ns: a mel column is
 * 77.5 ms.
 *
 * Since: 1.0
 */
#define GENRE_MIN_HOP G_GUINT64_CONSTANT (100000000)
/**
 * GENRE_DEFAULT_WINDOW:
 *
 * Length of a window unless another one is asked for, ns.
 *
 * Since: 1.0
 */
#define GENRE_DEFAULT_WINDOW G_GUINT64_CONSTANT (30000000000)
/**
 * GENRE_DEFAULT_MIN_WINDOW:
 *
 * Shortest last segment unless another one is asked for, ns.
 *
 * Since: 1.0
 */
#define GENRE_DEFAULT_MIN_WINDOW G_GUINT64_CONSTANT (5000000000)
/**
 * GENRE_DEFAULT_MIN_CONFIDENCE:
 *
 * Probability that a genre should have to be written as a tag: what the model card
 * (models/README.md) gives the precision of.
 *
 * Since: 1.0
 */
#define GENRE_DEFAULT_MIN_CONFIDENCE 0.7
/**
 * GENRE_DEFAULT_MODEL:
 *
 * Name of the model that is used unless another one is asked for.
 *
 * Since: 1.0
 */
#define GENRE_DEFAULT_MODEL "crnn"

/**
 * GenreSampleFormat:
 * @GENRE_SAMPLE_S16: signed 16-bit integers
 * @GENRE_SAMPLE_S32: signed 32-bit integers
 * @GENRE_SAMPLE_F32: 32-bit floats, full scale 1.0
 * @GENRE_SAMPLE_F64: 64-bit floats, full scale 1.0
 *
 * Format of samples, in the byte order of the host.
 *
 * Since: 1.0
 */
typedef enum
{
  GENRE_SAMPLE_S16,
  GENRE_SAMPLE_S32,
  GENRE_SAMPLE_F32,
  GENRE_SAMPLE_F64
} GenreSampleFormat;

G_END_DECLS
