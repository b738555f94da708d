# SPDX-License-Identifier: GPL-2.0-or-later
"""libgenre from Python: the example answers as the command does, errors arrive as
exceptions, and no function is left without a binding by accident."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
import wave

import gi
gi.require_version("Genre", "1.0")
from gi.repository import Genre, GLib  # noqa: E402

EXAMPLE, PROGRAM = sys.argv[1:3]
del sys.argv[1:3]


def write_wav(path):
    """The repository's clip."""
    subprocess.run(
        ["gst-launch-1.0", "-q", "filesrc", "location=" + os.environ["TEST_CLIP"],
         "!", "decodebin", "!", "audioconvert", "!", "audio/x-raw,format=S16LE",
         "!", "wavenc", "!", "filesink", "location=" + path], check=True)


class Test(unittest.TestCase):
    def test_example(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "clip.wav")
            write_wav(path)
            lines = subprocess.run(
                [sys.executable, EXAMPLE, path], capture_output=True, check=True,
                text=True, timeout=60).stdout.splitlines()
            answer = json.loads(subprocess.run(
                [PROGRAM, "--json", "--segments", path], capture_output=True,
                check=True, text=True, timeout=60).stdout)
        self.assertEqual(len(lines), len(answer["segments"]))
        self.assertGreater(len(lines), 1)
        for line, segment in zip(lines, answer["segments"]):
            start, probability, genre = line.split()
            self.assertEqual(float(start), segment["start"])
            self.assertEqual(genre, segment["genre"])
            self.assertAlmostEqual(float(probability), segment["confidence"], 4)

    def test_example_is_short(self):
        with open(EXAMPLE, encoding="utf-8") as file:
            code = file.read().split('"""')[2]
        self.assertLessEqual(len([x for x in code.splitlines() if x]), 15)

    def test_predict(self):
        model = Genre.Model.load("crnn")
        classifier = Genre.Classifier.new(model, 22050, None)
        mel = Genre.MelSpectrogram.new(22050)
        columns = mel.push(Genre.SampleFormat.S16, 1, bytes(2 * 22050 * 5))
        self.assertEqual(len(columns) % Genre.MEL_BANDS, 0)
        import array
        p = classifier.predict(array.array("f", columns).tobytes())
        self.assertEqual(len(p), model.get_n_labels())
        self.assertAlmostEqual(sum(p), 1, 5)

    def test_batch(self):
        model = Genre.Model.load("crnn")
        config = Genre.ClassifierConfig()
        config.init()
        config.window = 5 * Genre.SECOND
        classifier = Genre.Classifier.new(model, 22050, config)
        classifier.push(Genre.SampleFormat.S16, 1, bytes(2 * 22050 * 11))
        segments = [classifier.take_segment() for _ in range(2)]
        predictions = classifier.analyse_batch(segments)
        self.assertEqual(
            [p.get_values(0) for p in predictions],
            [classifier.analyse(s).get_values(0) for s in segments])
        self.assertEqual(classifier.analyse_batch([]), [])

    def test_errors(self):
        with self.assertRaises(GLib.Error) as caught:
            Genre.Model.load("no-such-model")
        self.assertTrue(caught.exception.matches(
            Genre.error_quark(), Genre.Error.NOT_FOUND))
        classifier = Genre.Classifier.new(Genre.Model.load("crnn"), 8000, None)
        with self.assertRaises(GLib.Error) as caught:
            classifier.push(Genre.SampleFormat.S16, 2, b"123")
        self.assertTrue(caught.exception.matches(
            Genre.error_quark(), Genre.Error.ARGUMENT))
        with self.assertRaises(GLib.Error):
            classifier.set_rate(1)

    def test_track(self):
        track = Genre.Track.new(2)
        self.assertEqual(track.get(), [])
        track.add([0.5, 0.5], Genre.SECOND)
        track.add([1, 0], Genre.SECOND)
        self.assertEqual(track.get(), [0.75, 0.25])


if __name__ == "__main__":
    unittest.main()
