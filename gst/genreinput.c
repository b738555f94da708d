/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "genreinput.h"

/* Frames of audio in a step: few, so that complete segments do not pile up
 * before they are taken, and the unpacked samples stay in the processor's
 * cache. */
#define STEP_FRAMES 1024

void
genre_input_init (GenreInput *input)
{
  *input = (GenreInput){ .unpacked = NULL };
  gst_audio_info_init (&input->info);
}

void
genre_input_clear (GenreInput *input)
{
  g_free (input->unpacked);
  genre_input_init (input);
}

/* FALSE if the classifier does not take @format. */
static gboolean
set_sample_format (GenreInput *input, GstAudioFormat format)
{
  switch (format) {
    case GST_AUDIO_FORMAT_S16:
      input->format = GENRE_SAMPLE_S16;
      return TRUE;
    case GST_AUDIO_FORMAT_S32:
      input->format = GENRE_SAMPLE_S32;
      return TRUE;
    case GST_AUDIO_FORMAT_F32:
      input->format = GENRE_SAMPLE_F32;
      return TRUE;
    case GST_AUDIO_FORMAT_F64:
      input->format = GENRE_SAMPLE_F64;
      return TRUE;
    default:
      return FALSE;
  }
}

gboolean
genre_input_set_caps (GenreInput *input, const GstCaps *caps)
{
  if (!gst_audio_info_from_caps (&input->info, caps))
    return FALSE;
  g_clear_pointer (&input->unpacked, g_free);
  input->unpack = !set_sample_format (
      input, GST_AUDIO_INFO_FORMAT (&input->info));
  if (!input->unpack)
    return TRUE;
  if (!set_sample_format (input, input->info.finfo->unpack_format))
    return FALSE;
  /* no sample is larger than a double */
  input->unpacked = g_malloc (
      STEP_FRAMES * GST_AUDIO_INFO_CHANNELS (&input->info) * sizeof (double));
  return TRUE;
}

gsize
genre_input_push (GenreInput *input, GenreClassifier *classifier,
    const GstAudioBuffer *audio, gsize first)
{
  const GstAudioFormatInfo *finfo = input->info.finfo;
  gsize sample_size = GST_AUDIO_INFO_WIDTH (&input->info) / 8;
  guint channels = GST_AUDIO_INFO_CHANNELS (&input->info);
  gboolean planar = audio->n_planes > 1;
  guint per_plane = planar ? 1 : channels; /* channels in a plane */
  gsize n = MIN (audio->n_samples - first, STEP_FRAMES);
  gconstpointer planes[GENRE_INPUT_MAX_CHANNELS];

  for (int p = 0; p < audio->n_planes; p++) {
    const guint8 *plane = (const guint8 *) audio->planes[p] +
        first * per_plane * sample_size;

    planes[p] = plane;
    if (input->unpack) {
      guint8 *unpacked = input->unpacked + p * STEP_FRAMES * sizeof (double);

      finfo->unpack_func (
          finfo, GST_AUDIO_PACK_FLAG_NONE, unpacked, plane, n * per_plane);
      planes[p] = unpacked;
    }
  }
  if (planar)
    genre_classifier_push_planar (
        classifier, input->format, channels, planes, n);
  else
    genre_classifier_push (classifier, input->format, channels, planes[0], n);
  return n;
}

guint64
genre_input_push_silence (
    GenreInput *input, GenreClassifier *classifier, guint64 n_frames)
{
  /* a second */
  guint64 n = MIN (n_frames, (guint64) GST_AUDIO_INFO_RATE (&input->info));

  genre_classifier_push (classifier, input->format, 1, NULL, n);
  return n;
}
