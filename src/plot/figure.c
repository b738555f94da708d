/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "figure.h"

#include <string.h>

#include <cairo-svg.h>
#include <pango/pangocairo.h>

/* A search over colours of moderate chroma chose those whose smallest distance
 * is largest: any two are at least 27 apart in CIE Lab, as seen with normal,
 * protanope, deuteranope and tritanope vision (Machado et al. 2009, severity
 * 1).  Neighbours in the list differ in lightness. */
static const guint32 colours[FIGURE_N_COLOURS] = {
  0x003380, /* navy */
  0xe6e699, /* pale yellow */
  0x800000, /* maroon */
  0x00e6ff, /* cyan */
  0x661a33, /* plum */
  0x9980e6, /* lavender */
  0x338099, /* steel */
  0xb3e6cc, /* mint */
  0xe66666, /* coral */
  0xcc9933, /* gold */
};

static gboolean
is_svg (const char *path)
{
  return g_str_has_suffix (path, ".svg");
}

gboolean
figure_check_path (const char *path, GError **error)
{
  if (is_svg (path) || g_str_has_suffix (path, ".png"))
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
      "%s: the name of a plot must end in .svg or .png.", path);
  return FALSE;
}

static cairo_status_t
append_bytes (void *closure, const unsigned char *bytes, unsigned int n)
{
  g_byte_array_append (closure, bytes, n);
  return CAIRO_STATUS_SUCCESS;
}

Figure *
figure_new (const char *path, double width, double height)
{
  Figure *figure = g_new0 (Figure, 1);
  cairo_surface_t *surface;

  figure->width = width;
  figure->height = height;
  if (is_svg (path)) {
    figure->svg = g_byte_array_new ();
    surface = cairo_svg_surface_create_for_stream (
        append_bytes, figure->svg, width, height);
    cairo_svg_surface_set_document_unit (surface, CAIRO_SVG_UNIT_PX);
  } else {
    surface = cairo_image_surface_create (
        CAIRO_FORMAT_RGB24, (int) width, (int) height);
  }
  figure->cr = cairo_create (surface);
  cairo_surface_destroy (surface);
  cairo_set_source_rgb (figure->cr, 1, 1, 1);
  cairo_paint (figure->cr);
  cairo_set_source_rgb (figure->cr, 0, 0, 0);
  return figure;
}

void
figure_free (Figure *figure)
{
  if (!figure)
    return;
  cairo_destroy (figure->cr);
  if (figure->svg)
    g_byte_array_unref (figure->svg);
  g_free (figure);
}

/* @text without what XML does not allow and fonts do not have: invalid UTF-8
 * and control characters are replaced.  Free with g_free(). */
static char *
make_printable (const char *text)
{
  char *valid = g_utf8_make_valid (text, -1);

  for (char *p = valid; *p; p++)
    if ((guchar) *p < 0x20 || *p == 0x7f)
      *p = ' ';
  return valid;
}

/* Puts <title> and <desc>, which screen readers say, after the opening tag. */
static void
add_description (GByteArray *svg, const char *title, const char *description)
{
  g_autofree char *valid_title = make_printable (title);
  g_autofree char *valid_description = make_printable (description);
  g_autofree char *text = g_markup_printf_escaped (
      " role=\"img\">\n<title>%s</title>\n<desc>%s</desc>", valid_title,
      valid_description);
  const char *tag = g_strstr_len ((char *) svg->data, svg->len, "<svg ");
  const char *end = tag ? memchr (tag, '>', (char *) svg->data + svg->len - tag)
                        : NULL;
  gsize at, n = strlen (text), rest;

  g_return_if_fail (end != NULL);
  at = end - (char *) svg->data;
  rest = svg->len - at - 1;
  g_byte_array_set_size (svg, svg->len + n - 1);
  memmove (svg->data + at + n, svg->data + at + 1, rest);
  memcpy (svg->data + at, text, n);
}

/* Ends the drawing; gives the whole file, or NULL with @status set. */
static GByteArray *
finish_svg (Figure *figure, const char *title, const char *description,
    cairo_status_t *status)
{
  cairo_surface_t *surface = cairo_get_target (figure->cr);

  cairo_surface_finish (surface);
  if ((*status = cairo_surface_status (surface)) != CAIRO_STATUS_SUCCESS)
    return NULL;
  add_description (figure->svg, title, description);
  return g_byte_array_ref (figure->svg);
}

GByteArray *
figure_image_to_png (cairo_surface_t *image, cairo_status_t *status)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();

  *status = cairo_surface_write_to_png_stream (image, append_bytes, file);
  return *status == CAIRO_STATUS_SUCCESS ? g_steal_pointer (&file) : NULL;
}

gboolean
figure_save (Figure *figure, const char *path, const char *title,
    const char *description, GError **error)
{
  cairo_status_t status = cairo_status (figure->cr);
  g_autoptr (GByteArray) file = NULL;
  g_autoptr (GError) cause = NULL;

  if (status == CAIRO_STATUS_SUCCESS)
    file = figure->svg
        ? finish_svg (figure, title, description, &status)
        : figure_image_to_png (cairo_get_target (figure->cr), &status);
  if (!file) {
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
        "%s: the plot cannot be drawn: %s.", path,
        cairo_status_to_string (status));
    return FALSE;
  }
  if (g_file_set_contents_full (path, (const char *) file->data, file->len,
          G_FILE_SET_CONTENTS_CONSISTENT, 0666, &cause))
    return TRUE;
  g_set_error (error, cause->domain, cause->code,
      "%s: the plot cannot be written: %s", path, cause->message);
  return FALSE;
}

