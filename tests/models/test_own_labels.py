#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The script of models/OWN.md makes a model of four labels, none of the ten, and the
command and the element find it by its name and say its labels.  So it does where all is
installed.  The program of src/cli/README.md for the songs that are nearest to one finds
those that are alike.

  test_own_labels.py BUILD_DIRECTORY MESON
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import wave

try:
    import numpy as np
    import torch    # noqa: F401, which the script needs
except ImportError as e:
    print(f"skipped: needs {e.name}")
    sys.exit(77)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = MESON = None
RATE = 22050
TRACKS, SECONDS = 6, 10
# as its folder is called: how it is to be written
LABELS = {"ambient": "ambient", "dnb": "Drum & Bass", "chiptune": "chiptune",
          "gamelan": "gamelan"}


def decay(times, t, rate):
    """A sum of decaying strokes at `times`."""
    since = t[:, None] - times[None, :]
    return np.where(since >= 0, np.exp(-rate * np.maximum(since, 0)), 0).sum(1)


def play(style, rng):
    """Ten seconds that are far from the other styles, each time in another key, tempo
    and loudness."""
    t = np.arange(SECONDS * RATE) / RATE
    key, beat = rng.uniform(80, 160), rng.uniform(0.8, 1.2)
    if style == "ambient":      # slow chords
        sound = sum(np.sin(2 * np.pi * key * n * t + rng.uniform(0, 6))
                    * (1 + np.sin(2 * np.pi * rng.uniform(0.05, 0.2) * t))
                    for n in (1, 1.5, 2, 2.5, 3))
    elif style == "dnb":        # fast drums and a low bass
        hits = np.arange(0, SECONDS, 0.17 * beat)
        sound = rng.normal(size=len(t)) * decay(hits, t, 30) * 2 \
            + np.sin(2 * np.pi * 55 * t) * decay(hits[::4], t, 5)
    elif style == "chiptune":   # a square wave's quick notes
        notes = rng.integers(0, 24, 20 * SECONDS)
        frequency = 4 * key * 2 ** (notes[(t / (0.1 * beat)).astype(int)] / 12)
        sound = np.sign(np.sin(2 * np.pi * np.cumsum(frequency) / RATE))
    else:                       # bronze: partials that are no harmonics
        sound = sum(np.sin(2 * np.pi * 2 * key * ratio * t)
                    * decay(np.arange(rng.uniform(0, 0.4), SECONDS, 0.45 * beat), t, 3)
                    for ratio in (1, 2.76, 5.4, 8.93))
    return sound / np.abs(sound).max() * rng.uniform(0.2, 0.9)


