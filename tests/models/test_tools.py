#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The recipe's programs: evaluate.py's figures, what both refuse, and a short
training run whose weights the C engine loads.

  test_tools.py BUILD_DIRECTORY
"""

import contextlib
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
import unittest
import zipfile
from unittest import mock

try:
    import numpy as np
    import torch
except ImportError as e:
    print(f"skipped: needs {e.name}")
    sys.exit(77)

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, "..", "..", "models")
MODEL = os.path.join(MODELS, "crnn.safetensors")
sys.path.insert(0, MODELS)

import answers  # noqa: E402
import augment  # noqa: E402
import compare  # noqa: E402
import corpus  # noqa: E402
import crossvalidate  # noqa: E402
import embedding  # noqa: E402
import engine  # noqa: E402
import evaluate  # noqa: E402
import export_onnx  # noqa: E402
import features  # noqa: E402
import fit  # noqa: E402
import learn  # noqa: E402
import metrics  # noqa: E402
import neighbours  # noqa: E402
import networks  # noqa: E402
import newhead  # noqa: E402
import options  # noqa: E402
import provenance  # noqa: E402
import recipe  # noqa: E402
import robustness  # noqa: E402
import student  # noqa: E402
import taghead  # noqa: E402
import tags  # noqa: E402
import train  # noqa: E402
import training  # noqa: E402
import weights  # noqa: E402

BUILD = None
FRAMES = 100
GENRES = list(corpus.GENRE_TAGS)


def write_corpus(folder, n, name="corpus", source="x", kind="real music", classes=(
        "Speech", "Music", "Jazz", "Scary music", "Rain")):
    """A corpus of n random windows, the last two of them held-out speech, and
    tags of the tracks of npz()."""
    from PIL import Image
    rng = np.random.default_rng(2)
    ids = np.array([f"w{i}" for i in range(n)])
    with zipfile.ZipFile(os.path.join(folder, f"{name}_mel.zip"), "w") as z:
        for i in ids:
            data = io.BytesIO()
            Image.fromarray(rng.integers(0, 64, (FRAMES, 128), np.uint8)).save(
                data, "png")
            z.writestr(f"{i}.png", data.getvalue())
    speech = np.arange(n) >= n - 2
    np.savez(os.path.join(folder, f"{name}_teachers.npz"), ids=ids,
             kind=np.where(speech, "speech", kind),
             source=np.where(speech, corpus.HELD_OUT[0], source),
             class_names=np.array(classes),
             tag_names=np.array(["blues"] + [f"tag{i}" for i in range(49)]),
             mn04_probs=rng.random((n, 5)),
             musicnn_tags=rng.random((n, 50)), musicnn_emb=rng.random((n, 20)),
             mn04_emb=rng.random((n, 30)))
    np.savez(os.path.join(folder, "gtzan_teachers.npz"),
             ids=np.array([f"track{i}" for i in range(30)]),
             musicnn_tags=rng.random((30, 50)))


class ToolTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="genre-test-")
        self.addCleanup(shutil.rmtree, self.directory)

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def npz(self, **changes):
        """10 genres of 3 tracks, the third one "valid"; an array that is None
        is left out."""
        rng = np.random.default_rng(1)
        arrays = {
            "X": rng.integers(0, 256, (30, FRAMES, 128), dtype=np.uint8),
            "y": np.repeat(np.arange(10), 3),
            "names": np.array([f"track{i}" for i in range(30)]),
            "genres": np.array(GENRES),
            "split": np.array(["train", "train", "valid"] * 10),
            **changes}
        path = self.path("data.npz")
        np.savez(path, **{k: v for k, v in arrays.items() if v is not None})
        return path

    def write(self, name, content):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as f:
            f.write(content)
        return self.path(name)

    def run_tool(self, tool, *args):
        """In a process of its own; gives (exit status, stdout, stderr)."""
        run = subprocess.run(
            [sys.executable, os.path.join(MODELS, tool), *args, "--build",
             BUILD], capture_output=True, text=True)
        return run.returncode, run.stdout, run.stderr

    def call_tool(self, module, *args, build=True):
        """The same without the seconds that it takes to import PyTorch."""
        output, errors, status = io.StringIO(), io.StringIO(), 0
        if build:
            args = *args, "--build", BUILD
        with mock.patch.object(sys, "argv", [module.__name__, *args]), \
                contextlib.redirect_stdout(output), \
                contextlib.redirect_stderr(errors):
            try:
                module.main()
            except SystemExit as e:
                status = e.code
                if isinstance(status, str):
                    print(status, file=sys.stderr)
                    status = 1
            except Exception:       # what Python does with it
                traceback.print_exc()
                status = 1
        return status, output.getvalue(), errors.getvalue()

    def assert_refused(self, result, tool, *words):
        """One sentence that begins with the tool's name."""
        status, output, errors = result
        self.assertNotIn("Traceback", errors)
        self.assertNotEqual(status, 0)
        self.assertEqual(output, "")
        lines = errors.strip().split("\n")
        self.assertEqual(len(lines), 1, errors)
        self.assertTrue(lines[0].startswith(f"{tool}: "), errors)
        for word in words:
            self.assertIn(word, lines[0])


class Figures(unittest.TestCase):
    """metrics.measure against what was worked out by hand."""

    P = np.array([[.72, .18, .10],      # a, right
                  [.55, .35, .10],      # b, taken for a
                  [.15, .77, .08],      # b, right
                  [.05, .85, .10],      # a, taken for b
                  [.12, .13, .75]])     # b, taken for c
    Y = np.array([0, 1, 1, 0, 1])

    def setUp(self):
        self.result = metrics.measure(self.P, self.Y, ["a", "b", "c"])

    def test_accuracy(self):
        self.assertEqual(self.result["n"], 5)
        self.assertAlmostEqual(self.result["accuracy"], 2 / 5)

    def test_confusion(self):
        self.assertEqual(self.result["confusion"],
                         [[1, 1, 0], [1, 1, 1], [0, 0, 0]])

    def test_per_genre(self):
        for genre, precision, recall, f1 in (
                ("a", 1 / 2, 1 / 2, 1 / 2), ("b", 1 / 2, 1 / 3, 2 / 5),
                ("c", 0, 0, 0)):
            found = self.result["per_genre"][genre]
            self.assertAlmostEqual(found["precision"], precision)
            self.assertAlmostEqual(found["recall"], recall)
            self.assertAlmostEqual(found["f1"], f1)
        self.assertAlmostEqual(self.result["macro_f1"], (.5 + .4 + 0) / 3)

    def test_auc(self):
        # a: .72 is above .55, .15 and .12, .05 above none of them
        self.assertAlmostEqual(self.result["per_genre"]["a"]["auc"], 3 / 6)
        # b: .35 and .77 are above .18 alone, .13 above neither
        self.assertAlmostEqual(self.result["per_genre"]["b"]["auc"], 2 / 6)
        self.assertIsNone(self.result["per_genre"]["c"]["auc"])

    def test_auc_of_equals(self):
        self.assertAlmostEqual(metrics.auc(
            np.array([1, 1, 0.]), np.array([True, False, False])), 3 / 4)
        self.assertAlmostEqual(metrics.auc(
            np.zeros(5), np.array([True, False, True, False, False])), 1 / 2)

    def test_calibration(self):
        # .5-.6: .55 and none right; .7-.8: .72, .77, .75 and two right;
        # .8-.9: .85 and none right
        expected = (.55 * 1 + abs(2.24 / 3 - 2 / 3) * 3 + .85 * 1) / 5
        self.assertAlmostEqual(self.result["ece"], expected)

    def test_calibration_of_certainty(self):
        self.assertAlmostEqual(metrics.expected_calibration_error(
            np.array([[1., 0], [0, 1.]]), np.array([0, 0])), 1 / 2)


