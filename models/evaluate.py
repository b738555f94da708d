#!/usr/bin/python3
"""Measures a weights file on mel images with labels, by the C engine that ships.

  evaluate.py --model crnn.safetensors --data FILE.npz [--split valid]
      [--coverage] [--corpus DIR] [--plot out.png]
  evaluate.py --cv K --work DIR --data FILE.npz [-- OPTIONS OF train.py]

prints one JSON object: accuracy, macro_f1, ece, n, per_genre {genre: {precision,
recall, f1, auc}} and confusion [truth][prediction].  --coverage adds the precision
of the answers of at least a confidence and their share of all; --corpus adds how
much of what is not music would be tagged at --min-confidence, and how many tracks
lose their tag to that.

--cv trains anew on K - 1 of K random folds of all tracks, whatever their split, and
measures each fold by the network that has not seen it.  Tracks of one artist and
album are then on both sides: the way many report GTZAN, and not a measure of how
well artists are recognised that are new.
"""

import argparse
import ctypes
import ctypes.util
import json
import os
import sys
import tempfile

import numpy as np

import features
import weights


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
                ("genre_model_get_n_parameters", "z", "p"),
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
        self.n_parameters = library.genre_model_get_n_parameters(self._model)
        self.labels = [
            library.genre_model_get_label(self._model, i).decode()
            for i in range(library.genre_model_get_n_labels(self._model))]

    @staticmethod
    def _find(build):
        name = "libgenre.so.0"
        local = os.path.join(build or os.path.join(features.ROOT, "build"),
                             "src", "genre", name)
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
        return self.predict_db(x.astype(np.float32) * (80 / 255) - 80)

    def predict_db(self, db):
        """The same of decibels [frames][128]."""
        db = np.ascontiguousarray(db, np.float32)
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


def coverage(p, y):
    """What a threshold of confidence does: [{min_confidence, precision,
    coverage}], precision being None where no answer is left."""
    confidence, right = p.max(1), p.argmax(1) == y
    curve = []
    for percent in range(10, 100, 5):
        kept = confidence >= percent / 100
        curve.append({
            "min_confidence": percent / 100,
            "precision": float(right[kept].mean()) if kept.any() else None,
            "coverage": float(kept.mean())})
    return curve


def open_other(model, build=None):
    """The engine of the same network with its last output laid open, as one
    label more, "other"."""
    tensors, metadata = weights.load(model)
    if metadata["layers"][-1]["type"] != "share_other":
        raise features.DataError(f"{model}: the model has no output for what "
                                 "is not music")
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "other.safetensors")
        weights.save(path, tensors, metadata["name"], metadata["version"],
                     metadata["labels"] + ["other"], metadata["layers"][:-1])
        return Engine(path, build)


def rejection(model, data, folder, min_confidence, build=None):
    """How well what is not music is told from music: the windows of the corpus
    in `folder` that no training has seen, and the tracks of `data`."""
    import corpus
    windows = corpus.load(folder)
    windows = windows.part(windows.held_out)
    engine = open_other(model, build)
    noise, music = (np.stack([engine.predict(x) for x in images])
                    for images in (windows.x, data.x))
    engine.close()

    def tagged(p):
        genres = p[:, :-1].max(1)
        other = p[:, -1] / (p.shape[1] - 1)
        alone = genres / np.maximum(1 - p[:, -1], 1e-9)
        return genres + other >= min_confidence, alone >= min_confidence
    noise_tagged, noise_alone = tagged(noise)
    music_tagged, music_alone = tagged(music)
    return {
        "min_confidence": min_confidence,
        "not_music": len(noise),
        "not_music_tagged": float(noise_tagged.mean()),
        "not_music_tagged_without_rejection": float(noise_alone.mean()),
        "by_kind": {str(kind): [int(noise_tagged[windows.kind == kind].sum()),
                                int((windows.kind == kind).sum())]
                    for kind in np.unique(windows.kind)},
        "music": len(music),
        "music_tagged": float(music_tagged.mean()),
        "music_that_loses_its_tag": float(
            (music_alone & ~music_tagged).sum() / len(music)),
    }


def predict(model, data, build=None):
    """Probabilities [tracks][labels], truths [tracks] as indices into the
    labels, and the labels."""
    engine = Engine(model, build)
    missing = [g for g in data.genres if g not in engine.labels]
    if missing:
        raise features.DataError(
            f"the model has no label {', '.join(missing)}")
    y = np.array([engine.labels.index(data.genres[i]) for i in data.y])
    p = np.stack([engine.predict(x) for x in data.x])
    engine.close()
    return p, y, engine.labels


def folds(y, k, seed=0):
    """The fold [tracks] of each track; every genre is spread evenly."""
    rng, fold = np.random.default_rng(seed), np.empty(len(y), int)
    begin = 0
    for genre in np.unique(y):
        index = rng.permutation(np.flatnonzero(y == genre))
        fold[index] = (np.arange(len(index)) + begin) % k
        begin += len(index)
    return fold


def cross_validate(data, k, work, options, build=None):
    """What predict() gives, each track's by a network that has not seen it."""
    import torch
    import train
    fold, p = folds(data.y, k), None
    if np.bincount(fold, minlength=k).min() == 0:
        raise features.DataError(f"{len(data.y)} tracks are too few for {k} "
                                 "folds")
    os.makedirs(work, exist_ok=True)
    for i in range(k):
        out = os.path.join(work, f"fold{i}.safetensors")
        args = train.arguments(["--data", "-", "--out", out, *options])
        torch.set_num_threads(args.threads)
        data.split = np.where(fold == i, "valid", "train")
        if not os.path.exists(out):
            train.run(data, args)
        guess, y, labels = predict(out, data.part("valid"), build)
        if p is None:
            p = np.empty((len(data.y), guess.shape[1]), guess.dtype)
        p[fold == i] = guess
        print(f"fold {i + 1} of {k}: accuracy "
              f"{(guess.argmax(1) == y).mean():.3f}", file=sys.stderr)
    return p, np.array([labels.index(data.genres[g]) for g in data.y]), labels


