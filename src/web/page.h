/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The files of the web page.  They are part of the program. */

#pragma once

#include <glib.h>

typedef struct _Page Page;

/* A file as it is, or compressed. */
typedef struct
{
  const char *encoding; /* for Content-Encoding; NULL: as it is */
  char *etag;           /* with quotes */
  GBytes *data;
} PageForm;

typedef struct
{
  const char *type; /* for Content-Type */
  char *policy;     /* for Content-Security-Policy; NULL: it needs none */
  PageForm plain;
  PageForm gzip; /* without data if it would not be smaller */
} PageFile;

/* There are no files if the program was built without the page. */
Page *page_new (void);
void page_free (Page *page);

/* (transfer none) (nullable): the file that @path, such as "/" or "/app.js",
 * asks for. */
const PageFile *page_find (Page *page, const char *path);

/* (transfer none): the form of @file that a client takes who sends
 * @accept_encoding, the value of its header of that name, or NULL. */
const PageForm *
page_file_choose (const PageFile *file, const char *accept_encoding);