def write_wave(path, samples):
    with wave.open(path, "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(RATE)
        f.writeframes((samples * 32767).astype("<i2").tobytes())


def block(page, word):
    """The program on the page in which `word` stands."""
    with open(os.path.join(ROOT, page), encoding="utf-8") as f:
        text = f.read()
    # blank lines are within a block
    blocks = [re.sub("^    ", "", found, flags=re.MULTILINE) for found in
              re.findall(r"(?:^(?:    .*)?\n)+", text, flags=re.MULTILINE)]
    blocks += re.findall(r"^```\w+\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    found, = (program for program in blocks if word in program)
    return found


class OwnLabels(unittest.TestCase):
    def setUp(self):
        self.assertTrue(os.path.exists(f"{BUILD}/src/genreclassify"))
        self.home = tempfile.mkdtemp(prefix="genre-test-")
        self.env = {k: v for k, v in os.environ.items() if k not in (
            "GENRECLASSIFY_MODELS", "XDG_DATA_HOME")}
        self.env |= {
            "HOME": self.home,
            "PATH": f"{BUILD}/src:{os.environ['PATH']}",
            "GST_PLUGIN_PATH": f"{BUILD}/gst",
            "GST_REGISTRY": f"{self.home}/registry",
        }
        rng = np.random.default_rng(0)
        for style in LABELS:
            os.makedirs(f"{self.home}/music/{style}")
            for i in range(TRACKS):
                write_wave(f"{self.home}/music/{style}/{i}.wav", play(style, rng))
        # what nobody has heard
        for style in LABELS:
            write_wave(f"{self.home}/{style}.wav", play(style, rng))
        shutil.copy(f"{self.home}/gamelan.wav", f"{self.home}/song.mp3")
        os.symlink(f"{ROOT}/models", f"{self.home}/models")
        os.symlink(BUILD, f"{self.home}/build")

    def tearDown(self):
        shutil.rmtree(self.home)

    def run_program(self, *command):
        done = subprocess.run(command, cwd=self.home, env=self.env, text=True,
                              capture_output=True, timeout=240)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def check_model(self, said):
        """After `learn`: it has said how to use the model, which is used so."""
        self.assertIn("right on 1.00 of 24 tracks", said)
        self.assertIn("few tracks: ambient has 6, 4 labels have less than 20", said)
        path, name = re.search(
            r"^(.*): written; to use it: genreclassify --model (\S+) ", said,
            re.M).groups()
        self.assertEqual(
            path, f"{self.home}/.local/share/genreclassify/models/music.safetensors")
        self.assertEqual(os.listdir(os.path.dirname(path)), [os.path.basename(path)])
        listed, _ = self.run_program("genreclassify", "models")
        self.assertIn(f"{name} 1\n", listed)
        for style, label in LABELS.items():
            shown, _ = self.run_program("genreclassify", "--json", "--model", name,
                                        f"{style}.wav")
            result = json.loads(shown)
            self.assertEqual(result["genre"], label, result)
            self.assertEqual(set(result["probabilities"]), set(LABELS.values()))
        messages, _ = self.run_program(
            "gst-launch-1.0", "-m", "filesrc", "location=dnb.wav", "!", "wavparse",
            "!", "audioconvert", "!", "genreclassify", f"model={name}", "!",
            "fakesink")
        track, = re.findall("genreclassify-track, .*", messages)
        self.assertIn('genre=(string)"Drum\\ \\&\\ Bass"', track)

    def test_script(self):
        shown, said = self.run_program(
            "sh", "-ec", block("models/OWN.md", "labels.json")
            + block("models/OWN.md", "genreclassify learn"))
        # after the list of the tracks, what the last line says of the song
        self.assertRegex(shown, r"\n.*song\.mp3\n +gamelan +\d+ %")
        self.check_model(said)

    def install(self):
        """All that is installed, into a folder where nothing of the build is used."""
        subprocess.run([MESON, "install", "-C", BUILD, "--no-rebuild", "--quiet",
                        "--destdir", f"{self.home}/stage"], check=True, timeout=120,
                       stdout=subprocess.DEVNULL)
        with open(f"{BUILD}/meson-info/intro-buildoptions.json") as f:
            option = {o["name"]: o["value"] for o in json.load(f)}

        def place(name, *rest):
            return os.path.join(self.home + "/stage" + os.path.join(
                option["prefix"], option[name]), *rest)
        self.recipe = place("datadir", "genreclassify", "recipe")
        self.env |= {
            "PATH": f"{place('bindir')}:{os.environ['PATH']}",
            "GST_PLUGIN_PATH": place("libdir", "gstreamer-1.0"),
            # what only the linker and the programs in C do not know
            "LD_LIBRARY_PATH": place("libdir"),
            "GENRECLASSIFY_RECIPE": self.recipe,
        }
        os.unlink(f"{self.home}/models")
        os.unlink(f"{self.home}/build")

    def refuse(self, *command, **env):
        done = subprocess.run(command, cwd=self.home, env=self.env | env, text=True,
                              capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        return done.stderr

    def test_installed(self):
        self.install()
        learn = "genreclassify", "learn", "music"
        with open(f"{self.home}/music/labels.json", "w") as f:
            json.dump({"dnb": LABELS["dnb"]}, f)
        # what is missing is said, and nothing done
        with open(f"{self.home}/sitecustomize.py", "w") as f:
            f.write("import sys\nsys.modules.update(torch=None, numpy=None)\n")
        for command in learn, ("genreclassify", "train", "--audio", "music", "--out",
                               "x.safetensors"):
            said = self.refuse(*command, PYTHONPATH=self.home)
            self.assertEqual(said.count("\n"), 1)
            self.assertIn(f"genreclassify {command[1]}: needs numpy and torch", said)
            self.assertIn("apt install python3-numpy python3-torch\n", said)
        os.unlink(f"{self.home}/sitecustomize.py")
        self.assertIn("no file /nowhere/learn.py",
                      self.refuse(*learn, GENRECLASSIFY_RECIPE="/nowhere"))
        self.assertFalse(os.path.exists(f"{self.home}/.local"))
        _, said = self.run_program(*learn)
        self.check_model(said)
        self.assertIn("music.safetensors is there already", self.refuse(*learn))
        # a whole network, by all that it imports
        self.run_program("genreclassify", "train", "--audio", "music", "--smoke",
                         "--out", "whole.safetensors")
        self.run_program("genreclassify", "--model", "./whole.safetensors", "dnb.wav")
        self.assertFalse(os.path.exists(f"{self.recipe}/__pycache__"))

    def test_nearest(self):
        # the cache has the embeddings of another model, too
        for model in "cnn", "crnn":
            self.run_program("genreclassify", "--json", "--embedding", "--cache",
                             "genres.db", "music", "--model",
                             f"{ROOT}/models/{model}.safetensors")
        shown, _ = self.run_program(
            sys.executable, "-c", block("src/cli/README.md", "sqlite3.connect"),
            "music/chiptune/2.wav")
        lines = [line.split(maxsplit=1) for line in shown.splitlines()]
        self.assertEqual(len(lines), 11)
        self.assertEqual(lines[0], ["1.000", f"{self.home}/music/chiptune/2.wav"])
        self.assertEqual([os.path.basename(os.path.dirname(name))
                          for _, name in lines[:TRACKS]], ["chiptune"] * TRACKS)


if __name__ == "__main__":
    BUILD = os.path.abspath(sys.argv.pop(1))
    MESON = sys.argv.pop(1)
    unittest.main()
