/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "plot.h"

#include <math.h>

#include "figure.h"
#include "filterbank.h"
#include "melspectrogram.h"

#define NS 1e9

/* px */
#define WIDTH 800
#define HEIGHT 590
#define LEFT 62
#define RIGHT 648
#define WAVEFORM_TOP 82
#define WAVEFORM_BOTTOM 162
#define MEL_TOP 192
#define MEL_BOTTOM 332
#define GENRES_TOP 362
#define GENRES_BOTTOM 546
#define LEGEND_LEFT 662
#define LEGEND_RIGHT 788
#define LEGEND_ROW 17
#define TEXT 12
#define HEADING 13
#define MIN_LABEL_HEIGHT 15

/* Consecutive segments that are at least a pixel wide together. */
typedef struct
{
  double x1, x2;
  double duration;       /* of what is not silent */
  double *probabilities; /* [labels]; NULL if silent */
} Slice;

typedef struct
{
  Figure *figure;
  cairo_t *cr;
  const Result *result;
  const Overview *overview;
  guint n_labels;
  GArray *slices; /* Slice */
} Plot;

static void
clear_slice (gpointer data)
{
  g_free (((Slice *) data)->probabilities);
}

static double
time_to_x (const Plot *plot, double seconds)
{
  return LEFT +
      (RIGHT - LEFT) * CLAMP (seconds / plot->overview->duration, 0, 1);
}

static void
add_to_slice (Slice *slice, const ResultSegment *segment, guint n_labels)
{
  double duration = MAX (segment->duration / NS, 1e-9);
  double weight = duration / (slice->duration + duration);

  if (!segment->probabilities)
    return;
  if (!slice->probabilities)
    slice->probabilities = g_new0 (double, n_labels);
  for (guint i = 0; i < n_labels; i++)
    slice->probabilities[i] += weight *
        (segment->probabilities[i] - slice->probabilities[i]);
  slice->duration += duration;
}

/* What overlaps is shown up to where the next one begins. */
static void
gather_slices (Plot *plot)
{
  const GArray *segments = plot->result->segments;
  Slice slice = { 0 };
  gboolean open = FALSE;

  plot->slices = g_array_new (FALSE, FALSE, sizeof (Slice));
  g_array_set_clear_func (plot->slices, clear_slice);
  for (guint i = 0; i < segments->len; i++) {
    const ResultSegment *segment = &g_array_index (segments, ResultSegment, i);
    guint64 end = segment->start + segment->duration;

    if (i + 1 < segments->len)
      end = MIN (end, g_array_index (segments, ResultSegment, i + 1).start);
    if (!open)
      slice = (Slice){ .x1 = round (time_to_x (plot, segment->start / NS)) };
    open = TRUE;
    slice.x2 = round (time_to_x (plot, end / NS));
    add_to_slice (&slice, segment, plot->n_labels);
    if (slice.x2 >= slice.x1 + 1) {
      g_array_append_val (plot->slices, slice);
      open = FALSE;
    }
  }
  if (open)
    g_free (slice.probabilities);
}

static const Slice *
get_slice (const Plot *plot, guint i)
{
  return &g_array_index (plot->slices, Slice, i);
}

/* Axes */

static void
set_grey (Plot *plot, double grey)
{
  cairo_set_source_rgb (plot->cr, grey, grey, grey);
}

static void
draw_line (Plot *plot, double x1, double y1, double x2, double y2)
{
  /* between the pixels it would be two of them wide, and grey */
  cairo_move_to (plot->cr, floor (x1) + 0.5, floor (y1) + 0.5);
  cairo_line_to (plot->cr, floor (x2) + 0.5, floor (y2) + 0.5);
  cairo_set_line_width (plot->cr, 1);
  cairo_stroke (plot->cr);
}

static void
draw_y_tick (Plot *plot, double y, const char *text)
{
  set_grey (plot, 0.25);
  draw_line (plot, LEFT - 5, y, LEFT, y);
  set_grey (plot, 0);
  figure_text (
      plot->figure, LEFT - 8, y, FIGURE_RIGHT, TEXT, FALSE, LEFT - 10, text);
}

static void
draw_frame (Plot *plot, double top, double bottom, const char *heading)
{
  set_grey (plot, 0.25);
  draw_line (plot, LEFT, top, LEFT, bottom);
  draw_line (plot, LEFT, bottom, RIGHT, bottom);
  set_grey (plot, 0);
  figure_text (plot->figure, LEFT, top - 12, FIGURE_LEFT, HEADING, FALSE,
      RIGHT - LEFT, heading);
}

