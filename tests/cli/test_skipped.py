# SPDX-License-Identifier: GPL-2.0-or-later
"""A library in which nothing is wrong ends with 0, whatever else lies in it: what is
no music, too short, or cannot have a genre, is skipped.  The same named by the
user is a failure, as is what is wrong with a file."""

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))

SHORT = {
    "second.flac": "flacenc",
    "second.ogg": "vorbisenc ! oggmux",
    "second.opus": "audioresample ! opusenc ! oggmux",
    "second.wav": "wavenc",
    "second.wv": "wavpackenc",
}


def launch(pipeline):
    return subprocess.Popen(["gst-launch-1.0", "-q", *pipeline.split()],
                            stdout=subprocess.DEVNULL)


def audio(seconds):
    return (f"audiotestsrc wave=pink-noise samplesperbuffer=8000 "
            f"num-buffers={seconds} ! audio/x-raw,rate=8000,channels=1 ! "
            "audioconvert ! ")


def au(seconds):
    """A format without tags: Sun's, µ-law."""
    data = bytes(i * i // 7 % 251 for i in range(8000 * seconds))
    return struct.pack(">4s5I", b".snd", 24, len(data), 1, 8000, 1) + data


def correction(seconds):
    """WavPack's blocks of one second with nothing but what corrects them, in which
    GStreamer knows such a file."""
    body = bytes([0x0b, 50]) + bytes(range(100))  # kind, length in words, data
    return b"".join(
        struct.pack("<4sIHBBIIIII", b"wvpk", 24 + len(body), 0x410, 0, 0,
                    8000 * seconds, 8000 * i, 8000, 0x04801821, 0) + body
        for i in range(seconds))


class Test(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.samples = os.path.join(cls.folder.name, "samples")
        os.mkdir(cls.samples)
        makers = [launch(f"{audio(1)} {encoder} ! filesink "
                         f"location={cls.sample(name)}")
                  for name, encoder in SHORT.items()]
        makers += [
            launch(f"{audio(6)} flacenc ! filesink location={cls.sample('song.flac')}"),
            launch(f"{audio(6)} wavpackenc ! filesink location={cls.sample('lossy.wv')}"),
            launch("videotestsrc num-buffers=1 ! jpegenc ! filesink "
                   f"location={cls.sample('cover.jpg')}"),
        ]
        assert [maker.wait(60) for maker in makers] == [0] * len(makers)
        with open(cls.sample("song.au"), "wb") as f:
            f.write(au(6))
        with open(cls.sample("lossy.wvc"), "wb") as f:
            f.write(correction(6))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def sample(cls, name):
        return os.path.join(cls.samples, name)

    def run_json(self, *arguments):
        result = subprocess.run(
            [PROGRAM, "--json", *arguments], capture_output=True, timeout=60)
        return result, [json.loads(line) for line in result.stdout.splitlines()]

    def make_library(self):
        """Gives the folder, and the code of each file in it that is skipped."""
        folder = tempfile.mkdtemp(dir=self.folder.name)
        skipped = {name: "too-short" for name in SHORT}
        for name in os.listdir(self.samples):
            os.link(self.sample(name), os.path.join(folder, name))

        def path(name, code):
            skipped[name] = code
            return os.path.join(folder, name)

        path("cover.jpg", "no-audio-stream")
        path("lossy.wvc", "not-audio")
        os.link(self.sample("lossy.wvc"), path("alone.WVC", "not-audio"))
        with open(path("notes.txt", "not-audio"), "w", encoding="ascii") as f:
            f.write("some text\n" * 99)
        with open(path("nothing", "not-audio"), "wb"):
            pass
        os.symlink("nowhere", path("link", "not-found"))
        os.mkfifo(path("fifo", "unreadable"))
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path("socket", "unreadable"))
        return folder, skipped

    def test_library(self):
        folder, skipped = self.make_library()
        music = {"song.flac", "song.au", "lossy.wv"}
        for source in "folder", "list":
            arguments = [folder]
            if source == "list":
                names = os.path.join(self.folder.name, "names")
                with open(names, "w", encoding="ascii") as f:
                    f.writelines(os.path.join(folder, name) + "\n" for name in
                                 sorted(music | set(skipped) - {"link"}))
                arguments = ["--files-from", names]
            with self.subTest(source):
                result, items = self.run_json(*arguments)
                self.assertEqual(
                    {os.path.basename(item["file"]): item["error_code"]
                     for item in items if item["skipped"]},
                    {name: code for name, code in skipped.items()
                     if source == "folder" or name != "link"})
                self.assertEqual({os.path.basename(item["file"])
                                  for item in items if not item["error"]}, music)
                self.assertEqual(result.returncode, 0, result.stderr)
                n = len(items)
                self.assertEqual(
                    result.stderr.decode(), f"genreclassify: {n} files: 3 "
                    f"classified, {n - 3} skipped\n")
                strict, _ = self.run_json("--strict", *arguments)
                self.assertEqual(strict.returncode, 3)
        # without any, --strict changes nothing; a failure goes first
        self.assertEqual(self.run_json("--strict", self.sample("song.flac"))
                         [0].returncode, 0)
        self.assertEqual(self.run_json("--strict", folder, "missing")
                         [0].returncode, 1)

    def test_named(self):
        """What the user asks for by its name, and does not get, is a failure."""
        folder, skipped = self.make_library()
        for name in sorted(skipped):
            with self.subTest(name):
                result, (item,) = self.run_json(os.path.join(folder, name))
                self.assertEqual(result.returncode, 1)
                self.assertEqual((item["error_code"], item["skipped"]),
                                 (skipped[name], False))
                self.assertIn(item["error"].encode(), result.stderr)

    def test_failures(self):
        """Names that say that there is music, and there is none."""
        folder = tempfile.mkdtemp(dir=self.folder.name)
        with open(os.path.join(folder, "text.mp3"), "w", encoding="ascii") as f:
            f.write("some text\n" * 99)
        with open(os.path.join(folder, "empty.flac"), "wb"):
            pass
        os.symlink("nowhere", os.path.join(folder, "link.ogg"))
        os.mkfifo(os.path.join(folder, "fifo.wav"))
        errors = os.path.join(self.folder.name, "errors")
        os.link(self.sample("cover.jpg"), os.path.join(folder, "cover.jpg"))
        result, items = self.run_json("--errors", errors, "--strict", folder)
        self.assertEqual(result.returncode, 1)
        self.assertEqual({os.path.basename(item["file"]): item["skipped"]
                          for item in items},
                         {"text.mp3": False, "empty.flac": False,
                          "link.ogg": False, "fifo.wav": False, "cover.jpg": True})
        # what is skipped is none of the errors
        with open(errors, encoding="utf-8") as f:
            self.assertEqual([json.loads(line) for line in f],
                             [item for item in items if not item["skipped"]])

    def test_correction_files(self):
        """They are no decoder's business."""
        folder, _ = self.make_library()
        _, items = self.run_json(folder)
        errors = {os.path.basename(item["file"]): item["error"] for item in items}
        self.assertEqual(errors["lossy.wvc"], "It is the correction file of "
                         "lossy.wv, which has the music.")
        self.assertEqual(errors["alone.WVC"], "It is a correction file, and "
                         "alone.WV, which has the music, is not there.")
        # what is audio is told by the content
        path = os.path.join(folder, "song.wvc")
        shutil.copy(self.sample("song.flac"), path)
        result, _ = self.run_json(path)
        self.assertEqual(result.returncode, 0)

    def test_unwritable(self):
        folder = tempfile.mkdtemp(dir=self.folder.name)
        for name in "song.au", "song.flac":
            shutil.copy(self.sample(name), os.path.join(folder, name))
        errors = os.path.join(self.folder.name, "errors")
        options = ["--write", "--min-confidence=0", "--log",
                   os.path.join(self.folder.name, "log")]
        for extra in ["--dry-run"], ["--errors", errors]:
            used = options[:2] + extra if "--dry-run" in extra else options + extra
            result, items = self.run_json(*used, folder)
            self.assertEqual(result.returncode, 0, result.stderr)
            writes = {os.path.basename(item["file"]): item["write"]
                      for item in items}
            self.assertEqual(
                [(name, write["written"], write["error_code"], write["skipped"])
                 for name, write in sorted(writes.items())],
                [("song.au", False, "unwritable-format", True),
                 ("song.flac", True, None, False)])
            self.assertIn(b"1 of a format that is not written", result.stderr)
            self.assertFalse(any(item["skipped"] for item in items))
        self.assertEqual(os.path.getsize(errors), 0)
        strict, _ = self.run_json(*options, "--strict", folder)
        self.assertEqual(strict.returncode, 3)
        # named, it is what was asked for
        path = os.path.join(folder, "song.au")
        result, (item,) = self.run_json(*options, path)
        self.assertEqual(result.returncode, 1)
        self.assertFalse(item["write"]["skipped"])
        # as text
        result = subprocess.run(
            [PROGRAM, "--verbose", *options, folder], capture_output=True,
            text=True, timeout=60)
        self.assertEqual(result.returncode, 0)
        self.assertIn("    not written: " + item["write"]["error"], result.stdout)
        self.assertIn("song.au: skipped: ", result.stderr)


if __name__ == "__main__":
    unittest.main()
