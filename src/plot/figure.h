/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A picture that is being drawn: cairo's surface, text on it, and the file that
 * it becomes. */

#pragma once

#include <cairo.h>
#include <glib.h>

typedef struct
{
  cairo_t *cr;
  double width, height; /* px */
  GByteArray *svg;      /* the file so far, or NULL for .png */
} Figure;

typedef enum
{
  FIGURE_LEFT,
  FIGURE_CENTRE,
  FIGURE_RIGHT
} FigureAlign;

/* U+2212, the minus sign of numbers */
#define FIGURE_MINUS "\xe2\x88\x92"

/* FALSE with @error set (G_OPTION_ERROR_BAD_VALUE) if @path ends in neither
 * .svg nor .png. */
gboolean figure_check_path (const char *path, GError **error);

/* Makes an empty, white picture; @path is one that figure_check_path() allows,
 * and decides the format.  Free it with figure_free(). */
Figure *figure_new (const char *path, double width, double height);
void figure_free (Figure *figure);

/* Writes the picture to @path, under another name first, so that an older file
 * stays until the new one is whole.  An .svg file contains @title and
 * @description, which screen readers say.  FALSE with @error set. */
gboolean figure_save (Figure *figure, const char *path, const char *title,
    const char *description, GError **error);

/* Writes one line of text in the current colour, @y being its middle and @x the
 * side that @align names.  What is wider than @max_width (0: no limit) is cut
 * in the middle.  @size is in px.  Gives the width that it has then, px. */
double figure_text (Figure *figure, double x, double y, FigureAlign align,
    double size, gboolean bold, double max_width, const char *text);
/* The width that the text would have, px. */
double figure_text_width (
    Figure *figure, double size, gboolean bold, const char *text);

/* The first ten labels have colours of which colour-blind people can tell any
 * two apart.  Later ones have the same colours again, with stripes. */
#define FIGURE_N_COLOURS 10
/* Fills cairo's current path with the label's colour, and clears the path. */
void figure_fill_label (Figure *figure, guint label);
/* Sets the current colour to black or white, whichever is easier to read on the
 * colour of @label. */
void figure_set_text_on_label (Figure *figure, guint label);

/* Fills a rectangle with hatching: there is nothing to show here. */
void figure_hatch (Figure *figure, double x, double y, double w, double h);

/* The PNG file of @image, an image surface; free it with g_byte_array_unref().  NULL
 * with @status set if cairo cannot make it. */
GByteArray *
figure_image_to_png (cairo_surface_t *image, cairo_status_t *status);