/* The first of the customary steps that gives at most eight of them. */
static double
choose_time_step (double duration)
{
  static const double steps[] = { 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120,
    300, 600, 1200, 1800, 3600, 7200 };

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (duration / steps[i] <= 8)
      return steps[i];
  return 7200 * ceil (duration / 7200 / 8);
}

static void
draw_time_axis (Plot *plot)
{
  double duration = plot->overview->duration;
  double step = choose_time_step (duration);
  const char *heading = "time in minutes";

  for (guint i = 0; i * step <= duration; i++) {
    double seconds = i * step, x = time_to_x (plot, seconds);
    int minutes = (int) (seconds / 60 + 1e-6);
    char text[32];

    if (step >= 60) {
      g_snprintf (text, sizeof text, "%d", minutes);
    } else {
      heading = "time in minutes:seconds";
      g_snprintf (text, sizeof text, step < 1 ? "%d:%04.1f" : "%d:%02.0f",
          minutes, fabs (seconds - 60 * minutes));
    }
    set_grey (plot, 0.25);
    draw_line (plot, x, GENRES_BOTTOM, x, GENRES_BOTTOM + 5);
    draw_line (plot, x, MEL_BOTTOM, x, MEL_BOTTOM + 3);
    draw_line (plot, x, WAVEFORM_BOTTOM, x, WAVEFORM_BOTTOM + 3);
    set_grey (plot, 0);
    figure_text (plot->figure, x, GENRES_BOTTOM + 14, FIGURE_CENTRE, TEXT,
        FALSE, 0, text);
  }
  figure_text (plot->figure, (LEFT + RIGHT) / 2.0, GENRES_BOTTOM + 32,
      FIGURE_CENTRE, HEADING, FALSE, 0, heading);
}

/* Waveform */

static const OverviewColumn *
get_column (const Plot *plot, guint i)
{
  return &g_array_index (plot->overview->columns, OverviewColumn, i);
}

/* The first round number that the waveform does not exceed. */
static double
choose_amplitude (const Plot *plot)
{
  static const double digits[] = { 1, 2, 5 };
  double peak = 0;

  for (guint i = 0; i < plot->overview->columns->len; i++)
    peak = MAX (
        peak, MAX (get_column (plot, i)->max, -get_column (plot, i)->min));
  for (int exponent = -4; exponent < 9; exponent++)
    for (guint i = 0; i < G_N_ELEMENTS (digits); i++)
      if (digits[i] * pow (10, exponent) >= peak)
        return digits[i] * pow (10, exponent);
  return 1e9;
}

static void
draw_waveform (Plot *plot)
{
  const double middle = (WAVEFORM_TOP + WAVEFORM_BOTTOM) / 2;
  const double amplitude = choose_amplitude (plot);
  const double scale = (middle - WAVEFORM_TOP) / amplitude;
  const Overview *overview = plot->overview;
  guint n = overview->columns->len;
  char text[32];

  draw_frame (plot, WAVEFORM_TOP, WAVEFORM_BOTTOM, "waveform");
  g_snprintf (text, sizeof text, "%g", amplitude);
  draw_y_tick (plot, WAVEFORM_TOP, text);
  draw_y_tick (plot, middle, "0");
  g_snprintf (text, sizeof text, "\xe2\x88\x92%g", amplitude);
  draw_y_tick (plot, WAVEFORM_BOTTOM, text);

  for (guint i = 0; i < n; i++)
    cairo_line_to (plot->cr, time_to_x (plot, (i + 0.5) * overview->spacing),
        middle - scale * get_column (plot, i)->max);
  for (guint i = n; i > 0; i--)
    cairo_line_to (plot->cr, time_to_x (plot, (i - 0.5) * overview->spacing),
        middle - scale * get_column (plot, i - 1)->min);
  cairo_close_path (plot->cr);
  cairo_set_source_rgb (plot->cr, 0.2, 0.35, 0.5);
  cairo_fill_preserve (plot->cr);
  cairo_set_line_width (plot->cr, 1);
  cairo_stroke (plot->cr);
}

/* Mel spectrogram */

/* viridis, of Stéfan van der Walt and Nathaniel Smith (CC0): as light as its value
 * is high, for whoever sees it */
