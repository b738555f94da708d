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


def interval(values, groups, share=0.95, draws=10000):
    """The interval of the mean of `values` [n], [low, high], if other groups had
    been drawn (bootstrap over groups; one of several tracks goes as a whole)."""
    _, index = np.unique(groups, return_inverse=True)
    sums, counts = np.bincount(index, values), np.bincount(index)
    drawn = np.random.default_rng(0).integers(0, len(sums), (draws, len(sums)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    return np.quantile(means, [(1 - share) / 2, (1 + share) / 2]).tolist()


def accuracy_interval(right, groups):
    """interval() of shares of right answers.  Where all are right, or none, drawing
    anew says nothing; there it is Wilson's for the number of groups."""
    low, high = interval(right, groups)
    if low < high or low not in (0, 1):
        return [low, high]
    n, z2 = len(np.unique(groups)), 1.96 ** 2
    return [n / (n + z2), 1.0] if low else [0.0, z2 / (n + z2)]


def softmax(logits, temperature):
    p = logits / temperature
    p = np.exp(p - p.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def probabilities(logits, temperature, other):
    """What the layers softmax and, with `other`, share_other make of logits
    [n][outputs]."""
    p = softmax(logits, temperature)
    return p[:, :-1] + p[:, -1:] / (p.shape[1] - 1) if other else p


def temperature_of(logits, y, other):
    """The temperature of the softmax under which the truths y are likeliest
    (Guo et al. 2017, "On calibration of modern neural networks").  Of temperatures
    that fit equally well, within a thousandth of the loss, it is the one of the
    least expected calibration error."""
    def fit_of(temperature):
        p = probabilities(logits, temperature, other)
        loss = -np.log(p[np.arange(len(y)), y]).mean()
        return loss, expected_calibration_error(p, y), temperature
    fits = [fit_of(round(t, 3)) for t in np.geomspace(0.25, 4, 556).tolist()]
    enough = min(fits)[0] * 1.001
    return min(f[1:] for f in fits if f[0] <= enough)[1]
