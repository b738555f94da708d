/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The files of the page, which are in the program. */

#pragma once

#include <glib.h>

typedef struct _Page Page;

typedef struct
{
  const char *type; /* as Content-Type has it */
  char *etag;       /* with its quotes */
  GBytes *data;
} PageFile;

/* All of them; none if the program was built without the page. */
Page *page_new (void);
void page_free (Page *page);

/* (transfer none) (nullable): the file that is served as @path, "/" or "/app.js". */
const PageFile *page_find (Page *page, const char *path);