def plot(path, p, y, labels):
    """The confusion matrix, the reliability diagram and the ROC curves."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    result = measure(p, y, labels)
    figure, (left, middle, right) = pyplot.subplots(1, 3, figsize=(19, 6))
    confusion = np.array(result["confusion"])
    left.imshow(confusion / np.maximum(confusion.sum(1, keepdims=True), 1),
                cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(confusion):
        for j, n in enumerate(row):
            if n:
                left.text(j, i, n, ha="center", va="center",
                          color="white" if 2 * n > row.sum() else "black")
    left.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    left.set_yticks(range(len(labels)), labels)
    left.set(xlabel="answer", ylabel="truth", title=(
        f"{result['n']} tracks, accuracy {result['accuracy']:.3f}, "
        f"macro F1 {result['macro_f1']:.3f}"))

    confidence, hit = p.max(1), p.argmax(1) == y
    index = np.minimum((confidence * 10).astype(int), 9)
    bins = [b for b in range(10) if (index == b).any()]
    middle.bar([(b + .5) / 10 for b in bins],
               [hit[index == b].mean() for b in bins], .09, color="tab:blue",
               label="right")
    middle.plot([confidence[index == b].mean() for b in bins],
                [hit[index == b].mean() for b in bins], "o",
                color="tab:orange", label="mean confidence of the bin")
    for b in bins:
        middle.text((b + .5) / 10, .01, (index == b).sum(), ha="center",
                    color="white")
    middle.plot([0, 1], [0, 1], "--", color="grey")
    middle.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence",
               ylabel="share that is right",
               title=f"expected calibration error {result['ece']:.3f}")
    middle.legend(loc="upper left")

    for i, label in enumerate(labels):
        order = np.argsort(-p[:, i], kind="stable")
        truth = (y == i)[order]
        if truth.any() and not truth.all():
            right.plot(np.r_[0, np.cumsum(~truth) / (~truth).sum()],
                       np.r_[0, np.cumsum(truth) / truth.sum()],
                       label=f"{label} "
                       f"{result['per_genre'][label]['auc']:.2f}")
    right.plot([0, 1], [0, 1], "--", color="grey")
    right.set(xlabel="false positive rate", ylabel="true positive rate",
              title="ROC, area under it", xlim=(0, 1), ylim=(0, 1.01))
    right.legend(loc="lower right")
    figure.tight_layout()
    # the name's end says what it is: .png, .svg or .pdf
    figure.savefig(path, dpi=90)
    pyplot.close(figure)


def arguments():
    argv, options = sys.argv[1:], []
    if "--" in argv:
        argv, options = (argv[:argv.index("--")],
                         argv[argv.index("--") + 1:])
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0], epilog="Options of train.py may "
        "follow --cv after a --.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", help="weights file")
    what.add_argument("--cv", type=int, metavar="K",
                      help="train and measure on K random folds")
    parser.add_argument("--data", required=True, metavar="FILE.npz")
    parser.add_argument("--split", help="only the tracks of this split")
    parser.add_argument("--coverage", action="store_true",
                        help="add precision and coverage by min-confidence")
    parser.add_argument("--corpus", metavar="DIR", help="add how much of what "
                        "is not music there would be tagged")
    parser.add_argument("--min-confidence", type=float, default=0.7,
                        help="below it nothing is tagged (default: "
                        "%(default)s, the element's)")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the confusion "
                        "matrix, the reliability diagram and the ROC curves")
    parser.add_argument("--record", action="store_true", help="write the "
                        "figures into the weights file, for those who have "
                        "only that")
    parser.add_argument("--work", metavar="DIR",
                        help="where --cv keeps its networks")
    parser.add_argument("--build", help="build directory with libgenre; "
                        "default: build, then the installed one")
    args = parser.parse_args(argv)
    if args.cv is None and (options or args.work):
        parser.error("--work and options of train.py go with --cv")
    if args.cv is not None and (args.cv < 2 or not args.work):
        parser.error("--cv needs at least 2 folds and --work DIR")
    if args.cv is not None and (args.split or args.corpus):
        parser.error("--split and --corpus go with --model")
    if args.record and not args.split:
        parser.error("--record needs --model and --split")
    return args, options


def main():
    args, options = arguments()
    try:
        data = features.load_npz(args.data).part(args.split)
        if args.cv:
            p, y, labels = cross_validate(data, args.cv, args.work, options,
                                          args.build)
        else:
            p, y, labels = predict(args.model, data, args.build)
        result = measure(p, y, labels)
        if args.coverage:
            result["coverage"] = coverage(p, y)
        if args.corpus:
            result["rejection"] = rejection(
                args.model, data, args.corpus, args.min_confidence, args.build)
        if args.plot:
            plot(args.plot, p, y, labels)
        if args.record:
            weights.add_metadata(args.model, figures=json.dumps(
                {"split": args.split, "n": len(y), **{
                    k: round(result[k], 4)
                    for k in ("accuracy", "macro_f1", "ece")}}))
    except (features.DataError, EngineError, OSError) as e:
        sys.exit(f"evaluate.py: {e}")
    except ValueError as e:     # matplotlib's for a file name that it cannot
        sys.exit(f"evaluate.py: {args.plot}: {e}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
