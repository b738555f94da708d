#!/usr/bin/python3
"""Measures a weights file on mel images with labels, by the C engine that ships.

  evaluate.py --model crnn.safetensors --data FILE.npz [--split valid]

prints one JSON object: accuracy, macro_f1, ece, n, per_genre {genre: {precision,
recall, f1, auc}} and confusion [truth][prediction].
"""

import argparse
import ctypes
import ctypes.util
import json
import os
import sys

import numpy as np

import features


class EngineError(Exception):
    """What libgenre refused, in its own words."""


class _GError(ctypes.Structure):
    _fields_ = [("domain", ctypes.c_uint32), ("code", ctypes.c_int),
                ("message", ctypes.c_char_p)]


class Engine:
    """libgenre with one model loaded."""

    def __init__(self, model, build=None):
        library = self._library = ctypes.CDLL(self._find(build))
        for name, result, parameters in (
                ("genre_model_load", "p", "sp"),
                ("genre_model_unref", None, "p"),
                ("genre_model_get_n_labels", "u", "p"),
                ("genre_model_get_label", "s", "pu"),
                ("genre_classifier_new", "p", "puqqqp"),
                ("genre_classifier_free", None, "p"),
                ("genre_classifier_predict", "i", "ppzpp"),
                ("g_clear_error", None, "p")):
            kinds = {"p": ctypes.c_void_p, "s": ctypes.c_char_p,
                     "u": ctypes.c_uint, "q": ctypes.c_uint64,
                     "z": ctypes.c_size_t, "i": ctypes.c_int, None: None}
            function = getattr(library, name)
            function.restype = kinds[result]
            function.argtypes = [kinds[p] for p in parameters]
        self._error = ctypes.POINTER(_GError)()
        self._model = self._check(library.genre_model_load(
            os.fsencode(model), ctypes.byref(self._error)))
        self._classifier = self._check(library.genre_classifier_new(
            self._model, 22050, 30 * 10**9, 0, 0, ctypes.byref(self._error)))
        self.labels = [
            library.genre_model_get_label(self._model, i).decode()
            for i in range(library.genre_model_get_n_labels(self._model))]

    @staticmethod
    def _find(build):
        name = "libgenre.so.0"
        local = os.path.join(build or os.path.join(features.ROOT, "build"),
                             "src", name)
        return local if os.path.exists(local) else name

    def _check(self, result):
        if not result:
            message = self._error.contents.message.decode()
            self._library.g_clear_error(ctypes.byref(self._error))
            raise EngineError(message)
        return result

    def close(self):
        self._library.genre_classifier_free(self._classifier)
        self._library.genre_model_unref(self._model)

    def predict(self, x):
        """Probabilities [labels] of one mel image uint8 [frames][128]."""
        db = np.ascontiguousarray(x.astype(np.float32) * (80 / 255) - 80)
        probabilities = np.empty(len(self.labels), np.float32)
        self._check(self._library.genre_classifier_predict(
            self._classifier, db.ctypes.data, len(db),
            probabilities.ctypes.data, ctypes.byref(self._error)))
        return probabilities


def auc(scores, positive):
    """Area under the ROC curve: the chance that a positive scores higher than
    a negative (ties count half); None if there is only one kind."""
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return None
    values, inverse, counts = np.unique(scores, return_inverse=True,
                                        return_counts=True)
    rank = np.cumsum(counts) - (counts - 1) / 2     # mean rank of equals
    return float((rank[inverse][positive].sum() - n * (n + 1) / 2) / (n * m))


def expected_calibration_error(p, y, bins=10):
    """Mean gap of confidence and accuracy over equal bins of confidence,
    weighted by their sizes (Guo et al. 2017, equation 3)."""
    confidence, right = p.max(1), p.argmax(1) == y
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    return float(sum(
        abs(confidence[index == b].mean() - right[index == b].mean())
        * (index == b).mean() for b in range(bins) if (index == b).any()))


def measure(p, y, labels):
    """The figures of probabilities p [n][labels] and truths y [n]."""
    guess, per_genre = p.argmax(1), {}
    confusion = np.zeros((len(labels), len(labels)), int)
    np.add.at(confusion, (y, guess), 1)
    for i, label in enumerate(labels):
        hits = int(confusion[i, i])
        predicted, actual = int(confusion[:, i].sum()), int(confusion[i].sum())
        per_genre[label] = {
            "precision": hits / predicted if predicted else 0.0,
            "recall": hits / actual if actual else 0.0,
            "f1": 2 * hits / (predicted + actual) if predicted + actual
            else 0.0,
            "auc": auc(p[:, i], y == i),
        }
    return {
        "accuracy": float((guess == y).mean()),
        "macro_f1": float(np.mean([g["f1"] for g in per_genre.values()])),
        "ece": expected_calibration_error(p, y),
        "n": len(y),
        "per_genre": per_genre,
        "confusion": confusion.tolist(),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", required=True, help="weights file")
    parser.add_argument("--data", required=True, metavar="FILE.npz")
    parser.add_argument("--split", help="only the tracks of this split")
    parser.add_argument("--build", help="build directory with libgenre; "
                        "default: build, then the installed one")
    args = parser.parse_args()
    try:
        data = features.load_npz(args.data).part(args.split)
        engine = Engine(args.model, args.build)
        missing = [g for g in data.genres if g not in engine.labels]
        if missing:
            raise features.DataError(
                f"{args.data}: the model has no label {', '.join(missing)}")
        y = np.array([engine.labels.index(data.genres[i]) for i in data.y])
        p = np.stack([engine.predict(x) for x in data.x])
        engine.close()
    except (features.DataError, EngineError, OSError) as e:
        sys.exit(f"evaluate.py: {e}")
    print(json.dumps(measure(p, y, engine.labels)))


if __name__ == "__main__":
    main()