static guint32
map_colour (double value)
{
  static const guint8 anchors[][3] = { { 68, 1, 84 }, { 71, 44, 122 },
    { 59, 81, 139 }, { 44, 113, 142 }, { 33, 144, 141 }, { 39, 173, 129 },
    { 92, 200, 99 }, { 170, 220, 50 }, { 253, 231, 37 } };
  double at = CLAMP (value, 0, 1) * (G_N_ELEMENTS (anchors) - 1);
  guint i = MIN ((guint) at, G_N_ELEMENTS (anchors) - 2);
  guint32 rgb = 0;

  for (guint k = 0; k < 3; k++)
    rgb = rgb << 8 |
        (guint) lround (
            anchors[i][k] + (at - i) * (anchors[i + 1][k] - anchors[i][k]));
  return rgb;
}

static void
draw_image (
    Plot *plot, cairo_surface_t *image, double x, double y, double w, double h)
{
  cairo_t *cr = plot->cr;

  cairo_save (cr);
  cairo_rectangle (cr, x, y, w, h);
  cairo_clip (cr);
  cairo_translate (cr, x, y);
  cairo_scale (cr, w / cairo_image_surface_get_width (image),
      h / cairo_image_surface_get_height (image));
  cairo_set_source_surface (cr, image, 0, 0);
  /* or its edges would fade */
  cairo_pattern_set_extend (cairo_get_source (cr), CAIRO_EXTEND_PAD);
  cairo_paint (cr);
  cairo_restore (cr);
  cairo_surface_destroy (image);
}

static void
set_pixel (cairo_surface_t *image, guint x, guint y, guint32 rgb)
{
  guint8 *row = cairo_image_surface_get_data (image) +
      (gsize) y * cairo_image_surface_get_stride (image);

  ((guint32 *) row)[x] = rgb;
}

/* The mean of the columns that fall into each of its pixels, of which there are no
 * more than on the page. */
static cairo_surface_t *
create_mel_image (const Plot *plot)
{
  guint n = plot->overview->columns->len;
  guint width = MIN (n, RIGHT - LEFT);
  g_autofree float *db = g_new0 (float, (gsize) width *GENRE_MEL_BANDS);
  cairo_surface_t *image = cairo_image_surface_create (
      CAIRO_FORMAT_RGB24, width, GENRE_MEL_BANDS);
  float top = -G_MAXFLOAT;

  cairo_surface_flush (image);
  for (guint x = 0; x < width; x++) {
    guint first = (guint64) x * n / width,
          end = MAX ((guint64) (x + 1) * n / width, first + 1);

    for (guint band = 0; band < GENRE_MEL_BANDS; band++) {
      float *mean = db + (gsize) x * GENRE_MEL_BANDS + band;

      for (guint i = first; i < end; i++)
        *mean += get_column (plot, i)->db[band] / (end - first);
      top = MAX (top, *mean);
    }
  }
  for (guint x = 0; x < width; x++)
    for (guint band = 0; band < GENRE_MEL_BANDS; band++)
      set_pixel (image, x, GENRE_MEL_BANDS - 1 - band,
          map_colour ((db[(gsize) x * GENRE_MEL_BANDS + band] - top) /
                  GENRE_MEL_TOP_DB +
              1));
  cairo_surface_mark_dirty (image);
  return image;
}

static void
draw_mel_scale (Plot *plot)
{
  cairo_surface_t *image = cairo_image_surface_create (
      CAIRO_FORMAT_RGB24, 1, 64);

  cairo_surface_flush (image);
  for (guint y = 0; y < 64; y++)
    set_pixel (image, 0, y, map_colour (1 - y / 63.0));
  cairo_surface_mark_dirty (image);
  draw_image (plot, image, LEGEND_LEFT, MEL_TOP, 12, MEL_BOTTOM - MEL_TOP);
  set_grey (plot, 0);
  figure_text (plot->figure, LEGEND_LEFT + 20, MEL_TOP + 7, FIGURE_LEFT, TEXT,
      FALSE, 0, "0 dB (its loudest)");
  figure_text (plot->figure, LEGEND_LEFT + 20, (MEL_TOP + MEL_BOTTOM) / 2,
      FIGURE_LEFT, TEXT, FALSE, 0,
      "\xe2\x88\x92"
      "40 dB");
  figure_text (plot->figure, LEGEND_LEFT + 20, MEL_BOTTOM - 7, FIGURE_LEFT,
      TEXT, FALSE, 0,
      "\xe2\x88\x92"
      "80 dB");
}

