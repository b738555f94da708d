# SPDX-License-Identifier: GPL-2.0-or-later
"""A file that is cut off is called so, and not written; none that is whole is."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

PROGRAM = sys.argv.pop(1)
SECONDS = 14

# formats that tell how long they are
TELLING = {
    "mp3": "-c:a libmp3lame -b:a 64k", "vbr.mp3": "-c:a libmp3lame -q:a 5",
    "low.mp3": "-c:a libmp3lame -b:a 32k -ar 16000 -id3v2_version 0",
    "flac": "-c:a flac", "wv": "-c:a wavpack", "wav": "-c:a pcm_s16le",
    "rf64.wav": "-c:a pcm_s16le -rf64 always", "aiff": "-c:a pcm_s16be",
    "w64": "-c:a pcm_s16le", "au": "-c:a pcm_s16be",
    "m4a": "-c:a aac -movflags +faststart", "mka": "-c:a flac",
    "webm": "-c:a libopus -ar 48000", "wma": "-c:a wmav2",
    "avi": "-c:a libmp3lame",
}
# and that do not
SILENT = {
    "bare.mp3": "-c:a libmp3lame -q:a 5 -write_xing 0 -id3v2_version 0",
    "ogg": "-c:a libvorbis", "opus": "-c:a libopus -ar 48000",
    "aac": "-c:a aac -f adts", "ac3": "-c:a ac3",
    "live.mka": "-c:a libopus -ar 48000 -live 1 -f matroska",
}
# of what the size was not known at the time
PIPED = {"wav": "-c:a pcm_s16le -f wav", "flac": "-c:a flac -f flac",
         "mp3": "-c:a libmp3lame -f mp3", "aiff": "-c:a pcm_s16be -f aiff",
         "wma": "-c:a wmav2 -f asf", "au": "-c:a pcm_s16be -f au",
         "mka": "-c:a flac -f matroska", "w64": "-c:a pcm_s16le -f w64",
         "mp4": "-c:a aac -f mp4 -movflags frag_keyframe+empty_moov"}


if subprocess.run(["gst-inspect-1.0", "--exists", "aiffparse"]).returncode:
    # that of FFmpeg does not end where such a file ends, and has no size to tell
    del PIPED["aiff"]
TELLING, SILENT = ({f"song.{name}": options for name, options in formats.items()}
                   for formats in (TELLING, SILENT))


def read(path):
    with open(path, "rb") as f:
        return f.read()


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.whole, cls.cut = (os.path.join(cls.folder.name, name)
                              for name in ("whole", "cut"))
        os.mkdir(cls.whole)
        os.mkdir(cls.cut)
        cls.source = os.path.join(cls.folder.name, "source.wav")
        cls.ffmpeg("-f", "lavfi", "-i", f"anoisesrc=d={SECONDS}:c=pink:r=44100",
                   cls.source)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(cls.make, [*TELLING.items(), *SILENT.items()]))
            list(pool.map(cls.make_piped, PIPED.items()))
        cls.make_odd()
        for name in [*TELLING, *SILENT]:
            content = read(os.path.join(cls.whole, name))
            with open(os.path.join(cls.cut, name), "wb") as f:
                f.write(content[:len(content) * 3 // 5])

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @staticmethod
    def ffmpeg(*arguments):
        return subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments], check=True,
            stdout=subprocess.PIPE).stdout

    @classmethod
    def make(cls, item):
        name, options = item
        cls.ffmpeg("-i", cls.source, *options.split(),
                   os.path.join(cls.whole, name))

    @classmethod
    def add(cls, name, content):
        with open(os.path.join(cls.whole, name), "wb") as f:
            f.write(content)

    @classmethod
    def make_piped(cls, item):
        name, options = item
        cls.add("piped." + name,
                cls.ffmpeg("-i", cls.source, *options.split(), "-"))

    @classmethod
    def make_odd(cls):
        """Whole files that are not what their writer made."""
        path = os.path.join(cls.whole, "song.{}").format
        mp3, wav, flac = (read(path(name)) for name in ("mp3", "wav", "flac"))
        junk = b"TAG" + bytes(range(32, 157))
        cls.add("tagged.wav", wav + junk)
        cls.add("tagged.mp3", mp3 + b"APETAGEX" + bytes(50000) + junk)
        cls.add("twice.mp3", mp3 + mp3)
        cls.add("twice.ogg", read(path("ogg")) * 2)
        cls.add("tagged.flac", b"ID3\4\0\0\0\0\4\0" + bytes(512) + flac)
        cls.add("short.wav", wav[:-2])  # rounded
        cls.ffmpeg("-ss", "3", "-i", path("m4a"), "-c", "copy", os.path.join(cls.whole, "cut.m4a"))
        cls.ffmpeg("-ss", "3", "-i", path("mp3"), "-c", "copy", os.path.join(cls.whole, "cut.mp3"))
        cls.ffmpeg("-ss", "3", "-i", path("mka"), "-c", "copy", os.path.join(cls.whole, "cut.mka"))

    def run_command(self, *arguments):
        return subprocess.run([PROGRAM, "--timeout", "20", *arguments],
                              capture_output=True, text=True, timeout=200)

    def run_json(self, *arguments):
        output = self.run_command("--json", *arguments).stdout
        return {os.path.basename(item["file"]): item
                for item in map(json.loads, output.splitlines())}

    def test_whole(self):
        items = self.run_json(self.whole)
        self.assertEqual(sorted(items), sorted(os.listdir(self.whole)))
        for name, item in items.items():
            with self.subTest(name):
                if item["error_code"] == "decoder-missing":
                    continue
                self.assertIsNone(item["error"])
                self.assertFalse(item["truncated"], item)
                self.assertIsNone(item["declared_duration"])

    def test_cut(self):
        cache = os.path.join(self.folder.name, "cache.db")
        for arguments in (["--cache", cache], ["--cache", cache], []):
            for name, item in self.run_json(*arguments, self.cut).items():
                with self.subTest(name):
                    if item["error_code"] == "decoder-missing":
                        continue
                    self.assertEqual(item["truncated"], name in TELLING, item)
                    if name in TELLING:
                        self.assertAlmostEqual(
                            item["declared_duration"], SECONDS, delta=1)

    def test_endless(self):
        """A demultiplexer that does not end where the file does: what came is what
        there is."""
        path = os.path.join(self.cut, "song.aiff")
        result = subprocess.run(
            [PROGRAM, "--json", path], capture_output=True, text=True, timeout=60,
            env={**os.environ, "GST_PLUGIN_FEATURE_RANK": "aiffparse:NONE"})
        item = json.loads(result.stdout)
        self.assertIsNone(item["error"])
        self.assertTrue(item["truncated"])
        self.assertAlmostEqual(item["declared_duration"], SECONDS, delta=1)

    def test_middle(self):
        """Sizes tell, if not all is played."""
        items = self.run_json("--max-duration", "5", self.whole)
        self.assertFalse(any(item["truncated"] for item in items.values()))
        item = self.run_json("--max-duration", "5",
                             os.path.join(self.cut, "song.wav"))["song.wav"]
        self.assertTrue(item["truncated"])

    def test_write(self):
        path = os.path.join(self.cut, "song.flac")
        before = read(path)
        log = os.path.join(self.folder.name, "log")
        write = ["--write", "--min-confidence", "0", "--log", log, path]
        item = self.run_json(*write)["song.flac"]
        self.assertFalse(item["write"]["written"])
        self.assertEqual((item["write"]["error"], item["write"]["error_code"]),
                         (None, "truncated"))
        self.assertEqual(read(path), before)
        result = self.run_command(*write)
        self.assertEqual(result.returncode, 0)
        self.assertIn(f"{path}: It is cut off: 8 s of about 14 s are there.",
                      result.stderr)
        item = self.run_json("--force", "--dry-run", *write)["song.flac"]
        self.assertTrue(item["write"]["written"], item)


if __name__ == "__main__":
    unittest.main()
