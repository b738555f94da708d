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

--cv is crossvalidate.py under its older name.
"""

import argparse
import json
import sys

import numpy as np

import corpus
import engine
import features
import metrics
import plots
import weights


def rejection(model, data, paths, min_confidence, build=None):
    """How well what is not music is told from music: the windows of the corpora
    `paths` that no training has seen, and the tracks of `data`."""
    windows = corpus.load(*paths)
    windows = windows.part(windows.held_out)
    other = engine.open_other(model, build)
    noise, music = (np.stack([other.predict(x) for x in images])
                    for images in (windows.x, data.x))

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
        "not_music_without_genre": float((noise[:, -1] > 0.5).mean()),
        "music": len(music),
        "music_without_genre": float((music[:, -1] > 0.5).mean()),
        "music_tagged": float(music_tagged.mean()),
        "music_that_loses_its_tag": float(
            (music_alone & ~music_tagged).sum() / len(music)),
    }


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0], epilog="With --cv K it trains and "
        "measures on K random folds: see crossvalidate.py --help.")
    parser.add_argument("--model", required=True, help="weights file")
    parser.add_argument("--data", required=True, metavar="FILE.npz")
    parser.add_argument("--split", help="only the tracks of this split")
    parser.add_argument("--coverage", action="store_true",
                        help="add precision and coverage by min-confidence")
    parser.add_argument("--corpus", metavar="PATH", action="append",
                        help="add how much of what is not music there (a "
                        "NAME_mel.zip or a folder) would be tagged")
    parser.add_argument("--min-confidence", type=float, default=0.7,
                        help="below it nothing is tagged (default: "
                        "%(default)s, the element's)")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the confusion "
                        "matrix, the reliability diagram and the ROC curves")
    parser.add_argument("--record", action="store_true", help="write the "
                        "figures into the weights file, for those who have "
                        "only that")
    parser.add_argument("--new-artists", action="store_true", help="note with "
                        "--record that no artist of these tracks was trained on")
    parser.add_argument("--build", help="build directory with libgenre; "
                        "default: build, then the installed one")
    args = parser.parse_args()
    if args.record and not args.split:
        parser.error("--record needs --split")
    return args


def main():
    if any(a.split("=")[0] == "--cv" for a in sys.argv[1:]):
        import crossvalidate    # here, as PyTorch takes seconds to load
        crossvalidate.main("evaluate.py")
        return
    args = arguments()
    try:
        data = features.load_npz(args.data).part(args.split)
        p, y, labels = engine.predict(args.model, data, args.build)
        result = metrics.measure(p, y, labels)
        if args.coverage:
            result["coverage"] = metrics.coverage(p, y)
        if args.corpus:
            result["rejection"] = rejection(
                args.model, data, args.corpus, args.min_confidence, args.build)
        if args.plot:
            plots.plot(args.plot, p, y, labels)
        if args.record:
            weights.add_metadata(args.model, **weights.figures(
                result, args.split, args.new_artists))
    except (features.DataError, engine.EngineError, OSError) as e:
        sys.exit(f"evaluate.py: {e}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
