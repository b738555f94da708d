#!/usr/bin/python3
"""Measures a recipe instead of a weights file: trains anew for each of K folds.

  crossvalidate.py --cv K --work DIR --data FILE.npz [--coverage]
      [--plot out.png] [-- OPTIONS OF train.py]

The tracks, whatever their split, are dealt into K random folds.  Each fold is
measured by a network that was trained on the other K - 1.  The figures of all tracks
together are printed as evaluate.py prints them.

Tracks of one artist and album are then in several folds: many report GTZAN this way,
and it does not measure how well artists are recognised that are new.
"""

import argparse
import json
import os
import sys

import numpy as np
import torch

import engine
import features
import metrics
import plots
import train


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
    """What engine.predict() gives, but each track is predicted by a network that
    was not trained on it.  `options` are train.py's; the networks stay in the
    folder `work`, and a later call uses those that are there."""
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
        guess, y, labels = engine.predict(out, data.part("valid"), build)
        if p is None:
            p = np.empty((len(data.y), guess.shape[1]), guess.dtype)
        p[fold == i] = guess
        print(f"fold {i + 1} of {k}: accuracy "
              f"{(guess.argmax(1) == y).mean():.3f}", file=sys.stderr)
    return p, np.array([labels.index(data.genres[g]) for g in data.y]), labels


def arguments():
    argv, options = sys.argv[1:], []
    if "--" in argv:
        argv, options = (argv[:argv.index("--")],
                         argv[argv.index("--") + 1:])
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0],
        epilog="Options of train.py may follow after a --.")
    parser.add_argument("--cv", type=int, required=True, metavar="K",
                        help="number of folds, at least 2")
    parser.add_argument("--work", required=True, metavar="DIR",
                        help="where the networks are kept")
    parser.add_argument("--data", required=True, metavar="FILE.npz")
    parser.add_argument("--coverage", action="store_true",
                        help="add precision and coverage by min-confidence")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the confusion "
                        "matrix, the reliability diagram and the ROC curves")
    parser.add_argument("--build", help="build directory with libgenre; "
                        "default: build, then the installed one")
    args = parser.parse_args(argv)
    if args.cv < 2:
        parser.error("--cv needs at least 2 folds")
    return args, options


def main(program="crossvalidate.py"):
    args, options = arguments()
    try:
        data = features.load_npz(args.data)
        p, y, labels = cross_validate(data, args.cv, args.work, options,
                                      args.build)
        result = metrics.measure(p, y, labels)
        if args.coverage:
            result["coverage"] = metrics.coverage(p, y)
        if args.plot:
            plots.plot(args.plot, p, y, labels)
    except (features.DataError, engine.EngineError, OSError) as e:
        sys.exit(f"{program}: {e}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