static PangoLayout *
create_layout (Figure *figure, double size, gboolean bold, const char *text)
{
  PangoLayout *layout = pango_cairo_create_layout (figure->cr);
  PangoFontDescription *font = pango_font_description_from_string ("Sans");
  g_autofree char *valid = make_printable (text);

  pango_font_description_set_absolute_size (font, size * PANGO_SCALE);
  if (bold)
    pango_font_description_set_weight (font, PANGO_WEIGHT_BOLD);
  pango_layout_set_font_description (layout, font);
  /* a file's name may contain separators of lines and of paragraphs */
  pango_layout_set_single_paragraph_mode (layout, TRUE);
  pango_layout_set_text (layout, valid, -1);
  pango_font_description_free (font);
  return layout;
}

static double
get_left (double x, FigureAlign align, int width)
{
  switch (align) {
    case FIGURE_CENTRE:
      return x - width / 2.0;
    case FIGURE_RIGHT:
      return x - width;
    default:
      return x;
  }
}

double
figure_text (Figure *figure, double x, double y, FigureAlign align, double size,
    gboolean bold, double max_width, const char *text)
{
  PangoLayout *layout = create_layout (figure, size, bold, text);
  int width, height;

  if (max_width > 0) {
    pango_layout_get_size (layout, &width, NULL);
    if (width > max_width * PANGO_SCALE) {
      pango_layout_set_width (layout, (int) (max_width * PANGO_SCALE));
      pango_layout_set_ellipsize (layout, PANGO_ELLIPSIZE_MIDDLE);
    }
  }
  pango_layout_get_pixel_size (layout, &width, &height);
  /* on whole pixels: otherwise the text is blurred */
  cairo_move_to (figure->cr, (int) get_left (x, align, width),
      (int) (y - height / 2.0 + 0.5));
  pango_cairo_show_layout (figure->cr, layout);
  cairo_new_path (figure->cr);
  g_object_unref (layout);
  return width;
}

double
figure_text_width (Figure *figure, double size, gboolean bold, const char *text)
{
  PangoLayout *layout = create_layout (figure, size, bold, text);
  int width;

  pango_layout_get_pixel_size (layout, &width, NULL);
  g_object_unref (layout);
  return width;
}

static void
get_rgb (guint label, double rgb[3])
{
  guint32 colour = colours[label % FIGURE_N_COLOURS];

  rgb[0] = (colour >> 16) / 255.0;
  rgb[1] = (colour >> 8 & 0xff) / 255.0;
  rgb[2] = (colour & 0xff) / 255.0;
}

/* Draws lines at 45 degrees over the clipped area. */
static void
draw_stripes (cairo_t *cr, double spacing)
{
  double x1, y1, x2, y2;

  cairo_clip_extents (cr, &x1, &y1, &x2, &y2);
  /* they begin at multiples of the spacing, so that the lines of neighbouring
   * areas meet */
  for (double at = spacing * (int) ((x1 + y1) / spacing); at < x2 + y2;
       at += spacing) {
    cairo_move_to (cr, at - y1, y1);
    cairo_line_to (cr, at - y2, y2);
  }
  cairo_stroke (cr);
}

void
figure_fill_label (Figure *figure, guint label)
{
  double rgb[3];

  get_rgb (label, rgb);
  cairo_save (figure->cr);
  cairo_set_source_rgb (figure->cr, rgb[0], rgb[1], rgb[2]);
  if (label < FIGURE_N_COLOURS) {
    cairo_fill (figure->cr);
  } else {
    cairo_fill_preserve (figure->cr);
    cairo_clip (figure->cr);
    cairo_set_source_rgb (figure->cr, 1, 1, 1);
    cairo_set_line_width (figure->cr, 1.5);
    draw_stripes (figure->cr, 4 + 4 * (label / FIGURE_N_COLOURS));
  }
  cairo_restore (figure->cr);
}

void
figure_set_text_on_label (Figure *figure, guint label)
{
  double rgb[3], luminance;

  get_rgb (label, rgb);
  /* sRGB has a gamma of about 2.2; the square is near enough */
  luminance = 0.2126 * rgb[0] * rgb[0] + 0.7152 * rgb[1] * rgb[1] +
      0.0722 * rgb[2] * rgb[2];
  if (luminance > 0.2)
    cairo_set_source_rgb (figure->cr, 0, 0, 0);
  else
    cairo_set_source_rgb (figure->cr, 1, 1, 1);
}

void
figure_hatch (Figure *figure, double x, double y, double w, double h)
{
  cairo_save (figure->cr);
  cairo_rectangle (figure->cr, x, y, w, h);
  cairo_set_source_rgb (figure->cr, 0.95, 0.95, 0.95);
  cairo_fill_preserve (figure->cr);
  cairo_clip (figure->cr);
  cairo_set_source_rgb (figure->cr, 0.72, 0.72, 0.72);
  cairo_set_line_width (figure->cr, 1);
  draw_stripes (figure->cr, 8);
  cairo_restore (figure->cr);
}
