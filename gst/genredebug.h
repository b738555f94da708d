/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The debug category "genreclassify" of all files that log. */

#pragma once

#include <gst/gst.h>

GST_DEBUG_CATEGORY_EXTERN (genre_classify_debug);
#define GST_CAT_DEFAULT genre_classify_debug
