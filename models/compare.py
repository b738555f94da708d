#!/usr/bin/python3
"""Prints a table of weights files: how right they are and what they cost.

  compare.py --data FILE.npz [--split valid] crnn.safetensors cnn.safetensors ...

All figures are the C engine's.  The time is that of one window of 30 s from its mel
image to the probabilities on one core, the median of many.
"""

import argparse
import os
import sys
import time

import numpy as np

import engine
import features
import metrics


def seconds_of_window(model, x, repetitions=25):
    times = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        model.predict(x)
        times.append(time.perf_counter() - begin)
    return float(np.median(times))


def row(path, data, build):
    p, y, labels = engine.predict(path, data, build)
    result = metrics.measure(p, y, labels)
    model = engine.Engine(path, build)
    figures = {
        "accuracy": f"{result['accuracy']:.3f}",
        "macro F1": f"{result['macro_f1']:.3f}",
        "mean AUC": "%.3f" % np.mean([
            g["auc"] for g in result["per_genre"].values()
            if g["auc"] is not None]),
        "ECE": f"{result['ece']:.3f}",
        "parameters": f"{model.n_parameters / 1e3:.0f} k",
        "file": f"{os.path.getsize(path) / 1e6:.2f} MB",
        "30 s in": f"{seconds_of_window(model, data.x[0]) * 1e3:.1f} ms",
    }
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="+", metavar="WEIGHTS")
    parser.add_argument("--data", required=True, metavar="FILE.npz")
    parser.add_argument("--split", help="only the tracks of this split")
    parser.add_argument("--build", help="build directory with libgenre; "
                        "default: build, then the installed one")
    args = parser.parse_args()
    try:
        data = features.load_npz(args.data).part(args.split)
        rows = {path: row(path, data, args.build) for path in args.models}
    except (features.DataError, engine.EngineError, OSError) as e:
        sys.exit(f"compare.py: {e}")
    columns = list(next(iter(rows.values())))
    print("| model | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for path, figures in rows.items():
        name = os.path.splitext(os.path.basename(path))[0]
        print(f"| {name} | " + " | ".join(figures.values()) + " |")


if __name__ == "__main__":
    main()
