/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The rows of the table, and which columns they have. */

#pragma once

#include "monitor/record/stationview.h"

typedef enum
{
  CELL_NAME,
  CELL_STATE,
  CELL_ON_AIR, /* artist - title, or why there is none */
  CELL_ARTIST,
  CELL_TITLE,
  CELL_TIME,
  CELL_GENRE,
  CELL_CONFIDENCE,
  CELL_SHARES,
  CELL_N_TITLES,
  CELL_N_LOSSES,
  N_CELLS
} CellKind;

/* Where the cells are; those of no width are not shown. */
typedef struct
{
  guint n_columns, n_rows; /* of the screen */
  gboolean utf8, has_colours;
  guint gap;
  guint starts[N_CELLS], widths[N_CELLS];
} RowLayout;

/* Says where the cells of @layout, whose other fields are set, are for @views, [n]. */
void tablerow_lay_out (RowLayout *layout, const StationView *views, guint n);
/* (transfer full): the row of @view, or the header if it is NULL, to be printed from
 * the first column of an arbitrary line on */
char *
tablerow_make (const RowLayout *layout, const StationView *view, gint64 now);