static void
draw_mel_spectrogram (Plot *plot)
{
  static const double ticks[] = { 250, 500, 1000, 2000, 4000, 8000 };
  const double step = genre_hz_to_mel (GENRE_MEL_F_MAX) / (GENRE_MEL_BANDS + 1);
  const double height = MEL_BOTTOM - MEL_TOP;
  double end = time_to_x (
      plot, plot->overview->columns->len * plot->overview->spacing);

  draw_image (plot, create_mel_image (plot), LEFT, MEL_TOP, end - LEFT, height);
  draw_frame (plot, MEL_TOP, MEL_BOTTOM, "mel spectrogram, Hz");
  for (guint i = 0; i < G_N_ELEMENTS (ticks); i++) {
    /* the filter of band b has its peak at (b + 1) * step */
    double band = genre_hz_to_mel (ticks[i]) / step - 1;
    char text[32];

    g_snprintf (text, sizeof text, "%g", ticks[i]);
    draw_y_tick (
        plot, MEL_BOTTOM - (band + 0.5) / GENRE_MEL_BANDS * height, text);
  }
  draw_mel_scale (plot);
}

/* Probabilities */

/* The first label is at the top. */
static void
get_band (const Slice *slice, guint label, double *top, double *bottom)
{
  double above = 0;

  for (guint i = 0; i < label; i++)
    above += slice->probabilities[i];
  *top = GENRES_TOP + (GENRES_BOTTOM - GENRES_TOP) * MIN (above, 1);
  *bottom = GENRES_TOP +
      (GENRES_BOTTOM - GENRES_TOP) *
          MIN (above + slice->probabilities[label], 1);
}

/* The slice after the last one that joins on to @first and is as silent. */
static guint
find_run_end (const Plot *plot, guint first)
{
  const Slice *slice = get_slice (plot, first);
  guint end = first + 1;

  while (end < plot->slices->len &&
      !get_slice (plot, end)->probabilities == !slice->probabilities &&
      get_slice (plot, end)->x1 <= get_slice (plot, end - 1)->x2)
    end++;
  return end;
}

static void
draw_bands (Plot *plot, guint first, guint end)
{
  double top, bottom;

  for (guint label = 0; label < plot->n_labels; label++) {
    for (guint i = first; i < end; i++) {
      get_band (get_slice (plot, i), label, &top, &bottom);
      cairo_line_to (plot->cr, get_slice (plot, i)->x1, top);
      cairo_line_to (plot->cr, get_slice (plot, i)->x2, top);
    }
    for (guint i = end; i > first; i--) {
      get_band (get_slice (plot, i - 1), label, &top, &bottom);
      cairo_line_to (plot->cr, get_slice (plot, i - 1)->x2, bottom);
      cairo_line_to (plot->cr, get_slice (plot, i - 1)->x1, bottom);
    }
    cairo_close_path (plot->cr);
    figure_fill_label (plot->figure, label);
  }
  /* a line between the bands tells where one ends even for alike colours */
  for (guint label = 1; label < plot->n_labels; label++) {
    for (guint i = first; i < end; i++) {
      get_band (get_slice (plot, i), label, &top, &bottom);
      cairo_line_to (plot->cr, get_slice (plot, i)->x1, top);
      cairo_line_to (plot->cr, get_slice (plot, i)->x2, top);
    }
    set_grey (plot, 1);
    cairo_set_line_width (plot->cr, 0.6);
    cairo_stroke (plot->cr);
  }
}

/* Writes the label's name where its band is highest over the width of the name. */
static void
draw_band_name (Plot *plot, guint label)
{
  const char *name = plot->result->labels[label];
  double width = figure_text_width (plot->figure, TEXT, FALSE, name) + 8;
  double best = MIN_LABEL_HEIGHT, x = 0, y = 0;

  for (guint first = 0; first < plot->slices->len; first++) {
    double top = GENRES_TOP, bottom = GENRES_BOTTOM;

    for (guint i = first; i < plot->slices->len; i++) {
      const Slice *slice = get_slice (plot, i);
      double slice_top, slice_bottom;

      if (!slice->probabilities ||
          (i > first && slice->x1 > get_slice (plot, i - 1)->x2))
        break;
      get_band (slice, label, &slice_top, &slice_bottom);
      top = MAX (top, slice_top);
      bottom = MIN (bottom, slice_bottom);
      if (bottom - top < best)
        break;
      if (slice->x2 - get_slice (plot, first)->x1 >= width) {
        best = bottom - top + 1e-9;
        x = (get_slice (plot, first)->x1 + slice->x2) / 2;
        y = (top + bottom) / 2;
        break;
      }
    }
  }
  if (y == 0)
    return;
  figure_set_text_on_label (plot->figure, label);
  figure_text (plot->figure, x, y, FIGURE_CENTRE, TEXT, FALSE, 0, name);
}

