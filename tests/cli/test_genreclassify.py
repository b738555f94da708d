# SPDX-License-Identifier: GPL-2.0-or-later
"""The command on real files: the four formats that people have, and what is no
music at all."""

import json
import os
import shutil
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
    def test_no_output(self):
        """Without stdout nothing else is opened in its place."""
        for names in [CLIP], [CLIP, CLIP]:
            for closed in ">&-", "<&- >&-":
                result = subprocess.run(
                    ["sh", "-c", f'"$@" {closed}', "sh", PROGRAM, "--max-duration=5",
                     *names], capture_output=True, text=True, timeout=60, check=False,
                    env={**os.environ, "LC_ALL": "C.UTF-8"})
                self.assertEqual(result.returncode, 1, result.stderr)
                self.assertIn("The output cannot be written: Bad file descriptor.",
                              result.stderr)
                self.assertNotIn("%", result.stderr)

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

    def test_tags(self):
        """Of a model that has some, on request, as text and as JSON, from the cache,
        too; of another one they are refused."""
        model = os.path.join(os.environ["TEST_SMALL_MODELS"], "steered.safetensors")
        low, high, cache = (self.path(n) for n in ("low.wav", "high.wav", "tags.db"))
        for path, frequency in (low, 250), (high, 3000):
            launch(f"audiotestsrc freq={frequency} samplesperbuffer=22050 "
                   "num-buffers=6", "audio/x-raw,rate=22050", "wavenc",
                   f"filesink location={path}")
        text = run("--model", model, "--tags", low).stdout
        self.assertIn("\n  tags  low 8", text)
        self.assertNotIn("high", text.split("tags")[1])
        without = run("--model", model, "--json", "--cache", cache, low, high)
        self.assertNotIn("tags", without.stdout)
        for arguments in (["--cache", cache], []):
            found = run("--model", model, "--json", "--tags", *arguments, low, high)
            tags = [json.loads(line)["tags"] for line in found.stdout.splitlines()]
            self.assertEqual([list(t) for t in tags], [["low", "high"]] * 2)
            self.assertGreater(tags[0]["low"], 0.5)
            self.assertLess(tags[0]["high"], 0.2)
            self.assertGreater(tags[1]["high"], 0.5)
        bare = os.path.join(os.environ["TEST_SMALL_MODELS"], "crnn.safetensors")
        refused = run("--model", bare, "--tags", low)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("has no tags", refused.stderr)

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

    def make_noise(self, name, seconds, encoder):
        path = self.path(name)
        launch("audiotestsrc wave=pink-noise samplesperbuffer=44100 "
               f"num-buffers={seconds}", encoder, f"filesink location={path}")
        return path

    def answers(self, *arguments):
        result = run("--json", "--segments", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def test_not_music(self):
        """It has no genre, which is no failure."""
        path = self.make_noise("noise.wav", 40, "wavenc")
        result = run("--segments", path)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(
            result.stdout,
            r"^.*\n"
            r"    0:00\.0 -   0:30\.0    not music          \(music \d+ %\)\n"
            r"    0:30\.0 -   0:40\.0    not music          \(music \d+ %\)\n\n"
            r"  not music, but speech or noise \(music \d+ %\)\n$")
        result = run(path, CLIP)
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout, r"^not music +\(music \d+ %\) +/.*\n"
                         r"[a-z]+ +\d+ % +\(.*\) +/.*\n$")
        self.assertIn("2 files: 1 classified, 1 not music\n", result.stderr)

        noise, clip = self.answers(path, CLIP)
        for part in noise, *noise["segments"]:
            self.assertEqual((part["genre"], part["confidence"], part["silent"]),
                             (None, 0, False))
            self.assertTrue(0 < part["music"] < 0.5, part["music"])
            self.assertAlmostEqual(sum(part["probabilities"].values()), 1, 4)
        for part in clip, *clip["segments"]:
            self.assertTrue(part["genre"])
            self.assertTrue(0.5 < part["music"] <= 1, part["music"])

        copy = self.path("copy.wav")
        shutil.copy(path, copy)
        written, = self.answers("--write", "--min-confidence=0", copy)
        self.assertEqual(
            (written["write"]["written"], written["write"]["note"],
             written["write"]["error"]), (False, "It is not music.", None))
        with open(path, "rb") as before, open(copy, "rb") as after:
            self.assertEqual(before.read(), after.read())

    def test_chained(self):
        """The parts of a file that are music give its genre, if they are most of it; a
        window in which one follows the other may be called either."""
        # each stream needs a number of its own, which is a random one
        noise, long = (self.make_noise(name, seconds, "vorbisenc ! oggmux")
                       for name, seconds in (("noise.ogg", 30), ("long.ogg", 60)))
        clip, = self.answers(CLIP)
        for names, seconds, mixed in (
                ((noise, CLIP), 30, False), ((CLIP, noise), 30, True),
                ((noise, CLIP, long), 90, True)):
            path = self.path("chained.ogg")
            with open(path, "wb") as f:
                for name in names:
                    with open(name, "rb") as part:
                        f.write(part.read())
            chained, = self.answers(path)
            self.assertAlmostEqual(chained["duration"], 36 + seconds, 1)
            if not mixed:
                for genre, probability in clip["probabilities"].items():
                    self.assertAlmostEqual(
                        chained["probabilities"][genre], probability, delta=0.1)
                self.assertAlmostEqual(
                    chained["music"], 36 / chained["duration"], delta=0.1)
            # what lies behind the mixed window is none
            for segment in chained["segments"]:
                if segment["start"] > 36 + 30 * (names[0] is noise):
                    self.assertLess(segment["music"], 0.5)
            # of the last one most is noise
            self.assertEqual(chained["genre"],
                             clip["genre"] if len(names) == 2 else None)

    def test_hole(self):
        """A page of Ogg that is missing."""
        path = self.path("hole.ogg")
        with open(CLIP, "rb") as f:
            pages = f.read().split(b"OggS")
        del pages[len(pages) // 2]
        with open(path, "wb") as f:
            f.write(b"OggS".join(pages))
        whole, hole = self.answers(CLIP, path)
        self.assertEqual(whole["missing"], 0)
        self.assertTrue(0.1 < hole["missing"] < 1, hole["missing"])
        self.assertEqual(hole["duration"], whole["duration"])

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
