/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The page of a plot while it is drawn: where its panels are, and the axes and
 * texts that they share. */

#pragma once

#include "analysis/overview.h"
#include "analysis/result.h"
#include "figure.h"

/* px */
#define PLOT_WIDTH 800
#define PLOT_HEIGHT 590
/* the panels; all have the same axis of time */
#define PLOT_LEFT 62
#define PLOT_RIGHT 648
#define PLOT_WAVEFORM_TOP 82
#define PLOT_WAVEFORM_BOTTOM 162
#define PLOT_MEL_TOP 192
#define PLOT_MEL_BOTTOM 332
#define PLOT_GENRES_TOP 362
#define PLOT_GENRES_BOTTOM 546
/* beside them */
#define PLOT_LEGEND_LEFT 662
#define PLOT_LEGEND_RIGHT 788
/* sizes of text */
#define PLOT_TEXT_SIZE 12
#define PLOT_HEADING_SIZE 13

typedef struct
{
  Figure *figure;
  cairo_t *cr; /* the figure's */
  const Result *result;
  const Overview *overview;
  guint n_labels;
} PlotPage;

const OverviewColumn *plot_page_get_column (const PlotPage *page, guint i);
/* Where a time is on the axis of time, px. */
double plot_page_time_to_x (const PlotPage *page, double seconds);

/* Sets the colour, 0 (black) to 1 (white). */
void plot_page_set_grey (PlotPage *page, double grey);
/* Draws a line that is one pixel wide; it is meant for horizontal and vertical
 * lines. */
void plot_page_draw_line (
    PlotPage *page, double x1, double y1, double x2, double y2);
/* Writes one line of text in the current colour, @y being its middle. */
void plot_page_draw_text (
    PlotPage *page, double x, double y, FigureAlign align, const char *text);
/* The same, turned to the left so that it goes upwards, with its middle at
 * (@x, @y). */
void plot_page_draw_upright_text (
    PlotPage *page, double x, double y, const char *text);
/* Draws a mark at the left axis, and its text beside it. */
void plot_page_draw_y_tick (PlotPage *page, double y, const char *text);
/* Draws the left and lower axis of a panel, and its heading above it. */
void plot_page_draw_axes (
    PlotPage *page, double top, double bottom, const char *heading);
/* Draws the marks of time at all panels, and the times below the lowest one. */
void plot_page_draw_time_axis (PlotPage *page);

/* "61 %", and "< 1 %" for what is not quite nothing. */
void plot_format_percent (char *text, gsize size, double p);
