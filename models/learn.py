#!/usr/bin/python3
"""Makes a model for labels of your own, from some twenty tracks of each on.

  learn.py --audio DIR --out mine.safetensors [--groups artists.csv]

DIR/<label>/**/*.mp3|wav|flac|... are the tracks; DIR/labels.json may say how labels are
written: {"dnb": "Drum & Bass"}.  A network that is there (--init) hears them, and a
head for the labels is fitted to its features, which takes seconds.  How often it is
right is measured by cross-validation, by the engine, and kept in the file: on tracks
that it was not fitted to, and with --groups, a CSV with the columns track
(label/name.mp3, or label/album/name.mp3) and artist, on artists that it does not
know.  If the network itself was trained on these very tracks, the figure is too good.

A model in ~/.local/share/genreclassify/models is found by its name.
"""

import argparse
import sys
import tempfile

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


def count_artists(data, groups, args):
    """The least number of artists, or tracks, that a label has."""
    if groups is not None:
        alone = sum(group == f"track {name}"
                    for group, name in zip(groups, data.names))
        if alone:
            say(args, f"{alone} of {len(groups)} tracks have no artist in the CSV; "
                "each counts as one of an artist of its own")
    whose = np.arange(len(data.y)) if groups is None else groups
    return min((len(set(whose[data.y == i])), label)
               for i, label in enumerate(data.genres))


def tell(answers, args):
    result = measure(answers)["mean_of_weights"]
    (low, high), n = result["interval"], result["n"]
    artists = answers.has_groups()
    say(args, f"right on {result['accuracy']:.2f} of {n} tracks that it was not "
        f"fitted to (95 % interval {low:.2f} to {high:.2f}), "
        + ("of artists that it does not know" if artists else
           "which may be of artists that it knows"))
    if high - low > ROUGH:
        say(args, "that is little data to know it from: with four times as many "
            f"{'artists' if artists else 'tracks'} the interval would be half as wide")


def learn(data, args, groups, work):
    """From data (features.Data) to the weights file args.out; groups: the artist
    [tracks] of each, or None.  The networks of the folds are kept in `work`."""
    recipe, everything = NewHead(data, args), np.ones(len(data.y), bool)
    fewest, label = count_artists(data, groups, args)
    if fewest < 2:
        say(args, f"how often it is right is not known: {label} has only one "
            + ("track" if groups is None else "artist"))
        recipe.run(args.out, everything)
        return
    answers = cross_validate(data, min(FOLDS, fewest), work, args, groups, args.build,
                             recipe)
    tell(answers, args)
    # never surer than the regression itself: a few tracks that are all right would make
    # it so without end
    recipe.run(args.out, everything, temperature=max(1.0, float(answers.temperature)),
               figures=figures_of(answers))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--audio", metavar="DIR", required=True,
                        help="tracks in DIR/<label>/")
    parser.add_argument("--out", required=True, help="weights file to write")
    parser.add_argument("--groups", metavar="FILE.csv", help="whose track it is "
                        "(columns track, artist)")
    parser.add_argument("--work", metavar="DIR", help="a new folder to keep the "
                        "networks of the cross-validation in")
    parser.add_argument("--init", metavar="NAME|FILE", default="crnn",
                        help="the model whose network it gets; default: crnn")
    parser.add_argument("--name", help="its name; default: what OUT is called")
    parser.add_argument("--version", default="1", help="its version; default: 1")
    parser.add_argument("--build", help="build directory with genremel and libgenre; "
                        "default: build, then the installed ones")
    args = parser.parse_args()
    given = [text for key, value in vars(args).items()
             if value and key not in ("groups", "work")
             for text in (f"--{key}", value)]
    return options.arguments(given), args.groups, args.work


def main():
    args, path, work = arguments()
    try:
        data = features.load_audio(args.audio, build=args.build)
        groups = read_groups(path, data.names) if path else None
        if work:
            learn(data, args, groups, work)
        else:
            with tempfile.TemporaryDirectory() as folder:
                learn(data, args, groups, folder)
    except (features.DataError, EngineError, OSError) as e:
        sys.exit(f"learn.py: {e}")
    except KeyboardInterrupt:
        sys.exit("learn.py: stopped; nothing was written")
    say(args, "written")


if __name__ == "__main__":
    main()
