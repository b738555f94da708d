"""What learn.py does: a head for labels of one's own, and how often it is right."""

import os
import sys
import tempfile

import numpy as np

import features
from answers import figures_of, measure
from crossvalidate import cross_validate, read_groups
from newhead import NewHead

FOLDS = 5
# an interval that is wider is no answer
ROUGH = 0.2
# tracks of a label, from which on it is worth while
ADVISED = 20


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


def tell_few(data, args):
    """Says so, if there are few tracks."""
    counts = np.bincount(data.y, minlength=len(data.genres))
    few = int((counts < ADVISED).sum())
    if few:
        fewest = int(counts.argmin())
        say(args, f"few tracks: {data.genres[fewest]} has {counts[fewest]}"
            + (f", {few} labels have less than {ADVISED}" if few > 1 else "")
            + f"; {ADVISED} or more of each are advised")


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
    tell_few(data, args)
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


def run(args, groups, work):
    """From the folder args.audio to the weights file args.out, whose folder is made.
    groups: the CSV with the artists; work: where the networks of the folds are kept; or
    None."""
    data = features.load_audio(args.audio, build=args.build)
    os.makedirs(os.path.dirname(os.path.abspath(args.out)), exist_ok=True)
    groups = read_groups(groups, data.names) if groups else None
    if work:
        learn(data, args, groups, work)
        return
    with tempfile.TemporaryDirectory() as folder:
        learn(data, args, groups, folder)
