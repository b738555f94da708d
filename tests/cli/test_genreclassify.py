# SPDX-License-Identifier: GPL-2.0-or-later
"""The command on real files: the four formats that people have, and what is no
music at all."""

import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
CLIP = os.environ["TEST_CLIP"]

ENCODERS = {
    "song.mp3": "lamemp3enc ! id3v2mux",
    "song.ogg": "vorbisenc ! oggmux",
    "song.flac": "flacenc",
    "song.wav": "wavenc",
}


def launch(*pipeline):
    subprocess.run(["gst-launch-1.0", "-q", *" ! ".join(pipeline).split()],
                   check=True)


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True,
                          text=True, timeout=60,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def path(self, name, content=None):
        path = os.path.join(self.folder.name, name)
        if content is not None:
            with open(path, "wb") as f:
                f.write(content)
        return path

    def test_formats(self):
        genres = set()
        for name, encoder in ENCODERS.items():
            path = self.path(name)
            launch(f"filesrc location={CLIP}", "decodebin", "audioconvert",
                   encoder, f"filesink location={path}")
            result = run("--segments", path)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(result.stderr, "")
            lines = result.stdout.splitlines()
            self.assertEqual(lines[0], path)
            self.assertRegex(lines[1], r"^ +0:00\.0 - +0:30\.0 +[a-z]+ +\d+ %")
            self.assertRegex(lines[2], r"^ +0:30\.0 - +0:36\.[0-2] +[a-z]+ ")
            self.assertEqual(lines[3], "")
            self.assertRegex(lines[4], r"^  [a-z]+ +\d+ %  █+")
            self.assertEqual(len(lines), 4 + 10)
            genres.add(lines[4].split()[0])
        self.assertEqual(len(genres), 1, genres)

    def test_decoder(self):
        """Of several the one that costs least."""
        path = self.path("decoder.mp3")
        launch("audiotestsrc num-buffers=300", ENCODERS["song.mp3"],
               f"filesink location={path}")
        result = subprocess.run(
            [PROGRAM, "--quiet", path], capture_output=True, text=True,
            timeout=60, env={
                **os.environ, "GST_DEBUG": "GST_ELEMENT_FACTORY:4",
                "GST_DEBUG_NO_COLOR": "1"})
        self.assertIn('creating element "mpg123audiodec"', result.stderr)
        self.assertNotIn('creating element "avdec_mp3', result.stderr)

    def check_refused(self, path, sentence, *options):
        result = run(*options, path)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.stderr, f"genreclassify: {path}: {sentence}\n")

    def test_no_music(self):
        unknown = "It is not a file of audio that GStreamer knows."
        self.check_refused(self.path("missing.mp3"), "It does not exist.")
        self.check_refused(self.path("text.mp3", b"some text\n" * 99),
                           "This appears to be a text file")
        self.check_refused(self.path("empty.wav", b""), "It is empty.")
        self.check_refused(self.path("noise", bytes(range(256)) * 99), unknown)
        video = self.path("video.ogv")
        launch("videotestsrc num-buffers=20", "theoraenc", "oggmux",
               f"filesink location={video}")
        self.check_refused(video, "There is no audio in it.")
        short = self.path("short.wav")
        launch("audiotestsrc num-buffers=100", "wavenc",
               f"filesink location={short}")
        self.check_refused(
            short, "It is too short: at least 5 s of audio are needed.")
        # a shorter window needs no more than itself
        self.check_refused(
            short, "It is too short: at least 3 s of audio are needed.",
            "--window", "3")

    def test_others_go_on(self):
        missing = self.path("missing.mp3")
        result = run(missing, CLIP)
        self.assertEqual(result.returncode, 1)
        self.assertIn("clip.ogg", result.stdout)
        self.assertIn("missing.mp3", result.stderr)

    def test_silence(self):
        path = self.path("silence.wav")
        launch("audiotestsrc wave=silence num-buffers=400", "wavenc",
               f"filesink location={path}")
        result = run(path)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, f"{path}\n  silent\n")

    def test_usage(self):
        self.assertEqual(run().returncode, 2)
        result = run("--frobnicate")
        self.assertEqual(result.returncode, 2)
        self.assertIn("frobnicate", result.stderr)
        model = self.path("model", b"no model")
        result = run("--model", model, CLIP)
        self.assertEqual(result.returncode, 2)
        self.assertIn(f"{model}: not a safetensors file", result.stderr)


if __name__ == "__main__":
    unittest.main()
