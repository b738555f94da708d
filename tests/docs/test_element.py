# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables of the element's properties and of the fields of its messages have what
GStreamer says of it, and what a pipeline posts."""

import os
import re
import unittest

import gi
import pages

gi.require_version("Gst", "1.0")
from gi.repository import GObject, Gst  # noqa: E402

Gst.init(None)
UNITS = {"s": Gst.SECOND, "dBFS": 1}
TYPES = {"uint64": "guint64", "uint64, ns": "guint64", "string": "gchararray",
         "double": "gdouble", "boolean": "gboolean", "GstStructure": "GstStructure",
         "GstValueArray of string": "GstValueArray gchararray",
         "GstValueArray of double": "GstValueArray gdouble"}


def number(text):
    """"30 s" in nanoseconds, "-60 dBFS", "0.7" """
    value, _, unit = text.partition(" ")
    return float(value) * UNITS.get(unit, 1)


def type_of(structure, name):
    """As TYPES has it; of an array and of a structure with that of what is in it."""
    kind = structure.get_field_type(name).name
    if kind != "GstValueArray":
        return kind
    # what bindings say of its members is not the same everywhere
    text = structure.to_string()
    member = re.search(rf"[ ,]{name}=\(\w+\)<(?: \((\w+)\)| )?([^,>]*)", text)
    assert member, text[:200]
    return kind + (" gdouble" if re.match(r" *[-0-9.e]+$", member[2]) else " gchararray")


class Properties(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.element = Gst.ElementFactory.make("genreclassify")
        cls.properties = {p.name: p for p in cls.element.list_properties()
                          if p.owner_type == cls.element.__gtype__}
        _, rows = pages.table("property", "default", "meaning")
        cls.rows = {name: row for row in rows for name in pages.in_code(row[0])}

    def test_names(self):
        self.assertEqual(sorted(self.rows), sorted(self.properties))

    def test_defaults(self):
        for name, (_, default, _) in self.rows.items():
            actual = self.properties[name].default_value
            with self.subTest(name):
                default = default.strip("`").partition(":")[0]
                if not default:
                    self.assertFalse(self.properties[name].flags &
                                     GObject.ParamFlags.WRITABLE)
                elif default in ("true", "false"):
                    self.assertEqual(default, str(actual).lower())
                elif re.match(r"-?\d", default):
                    self.assertEqual(number(default), actual)
                elif actual is None:        # which stands for something
                    self.assertTrue(default.endswith(" of its own") or self.properties[
                        name].blurb.endswith(f"NULL is {default}"), default)
                else:
                    self.assertEqual(default, getattr(actual, "value_nick", actual))

    def test_limits(self):
        """Where "LEAST to MOST" is the end of the meaning."""
        n = 0
        for name, (_, _, meaning) in self.rows.items():
            limits = re.search(r", (\d+ s) to (\d+ s)$", meaning)
            if limits:
                n += 1
                with self.subTest(name):
                    actual = self.properties[name]
                    self.assertEqual([number(text) for text in limits.groups()],
                                     [actual.minimum, actual.maximum])
        self.assertGreater(n, 0)

    def test_stats(self):
        """Each number has its words: "seconds of audio" is audio-seconds."""
        words = self.rows["stats"][2]
        stats = self.element.get_property("stats")
        names = [stats.nth_field_name(i) for i in range(stats.n_fields())]
        known = {"segments": "segments", "silent": "silent", "dropped": "dropped",
                 "audio-seconds": "audio", "gaps": "missing",
                 "discarded": "in no segment", "inference-mean": "inference times",
                 "inference-max": "inference times"}
        self.assertEqual(sorted(names), sorted(known))
        for name in names:
            self.assertIn(known[name], words)


class Messages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.page, rows = pages.table("field", "type", "meaning")
        cls.types = {name: row[1] for row in rows for name in pages.in_code(row[0])}
        # music with a name, and silence, which is another stream
        pipeline = Gst.parse_launch(
            "concat name=c ! taginject tags=title=Sonata,artist=Trio,organization=Radio ! "
            "genreclassify post-embedding=true post-tag-probabilities=true "
            "window=10000000000 interim-interval=3000000000 ! fakesink "
            f'filesrc location="{os.environ["TEST_CLIP"]}" ! decodebin ! '
            "audioconvert ! audioresample ! audio/x-raw,format=S16LE,rate=22050,"
            "channels=1 ! c. audiotestsrc wave=silence "
            "num-buffers=240 samplesperbuffer=1024 ! audio/x-raw,format=S16LE,"
            "rate=22050,channels=1 ! c.")
        pipeline.set_state(Gst.State.PLAYING)
        cls.segments, cls.tracks = [], []
        bus = pipeline.get_bus()
        while True:
            message = bus.timed_pop_filtered(
                60 * Gst.SECOND, Gst.MessageType.ELEMENT | Gst.MessageType.EOS |
                Gst.MessageType.ERROR)
            assert message, "no end within a minute"
            assert message.type != Gst.MessageType.ERROR, message.parse_error()
            if message.type == Gst.MessageType.EOS:
                break
            structure = message.get_structure()
            if structure.get_name() == "genreclassify":
                cls.segments.append(structure.copy())
            elif structure.get_name() == "genreclassify-track":
                cls.tracks.append(structure.copy())
        pipeline.set_state(Gst.State.NULL)

    def fields(self, structures):
        return {structure.nth_field_name(i) for structure in structures
                for i in range(structure.n_fields())}

    def test_fields(self):
        self.assertGreater(len(self.segments), 1)
        self.assertEqual(self.fields(self.segments), set(self.types) - {"segments"})

    def test_fields_of_the_track(self):
        """Those of the table, and those that the paragraphs name, of which some are
        not here: of a test there is no URI."""
        text = pages.read(self.page)
        text = re.search(r"The track's message also says.*?\n\n", text, re.S)[0]
        song = set(pages.in_code(text)[:pages.in_code(text).index("end") + 1])
        found = self.fields(self.tracks)
        self.assertLessEqual(found, set(self.types) - {"segment"} | song)
        self.assertLessEqual({"segments", "title", "artist", "end"}, found)
        self.assertIn(self.tracks[0].get_string("end"), pages.in_code(text))

    def test_types(self):
        for structure in self.segments + self.tracks:
            for i in range(structure.n_fields()):
                name = structure.nth_field_name(i)
                if name in self.types:
                    with self.subTest(name):
                        self.assertEqual(type_of(structure, name),
                                         TYPES[self.types[name]])

    def test_absent_if_silent(self):
        silent = [s for s in self.segments if s.get_boolean("silent")[1]]
        sounding = [s for s in self.segments if not s.get_boolean("silent")[1]]
        absent = self.fields(sounding) - self.fields(silent)
        rows = pages.table("field", "type", "meaning")[1]
        said = {name for row in rows if "absent if silent" in row[2]
                for name in pages.in_code(row[0])}
        self.assertTrue(silent and sounding)
        self.assertLessEqual(said, absent)


if __name__ == "__main__":
    unittest.main()
