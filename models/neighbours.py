#!/usr/bin/python3
"""How often the nearest track of another artist is of the same genre.

  neighbours.py --folds DIR --data FILE.npz

Every track of FILE.npz is looked up by the network of a cross-validation that was not
trained on it nor on its artist (crossvalidate.py --groups), among all tracks of other
artists: nearest by the cosine of their embeddings, as the engine gives them.  Beside it
stand the cosine of the ten probabilities of the same networks, that of the mean of 24
MFCCs, each standardised over the tracks, and chance.
"""

import argparse
import os
import sys

import numpy as np

import engine
import features
import metrics
import networks

COEFFICIENTS = 24


def nearest(vectors, groups, queries):
    """For each of `queries`, indices into vectors [n][size], the index of the nearest
    that has another group, groups [n]."""
    vectors = np.float64(vectors)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = vectors / np.maximum(lengths, 1e-12)
    likeness = vectors[queries] @ vectors.T
    likeness[groups[queries][:, None] == groups[None, :]] = -np.inf
    return likeness.argmax(1)


def mean_mfccs(x):
    """The mean MFCCs over time [tracks][COEFFICIENTS] of images, each standardised."""
    matrix = networks.mfcc_matrix(COEFFICIENTS, networks.MEL_BANDS).numpy()
    mean = np.stack([features.decibels(image).mean(0) for image in x]) @ matrix.T
    return (mean - mean.mean(0)) / (mean.std(0) + 1e-9)


def chance(y, groups):
    """How often a track of another artist, drawn by chance, has the genre."""
    other = groups[:, None] != groups[None, :]
    same = (y[:, None] == y[None, :]) & other
    return (same.sum(1) / other.sum(1)).mean()


def measure(data, folds, build=None):
    """{what is compared: which tracks have a nearest one of their genre, bool
    [tracks]}; and the artists of the tracks."""
    of_track, answers = engine.of_folds(folds, data.names, build)
    by_name = dict(zip(answers.names, answers.groups))
    groups = np.array([by_name[name] for name in data.names])
    if len(np.unique(groups)) < 2:
        raise features.DataError(f"{folds}: all tracks are of one artist")
    found = {"embedding": {}, "probabilities": {}}
    for network in set(of_track.values()):
        queries = [i for i, name in enumerate(data.names)
                   if of_track[name] is network]
        for kind, ask in ("embedding", network.embed), ("probabilities",
                                                        network.predict):
            vectors = np.stack([ask(x) for x in data.x])
            found[kind].update(zip(queries, nearest(vectors, groups, queries)))
    everything = np.arange(len(data.y))
    found["mean MFCCs"] = dict(enumerate(
        nearest(mean_mfccs(data.x), groups, everything)))
    return {kind: data.y[[near[i] for i in everything]] == data.y
            for kind, near in found.items()}, groups


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folds", required=True, metavar="DIR",
                        help="the folder of a crossvalidate.py --groups")
    parser.add_argument("--data", required=True, metavar="FILE.npz")
    parser.add_argument("--build", default=os.path.join(features.ROOT, "build"),
                        help="build directory with libgenre")
    args = parser.parse_args()
    try:
        data = features.load_npz(args.data)
        same, groups = measure(data, args.folds, args.build)
    except (features.DataError, engine.EngineError, OSError) as e:
        sys.exit(f"neighbours.py: {e}")
    print("| nearest by | same genre | 95 % interval |")
    print("|---|---|---|")
    for kind, right in same.items():
        low, high = metrics.accuracy_interval(right, groups)
        print(f"| {kind} | {right.mean():.3f} | {low:.3f} to {high:.3f} |")
    print(f"| chance | {chance(data.y, groups):.3f} | |")


if __name__ == "__main__":
    main()