static void
draw_silence (Plot *plot, double x1, double x2)
{
  double width = figure_text_width (plot->figure, TEXT, FALSE, "silent");
  double x = (x1 + x2) / 2, y = (GENRES_TOP + GENRES_BOTTOM) / 2;

  figure_hatch (
      plot->figure, x1, GENRES_TOP, x2 - x1, GENRES_BOTTOM - GENRES_TOP);
  if (x2 - x1 < width + 12)
    return;
  cairo_rectangle (plot->cr, x - width / 2 - 4, y - 9, width + 8, 18);
  set_grey (plot, 1);
  cairo_fill (plot->cr);
  set_grey (plot, 0);
  figure_text (plot->figure, x, y, FIGURE_CENTRE, TEXT, FALSE, 0, "silent");
}

static void
draw_genres (Plot *plot)
{
  guint n_ticks = 4, end;

  draw_frame (plot, GENRES_TOP, GENRES_BOTTOM, "probability of each genre");
  for (guint i = 0; i <= n_ticks; i++) {
    char text[16];

    g_snprintf (text, sizeof text, "%u %%", 100 * i / n_ticks);
    draw_y_tick (plot,
        GENRES_BOTTOM - (GENRES_BOTTOM - GENRES_TOP) * i / (double) n_ticks,
        text);
  }
  for (guint first = 0; first < plot->slices->len; first = end) {
    end = find_run_end (plot, first);
    if (get_slice (plot, first)->probabilities)
      draw_bands (plot, first, end);
    else
      draw_silence (
          plot, get_slice (plot, first)->x1, get_slice (plot, end - 1)->x2);
  }
  for (guint label = 0; label < plot->n_labels; label++)
    draw_band_name (plot, label);
}

/* "61 %"; what is neither none nor all is never said to be */
static void
format_percent (char *text, gsize size, double p)
{
  if (p > 0 && p < 0.005)
    g_snprintf (text, size, "< 1 %%");
  else
    g_snprintf (text, size, "%.0f %%", 100 * p);
}

static gboolean
has_silence (const Plot *plot)
{
  for (guint i = 0; i < plot->slices->len; i++)
    if (!get_slice (plot, i)->probabilities)
      return TRUE;
  return FALSE;
}

/* In the order of the bands; only the most probable if not all have room. */
static void
draw_legend (Plot *plot)
{
  const double *p = plot->result->probabilities;
  guint room = (GENRES_BOTTOM - GENRES_TOP) / LEGEND_ROW;
  g_autofree gboolean *shown = g_new0 (gboolean, plot->n_labels + 1);
  g_autofree guint *order = g_new (guint, plot->n_labels + 1);
  int best = result_get_best (plot->result);
  double y = GENRES_TOP + 6;
  guint n;

  if (has_silence (plot))
    room--;
  n = MIN (room, plot->n_labels);
  if (p)
    result_rank (p, plot->n_labels, order, n);
  for (guint i = 0; p && i < n; i++)
    shown[order[i]] = TRUE;
  set_grey (plot, 0);
  figure_text (plot->figure, LEGEND_LEFT, GENRES_TOP - 12, FIGURE_LEFT, HEADING,
      FALSE, 0, n < plot->n_labels ? "track's likeliest" : "whole track");
  for (guint label = 0; label < plot->n_labels; label++) {
    gboolean bold = best == (int) label;
    char text[16];

    if (!shown[label])
      continue;
    format_percent (text, sizeof text, p[label]);
    cairo_rectangle (plot->cr, LEGEND_LEFT, y - 6, 12, 12);
    figure_fill_label (plot->figure, label);
    set_grey (plot, 0);
    figure_text (plot->figure, LEGEND_LEFT + 20, y, FIGURE_LEFT, TEXT, bold,
        LEGEND_RIGHT - LEGEND_LEFT - 60, plot->result->labels[label]);
    figure_text (
        plot->figure, LEGEND_RIGHT, y, FIGURE_RIGHT, TEXT, bold, 0, text);
    y += LEGEND_ROW;
  }
  if (has_silence (plot)) {
    figure_hatch (plot->figure, LEGEND_LEFT, y - 6, 12, 12);
    set_grey (plot, 0);
    figure_text (plot->figure, LEGEND_LEFT + 20, y, FIGURE_LEFT, TEXT, FALSE, 0,
        "silent");
  }
}

