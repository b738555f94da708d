/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The page of a plot under way, and what its panels share. */

#pragma once

#include "analysis/overview.h"
#include "analysis/result.h"
#include "figure.h"

/* px */
#define PAGE_WIDTH 800
#define PAGE_HEIGHT 590
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
#define TEXT 12
#define HEADING 13

typedef struct
{
  Figure *figure;
  cairo_t *cr;
  const Result *result;
  const Overview *overview;
  guint n_labels;
} PlotPage;

const OverviewColumn *plot_page_get_column (const PlotPage *page, guint i);
double plot_page_time_to_x (const PlotPage *page, double seconds);
void plot_page_set_grey (PlotPage *page, double grey);
void plot_page_draw_line (
    PlotPage *page, double x1, double y1, double x2, double y2);
/* A mark with its text at the axis on the left. */
void plot_page_draw_y_tick (PlotPage *page, double y, const char *text);
/* A panel's axes, and its heading above them. */
void plot_page_draw_axes (
    PlotPage *page, double top, double bottom, const char *heading);

/* "61 %", and "< 1 %" for what is not quite nothing */
void plot_format_percent (char *text, gsize size, double p);

/* The panels that have a file of their own. */
void plot_page_draw_mel_spectrogram (PlotPage *page);
void plot_page_draw_genres (PlotPage *page);
