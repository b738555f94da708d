# SPDX-License-Identifier: GPL-2.0-or-later
"""The pictures that --plot makes: that they are whole, what they say to those who
cannot see them, and that what cannot be drawn leaves nothing behind."""

import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import unittest
import wave
import zlib
from xml.etree import ElementTree

PROGRAM = sys.argv.pop(1)
CLIP = os.environ["TEST_CLIP"]
SVG = "{http://www.w3.org/2000/svg}"
RATE = 8000
# where the probabilities are drawn, and the colour that hatching stands on
GENRES = slice(364, 544)
LEFT, RIGHT = 64, 646
COLOURS = [0x003380, 0xe6e699, 0x800000, 0x00e6ff, 0x661a33, 0x9980e6, 0x338099,
           0xb3e6cc, 0xe66666, 0xcc9933]
HATCHED = (243, 243, 243)


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True,
                          text=True, timeout=60)


def read_png(path):
    """The rows of an RGB picture, a list of (red, green, blue) each."""
    with open(path, "rb") as f:
        data = f.read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, pixels = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (8, 2)
        elif kind == b"IDAT":
            pixels += body
        at += 12 + length
    pixels, size = zlib.decompress(pixels), 3 * width
    rows, above = [], bytearray(size)
    for y in range(height):
        kind = pixels[y * (size + 1)]
        row = bytearray(pixels[y * (size + 1) + 1:(y + 1) * (size + 1)])
        for i in range(size):
            a = row[i - 3] if i >= 3 else 0
            b, c = above[i], above[i - 3] if i >= 3 else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b),
                        (abs(p - c), 2, c))[2]
            row[i] = (row[i] + (0, a, b, (a + b) // 2, paeth)[kind]) & 255
        rows.append([tuple(row[i:i + 3]) for i in range(0, size, 3)])
        above = row
    return rows


def share_of(rows, colour, left, right):
    """How much of the panel of the genres has that colour between two shares of
    the time."""
    begin, end = (round(LEFT + x * (RIGHT - LEFT)) for x in (left, right))
    pixels = [p for row in rows[GENRES] for p in row[begin:end]]
    return sum(p == colour for p in pixels) / len(pixels)


def melody(i):
    """A sample of what the model takes for music."""
    time = i / RATE
    note = 220 * 2 ** ((0, 4, 7, 12, 7, 4)[int(2 * time) % 6] / 12)
    return (1 - 2 * time % 1) * (2 * (note * time % 1) - 1)


def noise(i):
    return random.uniform(-1, 1)


class Test(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write_wav(self, name, *parts):
        """Parts are (seconds, amplitude) of the melody, or have another function
        behind that."""
        path = self.path(name)
        with wave.open(path, "wb") as f:
            f.setparams((1, 2, RATE, 0, "NONE", ""))
            for seconds, amplitude, *sounds in parts:
                sound, = sounds or [melody]
                f.writeframes(b"".join(
                    struct.pack("<h", int(amplitude * sound(i)))
                    for i in range(int(seconds * RATE))))
        return path

    def plot(self, out, source=CLIP, *options):
        result = run("--plot", self.path(out), *options, source)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "")
        return self.path(out)

    def read_svg(self, path):
        root = ElementTree.parse(path).getroot()
        self.assertEqual(root.tag, SVG + "svg")
        self.assertEqual(root.get("role"), "img")
        self.assertEqual([child.tag for child in root][:2],
                         [SVG + "title", SVG + "desc"])
        return root[0].text, root[1].text

    def test_svg(self):
        title, description = self.read_svg(self.plot("out.svg"))
        self.assertRegex(title, r"^clip\.ogg: [a-z]+ \d+ %$")
        self.assertRegex(description, r"36\.\d seconds \(2 segments, model crnn")
        for genre in ("blues", "classical", "country", "disco", "hiphop",
                      "jazz", "metal", "pop", "reggae", "rock"):
            self.assertRegex(description, rf"{genre} (< )?\d+ %")

    def test_names_of_any_bytes(self):
        name = b'<&">\x01\n\xff %s.wav'
        path = os.path.join(os.fsencode(self.folder.name), name)
        os.link(self.write_wav("plain.wav", (6, 9000)), path)
        title, _ = self.read_svg(self.plot("out.svg", path))
        self.assertIn('<&">', title)

    def test_png(self):
        path = self.plot("out.png")
        rows = read_png(path)
        self.assertEqual((len(rows[0]), len(rows)), (800, 590))
        found = json.loads(run("--json", CLIP).stdout)
        # a name and the lines between the bands cover some of it
        for colour, p in zip(COLOURS, found["probabilities"].values()):
            share = share_of(rows, tuple(colour.to_bytes(3, "big")), 0, 1)
            self.assertLess(abs(share - p), 0.03, f"{colour:06x}")
        self.assertEqual(share_of(rows, HATCHED, 0, 1), 0)

    def test_nothing_is_shown(self):
        """Silence, and what is not music."""
        for word, nothing in ("silent", (0,)), ("not music", (9000, noise)):
            with self.subTest(word):
                source = self.write_wav(
                    "gap.wav", (10, 9000), (30, *nothing), (10, 9000))
                rows = read_png(self.plot("out.png", source, "--window", "10"))
                self.assertEqual(share_of(rows, HATCHED, 0, 0.19), 0)
                self.assertGreater(share_of(rows, HATCHED, 0.41, 0.59), 0.5)
                self.assertEqual(share_of(rows, HATCHED, 0.81, 1), 0)
                title, description = self.read_svg(self.plot(
                    "out.svg", self.write_wav("all.wav", (6, *nothing))))
                self.assertEqual(title, f"all.wav: {word}")
                self.assertIn(f"Whole track: {word}.", description)

    def test_replaced_whole(self):
        """The old picture stays until there is a new one."""
        out = self.path("out.svg")
        with open(out, "w") as f:
            f.write("old")
        before = os.stat(out).st_ino
        broken = self.path("broken.wav")
        with open(broken, "wb") as f:
            f.write(b"RIFF")
        self.assertEqual(run("--plot", out, broken).returncode, 1)
        with open(out) as f:
            self.assertEqual(f.read(), "old")
        self.plot("out.svg")
        self.read_svg(out)
        self.assertNotEqual(os.stat(out).st_ino, before)
        self.assertEqual(sorted(os.listdir(self.folder.name)),
                         ["broken.wav", "out.svg"])

    def test_refused(self):
        result = run("--plot", self.path("out.pdf"), CLIP)
        self.assertEqual(result.returncode, 2)
        self.assertIn("out.pdf: the name of a plot must end in .svg or .png.",
                      result.stderr)
        for place in ("missing/out.png", "folder.svg"):
            os.makedirs(self.path("folder.svg"), exist_ok=True)
            result = run("--plot", self.path(place), CLIP)
            self.assertEqual(result.returncode, 1, place)
            self.assertIn(f"{place}: the plot cannot be written",
                          result.stderr)
        result = run("--plot", self.path("out.png"), CLIP, CLIP)
        self.assertEqual(result.returncode, 2)
        self.assertEqual(os.listdir(self.folder.name), ["folder.svg"])
        self.assertEqual(os.listdir(self.path("folder.svg")), [])


if __name__ == "__main__":
    unittest.main()
