/* SPDX-License-Identifier: GPL-2.0-or-later */

#pragma once

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_GENRE_CLASSIFY (gst_genre_classify_get_type ())
G_DECLARE_FINAL_TYPE (
    GstGenreClassify, gst_genre_classify, GST, GENRE_CLASSIFY, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (genreclassify);

G_END_DECLS
