"""What a recipe's networks answered for tracks that they were not trained on: the
result of a cross-validation, its figures, and how it differs from another."""

import json
import os
from dataclasses import dataclass

import numpy as np

import features
import metrics
import weights


@dataclass
class Answers:
    """What the networks of a recipe say of the tracks they were not trained on."""
    names: np.ndarray       # str [tracks]
    groups: np.ndarray      # str [tracks]
    fold: np.ndarray        # int [tracks]: DIR/foldN.safetensors did not see it
    y: np.ndarray           # int [tracks], index into labels
    labels: np.ndarray      # str [labels]
    seeds: np.ndarray       # float32 [seeds][tracks][labels], probabilities
    mean: np.ndarray        # float32 [tracks][labels], of the mean of the weights
    not_music: np.ndarray   # float32 [tracks], by the mean: that it is none
    temperature: float      # of the mean of the weights, fitted to all tracks

    def save(self, path):
        np.savez(path, **vars(self))

    @classmethod
    def load(cls, folder):
        path = os.path.join(folder, "answers.npz")
        try:
            with np.load(path, allow_pickle=False) as z:
                return cls(**{name: z[name] for name in cls.__annotations__})
        except (OSError, ValueError, KeyError) as e:
            raise features.DataError(f"{path}: not the answers of a "
                                     f"cross-validation: {e}")

    def has_groups(self):
        """Whether no artist of a track was trained on (else the folds are random)."""
        return self.groups.tolist() != self.names.tolist()

    def right(self):
        """The share of seeds that are right, [tracks]."""
        return (self.seeds.argmax(2) == self.y).mean(0)


def load_settings(folder):
    """What the cross-validation in `folder` was run with: the "recipe", train.py's
    arguments by their names, the number of seeds, and digests of tracks and folds."""
    path = os.path.join(folder, "settings.json")
    try:
        with open(path) as f:
            settings = json.load(f)
        if not isinstance(settings, dict) or \
                not isinstance(settings.get("recipe"), dict):
            raise ValueError('no object "recipe" in it; is it of an earlier version?')
    except ValueError as e:
        raise features.DataError(f"{path}: not the settings of a "
                                 f"cross-validation: {e}")
    return settings


def measure(answers, coverage=False):
    """metrics.measure() of all seeds together, with the interval of their accuracy,
    and of the mean of their weights."""
    labels, y, groups = answers.labels.tolist(), answers.y, answers.groups
    seeds = len(answers.seeds)

    def figures(p, y, right):
        result = metrics.measure(p, y, labels)
        result["interval"] = metrics.accuracy_interval(right, groups)
        if coverage:
            result["coverage"] = metrics.coverage(p, y)
        return result
    result = figures(answers.seeds.reshape(-1, len(labels)), np.tile(y, seeds),
                     answers.right())
    result["n"], result["seeds"] = len(y), [
        float((p.argmax(1) == y).mean()) for p in answers.seeds]
    result["groups"] = len(np.unique(groups))
    result["mean_of_weights"] = {
        **figures(answers.mean, y, answers.mean.argmax(1) == y),
        "temperature": float(answers.temperature),
        "music_without_genre": float((answers.not_music > 0.5).mean())}
    return result


def figures_of(answers):
    """measure() of the mean of the weights, for the file that they are of."""
    return weights.figures(
        measure(answers)["mean_of_weights"],
        f"cross-validation, {answers.fold.max() + 1} folds", answers.has_groups())


def compare(answers, other):
    """By how much `answers` is more often right than `other`, on the same tracks."""
    if answers.names.tolist() != other.names.tolist():
        raise features.DataError("the other recipe was measured on other tracks")
    difference, genre = answers.right() - other.right(), answers.y
    means = (answers.mean.argmax(1) == answers.y).astype(float) \
        - (other.mean.argmax(1) == other.y)
    return {
        "accuracy": float(difference.mean()),
        "interval": metrics.interval(difference, answers.groups),
        "mean_of_weights": float(means.mean()),
        "mean_of_weights_interval": metrics.interval(means, answers.groups),
        "recall": {
            str(label): [float(difference[genre == i].mean()),
                         *metrics.interval(difference[genre == i],
                                           answers.groups[genre == i])]
            for i, label in enumerate(answers.labels) if (genre == i).any()},
    }