class Evaluate(ToolTest):
    def evaluate(self, data, *args, model=MODEL):
        return self.call_tool(evaluate, "--model", model, "--data", data,
                              *args)

    def refused(self, result, *words):
        self.assert_refused(result, "evaluate.py", *words)

    def test_result(self):
        status, output, _ = self.run_tool(
            "evaluate.py", "--model", MODEL, "--data", self.npz(), "--split",
            "valid")
        self.assertEqual(status, 0)
        result = json.loads(output)
        self.assertEqual(set(result), {"accuracy", "macro_f1", "ece", "n",
                                       "per_genre", "confusion"})
        self.assertEqual(result["n"], 10)
        self.assertEqual(list(result["per_genre"]), GENRES)

    def test_record(self):
        model = shutil.copy(MODEL, self.path("model.safetensors"))
        status, output, errors = self.evaluate(
            self.npz(), "--split", "valid", "--record", model=model)
        self.assertEqual(status, 0, errors)
        tensors, metadata = weights.load(model)
        old, old_metadata = weights.load(MODEL)
        figures = json.loads(metadata.pop("figures"))
        self.assertEqual((figures["split"], figures["n"]), ("valid", 10))
        self.assertIs(figures["new_artists"], False)
        self.assertAlmostEqual(figures["accuracy"],
                               json.loads(output)["accuracy"], 4)
        old_metadata.pop("figures", None)
        self.assertEqual(metadata, old_metadata)
        for name, tensor in old.items():
            self.assertTrue((tensor == tensors[name]).all(), name)
        status, _, _ = self.evaluate(self.npz(), "--record", model=model)
        self.assertNotEqual(status, 0)

    def test_exit_status(self):
        self.refused(self.run_tool("evaluate.py", "--model", MODEL, "--data",
                                   self.path("none.npz")), "none.npz")

    def test_no_npz(self):
        self.refused(self.evaluate(self.path("none.npz")), "none.npz",
                     "No such file")
        noise = np.random.default_rng(1).bytes(1000)
        for content in b"", b"text", b"PK\3\4", noise:
            self.refused(self.evaluate(self.write("x.npz", content)), "x.npz",
                         "not a readable npz")
        self.refused(self.evaluate(self.directory), self.directory)

    def test_truncated_npz(self):
        with open(self.npz(), "rb") as f:
            content = f.read()
        for size in 100, len(content) // 2, len(content) - 1:
            self.refused(self.evaluate(
                self.write("x.npz", content[:size])), "x.npz")

    def test_npz_without_an_array(self):
        for array in "X", "y", "names", "genres", "split":
            self.refused(self.evaluate(self.npz(**{array: None})), array,
                         "expected the arrays X, y, names, genres and split")

    def test_wrong_arrays(self):
        for changes, word in (
                ({"X": np.zeros((30, FRAMES, 96), np.uint8)}, "[30, 100, 96]"),
                ({"X": np.zeros((30, FRAMES, 128))}, "float64"),
                ({"X": np.zeros((30, 128), np.uint8)}, "[30, 128]"),
                ({"y": np.arange(29) % 10}, "differ in length"),
                ({"y": np.arange(30) % 11}, "y goes from 0 to 10"),
                ({"y": np.arange(30) % 10 - 1}, "y goes from -1"),
                ({"y": np.array(["blues"] * 30)}, "invalid literal"),
                ({"y": np.zeros((30, 1), int)}, "y"),
                ({"X": np.zeros((30, 8, 128), np.uint8)}, "8 columns")):
            with self.subTest(word):
                self.refused(self.evaluate(self.npz(**changes)), word)

    def test_split(self):
        self.refused(self.evaluate(self.npz(), "--split", "test"), "'test'",
                     "train, valid")

    def test_labels(self):
        self.refused(self.evaluate(self.npz(
            genres=np.array(["zydeco"] + GENRES[1:]))), "zydeco")

    def test_model(self):
        data = self.npz()
        self.refused(self.evaluate(data, model=self.path("none")), "none",
                     "No such file")
        self.refused(self.evaluate(data, model=data), "data.npz")
        with open(MODEL, "rb") as f:
            broken = self.write("broken.safetensors", f.read()[:-1])
        self.refused(self.evaluate(data, model=broken),
                     "broken.safetensors", "truncated")
        foreign = self.path("foreign.safetensors")
        weights.save(foreign, {}, "x", "1", ["a"], [],
                     extra={"format": "pt"})
        self.refused(self.evaluate(data, model=foreign),
                     "foreign.safetensors", "not a model of this program")


    def test_plot_and_coverage(self):
        try:
            import matplotlib  # noqa: F401
        except ImportError:
            self.skipTest("needs matplotlib")
        picture = self.path("out.png")
        status, output, errors = self.evaluate(
            self.npz(), "--coverage", "--plot", picture)
        self.assertEqual(status, 0, errors)
        curve = json.loads(output)["coverage"]
        self.assertEqual(curve[0], {"min_confidence": .1, "coverage": 1,
                                    "precision": curve[0]["precision"]})
        covered = [point["coverage"] for point in curve]
        self.assertEqual(covered, sorted(covered, reverse=True))
        with open(picture, "rb") as f:
            self.assertEqual(f.read(8), b"\x89PNG\r\n\x1a\n")
        self.refused(self.evaluate(self.npz(), "--plot", self.path("a.txt")),
                     "a.txt")

    def test_rejection(self):
        """Of a model that has an output for what is not music."""
        folder = self.path("corpus")
        os.mkdir(folder)
        write_corpus(folder, 12)
        status, output, errors = self.evaluate(self.npz(), "--corpus", folder,
                                               "--min-confidence", "0")
        self.assertEqual(status, 0, errors)
        found = json.loads(output)["rejection"]
        self.assertEqual(found["not_music"], 2)
        self.assertEqual(found["by_kind"], {"speech": [2, 2]})
        self.assertEqual(found["not_music_tagged"], 1)      # at least 0
        for key in "not_music_without_genre", "music_without_genre":
            self.assertTrue(0 <= found[key] <= 1)
        self.assertEqual(found["music_that_loses_its_tag"], 0)


