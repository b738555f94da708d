/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The files of the web page.  They are part of the program. */

#pragma once

#include <glib.h>

typedef struct _Page Page;

typedef struct
{
  const char *type; /* for Content-Type */
  char *etag;       /* with quotes */
  GBytes *data;
} PageFile;

/* There are no files if the program was built without the page. */
Page *page_new (void);
void page_free (Page *page);

/* (transfer none) (nullable): the file that @path, such as "/" or "/app.js",
 * asks for. */
const PageFile *page_find (Page *page, const char *path);
