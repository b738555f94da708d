# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of containers that few programs write, or of which little is left: every one
is answered, each time alike, and none by waiting."""

import collections
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
RATE, SECONDS = 8000, 6
COPIES = 40
HAVE_AIFFPARSE = subprocess.run(
    ["gst-inspect-1.0", "--exists", "aiffparse"]).returncode == 0


def chunk(name, content, order=">"):
    return name + struct.pack(order + "I", len(content)) + content + \
        b"\0" * (len(content) % 2)


def common(n, compression=b""):
    rate = struct.pack(">HQ", 16383 + 12, RATE << 51)  # 80 bit, 2^12 <= RATE < 2^13
    return chunk(b"COMM", struct.pack(">hIh", 1, n, 16) + rate + compression)


def make_aiff(samples):
    n = len(samples) // 2
    sound = chunk(b"SSND", bytes(8) + samples)
    return chunk(b"FORM", b"AIFF" + common(n) + sound)


def make_aifc(samples):
    n = len(samples) // 2
    return chunk(b"FORM", b"AIFC" + chunk(b"FVER", bytes.fromhex("a2805140")) +
                 common(n, b"sowt\0\0") + chunk(b"SSND", bytes(8) + samples))


def make_w64(samples):
    tail = bytes.fromhex("f3acd3118cd100c04f8edb8a")

    def block(name, content):
        return name + tail + struct.pack("<Q", len(content) + 24) + content

    body = b"wave" + tail + \
        block(b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16)) + \
        block(b"data", samples)
    return b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000") + \
        struct.pack("<Q", len(body) + 24) + body


MAKERS = {"aiff": make_aiff, "aifc": make_aifc, "w64": make_w64}


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.samples = random.Random(1).randbytes(2 * RATE * SECONDS)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def add(self, name, content, copies):
        """So many names of one file."""
        first = os.path.join(self.folder, "0." + name)
        with open(first, "wb") as f:
            f.write(content)
        for i in range(1, copies):
            os.link(first, os.path.join(self.folder, f"{i}.{name}"))

    def run_all(self, jobs):
        """How often each file had which error_code and error."""
        result = subprocess.run(
            [PROGRAM, "--json", "--jobs", jobs, "--timeout", "20", self.folder],
            capture_output=True, timeout=300)
        counts = collections.defaultdict(collections.Counter)
        for line in result.stdout.splitlines():
            item = json.loads(line)
            name = os.path.basename(item["file"]).partition(".")[2]
            counts[name][item["error_code"], item["error"]] += 1
        return counts

    def test_whole(self):
        for name, make in MAKERS.items():
            self.add("whole." + name, make(self.samples), COPIES)
        counts = self.run_all("1")
        for name in MAKERS:
            with self.subTest(name):
                count = counts["whole." + name]
                if name == "w64" and {code for code, _ in count} == \
                        {"decoder-missing"}:
                    continue    # of gst-plugins-bad
                self.assertEqual(count, {(None, None): COPIES})

    def test_chained(self):
        """Streams of rates that the element takes, and does not, by turns."""
        parts = []
        for rate, encoder in ((44100, "vorbisenc"), (400000, "flacenc"),
                              (8000, "vorbisenc")):
            path = os.path.join(self.folder, "part")
            subprocess.run(["gst-launch-1.0", "-q", *(
                f"audiotestsrc wave=pink-noise num-buffers={SECONDS} "
                f"samplesperbuffer={rate} ! audio/x-raw,rate={rate} ! "
                f"audioconvert ! {encoder} ! oggmux ! filesink location={path}"
            ).split()], check=True)
            with open(path, "rb") as f:
                parts.append(f.read())
        os.remove(path)
        # many: whether the next stream is decoded before the last one has ended is
        # a matter of chance
        for name, chain in (("abc", parts), ("bca", parts[1:] + parts[:1])):
            self.add(name + ".ogg", b"".join(chain), COPIES)
        result = subprocess.run(
            [PROGRAM, "--json", "--jobs", "4", self.folder], timeout=120,
            capture_output=True)
        self.assertNotIn(b"WARNING", result.stderr)
        items = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual(len(items), 2 * COPIES)
        for item in items:
            with self.subTest(os.path.basename(item["file"])):
                self.assertIsNone(item["error"])
                self.assertAlmostEqual(
                    item["duration"], 3 * SECONDS, delta=0.1)

    def test_cut(self):
        """To the header, or in it."""
        source = os.path.join(self.folder, "source")
        for name, encoder in (("flac", "flacenc"), ("wv", "wavpackenc"),
                              ("wma", "avenc_wmav2 ! avmux_asf")):
            subprocess.run(["gst-launch-1.0", "-q", *(
                "audiotestsrc wave=pink-noise num-buffers=40 ! audioconvert ! "
                f"{encoder} ! filesink location={source}").split()], check=True)
            with open(source, "rb") as f:
                content = f.read()
            os.remove(source)
            for size in (100, 400):
                self.add(f"{size}.{name}", content[:size], 6)
        if HAVE_AIFFPARSE:  # that of FFmpeg is in an endless loop then
            self.add("60.aiff", make_aiff(self.samples)[:60], 6)
        for name, count in self.run_all("8").items():
            with self.subTest(name):
                self.assertEqual(sum(count.values()), 6)
                self.assertEqual(len(count), 1, count)


if __name__ == "__main__":
    unittest.main()
