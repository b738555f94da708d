#!/usr/bin/python3
"""Makes a model for labels of your own, from some twenty tracks of each on.

  learn.py --audio DIR --out mine.safetensors [--groups artists.csv]

DIR/<label>/*.mp3|wav|flac|... are the tracks; DIR/labels.json may say how labels are
written: {"dnb": "Drum & Bass"}.  A network that is there (--init) hears them, and a
head for the labels is fitted to its features, which takes seconds.  How often it is
right is measured by cross-validation, by the engine, and kept in the file: on tracks
that it was not fitted to, and with --groups, a CSV with the columns track
(label/name.mp3) and artist, on artists that it does not know.

A model in ~/.local/share/genreclassify/models is found by its name.
"""

import argparse
import shutil
import sys

import numpy as np

import features
import options
from answers import figures_of, measure
from crossvalidate import cross_validate, read_groups
from engine import EngineError
from newhead import NewHead

FOLDS = 5
# an interval that is wider is no answer
ROUGH = 0.2


def say(args, text):
    print(f"{args.out}: {text}", file=sys.stderr)


def cross_validated(data, args, groups):
    """The Answers for tracks that a head was not fitted to; None if there are too few
    of them.  groups: the artist [tracks] of each, or None."""
    whose = np.arange(len(data.y)) if groups is None else groups
    fewest = min(len(set(whose[data.y == label]))
                 for label in range(len(data.genres)))
    if fewest < 2:
        say(args, "how often it is right is not known: a label has only one "
            + ("track" if groups is None else "artist"))
        return None
    work = f"{args.out}.work/folds"
    # the tracks may be others than those of the last time
    shutil.rmtree(work, ignore_errors=True)
    return cross_validate(data, min(FOLDS, fewest), work, args, groups, args.build)


def tell(answers, args):
    result = measure(answers)["mean_of_weights"]
    (low, high), n = result["interval"], result["n"]
    say(args, f"right on {result['accuracy']:.2f} of {n} tracks that it was not "
        f"fitted to (95 % interval {low:.2f} to {high:.2f}), "
        + ("of artists that it does not know" if answers.has_groups() else
           "which may be of artists that it knows"))
    if high - low > ROUGH:
        say(args, "that is little data to know it from: with four times as many tracks "
            "the interval would be half as wide")


def learn(data, args, groups=None):
    """From data (features.Data) to the weights file args.out."""
    answers = cross_validated(data, args, groups)
    everything = np.ones(len(data.y), bool)
    if answers is None:
        NewHead(data, args).run(args.out, everything)
        return
    tell(answers, args)
    NewHead(data, args).run(args.out, everything,
                            temperature=float(answers.temperature),
                            figures=figures_of(answers))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--audio", metavar="DIR", required=True,
                        help="tracks in DIR/<label>/")
    parser.add_argument("--out", required=True, help="weights file to write")
    parser.add_argument("--groups", metavar="FILE.csv", help="whose track it is "
                        "(columns track, artist)")
    parser.add_argument("--init", metavar="NAME|FILE", default="crnn",
                        help="the model whose network it gets; default: crnn")
    parser.add_argument("--name", help="its name; default: what OUT is called")
    parser.add_argument("--version", default="1", help="its version; default: 1")
    parser.add_argument("--build", help="build directory with genremel and libgenre; "
                        "default: build, then the installed ones")
    args = parser.parse_args()
    given = [text for key, value in vars(args).items() if value and key != "groups"
             for text in (f"--{key}", value)]
    return options.arguments(given), args.groups


def main():
    args, path = arguments()
    try:
        data = features.load_audio(args.audio, build=args.build)
        learn(data, args, read_groups(path, data.names) if path else None)
    except (features.DataError, EngineError, OSError) as e:
        sys.exit(f"learn.py: {e}")
    say(args, "written")


if __name__ == "__main__":
    main()
