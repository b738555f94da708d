"""The picture of an evaluation."""

import numpy as np

import features
import metrics


def _draw_confusion(axes, result, labels):
    confusion = np.array(result["confusion"])
    axes.imshow(confusion / np.maximum(confusion.sum(1, keepdims=True), 1),
                cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(confusion):
        for j, n in enumerate(row):
            if n:
                axes.text(j, i, n, ha="center", va="center",
                          color="white" if 2 * n > row.sum() else "black")
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.set(xlabel="answer", ylabel="truth", title=(
        f"{result['n']} tracks, accuracy {result['accuracy']:.3f}, "
        f"macro F1 {result['macro_f1']:.3f}"))


def _draw_reliability(axes, result, p, y):
    confidence, right = p.max(1), p.argmax(1) == y
    index = np.minimum((confidence * 10).astype(int), 9)
    bins = [b for b in range(10) if (index == b).any()]
    axes.bar([(b + .5) / 10 for b in bins],
             [right[index == b].mean() for b in bins], .09, color="tab:blue",
             label="right")
    axes.plot([confidence[index == b].mean() for b in bins],
              [right[index == b].mean() for b in bins], "o",
              color="tab:orange", label="mean confidence of the bin")
    for b in bins:
        axes.text((b + .5) / 10, .01, (index == b).sum(), ha="center",
                  color="white")
    axes.plot([0, 1], [0, 1], "--", color="grey")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence",
             ylabel="share that is right",
             title=f"expected calibration error {result['ece']:.3f}")
    axes.legend(loc="upper left")


def _draw_roc(axes, result, p, y, labels):
    for i, label in enumerate(labels):
        order = np.argsort(-p[:, i], kind="stable")
        truth = (y == i)[order]
        if truth.any() and not truth.all():
            area = result["per_genre"][label]["auc"]
            axes.plot(np.r_[0, np.cumsum(~truth) / (~truth).sum()],
                      np.r_[0, np.cumsum(truth) / truth.sum()],
                      label=f"{label} {area:.2f}")
    axes.plot([0, 1], [0, 1], "--", color="grey")
    axes.set(xlabel="false positive rate", ylabel="true positive rate",
             title="ROC, area under it", xlim=(0, 1), ylim=(0, 1.01))
    axes.legend(loc="lower right")


def plot(path, p, y, labels):
    """Draws the confusion matrix, the reliability diagram and the ROC curves;
    the end of the file's name decides the format: .png, .svg or .pdf."""
    import matplotlib       # here, as the other programs do without it
    matplotlib.use("Agg")
    from matplotlib import pyplot
    result = metrics.measure(p, y, labels)
    figure, (left, middle, right) = pyplot.subplots(1, 3, figsize=(19, 6))
    _draw_confusion(left, result, labels)
    _draw_reliability(middle, result, p, y)
    _draw_roc(right, result, p, y, labels)
    figure.tight_layout()
    try:
        figure.savefig(path, dpi=90)
    except ValueError as e:     # a format that matplotlib does not know
        raise features.DataError(f"{path}: {e}")
    finally:
        pyplot.close(figure)