class CrossValidate(ToolTest):
    def test_random_folds(self):
        y = np.repeat(np.arange(10), 13)
        fold = crossvalidate.folds(y, 5)
        for genre in range(10):
            counts = np.bincount(fold[y == genre], minlength=5)
            self.assertLessEqual(counts.max() - counts.min(), 1)
        counts = np.bincount(fold, minlength=5)
        self.assertLessEqual(counts.max() - counts.min(), 1)

    def test_folds_of_groups(self):
        """No artist in two folds, and genres as even as their artists allow."""
        rng = np.random.default_rng(3)
        y = np.repeat(np.arange(10), 40)
        for artists in 5, 12, 40:
            groups = y * 100 + rng.integers(0, artists, len(y))
            fold = crossvalidate.folds(y, 5, groups)
            for group in np.unique(groups):
                self.assertEqual(len(set(fold[groups == group])), 1)
            largest = max(np.unique(groups, return_counts=True)[1])
            for genre in range(10):
                counts = np.bincount(fold[y == genre], minlength=5)
                self.assertLessEqual(counts.max() - counts.min(), largest)

    def test_group_of_two_genres(self):
        y, groups = np.repeat([0, 1], 6), np.array(list("aabbccaaddee"))
        fold = crossvalidate.folds(y, 3, groups)
        self.assertEqual(len(set(fold[groups == "a"])), 1)
        self.assertEqual(np.bincount(fold, minlength=3).tolist(), [4, 4, 4])

    def test_read_groups(self):
        names = ["track0", "track1", "track2"]

        def read(text):
            return crossvalidate.read_groups(
                self.write("artists.csv", text.encode()), names)
        self.assertEqual(read("artist,track\nx,track0\nx,track2\ny,z\n").tolist(),
                         ["x", "track track1", "x"])
        for text, word in (("track,who\ntrack0,x\n", "'artist'"),
                           ("track,artist\ntrack0\n", "row of track0"),
                           ("", "none of the 3 tracks"),
                           ("track,artist\nother,x\n", "none of the 3 tracks")):
            with self.assertRaisesRegex(features.DataError, word):
                read(text)

    def validate(self, *args, program=evaluate):
        return self.call_tool(program, "--cv", "3", "--work", self.path("work"),
                              "--data", self.npz(), *args, "--build", BUILD,
                              "--", "--smoke", "--architecture", "gru", "--seeds",
                              "2", build=False)

    def test_refused(self):
        """Too few tracks, the folder of another recipe, no such folder."""
        for program in crossvalidate, evaluate:
            self.assert_refused(
                self.call_tool(program, "--cv", "31", "--work",
                               self.path("work"), "--data", self.npz()),
                f"{program.__name__}.py", "30 tracks", "31 folds")
        self.assert_refused(self.validate("--against", self.path("none")),
                            "evaluate.py", "none", "answers")
        os.makedirs(self.path("work"), exist_ok=True)
        crossvalidate.keep_settings(self.path("work"), cv=4, recipe={}, seeds=1,
                                    folds="", data="")
        self.assert_refused(self.validate(), "evaluate.py", "work",
                            "another corpora, cv, data, folds, layers, new_head, "
                            "recipe, seeds")
        for text in b"", b"[]", b"{}", b'{"recipe": 1}', b"\xff":
            self.write("work/settings.json", text)
            self.assert_refused(self.validate(), "evaluate.py",
                                "settings.json", "not the settings")

    def test_result(self):
        """Every track is predicted by networks that did not see it, at a
        temperature that it did not steer; and nothing is trained twice."""
        artists = self.write("artists.csv", b"track,artist\n" + b"".join(
            b"track%d,a%d\n" % (i, i // 2) for i in range(30)))
        with mock.patch.object(recipe.Recipe, "run", autospec=True,
                               side_effect=recipe.Recipe.run) as run:
            status, output, errors = self.validate("--groups", artists,
                                                   "--coverage")
        self.assertEqual(status, 0, errors)
        result = json.loads(output)
        self.assertEqual((result["n"], result["groups"]), (30, 15))
        self.assertEqual(len(result["seeds"]), 2)
        self.assertAlmostEqual(np.mean(result["seeds"]), result["accuracy"])
        low, high = result["interval"]
        self.assertTrue(low <= result["accuracy"] <= high)

        data = features.load_npz(self.npz())
        groups = crossvalidate.read_groups(artists, data.names)
        fold = crossvalidate.folds(data.y, 3, groups)
        found = answers.Answers.load(self.path("work"))
        for i, call in enumerate(run.call_args_list):
            _, out, trained_on = call[0]
            self.assertEqual(out, self.path("work", f"fold{i}.safetensors"))
            np.testing.assert_array_equal(trained_on, fold != i)
        for i in range(3):
            held_out = fold == i
            for p, path in ((found.seeds[1], f"fold{i}.safetensors.work/"
                             "seed1.safetensors"),
                            (found.mean, f"fold{i}.safetensors")):
                expected, _, _ = engine.predict(
                    self.path("work", path), data.part_of(held_out), BUILD)
                np.testing.assert_array_equal(p[held_out], expected)
        logits = np.concatenate([engine.logits(
            self.path("work", f"fold{i}.safetensors"), data.x[fold == i], BUILD)
            for i in (1, 2)])
        y = np.concatenate([data.y[fold == i] for i in (1, 2)])
        self.assertEqual(
            weights.load(self.path("work", "fold0.safetensors"))[1]["layers"][-1],
            {"type": "softmax",
             "temperature": metrics.temperature_of(logits, y, False)})

        with mock.patch.object(training, "run", side_effect=AssertionError):
            status, again, errors = self.validate(
                "--groups", artists, "--coverage", "--against",
                self.path("work"))
        self.assertEqual(status, 0, errors)
        against = json.loads(again)
        same = against.pop("against")
        self.assertEqual(against, result)
        self.assertEqual((same["accuracy"], same["interval"]), (0, [0, 0]))
        self.assertEqual(same["recall"]["blues"], [0, 0, 0])

        status, table, errors = self.call_tool(
            robustness, "--folds", self.path("work"), "--data", self.npz())
        self.assertEqual(status, 0, errors)
        row, = (r for r in table.split("\n") if r.startswith("| first 5 s |"))
        genre = []
        for i, x in enumerate(data.x):
            path = self.path("work", f"fold{fold[i]}.safetensors")
            genre.append(engine.Engine(path, BUILD).predict(x[:64]).argmax())
        kept = sum(g == p.argmax() for g, p in zip(genre, found.mean))
        right = sum(g == y for g, y in zip(genre, data.y))
        self.assertEqual(row, "| first 5 s |  |  | "
                         f"{robustness.share(kept, 30)} | "
                         f"{robustness.share(right, 30)} |")
        self.check_neighbours(data, groups, fold, found)
        self.check_final_fit(result["mean_of_weights"])

    def check_neighbours(self, data, groups, fold, found):
        """Each track is looked up by the network that was not trained on it."""
        status, table, errors = self.call_tool(
            neighbours, "--folds", self.path("work"), "--data", self.npz())
        self.assertEqual(status, 0, errors)
        same = {"probabilities": [], "embedding": []}
        for i in range(3):
            network = engine.Engine(self.path("work", f"fold{i}.safetensors"), BUILD)
            for kind, ask in zip(same, (network.predict, network.embed)):
                vectors = np.float64([ask(x) for x in data.x])
                vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
                for query in np.flatnonzero(fold == i):
                    cosine = vectors @ vectors[query]
                    cosine[groups == groups[query]] = -1
                    same[kind].append(data.y[cosine.argmax()] == data.y[query])
        for kind, right in same.items():
            self.assertIn(f"\n| {kind} | {np.mean(right):.3f} | ", table)

    def check_final_fit(self, measured):
        """train.py --cross-validated: on every track, with the temperature and the
        figures of the cross-validation, and of no other recipe's."""
        out = self.path("final.safetensors")

        def final(*args, data=self.npz()):
            return self.call_tool(
                train, "--data", data, "--out", out, "--smoke", "--architecture",
                "gru", "--cross-validated", self.path("work"), *args)
        for result, word in (
                (final("--smoothing", "0.2"), "smoothing is 0.1 there and 0.2 here"),
                (final(data=self.npz(names=np.arange(30).astype(str))),
                 "other tracks"),
                (final("--cross-validated", self.path("none")), "none")):
            self.assert_refused(result, "train.py", word)
            self.assertFalse(os.path.exists(out))
        with mock.patch.object(recipe.Recipe, "fine_tune", autospec=True,
                               side_effect=recipe.Recipe.fine_tune) as fine_tune:
            status, _, errors = final(data=self.npz())
        self.assertEqual(status, 0, errors)
        _, _, _, _, keep, valid = fine_tune.call_args[0]
        self.assertEqual((keep.sum(), valid), (30, None))
        metadata = weights.load(out)[1]
        self.assertEqual(metadata["layers"][-1]["temperature"],
                         measured["temperature"])
        figures = json.loads(metadata["figures"])
        self.assertEqual(figures["split"], "cross-validation, 3 folds")
        self.assertEqual(figures["accuracy"], round(measured["accuracy"], 4))
        self.assertIs(figures["new_artists"], True)

    def test_compare(self):
        """Tracks of one artist count as one draw: the interval of a difference that
        one artist makes is wider than that of many."""
        n = 40

        def made(right, groups):
            p = np.where(np.arange(2) == 0, right[:, None], 1 - right[:, None])
            return answers.Answers(
                np.arange(n).astype(str), groups, np.zeros(n, int),
                np.zeros(n, int),
                np.array(["blues", "rock"]), p[None].astype(np.float32), p,
                np.zeros(n), 1.0)
        good, bad = np.ones(n), np.where(np.arange(n) < 10, 0.0, 1.0)
        alone, together = np.arange(n), np.arange(n) // 10
        results = [answers.compare(made(good, g), made(bad, g))
                   for g in (alone, together)]
        for result in results:
            self.assertEqual(result["accuracy"], 0.25)
            self.assertEqual(result["recall"]["blues"][0], 0.25)
        self.assertEqual(results[1]["interval"], [0, 0.75])
        low, high = results[0]["interval"]
        # 95 % of a binomial share of 40 at 0.25
        self.assertAlmostEqual(low, 0.125, delta=0.026)
        self.assertAlmostEqual(high, 0.4, delta=0.026)


class TrainErrors(ToolTest):
    def train(self, *args):
        return self.call_tool(train, "--out", self.path("out.safetensors"),
                              "--smoke", *args)

    def refused(self, result, *words):
        self.assert_refused(result, "train.py", *words)
        self.assertFalse(os.path.exists(self.path("out.safetensors")))

    def genres(self, content):
        """A folder of each genre with one file; gives their parent."""
        for genre in GENRES:
            self.write(os.path.join("audio", genre, "a.wav"), content)
        return self.path("audio")

    def test_exit_status(self):
        self.assert_refused(self.run_tool(
            "train.py", "--data", self.path("none.npz"), "--out",
            self.path("out.safetensors")), "train.py", "none.npz")

    def test_data(self):
        self.refused(self.train("--data", self.path("none.npz")), "none.npz")
        self.refused(self.train("--data", self.write("x.npz", b"x")), "x.npz")
        self.refused(self.train("--data", self.npz(X=None)), "X is not")
        self.refused(self.train("--data", self.npz(
            split=np.array(["valid"] * 30))), "'train'")

    def test_short_tracks(self):
        """Shorter than the network needs, or than the masks are wide."""
        for frames in 1, 15:
            with self.subTest(frames):
                self.refused(self.train("--data", self.npz(
                    X=np.zeros((30, frames, 128), np.uint8))), "frames")
        self.refused(self.train("--data", self.npz(), "--tune-crop", "0.5", "9"),
                     "crop")

    def test_out_folder(self):
        """Found out before the hours of training, not after."""
        self.assert_refused(self.call_tool(
            train, "--smoke", "--data", self.npz(), "--out",
            self.path("none", "out.safetensors")), "train.py",
            os.path.join("none", "out.safetensors"))

    def test_broken_checkpoint(self):
        self.write(os.path.join("out.safetensors.work", "seed0.pt"), b"x")
        self.refused(self.train("--data", self.npz()), "seed0.pt")

    def test_corpus(self):
        """What is missing or damaged is named."""
        data = self.npz()
        folder = self.path("corpus")
        os.mkdir(folder)
        self.refused(self.train("--data", data, "--corpus", folder),
                     folder, "no file NAME_mel.zip")
        self.refused(self.train("--data", data, "--corpus", folder + ".npz"),
                     "corpus.npz", "expected a folder or a file NAME_mel.zip")
        write_corpus(folder, 12)
        self.refused(self.train("--data", data, "--corpus", folder, "--draw",
                                "y*=2"), "called 'y*'")
        self.refused(self.train("--data", data, "--corpus", folder,
                                "--licensed"), "licence")
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            with open(path, "rb") as f:
                content = f.read()
            with self.subTest(name):
                with open(path, "wb") as f:
                    f.write(content[:len(content) // 2])
                self.refused(self.train("--data", data, "--corpus", folder),
                             name, "not a readable")
            with open(path, "wb") as f:
                f.write(content)
        write_corpus(folder, 3, "other", classes=("Speech", "Music", "Scary music"))
        self.refused(self.train("--data", data, "--corpus", folder),
                     "other_mel.zip", "other class_names")

    def test_init(self):
        status, _, errors = self.train("--data", "-", "--init", "crnn", "--corpus", "x")
        self.assertEqual(status, 2)
        self.assertIn("does not go with", errors)
        data, bare, less, other = self.npz(), *map(self.path, ("bare", "less", "other"))
        tensors, metadata = weights.load(MODEL)
        weights.save(bare, {}, "x", "1", ["a"], [{"type": "softmax"}])
        weights.save(less, {k: v for k, v in tensors.items() if k != "conv2.bias"}, "x",
                     "1", metadata["labels"], metadata["layers"])
        weights.save(other, tensors, "x", "1", [], metadata["layers"],
                     extra={"format": weights.PRETRAINED})
        for path, word in (("polka", "polka"), (self.write("x", b"x"), "not a weights"),
                           (bare, "has no features"), (less, "conv2.bias"),
                           (other, "no model")):
            self.refused(self.train("--data", data, "--init", path), word)

    def test_draw(self):
        for text in "x", "=1", "x=", "x=-1", "x=y":
            status, _, errors = self.train("--data", "-", "--draw", text)
            self.assertEqual(status, 2)
            self.assertIn(text, errors)

    def pretrained(self, tags):
        """A file of a pretraining on these tags, with no layer of a crnn."""
        path = self.path(f"pretrained-{len(tags)}")
        weights.save(path, {"x": np.zeros(3)}, "x", "", [], [], extra={
            "format": weights.PRETRAINED, "tags": json.dumps(tags)})
        return path

    def test_pretrained(self):
        for option in "--pretrained", "--pretrain-from":
            status, _, errors = self.train("--data", "-", option, "x.pt")
            self.assertEqual(status, 2)
            self.assertIn(f"{option} goes with --corpus", errors)
        folder = self.path("corpus")
        os.mkdir(folder)
        write_corpus(folder, 12)
        tags = corpus.load(folder).names
        with open(MODEL, "rb") as f:
            content = f.read()
        for option, path, what in (
                *(("--pretrained", self.write(name, damaged), "not a weights file")
                  for name, damaged in (("empty", b""), ("short", content[:5000]),
                                        ("cut", content[:-1]),
                                        ("huge", b"\xff" * 90), ("text", b"x" * 90))),
                ("--pretrained", MODEL, "not one of pretraining"),
                ("--pretrained", self.pretrained(["blues"]), "other tags"),
                ("--pretrained", self.pretrained(tags), "not a pretrained crnn"),
                ("--pretrain-from", self.pretrained(tags),
                 "not a pretrained crnn")):
            self.refused(self.train("--data", self.npz(), "--corpus", folder,
                                    option, path), path, what)

    def test_no_folder(self):
        self.refused(self.train("--audio", self.path("none")), "not a folder")

    def test_labels(self):
        """Labels that there cannot be."""
        folder = self.genres(b"")
        names = os.path.join(folder, "labels.json")
        for text, word in ((b"{", "not JSON"), (b"\xff", "not JSON"),
                           (b"[]", "an object"), (b'{"blues": 1}', "an object"),
                           (b'{"blues": " "}', "an object"),
                           (b'{"blues": "a\\u0000"}', "printable"),
                           (b'{"blues": "\\ud800"}', "printable"),
                           (b'{"polka": "Polka"}', "no folder 'polka'"),
                           (b'{"blues": "rock"}', "the same label")):
            self.write(os.path.join("audio", "labels.json"), text)
            self.refused(self.train("--audio", folder), word)
        os.remove(names)
        os.mkdir(os.path.join(folder.encode(), b"caf\xe9"))
        self.refused(self.train("--audio", folder), "caf", "not UTF-8")

    def test_free_labels(self):
        """Labels are what the folders are called, or labels.json says."""
        for name in "techno/b.mp3", "techno/a.wav", "dnb/ep/1/c.flac", \
                "dnb/notes.txt", ".cache/d.wav", "dnb/._c.flac", "dnb/.bin/e.mp3":
            self.write(os.path.join("own", name), b"")
        self.write("own/labels.json", b'{"dnb": " Drum & Bass "}')
        lengths = iter((70, 90, 80))
        with mock.patch.object(features, "program"), mock.patch.object(
                features, "mel_of_file", lambda path, program: np.tile(
                    np.arange(128, dtype=np.uint8), (next(lengths), 1))), \
                contextlib.redirect_stderr(io.StringIO()):
            data = features.load_audio(self.path("own"), valid_every=2)
        self.assertEqual(data.genres, ["Drum & Bass", "techno"])
        self.assertEqual(data.names, ["dnb/ep/1/c.flac", "techno/a.wav",
                                      "techno/b.mp3"])
        self.assertEqual(data.y.tolist(), [0, 1, 1])
        self.assertEqual(data.split.tolist(), ["train", "train", "valid"])
        self.assertEqual(data.x.shape, (3, 90, 128))
        os.mkdir(self.path("corpus"))
        write_corpus(self.path("corpus"), 12)
        known = corpus.track_tags([self.path("corpus")],
                                  ["track1", "x/track1.wav", "y"])
        np.testing.assert_array_equal(known[0], known[1])
        self.assertTrue(np.isnan(known[2]).all())

    def test_left_out(self):
        """What cannot be heard is named, and the others are taken."""
        images = {"broken": features.DataError("broken.wav: damaged"),
                  "short": np.tile(np.arange(128, dtype=np.uint8), (64, 1)),
                  "silent": np.full((99, 128), 255, np.uint8),
                  "good": np.tile(np.arange(128, dtype=np.uint8), (65, 1))}
        for label in "a", "b":
            for name in images:
                self.write(os.path.join("left", label, f"{name}.wav"), b"")
        said = io.StringIO()
        with mock.patch.object(features, "program"), mock.patch.object(
                features, "mel_of_file", side_effect=[
                    images[name] for name in sorted(images)] * 2), \
                contextlib.redirect_stderr(said):
            data = features.load_audio(self.path("left"))
        self.assertEqual(data.names, ["a/good.wav", "b/good.wav"])
        for text in ("left out: broken.wav: damaged\n",
                     "a/short.wav: shorter than 5 seconds\n",
                     "b/silent.wav: silence\n"):
            self.assertIn(text, said.getvalue())

    def test_empty_genre(self):
        folder = self.genres(b"")
        os.remove(os.path.join(folder, "blues", "a.wav"))
        self.refused(self.train("--audio", folder), "blues", "no audio file")

    def test_one_genre(self):
        self.write(os.path.join("one", "blues", "a.wav"), b"")
        self.refused(self.train("--audio", self.path("one")),
                     "1 folders of labels", "2 to 500")

    def test_broken_audio(self):
        for content in b"", b"no audio", b"RIFF\0\0\0\0WAVEfmt ":
            with self.subTest(content):
                status, _, errors = self.train("--audio", self.genres(content))
                self.assertEqual(status, 1, errors)
                left_out, last = errors.splitlines()
                self.assertRegex(left_out, r"^left out: \S*/blues/a\.wav: [A-Z].*\.$")
                self.assertIn("blues: no audio file", last)


class Corpora(ToolTest):
    def test_two(self):
        """All of a folder, or the one that is named, are one corpus."""
        folder = self.path("corpora")
        os.mkdir(folder)
        write_corpus(folder, 12)
        write_corpus(folder, 5, "more", "y")
        self.write("corpora/more_manifest.csv", b"id,licence\nw0,CC0\n"
                   b"w1,not stated (demo page)\nw2,repo MIT\n")
        both = corpus.load(folder)
        self.assertEqual(len(both.x), 17)
        self.assertEqual(both.held_out.sum(), 4)
        self.assertEqual(np.flatnonzero(both.stated).tolist(), [12, 14])
        np.testing.assert_allclose(both.embedding[both.music].mean(0), 0,
                                   atol=1e-5)
        one = corpus.load(os.path.join(folder, "more_mel.zip"))
        np.testing.assert_array_equal(one.x, both.x[12:])
        self.assertEqual(
            both.weights([("*", 0.5), ("y", 2.0), ("speech", 0.0)]).tolist(),
            [0.5] * 10 + [0, 0] + [2] * 3 + [0, 0])
        pool = student.Pool(both.x, weight=both.weights([("real *", 0.0)]),
                          which=np.arange(17))
        _, targets = pool.draw(50, 20, augment.Strength(),
                               np.random.default_rng(0))
        self.assertEqual(set(targets["which"].tolist()), {10, 11, 15, 16})


    def test_genre_weights(self):
        """Windows whose tags called like a genre stand out are drawn more often, the
        more they do; not those of other tags, nor what is no music."""
        folder, n = self.path("corpora"), 700
        os.mkdir(folder)
        write_corpus(folder, 12)
        few = corpus.load(folder)
        c = few.part(np.resize(np.arange(10), n))       # all music
        c.tags[:], c.classes[:] = 0.1, 0.1
        c.tags[:, 0] = np.linspace(0.9, 0.1, n)         # "blues"
        c.tags[:, 7] = np.linspace(0.1, 0.9, n)
        c.music[50] = False
        weight = c.genre_weights(["polka", "blues"], 4)
        self.assertEqual(weight[50], 1)
        rest = np.delete(weight, 50)
        self.assertTrue((np.diff(rest) <= 0).all())
        np.testing.assert_array_equal(rest[:120], 4)
        np.testing.assert_array_equal(rest[480:], 1)
        self.assertAlmostEqual(rest[300], 2.5, 1)
        np.testing.assert_array_equal(c.genre_weights(["polka"], 4), 1)


class Heard(unittest.TestCase):
    def test_is_what_the_convolutions_give(self):
        """Without variation, what is heard of a whole window leads to the logits of
        its image; and pools draw parts of it."""
        torch.manual_seed(0)
        taught = student.Student(networks.Network(
            networks.layers_of("crnn", 3, other=True)).eval(), {})
        x = np.random.default_rng(0).integers(0, 256, (3, 100, 128), np.uint8)
        none = augment.Strength().scaled(0)
        heard = student.hear(taught.network, x, 2, none, np.random.default_rng(0))
        self.assertEqual(heard.shape, (3, 2, networks.CHANNELS[-1], 1, 100 // 16))
        np.testing.assert_array_equal(heard[:, 0], heard[:, 1])
        taught.freeze_trunk()
        self.assertEqual(taught.stride, 16)
        with torch.no_grad():
            found = taught.network.features(
                torch.from_numpy(heard[:, 0]).float(), taught.first)
            logits = taught.network.classify(found)
        np.testing.assert_allclose(logits, fit.logits_of(taught.network, x),
                                   atol=1e-3)
        pool = student.Pool(heard, which=np.arange(3))
        self.assertEqual(pool.frames, 6)
        z, targets = pool.draw(9, 4, none, np.random.default_rng(0))
        self.assertEqual(z.shape, (9, networks.CHANNELS[-1], 1, 4))
        for crop, which in zip(z.numpy(), targets["which"].int()):
            self.assertTrue(any(
                np.array_equal(crop, heard[which, 0, :, :, i:i + 4])
                for i in range(3)))


class Tags(ToolTest):
    """The head that says what taggers would call it."""

    def row(self, **changes):
        return {"output": 0, "name": "x", "label": "x", "sources": tags.MIN_SOURCES,
                "windows": tags.MIN_WINDOWS, "auc": tags.MIN_AUC, "precision": 0.5,
                "recall": 0.1, **changes}

    def test_candidates(self):
        names = ["blues", "catchy", "Music", "Guitar", "Pop music", "Hip hop music",
                 "Music of Africa", "Song", "blues"]
        self.assertEqual(
            [(tag.output, tag.name, tag.label)
             for tag in taghead.candidates(names, ["real music", "AI sound"])],
            [(0, "blues", "blues"), (4, "Pop music", "pop"),
             (5, "Hip hop music", "hip-hop"), (6, "Music of Africa", "africa"),
             (8, "blues", "blues"), (None, "noise", "noise")])
        with self.assertRaisesRegex(features.DataError, "Pop music"):
            taghead.candidates(names[:4], [])

    def test_choice(self):
        best = self.row(recall=0.2)
        kind = self.row(output=None, label="k", sources=tags.MIN_SOURCES_OF_KIND)
        rows = [kind, best, self.row(auc=0.99), self.row(label="a", auc=0.84),
                self.row(label="b", windows=19), self.row(label="c", sources=4),
                self.row(label="d", precision=0.49)]
        self.assertEqual(tags.choose(rows), [best, kind])
        self.assertEqual(tags.table(rows, [best, kind]).count("| yes |"), 2)

    def test_measure(self):
        """Truths drawn with the probability that the scores say, on a scale of one's
        own; and their precision, on other sources."""
        rng = np.random.default_rng(0)
        scores = rng.normal(0, 2, 4000)
        truth = rng.random(4000) < 1 / (1 + np.exp(-(2 * scores - 1)))
        source = np.array([f"source{i % 8}" for i in range(4000)])
        row = tags.measure(taghead.Tag(0, "x", "y"), scores, truth, source)
        self.assertAlmostEqual(row["slope"], 2, delta=0.2)
        self.assertAlmostEqual(row["offset"], -1, delta=0.2)
        self.assertGreater(row["precision"], 0.8)
        self.assertEqual((row["windows"], row["sources"]), (truth.sum(), 8))
        said = scores > 0.5
        self.assertAlmostEqual(row["precision"], truth[said].mean(), delta=0.01)
        self.assertAlmostEqual(row["recall"], said[truth].mean(), delta=0.01)
        # what the regression takes for certain and is not is said no longer
        wrong = truth & (rng.random(4000) < 0.6)
        slope, offset = tags.calibrate(scores, wrong)
        self.assertLess(offset, tags.logistic(scores, wrong)[1])
        said = slope * scores + offset >= 0
        self.assertGreaterEqual(wrong[said].mean(), tags.MIN_PRECISION - 0.05)
        # of a kind of window the scores are the regression's already
        row = tags.measure(taghead.Tag(None, "x", "y"), scores, truth, source)
        self.assertEqual((row["slope"], row["offset"]), (1, 0))
        self.assertEqual(row["precision"], truth[scores >= 0].mean())
        # what no window has cannot be measured, and does not ship
        row = tags.measure(taghead.Tag(0, "x", "y"), scores, truth & False, source)
        self.assertIsNone(row["auc"])
        self.assertFalse(tags.ships(row))

    def test_attach(self):
        """The head says what was taught, in the engine as well."""
        torch.manual_seed(0)
        rng = np.random.default_rng(0)
        taught = student.Student(networks.Network(networks.layers_of(
            "crnn", len(GENRES), other=True)), {"tags": 4}).eval()
        mean, deviation = rng.normal(size=4), rng.random(4)
        network = taghead.attach(taught, [taghead.Tag(3, "d", "D"), taghead.Tag(
            1, "b", "B", 2, -0.5)], mean, deviation)
        path = self.path("tags.safetensors")
        weights.save_network(path, network, name="x", version="1", labels=GENRES)
        x = rng.integers(0, 256, (FRAMES, 128), dtype=np.uint8)
        with torch.no_grad():
            found = network.features(networks.standardise(torch.from_numpy(
                x[None]).float() * (80 / 255) - 80).transpose(1, 2).unsqueeze(1))
            odds = taught.heads["tags"](found)[0].numpy() * deviation + mean
        model = engine.Engine(path, BUILD)
        head = model.find_head("tags")
        self.assertEqual(model.labels_of(head), ["D", "B"])
        np.testing.assert_allclose(
            model.predict(x, head), 1 / (1 + np.exp([-odds[3], 0.5 - 2 * odds[1]])),
            atol=1e-5)
        with self.assertRaisesRegex(features.DataError, "no head 'moods'"):
            model.find_head("moods")

    def test_over_music(self):
        """Of the two the louder one is heard, and the loudest of both is 255."""
        rng = np.random.default_rng(0)
        speech, music = rng.integers(0, 256, (2, 3, 9, 128), dtype=np.uint8)
        speech[:, 0, 0] = music[:, 0, 0] = 255
        both = corpus.over_music(speech, music, [-60, 60, 0])
        for which, louder in (0, music[0]), (1, speech[1]):
            loud = louder > 130     # nothing of the other one is
            np.testing.assert_allclose(both[which].astype(int)[loud], louder[loud],
                                       atol=1)
        self.assertEqual(both.max((1, 2)).tolist(), [255] * 3)
        self.assertTrue((both[2] + 12. >= np.minimum(speech[2], music[2])).all())

    def test_attach_kinds(self):
        """What is no music is told by its features, beside the tags that are there."""
        torch.manual_seed(0)
        network = networks.Network(networks.layers_of("crnn", 3, other=True)).eval()
        found = torch.randn(60, network.n_features)
        kind = np.where(found[:, 0] > 0.5, "AI sound", "real music")
        tag = taghead.Tag(None, "noise", "noise")
        alone = taghead.attach_kinds(network, [tag], found, kind)
        self.assertEqual([head["labels"] for head in alone.heads], [["noise"]])
        both = taghead.attach_kinds(taghead.attach(
            student.Student(network, {"tags": 4}), [taghead.Tag(1, "b", "B"), tag],
            np.zeros(4), np.ones(4)), [taghead.Tag(1, "b", "B"), tag], found, kind)
        self.assertEqual([head["labels"] for head in both.heads], [["B", "noise"]])
        with torch.no_grad():
            odds = both._run_head(found, both.heads[0]["layers"])[:, 1]
            np.testing.assert_array_equal(
                odds, alone._run_head(found, alone.heads[0]["layers"])[:, 0])
        self.assertGreater(metrics.auc(odds.numpy(), kind == "AI sound"), 0.95)
        taghead.check_kinds([tag], kind)
        with self.assertRaisesRegex(features.DataError, "no speech"):
            taghead.check_kinds([tag, taghead.Tag(None, "speech", "speech")], kind)

    def corpus(self):
        """Windows of 6 sources, to choose tags from."""
        folder = self.path("corpus")
        os.mkdir(folder)
        write_corpus(folder, 20, source=[f"[{i % 6}]" for i in range(20)],
                     kind=["noise"] * 3 + ["real music"] * 17,
                     # one of the classes is called as one of the tags
                     classes=("Music", "Pop music", "Blues", "Scary music", "Rain"))
        return folder

    def test_all(self):
        """From a corpus to a file with two heads, and to ONNX."""
        folder, out = self.corpus(), self.path("tags.json")
        of_recipe = ["--corpus", folder, "--smoke", "--batch", "8"]
        with mock.patch.multiple(tags, PRESENT=0.5, MIN_AUC=0, MIN_WINDOWS=1,
                                 MIN_SOURCES=2):
            status, printed, errors = self.call_tool(
                tags, "--data", self.npz(), "--work", self.path("work"), "--out", out,
                "--build", BUILD, "--", *of_recipe, build=None)
        self.assertEqual(status, 0, errors)
        labels = [tag.label for tag in taghead.load(out, corpus.load(folder).names)]
        self.assertGreater(len(labels), 5)
        # noise was not kept from the network, so that nothing measures it
        self.assertNotIn("noise", labels)
        self.assertEqual(printed.count("| yes |"), len(labels))
        # its pretraining has not heard what was measured on
        pretrained = self.path("work", "network.safetensors.work",
                               "pretrained.safetensors")
        held_out = tags.held_out(corpus.load(folder))
        self.assertEqual(weights.load_pretrained(pretrained)[2], held_out)
        self.assertEqual(len(held_out), 2)

        model = self.path("two.safetensors")
        status, _, errors = self.call_tool(
            train, "--data", self.npz(), *of_recipe, "--pretrained", pretrained,
            "--tags", out, "--seeds", "2", "--out", model)
        self.assertEqual(status, 0, errors)
        two = engine.Engine(model, BUILD)
        self.assertEqual(two.labels_of(two.find_head("tags")), labels)
        status, printed, errors = self.call_tool(
            export_onnx, model, self.path("two.onnx"), build=None)
        self.assertEqual(status, 0, errors)
        self.assertEqual([json.loads(line) for line in printed.splitlines()],
                         [GENRES, labels])
        with open(self.path("two.onnx"), "rb") as f:
            content = f.read()
        for name in b"tags", b"embedding":
            # a name after its length, before a type: one of the graph's outputs
            self.assertTrue(b"\n%c%s\x12" % (len(name), name) in content, name)

    def test_refused(self):
        def refused(*args, word):
            self.assert_refused(self.call_tool(
                tags, "--data", self.npz(), "--work", self.path("work"), "--", *args,
                build=None), "tags.py", word)
        folder = self.corpus()
        status, _, errors = self.call_tool(tags, "--data", "-", "--work", "-",
                                           build=None)
        self.assertEqual(status, 2)
        self.assertIn("--corpus is needed", errors)
        heard = self.path("heard")
        weights.save(heard, {"x": np.zeros(3)}, "x", "", [], [], extra={
            "format": weights.PRETRAINED, "tags": "[]"})
        for option in "--pretrained", "--pretrain-from":
            refused(f"--corpus={folder}", option, heard, word="has heard")
        # that none is fit to ship is no file; the table says why
        with mock.patch.multiple(tags, MIN_AUC=1.1):
            status, printed, errors = self.call_tool(
                tags, "--data", self.npz(), "--work", self.path("work"), "--out",
                self.path("none.json"), "--build", BUILD, "--", "--corpus", folder,
                "--smoke", "--batch", "8", build=None)
        self.assertEqual((status, "| blues |" in printed), (1, True))
        self.assertIn("no tag is fit to ship", errors)
        self.assertFalse(os.path.exists(self.path("none.json")))
        row = {"output": 0, "name": "blues", "label": "b", "slope": 1, "offset": 0}
        for content in ("", "[]", '{"tags": []}', '{"tags": [{}]}',
                        *(json.dumps({"tags": rows}) for rows in (
                            [{**row, "slope": "x"}], [row, row],
                            [{**row, "output": 1}], [{**row, "output": 999}]))):
            self.assert_refused(self.call_tool(
                train, "--data", self.npz(), "--corpus", folder, "--tags",
                self.write("bad.json", content.encode()), "--out",
                self.path("out.safetensors")), "train.py", "bad.json")


class Embedding(ToolTest):
    def test_attach(self):
        """It is centred; half of its spread is that of the features, half that of the
        genres' logits; the engine gives the same, and its genres are what they were."""
        torch.manual_seed(0)
        network = networks.Network(networks.layers_of("crnn", 3, other=True)).eval()
        found = torch.randn(400, network.n_features) + 1
        found[:, 100:] *= 0.01
        more = embedding.attach(network, found)
        with torch.no_grad():
            spread = more._run_head(found, more.embedding_layers)
            logits = network.classify(found)[:, :3]
        np.testing.assert_allclose(spread.mean(0), 0, atol=1e-4)
        self.assertAlmostEqual(spread.square().sum(1).mean().item(), 2, delta=0.01)
        self.assertEqual(spread.shape[1], embedding.SIZE)
        logits -= logits.mean(1, keepdim=True)
        expected = torch.cat([
            part / part.square().sum(1).mean().sqrt()
            for part in (found - found.mean(0), logits - logits.mean(0))], 1)
        np.testing.assert_allclose(spread @ spread.T, expected @ expected.T, atol=1e-3)

        paths = [self.path(name) for name in ("one", "more")]
        for path, which in zip(paths, (network, more)):
            weights.save_network(path, which, name="x", version="1", labels=["a", "b",
                                                                             "c"])
        one, two = (engine.Engine(path, BUILD) for path in paths)
        x = np.random.default_rng(0).integers(0, 256, (FRAMES, 128), dtype=np.uint8)
        np.testing.assert_array_equal(one.predict(x), two.predict(x))
        self.assertEqual((len(one.embed(x)), len(two.embed(x))),
                         (network.n_features, embedding.SIZE))
        with torch.no_grad():
            z = networks.standardise(torch.from_numpy(features.decibels(x[None])))
            given = more.embed(more.features(z.transpose(1, 2).unsqueeze(1)))[0]
        np.testing.assert_allclose(two.embed(x), given, atol=1e-5)
        # with a head for other labels it stays, and so do the other heads
        tagged = taghead.attach(student.Student(more, {"tags": 4}), [
            taghead.Tag(1, "b", "B")], np.zeros(4), np.ones(4))
        weights.save_network(paths[0], tagged, name="x", version="1",
                             labels=["a", "b", "c"])
        again = newhead.load(paths[0], 2)
        torch.testing.assert_close(again.embed(found), more.embed(found))
        torch.testing.assert_close(again.answers(found)[1], tagged.answers(found)[1])

    def test_none(self):
        """What has no layer that alone makes genres of features stays as it is."""
        network = networks.Network(networks.layers_of("cnn", 3, other=True))
        self.assertIs(embedding.attach(network, torch.randn(9, network.n_features)),
                      network)

    def test_nearest(self):
        """By the angle, whatever the length, and never of its own group."""
        vectors = np.array([[1, 0], [9, 1], [2, 2], [0, 1], [0, 0]])
        groups, y = np.array(list("aabbc")), np.array([0, 1, 0, 1, 2])
        all_of_them, few = np.arange(5), np.array([0, 3])

        def ask(function, *args):
            return [function(*args, y, groups, *which).tolist() for which in (
                (all_of_them, all_of_them), (few, few))]
        self.assertEqual(ask(neighbours.find_same, vectors), [
            [True, False, False, True, False], [False, False]])
        self.assertEqual(ask(neighbours.could_be_same), [
            [True, True, True, True, False], [False, False]])
        self.assertEqual(ask(neighbours.chance), [
            [1 / 3, 1 / 3, 1 / 3, 1 / 3, 0], [0, 0]])


class Prior(unittest.TestCase):
    def test_genre_tags(self):
        matrix = corpus.genre_tags(["rock", "Jazz", "jazz", "x"],
                                   ["jazz", "rock", "pop"])
        self.assertEqual(matrix.tolist(),
                         [[0, 1, 1, 0], [2, 0, 0, 0], [0, 0, 0, 0]])

    def test_expect(self):
        """With nothing left of chance, a genre's logit is its tags' sum."""
        torch.manual_seed(0)
        taught = student.Student(networks.Network(
            networks.layers_of("gru", 3, other=True)), {"tags": 4})
        self.assertFalse(taught.is_linear())
        taught = student.Student(networks.Network(
            networks.layers_of("crnn", 3, other=True)), {"tags": 4})
        self.assertTrue(taught.is_linear())
        matrix = np.float32([[0, 1, 1, 0], [2, 0, 0, 0], [0, 0, 0, 0]])
        before = taught.network.dense.bias.tolist()
        taught.expect(matrix, share=0)
        found = torch.randn(5, taught.network.n_features)
        with torch.no_grad():
            logits = taught.network.classify(found) - torch.tensor(before)
            tags = taught.heads["tags"](found)
        np.testing.assert_allclose(logits[:, :3], tags @ matrix.T, atol=1e-5)
        np.testing.assert_allclose(logits[:, 3], 0, atol=1e-6)


class OtherTools(ToolTest):
    """compare.py, robustness.py and export_onnx.py, and what they refuse."""

    def setUp(self):
        super().setUp()
        self.broken = self.write("broken", b"nothing")

    def refused(self, module, *args, word, **options):
        self.assert_refused(self.call_tool(module, *args, **options),
                            f"{module.__name__}.py", word)

    def test_compare(self):
        status, out, errors = self.call_tool(
            compare, "--data", self.npz(), MODEL)
        self.assertEqual(status, 0, errors)
        heading, _, row = out.splitlines()
        self.assertEqual(len(row.split("|")), len(heading.split("|")))
        # without tracks, what the file says of itself
        status, out, errors = self.call_tool(compare, MODEL)
        self.assertEqual(status, 0, errors)
        figures = json.loads(weights.load(MODEL)[1]["figures"])
        self.assertIn(f"| {figures['accuracy']:.3f} | {figures['macro_f1']:.3f} | ",
                      out.splitlines()[2])
        path = self.path("silent.safetensors")
        weights.save_network(path, networks.Network(networks.layers_of(
            "gru", 10, other=False)), name="x", version="1", labels=GENRES)
        self.refused(compare, path, word="no figures in it")
        self.refused(compare, "--data", self.npz(), self.broken, word="broken")
        self.refused(compare, "--data", self.path("none.npz"), MODEL,
                     word="none.npz")

    def test_robustness(self):
        for arguments, word in (
                (["--data", self.path("none.npz")], "none.npz"),
                (["--audio", self.path("nowhere")], "nowhere"),
                (["--audio", self.directory], "no audio file")):
            self.refused(robustness, "--model", MODEL, *arguments, word=word)
        self.refused(robustness, "--data", self.npz(), "--model", self.broken,
                     word="broken")
        for program in robustness, neighbours:
            self.refused(program, "--data", self.npz(), "--folds",
                         self.path("nowhere"), word="nowhere")

    def test_export_onnx(self):
        out = self.path("model.onnx")
        status, printed, errors = self.call_tool(
            export_onnx, MODEL, out, build=None)
        self.assertEqual(status, 0, errors)
        self.assertEqual(json.loads(printed.splitlines()[0]), GENRES)
        # all weights are in it
        self.assertGreater(os.path.getsize(out),
                           0.95 * os.path.getsize(MODEL))
        for path, word in ((self.broken, "broken"),
                           (self.path("none"), "none")):
            self.refused(export_onnx, path, self.path("no.onnx"), word=word,
                         build=None)
        self.assertFalse(os.path.exists(self.path("no.onnx")))
        self.refused(export_onnx, MODEL, self.path("nowhere", "x.onnx"),
                     word="nowhere", build=None)


class Train(ToolTest):
    def test_smoke_and_resume(self):
        out, data = self.path("out.safetensors"), self.npz()
        args = ["--data", data, "--smoke", "--version", "7", "--batch", "8",
                "--validate", "1"]
        status, _, errors = self.call_tool(train, *args, "--out", out)
        self.assertEqual(status, 0, errors)
        self.check_weights(out)
        self.check_log(out)

        # stopped after the first epoch
        again = self.path("again.safetensors")
        checkpoint = os.path.join(f"{again}.work", "seed0.pt")
        real = os.replace

        def stop_after_checkpoint(source, target):
            real(source, target)
            raise KeyboardInterrupt

        with mock.patch("os.replace", stop_after_checkpoint):
            status, _, errors = self.call_tool(train, *args, "--out", again)
        self.assertNotEqual(status, 0)
        self.assertIn("train.py: stopped", errors)
        self.assertTrue(os.path.exists(checkpoint))
        self.assertFalse(os.path.exists(again))

        # not with other settings, and the checkpoint stays
        result = self.call_tool(train, *args, "--out", again, "--seed", "5")
        self.assert_refused(result, "train.py", "other settings",
                            checkpoint)
        self.assertTrue(os.path.exists(checkpoint))

        # with the same it ends where the run ended that was not stopped
        status, _, errors = self.call_tool(train, *args, "--out", again)
        self.assertEqual(status, 0, errors)
        self.assertIn("going on after epoch 1", errors)
        self.check_log(again)
        expected, resumed = weights.load(out)[0], weights.load(again)[0]
        self.assertEqual(list(expected), list(resumed))
        for name in expected:
            np.testing.assert_allclose(resumed[name], expected[name],
                                       rtol=0, atol=1e-3, err_msg=name)

    def test_corpus_and_seeds(self):
        """All stages, and an output for what is not music."""
        folder, out = self.path("corpus"), self.path("out.safetensors")
        os.mkdir(folder)
        write_corpus(folder, 12)
        args = ["--data", self.npz(), "--corpus", folder, "--smoke",
                "--version", "7", "--batch", "8"]
        status, _, errors = self.call_tool(
            train, *args, "--seeds", "2", "--distill", "0.5", "--freeze", "0",
            "--out", out)
        self.assertEqual(status, 0, errors)
        self.check_weights(out)
        with open(f"{out}.log") as f:
            stages = [json.loads(line)["stage"] for line in f]
        self.assertEqual(stages, ["pretrain0"] * 2 + ["seed0"] * 2
                         + ["seed1"] * 2 + ["distilled"] * 2)
        layers = weights.load(out)[1]["layers"]
        self.assertEqual(layers[-1]["type"], "share_other")
        self.assertNotEqual(layers[-2]["temperature"], 1)
        # another run goes on from the first one's pretraining, leaves its
        # convolutions alone, and writes the mean of its seeds
        other = self.path("other.safetensors")
        status, _, errors = self.call_tool(
            train, *args, "--pretrained",
            os.path.join(f"{out}.work", "pretrained.safetensors"), "--seeds", "2",
            "--freeze", "2", "--out", other)
        self.assertEqual(status, 0, errors)
        self.assertNotIn("pretrain", errors)
        self.check_weights(other)
        seeds = [weights.load(os.path.join(f"{other}.work",
                                           f"seed{i}.safetensors"))[0]
                 for i in range(2)]
        pretrained = os.path.join(f"{out}.work", "pretrained.safetensors")
        before = weights.load(pretrained)[0]
        means = weights.load(other)[0]
        # the embedding is fitted to the mean
        self.assertEqual({*means} - {*seeds[0]}, {"embedding.weight", "embedding.bias"})
        for name in seeds[0]:
            mean = means[name]
            frozen = name.startswith(("conv", "norm"))
            self.assertEqual(np.array_equal(seeds[0][name], seeds[1][name]), frozen)
            if frozen:
                np.testing.assert_array_equal(mean, before[f"network.{name}"])
            np.testing.assert_allclose(
                mean, (seeds[0][name] + seeds[1][name]) / 2, atol=1e-6)

        # and one of another architecture begins with what is alike
        begun = recipe.Recipe(features.load_npz(self.npz()), options.arguments(
            [*args, "--out", "-", "--architecture", "cnn"])).load_pretrained(
                pretrained, whole=False).state_dict()
        for name in "network.conv4.weight", "network.norm1.running_mean":
            np.testing.assert_array_equal(begun[name], before[name], name)
        self.assertNotIn("network.gru1.weight_ih_l0", begun)
        # it says what its tags are called, and is no model
        metadata = weights.load(pretrained)[1]
        self.assertEqual(len(json.loads(metadata["tags"])),
                         len(before["heads.tags.bias"]))
        with self.assertRaises(engine.EngineError):
            engine.Engine(pretrained, BUILD)

    def check_learnt(self, x, y, *args, artists=None):
        """A model of labels of one's own; gives its path and what was said."""
        labels = ["Drum & Bass", "caf\u00e9"]
        names = [f"t{i}" for i in range(len(y))]
        data = features.Data(x, y, names, labels, np.full(len(y), "train"))
        if artists is not None:
            args = *args, "--groups", self.write("artists.csv", b"track,artist\n" + (
                "".join(f"{n},{a}\n" for n, a in zip(names, artists))).encode())
        out = self.path("mine.safetensors")
        with mock.patch.object(features, "load_audio", return_value=data):
            status, _, errors = self.call_tool(
                learn, "-", "--version", "7", "--out", out, "--work",
                tempfile.mkdtemp(dir=self.directory), *args)
        self.assertEqual(status, 0, errors)
        self.assertEqual(engine.Engine(out, BUILD).labels, labels)
        return out, errors

    def test_learn(self):
        """Labels of one's own on the features of a network that is there: as right as
        is said, by the engine, on tracks that the head was not fitted to."""
        rng = np.random.default_rng(3)
        y = np.repeat([0, 1], 12)
        x = rng.integers(0, 100, (24, FRAMES, 128), np.uint8)
        x[y == 1, ::4] += 100           # a beat
        x[y == 0, :, 20:30] += 100      # a tone
        out, errors = self.check_learnt(x, y, artists=np.arange(24) // 3)
        # 8 artists that are all right are no certainty
        self.assertIn("right on 1.00 of 24 tracks", errors)
        self.assertIn("interval 0.68 to 1.00", errors)
        self.assertIn("little data to know it from", errors)
        self.assertIn("artists that it does not know", errors)
        model = engine.Engine(out, BUILD)
        self.assertEqual([model.predict(image).argmax() for image in x], y.tolist())
        metadata = weights.load(out)[1]
        self.assertEqual((metadata["name"], metadata["version"]), ("mine", "7"))
        figures = json.loads(metadata["figures"])
        self.assertEqual((figures["split"], figures["new_artists"]),
                         ("cross-validation, 4 folds", True))
        part, network = json.loads(metadata["data"])
        self.assertEqual((part["number"], part["of"]),
                         (24, {"Drum & Bass": 12, "caf\u00e9": 12}))
        self.assertEqual(network, {"what": "network", "file": "crnn.safetensors",
                                   "sha256": weights.digest(MODEL)})
        self.assertTrue(metadata["command"].startswith("models/learn - --version 7 "))
        self.assertIn(" --out mine.safetensors ", metadata["command"])
        self.assertNotIn(self.directory, metadata["command"])
        self.assertRegex(metadata["program"], r"^genreclassify \d+\.\d+\.\d+$")
        self.assertNotIn("license", metadata)
        self.check_digest(out)
        work, = (e.path for e in os.scandir(self.directory) if e.is_dir())
        fold = answers.Answers.load(work).fold
        for i in range(4):
            held_out = engine.Engine(f"{work}/fold{i}.safetensors", BUILD)
            for image, label in zip(x[fold == i], y[fold == i]):
                self.assertEqual(held_out.predict(image).argmax(), label)

    def test_learn_too_little(self):
        """It says so, where there is little to know from, or nothing."""
        rng = np.random.default_rng(3)
        x = rng.integers(0, 256, (24, FRAMES, 128), dtype=np.uint8)
        y = np.repeat([0, 1], 12)
        both = "few tracks: Drum & Bass has 12, 2 labels have less than 20"
        for y, artists, few, said in (
                (rng.permutation(y), None, both, "little data to know it from"),
                (np.arange(24) // 23, None, "few tracks: caf\u00e9 has 1; 20 or more",
                 "caf\u00e9 has only one track"),
                (y, y, both, "Drum & Bass has only one artist")):
            _, errors = self.check_learnt(x, y, "--force", "--init", MODEL,
                                          artists=artists)
            self.assertIn(few, errors)
            self.assertIn(said, errors)

    def check_digest(self, path):
        """The file has that of its tensors, whoever wrote it last."""
        with open(path, "rb") as f:
            content = f.read()
        size = int.from_bytes(content[:8], "little")
        self.assertEqual(weights.load(path)[1]["sha256"],
                         hashlib.sha256(content[8 + size:]).hexdigest())

    def test_without_places(self):
        """The command is kept as it was typed, but for the folders of a machine."""
        for word, kept in (
                ("--data", "--data"), ("x/y.npz", "x/y.npz"), ("/srv/x/y.npz", "y.npz"),
                ("--out=/home/me/mine.safetensors", "--out=mine.safetensors"),
                ("../../me/x", "x"), ("/srv/music/", "music"), ("AI music=0.5",) * 2,
                ("--draw=AI music=0.5",) * 2, ("\udcff", "\\udcff")):
            self.assertEqual(provenance.without_place(word), kept)
        with mock.patch.object(sys, "argv", ["/x/train.py", "--data", "/x/a b.npz"]):
            self.assertEqual(provenance.typed(), "models/train.py --data 'a b.npz'")
        with mock.patch.dict(os.environ, SOURCE_DATE_EPOCH="86400"):
            self.assertEqual(provenance.today(), "1970-01-02")

    def test_learn_refuses(self):
        """What could not be written in the end, before anything is done."""
        home = tempfile.mkdtemp(dir=self.directory)
        os.makedirs(f"{home}/genreclassify/models")
        there = f"{home}/genreclassify/models/x.safetensors"
        with open(there, "w"):
            pass
        environment = {k: v for k, v in os.environ.items()
                       if k != "GENRECLASSIFY_MODELS"} | {"XDG_DATA_HOME": home}
        with mock.patch.dict(os.environ, environment, clear=True), \
                mock.patch.object(features, "load_audio", side_effect=AssertionError):
            for args, *words in (
                    (["x"], there, "is there already", "--force", "--out"),
                    (["x/../x/"], there),
                    (["x", "--out", there], there, "--force"),
                    (["x", "--out", home], home, "a folder"),
                    (["x", "--out", f"{home}/y/z.safetensors"], f"{home}/y"),
                    (["x", "--out", f"{home}/\udcff.safetensors"], "UTF-8"),
                    (["y", "--name", "\udcff"], "UTF-8", "--name"),
                    (["x/crnn"], "crnn is the name", "--out"),
                    (["/"], "no name", "--out"),
                    ([".x"], "no name", "--out"),
                    ([], "expected one FOLDER"),
                    (["x", "--audio", "x"], "expected one FOLDER")):
                with self.subTest(args):
                    status, output, errors = self.call_tool(learn, *args)
                    self.assertEqual((status, output), (2, ""))
                    for word in words:
                        self.assertIn(word, errors)
        self.assertEqual(os.path.getsize(there), 0)

    def test_architectures(self):
        """options.py says which there are without PyTorch."""
        self.assertEqual(sorted(networks.ARCHITECTURES), sorted(options.ARCHITECTURES))

    def check_weights(self, path, name="crnn"):
        """The C engine loads it, as evaluate.py does."""
        model = engine.Engine(path, BUILD)
        self.assertEqual(model.labels, GENRES)
        p = model.predict(features.load_npz(self.npz()).x[0])
        self.assertAlmostEqual(float(p.sum()), 1, places=5)
        metadata = weights.load(path)[1]
        self.assertEqual(metadata["version"], "7")
        self.assertEqual(metadata["name"], name)
        self.check_digest(path)
        tracks = json.loads(metadata["data"])[0]
        self.assertEqual((tracks["what"], set(tracks["of"])), ("tracks", set(GENRES)))

    def check_log(self, out):
        with open(f"{out}.log") as f:
            entries = [json.loads(line) for line in f]
        self.assertEqual([e["epoch"] for e in entries], [1, 2])
        for entry in entries:
            self.assertEqual(set(entry), {
                "stage", "epoch", "loss", "valid_accuracy", "valid_loss",
                "seconds"})


if __name__ == "__main__":
    BUILD = os.path.abspath(sys.argv.pop(1))
    # NumPy leaves files open that it refuses
    unittest.main(verbosity=2, warnings="ignore")
