/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "plain.h"

#include "formats.h"

const Edges *
plain_scan (Layout *layout, guint64 start, TagKind otherwise)
{
  Edges *edges = edges_scan (layout, start);

  layout->found = edges;
  layout->found_free = (GDestroyNotify) edges_free;
  edges_add_front (edges, layout);
  layout_add_piece (layout, "audio");
  layout_extend (layout, start, edges_get_end (edges) - start);
  edges_add_back (edges, layout);
  edges_choose_primary (edges, layout, otherwise);
  return edges;
}

gboolean
plain_edit (const Layout *layout, const TagState *wanted,
    const EditOptions *options, Splices *splices, GError **error)
{
  return edges_edit (layout->found, wanted, options, splices, error);
}

static void
scan_for_id3v2 (Layout *layout, guint64 start)
{
  plain_scan (layout, start, TAG_ID3V2);
}

static void
scan_for_ape (Layout *layout, guint64 start)
{
  plain_scan (layout, start, TAG_APE);
}

/* True Audio: https://www.tausoft.org */

static gboolean
is_tta (MediaFile *file, guint64 start)
{
  return media_file_has (file, start, "TTA1", 4) ||
      media_file_has (file, start, "TTA2", 4);
}

const TagFormat tag_format_tta = { "True Audio", is_tta, scan_for_id3v2,
  plain_edit };

/* Those whose own kind of tag is APE */

static gboolean
is_monkeys_audio (MediaFile *file, guint64 start)
{
  return media_file_has (file, start, "MAC ", 4);
}

const TagFormat tag_format_monkeys_audio = { "Monkey's Audio", is_monkeys_audio,
  scan_for_ape, plain_edit };

static gboolean
is_wavpack (MediaFile *file, guint64 start)
{
  return media_file_has (file, start, "wvpk", 4);
}

const TagFormat tag_format_wavpack = { "WavPack", is_wavpack, scan_for_ape,
  plain_edit };

/* of stream versions 7 and 8 */
static gboolean
is_musepack (MediaFile *file, guint64 start)
{
  return media_file_has (file, start, "MPCK", 4) ||
      media_file_has (file, start, "MP+", 3);
}

const TagFormat tag_format_musepack = { "Musepack", is_musepack, scan_for_ape,
  plain_edit };

static gboolean
is_tak (MediaFile *file, guint64 start)
{
  return media_file_has (file, start, "tBaK", 4);
}

const TagFormat tag_format_tak = { "TAK", is_tak, scan_for_ape, plain_edit };

static gboolean
is_optimfrog (MediaFile *file, guint64 start)
{
  return media_file_has (file, start, "OFR ", 4);
}

const TagFormat tag_format_optimfrog = { "OptimFROG", is_optimfrog,
  scan_for_ape, plain_edit };
