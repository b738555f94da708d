# SPDX-License-Identifier: GPL-2.0-or-later
"""eval against models/metrics.py: its formulas on every file's answer and, where
the recordings are, its figures on the same clips; and models."""

import hashlib
import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import wave
from xml.etree import ElementTree

try:
    import numpy as np
except ImportError:
    print("skipped: needs NumPy")
    sys.exit(77)

PROGRAM, GENREMEL, BUILD = (os.path.abspath(sys.argv.pop(1))
                            for _ in range(3))
CLIP = os.environ["TEST_CLIP"]
MODELS = os.environ["TEST_SHIPPED_MODELS"]
AUDIO = os.path.join(os.path.dirname(os.path.dirname(MODELS)), "shared",
                     "data", "audio")
FIGURES = ["accuracy", "macro_f1", "ece", "n", "per_genre", "confusion"]
GENRES = ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal",
          "pop", "reggae", "rock"]

sys.path.insert(0, MODELS)
import engine  # noqa: E402
import metrics  # noqa: E402
import weights  # noqa: E402


def run(*arguments, **environment):
    return subprocess.run([PROGRAM, *arguments], capture_output=True,
                          text=True, timeout=100,
                          env=dict(os.environ, **environment))


def sound(kind, seconds=6, rate=8000):
    """Samples of different kinds, for answers of different genres: a chord that is
    struck or stays, with more or less noise."""
    t = np.arange(seconds * rate) / rate
    struck = np.exp(-(t * (1 + kind % 4) % 1) * (2 + kind))
    chord = sum(np.sin(2 * np.pi * f * (1 + kind) * t) / 3
                for f in (55, 82.5, 110))
    noise = np.random.default_rng(kind).uniform(-1, 1, len(t)) * (kind % 5) / 5
    x = (chord * (struck if kind % 3 else 1)
         + noise * (struck if kind % 2 else 1))
    return (9000 * x / np.abs(x).max()).astype("<i2").tobytes()


