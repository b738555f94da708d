#!/usr/bin/python3
"""Prints a table of weights files: how right they are and what they cost.

  compare.py [--data FILE.npz [--split valid]] crnn.safetensors cnn.safetensors ...

All figures are the C engine's: of the tracks of FILE.npz, or without it those that the
files carry, of tracks that they were not trained on.  The time is that of one window of
30 s from its mel image to the probabilities on one core, the median of many.
"""

import argparse
import json
import os
import sys
import time

import numpy as np

import engine
import features
import metrics
import weights


def seconds_of_window(model, x, repetitions=25):
    times = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        model.predict(x)
        times.append(time.perf_counter() - begin)
    return float(np.median(times))


def measured(path, data, build):
    """Of the tracks of data (features.Data)."""
    p, y, labels = engine.predict(path, data, build)
    result = metrics.measure(p, y, labels)
    result["auc"] = np.mean([g["auc"] for g in result["per_genre"].values()
                             if g["auc"] is not None])
    return result


def carried(path):
    """Of the tracks that the file itself says."""
    try:
        result = json.loads(weights.load(path)[1]["figures"])
        return {**{key: float(result[key]) for key in ("accuracy", "macro_f1", "ece")},
                "n": int(result["n"]), "split": str(result["split"])}
    except (KeyError, ValueError, TypeError):
        raise features.DataError(f"{path}: no figures in it; give --data")


def row(path, data, build):
    result = measured(path, data, build) if data else carried(path)
    model = engine.Engine(path, build)
    x = np.random.default_rng(0).integers(
        0, 256, (weights.FRONTEND["frames"], weights.FRONTEND["n_mels"]), np.uint8)
    return {
        **{name: f"{result[key]:.3f}" for name, key in (
            ("accuracy", "accuracy"), ("macro F1", "macro_f1"), ("mean AUC", "auc"),
            ("ECE", "ece")) if key in result},
        **({"tracks": f"{result['n']}, {result['split']}"} if not data else {}),
        "parameters": f"{model.n_parameters / 1e3:.0f} k",
        "file": f"{os.path.getsize(path) / 1e6:.2f} MB",
        "30 s in": f"{seconds_of_window(model, x) * 1e3:.1f} ms",
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="+", metavar="WEIGHTS")
    parser.add_argument("--data", metavar="FILE.npz", help="tracks with labels")
    parser.add_argument("--split", help="only the tracks of this split")
    parser.add_argument("--build", help="build directory with libgenre; "
                        "default: build, then the installed one")
    args = parser.parse_args()
    if args.split and not args.data:
        parser.error("--split goes with --data")
    try:
        data = features.load_npz(args.data).part(args.split) if args.data else None
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
