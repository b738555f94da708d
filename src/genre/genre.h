/* libgenre: music genre classification of audio
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/**
 * SECTION:genre
 * @short_description: music genre classification of a stream of samples
 *
 * The way of a sample: it is mixed to mono, gathered into columns of a mel
 * spectrogram as it arrives, and when a window of them is full, the window is
 * handed out as a #GenreSegment, which the network turns into one probability
 * per genre.
 *
 * |[<!-- language="C" -->
 * GError *error = NULL;
 * GenreModel *model = genre_model_load ("crnn", &error);
 * GenreClassifier *classifier = genre_classifier_new (model, 44100, NULL,
 *     &error);
 * GenreSegment *segment;
 *
 * genre_classifier_push (classifier, GENRE_SAMPLE_S16, 2, samples, n_frames);
 * genre_classifier_finish (classifier);
 * while ((segment = genre_classifier_take_segment (classifier))) {
 *   gsize n;
 *   float *probabilities = genre_classifier_classify (classifier, segment, &n,
 *       &error);
 *
 *   g_free (probabilities);
 *   genre_segment_unref (segment);
 * }
 * ]|
 *
 * genre_classifier_analyse() gives all that one pass of the network says: the
 * probabilities of each head of the model, whether it is music at all, and an
 * embedding.
 *
 * Nothing in the library prints, exits or aborts on input; what it refuses, it
 * refuses with a #GError that names the file, the tensor or the value and says
 * what was expected.  Times are nanoseconds.
 *
 * # Threads
 *
 * A #GenreModel, #GenreSegment or #GenrePrediction does not change, and any number of
 * threads may use one.  A #GenreClassifier, #GenreMelSpectrogram or #GenreTrack belongs to
 * one thread at a time; genre_classifier_classify() may run in another thread
 * than the rest of its classifier.  References may be taken and dropped in any
 * thread.
 *
 * # Effects on the whole process
 *
 * - FFTW's planner is made thread-safe (fftwf_make_planner_thread_safe()) when
 *   the first spectrogram is made.  A program that calls other functions of FFTW's
 *   planner before that from several threads must lock them itself.
 * - `GENRECLASSIFY_MODELS` names the folder to find models in, in place of the
 *   user's own and the installed one, see genre_model_get_folders().
 * - `GENRECLASSIFY_KERNELS` (plain, generic, avx2, avx2-half, avx512, avx512-half)
 *   has another set of kernels compute than the fastest that the processor has.
 *   Those called half keep weights of recurrent and dense layers as half floats, and
 *   with AVX2 have convolutions multiply integers of 16 bits: probabilities differ
 *   by about 0.001.  With "exact" it is the fastest of the others.
 */

#pragma once

#include "genrebase.h"
#include "genreclassifier.h"
#include "genremel.h"
#include "genremodel.h"
#include "genreprediction.h"
#include "genresegment.h"
#include "genretrack.h"
