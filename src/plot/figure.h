/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A picture under way: cairo's surface, the text on it, and the file it becomes. */

#pragma once

#include <cairo.h>
#include <glib.h>

typedef struct
{
  cairo_t *cr;
  double width, height; /* px */
  GByteArray *svg;      /* what was drawn, or NULL for .png */
} Figure;

typedef enum
{
  FIGURE_LEFT,
  FIGURE_CENTRE,
  FIGURE_RIGHT
} FigureAlign;

/* FALSE with @error (G_OPTION_ERROR_BAD_VALUE) set if no picture can have this
 * name: it ends in neither .svg nor .png. */
gboolean figure_check_path (const char *path, GError **error);

/* Makes an empty, white picture of what figure_check_path() allows. */
Figure *figure_new (const char *path, double width, double height);
void figure_free (Figure *figure);

/* Writes it to @path, under another name first.  @title and @description are for
 * those who cannot see it; an .svg has them.  FALSE with @error set. */
gboolean figure_save (Figure *figure, const char *path, const char *title,
    const char *description, GError **error);

/* One line of text in the current colour, @y being its middle; what is wider than
 * @max_width (0: any) is cut in the middle.  @size is in px.  Gives the width. */
double figure_text (Figure *figure, double x, double y, FigureAlign align,
    double size, gboolean bold, double max_width, const char *text);
/* The width that it would have. */
double figure_text_width (
    Figure *figure, double size, gboolean bold, const char *text);

/* Colours of labels that those see apart, too, who are blind to some: of any two of
 * the first ten.  From the eleventh on they come again, striped. */
#define FIGURE_N_COLOURS 10
/* Fills the path, which is then gone. */
void figure_fill_label (Figure *figure, guint label);
/* The current colour: black or white, whichever is legible on that of @label. */
void figure_set_text_on_label (Figure *figure, guint label);

/* A rectangle for which there is nothing to show, hatched. */
void figure_hatch (Figure *figure, double x, double y, double w, double h);
