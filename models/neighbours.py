#!/usr/bin/python3
"""How often the nearest track of another artist is of the same genre.

  neighbours.py --folds DIR --data FILE.npz

Every track of FILE.npz is looked up by the network of a cross-validation that was not
trained on it nor on its artist (crossvalidate.py --groups), among all tracks of other
artists: nearest by the cosine of their embeddings, as the engine gives them.  Most of
those the network was trained on, with their genre; so each is also looked up among
those that it was not trained on either, which are fewer, if one of another artist has
its genre.  Beside it stand the cosine of the ten probabilities of the same networks,
that of the mean of 24 MFCCs, each standardised over the tracks, and chance.
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


def find_same(vectors, y, groups, queries, among):
    """Whether the nearest of another group has the label of the query, bool [queries];
    queries, among: indices into vectors [n][size], y [n] and groups [n]."""
    vectors = np.float64(vectors)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = vectors / np.maximum(lengths, 1e-12)
    likeness = vectors[queries] @ vectors[among].T
    likeness[groups[queries][:, None] == groups[among][None, :]] = -np.inf
    return y[among[likeness.argmax(1)]] == y[queries]


def could_be_same(y, groups, queries, among):
    """Whether another group has the label of the query at all, bool [queries]."""
    return ((y[queries][:, None] == y[among][None, :])
            & (groups[queries][:, None] != groups[among][None, :])).any(1)


def mean_mfccs(x):
    """The mean MFCCs over time [tracks][COEFFICIENTS] of images, each standardised."""
    matrix = networks.mfcc_matrix(COEFFICIENTS, networks.MEL_BANDS).numpy()
    mean = np.stack([features.decibels(image).mean(0) for image in x]) @ matrix.T
    return (mean - mean.mean(0)) / (mean.std(0) + 1e-9)


def chance(y, groups, queries, among):
    """How often a track of another artist, drawn by chance, has the genre,
    [queries]."""
    other = groups[queries][:, None] != groups[among][None, :]
    same = (y[queries][:, None] == y[among][None, :]) & other
    return same.sum(1) / np.maximum(other.sum(1), 1)


def measure(data, folds, build=None):
    """[{what is compared: which of the queries have a nearest one of their genre}] of
    all tracks, and of those that no network was trained on; with the artists of the
    queries as "artists"."""
    of_track, answers = engine.of_folds(folds, data.names, build)
    if not answers.has_groups():
        raise features.DataError(f"{folds}: its folds share artists; they need "
                                 "--groups")
    by_name = dict(zip(answers.names, answers.groups))
    groups = np.array([by_name[name] for name in data.names])
    mfccs = mean_mfccs(data.x)
    parts = []
    for network in dict.fromkeys(of_track.values()):
        vectors = {"embedding": np.stack([network.embed(x) for x in data.x]),
                   "probabilities": np.stack([network.predict(x) for x in data.x]),
                   "mean MFCCs": mfccs}
        if vectors["embedding"].shape[1] == 0:
            raise features.DataError(f"{folds}: its networks have no embedding")
        mine = np.array([i for i, name in enumerate(data.names)
                         if of_track[name] is network])
        fair = mine[could_be_same(data.y, groups, mine, mine)]
        parts.append([
            {**{kind: find_same(v, data.y, groups, queries, among)
                for kind, v in vectors.items()},
             "chance": chance(data.y, groups, queries, among),
             "artists": groups[queries]}
            for queries, among in ((mine, np.arange(len(data.y))), (fair, mine))])
    return [{key: np.concatenate([part[key] for part in each]) for key in each[0]}
            for each in zip(*parts)]


def say(same, artists):
    """A share and its interval."""
    low, high = metrics.accuracy_interval(same, artists)
    return f"{same.mean():.3f} | {low:.3f} to {high:.3f}"


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
        everything, unheard = measure(data, args.folds, args.build)
    except (features.DataError, engine.EngineError, OSError) as e:
        sys.exit(f"neighbours.py: {e}")
    print(f"| nearest by | same genre, {len(everything['artists'])} tracks among all | "
          f"95 % interval | {len(unheard['artists'])} among unheard | 95 % interval |")
    print("|---|---|---|---|---|")
    for kind in everything:
        if kind != "artists":
            print(f"| {kind} | " + " | ".join(
                say(part[kind], part["artists"]) for part in (everything, unheard))
                + " |")


if __name__ == "__main__":
    main()