/* Words */

/* The last part of a path; a URI as it is. */
static char *
get_display_name (const char *name)
{
  return g_uri_peek_scheme (name) && !g_file_test (name, G_FILE_TEST_EXISTS)
      ? g_filename_display_name (name)
      : g_filename_display_basename (name);
}

/* "jazz 61 %, blues 20 %, pop 9 %": the @n most probable */
static char *
describe_genres (const Result *result, guint n_labels, guint n)
{
  g_autofree guint *order = g_new (guint, n + 1);
  GString *text = g_string_new (NULL);

  if (!result->probabilities)
    return g_string_free (g_string_append (text, "silent"), FALSE);
  result_rank (result->probabilities, n_labels, order, n);
  for (guint i = 0; i < n; i++) {
    char percent[16];

    format_percent (percent, sizeof percent, result->probabilities[order[i]]);
    g_string_append_printf (
        text, "%s%s %s", i > 0 ? ", " : "", result->labels[order[i]], percent);
  }
  return g_string_free (text, FALSE);
}

static char *
describe_segments (const Result *result)
{
  guint n = result->segments->len;

  return g_strdup_printf ("%u %s, model %s", n, n == 1 ? "segment" : "segments",
      result->model ? result->model : "unknown");
}

static void
draw_title (Plot *plot)
{
  const Result *result = plot->result;
  g_autofree char *name = get_display_name (result->name);
  g_autofree char *best = describe_genres (
      result, plot->n_labels, MIN (1, plot->n_labels));
  g_autofree char *segments = describe_segments (result);
  double width;

  set_grey (plot, 0);
  figure_text (plot->figure, 16, 22, FIGURE_LEFT, 17, TRUE, WIDTH - 32, name);
  width = figure_text (
      plot->figure, 16, 46, FIGURE_LEFT, 15, TRUE, WIDTH / 2, best);
  set_grey (plot, 0.3);
  figure_text (plot->figure, 16 + width + 14, 46, FIGURE_LEFT, HEADING, FALSE,
      WIDTH - 48 - width, segments);
}

static gboolean
save (Plot *plot, const char *path, GError **error)
{
  const Result *result = plot->result;
  g_autofree char *name = get_display_name (result->name);
  g_autofree char *best = describe_genres (
      result, plot->n_labels, MIN (1, plot->n_labels));
  g_autofree char *all = describe_genres (
      result, plot->n_labels, plot->n_labels);
  g_autofree char *segments = describe_segments (result);
  g_autofree char *title = g_strdup_printf ("%s: %s", name, best);
  g_autofree char *description = g_strdup_printf (
      "Waveform, mel spectrogram and probabilities of the genres over %.1f "
      "seconds (%s). Whole track: %s.",
      plot->overview->duration, segments, all);

  return figure_save (plot->figure, path, title, description, error);
}

gboolean
plot_write (const char *path, const Result *result, const Overview *overview,
    GError **error)
{
  Plot plot = { .result = result, .overview = overview };
  gboolean ok;

  if (!figure_check_path (path, error))
    return FALSE;
  if (result->segments->len == 0 || overview->columns->len == 0) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        "%s: there is nothing to plot: %s has no segments.", path,
        result->name);
    return FALSE;
  }
  plot.n_labels = result->labels ? g_strv_length (result->labels) : 0;
  plot.figure = figure_new (path, WIDTH, HEIGHT);
  plot.cr = plot.figure->cr;
  gather_slices (&plot);
  draw_title (&plot);
  draw_waveform (&plot);
  draw_mel_spectrogram (&plot);
  draw_genres (&plot);
  draw_legend (&plot);
  draw_time_axis (&plot);
  ok = save (&plot, path, error);
  g_array_unref (plot.slices);
  figure_free (plot.figure);
  return ok;
}

gboolean
plot_file (const char *path, const Result *result, GError **error)
{
  g_autoptr (Overview) overview = NULL;

  if (!figure_check_path (path, error))
    return FALSE;
  overview = overview_new (result->name, error);
  return overview && plot_write (path, result, overview, error);
}
