"""How good answers are: probabilities p [n][labels] against truths y [n], which
are indices into the labels.  src/cli/metrics.c has the same formulas."""

import numpy as np


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