class Test(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = self.folder.name

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def put(self, name, content):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as f:
            f.write(content)

    def put_wav(self, name, samples, rate=8000):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with wave.open(self.path(name), "wb") as f:
            f.setparams((1, 2, rate, 0, "NONE", ""))
            f.writeframes(samples)

    def check_figures(self, found, expected, places):
        self.assertEqual(found["n"], expected["n"])
        self.assertEqual(found["confusion"], expected["confusion"])
        self.assertEqual(list(found["per_genre"]), list(expected["per_genre"]))
        for key in ("accuracy", "macro_f1", "ece"):
            self.assertAlmostEqual(found[key], expected[key], places, key)
        for genre, figures in expected["per_genre"].items():
            self.assertEqual(list(found["per_genre"][genre]), list(figures))
            for key, value in figures.items():
                mine = found["per_genre"][genre][key]
                if value is None:
                    self.assertIsNone(mine, f"{genre} {key}")
                else:
                    self.assertAlmostEqual(mine, value, places,
                                           f"{genre} {key}")

    def evaluate(self, *options):
        result = run("eval", "--json", *options, self.root)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "")
        found = json.loads(result.stdout)
        self.assertEqual(list(found), FIGURES + ["model", "files"])
        return found

    @staticmethod
    def answers(found):
        p = np.array([list(f["probabilities"].values())
                      for f in found["files"]])
        y = np.array([GENRES.index(f["truth"]) for f in found["files"]])
        return p, y

    def test_formulas(self):
        kinds = {"blues": (0, 1), "disco": (2, 2, 3), "metal": (4, 5),
                 "pop": (2,), "rock": (6,)}
        for genre, list_of_kinds in kinds.items():
            for i, kind in enumerate(list_of_kinds):
                self.put_wav(f"{genre}/{i}.wav", sound(kind))
        os.makedirs(self.path("classical"))
        shutil.copy(CLIP, self.path("classical", "clip.ogg"))
        self.put("README", b"not a genre")
        os.makedirs(self.path(".hidden"))

        found = self.evaluate("--jobs", "2")
        self.assertEqual(found["n"], 10)
        self.assertRegex(found["model"], "^crnn ")
        names = [os.path.relpath(f["file"], self.root)
                 for f in found["files"]]
        self.assertEqual(names, sorted(names))
        self.assertEqual([n.split("/")[0] for n in names],
                         [f["truth"] for f in found["files"]])
        p, y = self.answers(found)
        # or the comparison would say little
        self.assertGreater(len(set(p.argmax(1))), 2)
        self.assertLess(len(np.unique(p[:, 0])), len(p), "no ties")
        self.check_figures(found, metrics.measure(p, y, GENRES), 9)

        text = run("eval", self.root)
        self.assertEqual(text.returncode, 0, text.stderr)
        self.assertIn(f"accuracy {found['accuracy']:.3f}, macro F1 "
                      f"{found['macro_f1']:.3f}, expected calibration error "
                      f"{found['ece']:.3f}\n", text.stdout)
        disco = found["per_genre"]["disco"]
        self.assertRegex(text.stdout, r"\ndisco +3 +" + " +".join(
            f"{disco[k]:.3f}" for k in ("precision", "recall", "f1", "auc")))
        self.assertLessEqual(max(map(len, text.stdout.splitlines())), 80)

    @unittest.skipUnless(os.path.isdir(AUDIO), "needs ../shared/data")
    @unittest.skipUnless(os.environ.get("TEST_INTROSPECTION"),
                         "needs libgenre in Python (-Dintrospection)")
    def test_recordings(self):
        """The figures of the engine on the same clips' mel images."""
        clips = sorted(os.listdir(AUDIO))
        crnn = engine.Engine(os.path.join(MODELS, "crnn.safetensors"), BUILD)
        p, y = [], []
        for clip in clips:
            genre = clip.split(".")[0]
            os.makedirs(self.path(genre), exist_ok=True)
            os.symlink(os.path.join(AUDIO, clip), self.path(genre, clip))
            with tempfile.TemporaryDirectory() as folder:
                out = os.path.join(folder, "mel.npy")
                subprocess.run([GENREMEL, "--duration", "30",
                                os.path.join(AUDIO, clip), out], check=True)
                p.append(crnn.predict_db(np.load(out)))
            y.append(GENRES.index(genre))
        self.assertGreater(len(clips), 10)
        found = self.evaluate()
        mine, truth = self.answers(found)
        self.assertEqual(truth.tolist(), y)
        self.assertLess(np.abs(mine - np.array(p)).max(), 2e-4)
        self.check_figures(
            found, metrics.measure(np.array(p), np.array(y), GENRES), 4)

    def test_plot(self):
        self.put_wav("jazz/1.wav", sound(1))
        self.put_wav("metal/2.wav", sound(4))
        for name in ("out.svg", "out.png"):
            result = run("eval", "--plot", self.path(name), self.root)
            self.assertEqual(result.returncode, 0, result.stderr)
        with open(self.path("out.png"), "rb") as f:
            self.assertEqual(f.read(8), b"\x89PNG\r\n\x1a\n")
        root = ElementTree.parse(self.path("out.svg")).getroot()
        self.assertRegex(root[0].text, r"^crnn .*: \d+\.0 % of 2 files")
        self.assertIn("Confusion matrix", root[1].text)
        result = run("eval", "--plot", self.path("no/out.svg"), self.root)
        self.assertEqual(result.returncode, 1)
        self.assertIn("no/out.svg: the plot cannot be written", result.stderr)

    def test_bad_files_are_named(self):
        self.put_wav("jazz/1.wav", sound(1))
        self.put_wav("jazz/silent.wav", bytes(16000 * 6))
        self.put_wav("pop/short.wav", sound(1, 2))
        self.put("pop/empty.mp3", b"")
        self.put("pop/notes.txt", b"some text\n" * 99)
        result = run("eval", "--json", self.root)
        self.assertEqual(result.returncode, 1)
        for line in ("jazz/silent.wav: It is silent, and has no genre.",
                     "pop/short.wav: skipped: It is too short",
                     "pop/empty.mp3: It is empty.",
                     "pop/notes.txt: skipped: ",
                     "pop: none of its files could be measured."):
            self.assertIn(f"genreclassify: {self.root}/{line}", result.stderr)
        found = json.loads(result.stdout)
        self.assertEqual(found["n"], 1)
        self.assertEqual(len(found["files"]), 5)
        os.remove(self.path("jazz/1.wav"))
        result = run("eval", self.root)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("None of the files could be measured.", result.stderr)

    def test_not_music(self):
        """Its most probable genre is counted, and that it is so is told."""
        self.put_wav("blues/noise.wav", random.Random(1).randbytes(16000 * 10))
        shutil.copy(CLIP, self.path("blues"))
        found = self.evaluate()
        self.assertEqual(found["n"], 2)
        clip, noise = found["files"]
        self.assertIsNotNone(clip["genre"])
        self.assertIsNone(noise["genre"])
        self.assertLess(noise["music"], 0.5)
        p, y = self.answers(found)
        self.check_figures(found, metrics.measure(p, y, GENRES), 9)
        text = run("eval", self.root)
        self.assertEqual((text.returncode, text.stderr), (0, ""))
        self.assertIn("\nTaken for no music, and so without a genre: 1.\n",
                      text.stdout)

    def check_refused(self, sentence, *arguments):
        result = run("eval", *arguments)
        self.assertEqual((result.returncode, result.stdout), (2, ""),
                         result.stderr)
        self.assertIn(sentence, result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 1)

    def test_refused(self):
        self.check_refused("eval takes one folder, but 0 were given")
        self.check_refused("but 2 were given", self.root, self.root)
        self.check_refused("Unknown option --frobnicate", "--frobnicate")
        self.check_refused("There is no such folder.", self.path("missing"))
        self.check_refused("It is not a folder.", CLIP)
        self.check_refused("There is no folder in it", self.root)
        os.makedirs(self.path("jazz"))
        self.check_refused(
            f"{self.root}/jazz: there is no file in it", self.root)
        self.put_wav("jazz/1.wav", sound(1))
        self.check_refused("--jobs is to be 1 to 1024", "-j", "-1", self.root)
        self.check_refused("out.gif: the name of a plot must end in .svg or "
                           ".png.", "--plot", "out.gif", self.root)
        self.check_refused('There is no model "polka"', "--model", "polka",
                           self.root)
        self.put("damaged", b"no model")
        self.check_refused("damaged: not a safetensors file", "--model",
                           self.path("damaged"), self.root)
        os.makedirs(self.path("Polka"))
        version = weights.load(os.path.join(MODELS, "crnn.safetensors"))[1]["version"]
        self.check_refused(
            f'{self.root}/Polka: the model crnn {version} knows no genre "Polka". It '
            "knows blues, classical,", self.root)

    def test_models(self):
        result = run("models", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        crnn, = [m for m in json.loads(result.stdout) if m["default"]]
        self.assertEqual(crnn["name"], "crnn")
        self.assertEqual(crnn["labels"], GENRES)
        self.assertIn("instrumental", crnn["tags"])
        self.assertEqual(crnn["embedding_size"], 128)
        cnn, = [m for m in json.loads(result.stdout) if m["name"] == "cnn"]
        self.assertEqual((cnn["tags"], cnn["embedding_size"]), ([], 256))
        self.assertEqual(crnn["file"],
                         os.path.join(MODELS, "crnn.safetensors"))
        self.assertEqual(crnn["bytes"], os.path.getsize(crnn["file"]))
        self.assertEqual(crnn["layers"][0],
                         {"type": "conv2d", "name": "conv1", "channels": 32})
        text = run("models").stdout
        self.assertIn(f"crnn {crnn['version']} (the default)\n  labels      "
                      "blues, classical,", text)
        self.assertEqual(text.count("\n  tags        80s, acoustic, "), 1)
        self.assertIn("convolutions of 32, 64, 160, 256; GRUs of 256, 256; "
                      "dense of 11\n", text)
        self.assertIn(f"parameters  {crnn['parameters']}\n", text)
        self.assertEqual(text.count("\n  sha256      as recorded\n"), 4)
        # but for the names of files, it fits a terminal
        self.assertLessEqual(max(len(line) for line in text.splitlines()
                                 if not line.startswith("  file ")), 80)

    def test_where_models_come_from(self):
        """What ships says so; the command shows of a file what it says."""
        models = {m["name"]: m for m in json.loads(run("models", "--json").stdout)}
        self.assertEqual(len(models), 4)
        for name, model in models.items():
            with open(model["file"], "rb") as f:
                content = f.read()
            size = int.from_bytes(content[:8], "little")
            self.assertEqual(model["sha256"],
                             hashlib.sha256(content[8 + size:]).hexdigest())
            self.assertIs(model["intact"], True)
            self.assertEqual(model["license"], "GPL-2.0-or-later")
            self.assertRegex(model["created"], r"^20\d\d-\d\d-\d\d$")
            self.assertRegex(model["program"], r"^genreclassify \d")
            tracks, *others = model["data"]
            self.assertEqual((tracks["what"], set(tracks["of"])),
                             ("tracks", set(GENRES)))
            for part in tracks, *others:
                self.assertEqual(sum(part.get("of", {}).values()),
                                 part.get("number", 0))
            text = run("models", name).stdout
            for word in ("  licence     GPL-2.0-or-later\n",
                         f"  created     {model['created']}\n", model["sha256"],
                         f"{tracks['number']} tracks of gtzan_mel128.npz: blues"):
                self.assertIn(word, text)
            self.assertIn(model["command"], re.sub(r"\n +", " ", text))
            self.assertLessEqual(max(len(line) for line in text.splitlines()
                                     if not line.startswith("  file ")), 80)
        self.assertIn("--tags models/tags.json", models["crnn"]["command"])

    def test_damaged_weights(self):
        """A byte of a tensor that is another one: it loads, and is found out."""
        path = self.path("mine.safetensors")
        with open(os.path.join(MODELS, "cnn.safetensors"), "rb") as f:
            content = bytearray(f.read())
        content[-1000 * 4] ^= 1
        with open(path, "wb") as f:
            f.write(content)
        there = {"GENRECLASSIFY_MODELS": self.root}
        for arguments in [], ["mine"], [path]:
            result = run("models", *arguments, **there)
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stdout, r"\n  sha256 .*\s+DIFFERS: the file was ")
            self.assertIn(f"{path}: the file was changed or damaged", result.stderr)
        result = run("models", "--json", **there)
        model, = json.loads(result.stdout)
        self.assertEqual((result.returncode, model["intact"]), (1, False))
        # written again, it has the digest of what it is
        weights.add_metadata(path)
        self.assertEqual(run("models", **there).returncode, 0)
        # one of a program that writes none
        self.put("mine.safetensors", content.replace(b'"sha256": "', b'"sha265": "', 1))
        result = run("models", "mine", "--json", **there)
        model, = json.loads(result.stdout)
        self.assertEqual((result.returncode, model["intact"], model["sha256"]),
                         (0, None, None))
        self.assertIn("not recorded\n", run("models", "mine", **there).stdout)

    def test_provenance_of_any_kind(self):
        """Whatever a file says, its model is listed, and no terminal is harmed."""
        path = self.path("mine.safetensors")
        shutil.copy(os.path.join(MODELS, "lstm.safetensors"), path)
        good = {"what": "tracks", "file": None, "sha256": None, "number": 1,
                "of": {"x": 1}}
        for text, expected in (
                (json.dumps([good, {**good, "more": 1}]), [good, good]), ("[]", []),
                ("", None), ("{", None), ("{}", None), ("[1]", None), ("null", None),
                ("[" * 10**5, None), (json.dumps([{"what": "x"}]), None),
                *((json.dumps([{**good, key: value}]), None) for key, value in (
                    ("what", None), ("what", 1), ("file", 1), ("number", "1"),
                    ("number", -1), ("number", None), ("of", []), ("of", {"x": "y"}))),
                ("[" + " " * 10**5 + "]", None)):
            with self.subTest(text[:80]):
                weights.add_metadata(path, data=text, command="a\x1b[2J\n" + "b" * 99,
                                     created="x" * 10**5)
                for arguments in [], ["mine"]:
                    result = run("models", "--json", *arguments,
                                 GENRECLASSIFY_MODELS=self.root)
                    self.assertEqual((result.returncode, result.stderr), (0, ""))
                    found, = json.loads(result.stdout)
                    self.assertEqual(found["data"], expected)
                    self.assertEqual(found["command"], "a [2J " + "b" * 99)
                    self.assertIsNone(found["created"])
        result = run("models", "mine", GENRECLASSIFY_MODELS=self.root)
        self.assertNotIn("\x1b", result.stdout)

    def test_models_of_another_folder(self):
        there = {"GENRECLASSIFY_MODELS": self.root}
        result = run("models", **there)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn(f"There are no models in {self.root}", result.stderr)
        shutil.copy(os.path.join(MODELS, "crnn.safetensors"),
                    self.path("mine.safetensors"))
        self.put("damaged.safetensors", b"no model")
        result = run("models", **there)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r"^crnn \d+\n  labels ")
        self.assertIn("damaged.safetensors: not a safetensors file",
                      result.stderr)
        self.assertEqual(run("models", "mine").returncode, 1)

    def test_figures_of_any_kind(self):
        """Whatever a file says of its figures, its model is listed."""
        model = self.path("mine.safetensors")
        shutil.copy(os.path.join(MODELS, "cnn.safetensors"), model)
        good = {"split": "mine", "n": 7, "accuracy": .5, "macro_f1": .25,
                "ece": .125}
        for text, expected in ((json.dumps(good), good), ("[1]", None),
                               ("{", None), ("", None), ("[" * 10**5, None)):
            weights.add_metadata(model, figures=text)
            result = run("models", "--json", GENRECLASSIFY_MODELS=self.root)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            found, = json.loads(result.stdout)
            self.assertEqual(found["figures"], expected)
            text = run("models", GENRECLASSIFY_MODELS=self.root).stdout
            text = re.sub(r"\n {10,}", " ", text)
            self.assertEqual("accuracy 0.500, macro F1 0.250, calibration "
                             "error 0.125, by 7 tracks (mine)" in text,
                             expected is not None)


if __name__ == "__main__":
    unittest.main()
