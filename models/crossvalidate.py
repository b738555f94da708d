#!/usr/bin/python3
"""Measures a recipe instead of a weights file: trains anew for each of K folds.

  crossvalidate.py --cv K --work DIR --data FILE.npz [--groups artists.csv]
      [--against OTHER_DIR] [--coverage] [--plot out.png] [-- OPTIONS OF train.py]

The tracks, whatever their split, are dealt into K folds, every genre evenly.  Each
track is predicted by networks that were trained on the other folds: by that of each
seed (--seeds of train.py), and by the mean of their weights, which is what ships.
Pretraining knows no genre, and one serves all folds.

With --groups no artist is in two folds, and that is how much is right of artists
that are new.  Without, the folds are random: tracks of one artist and album are then
in several; many report GTZAN this way.  Intervals and comparisons (--against, the
folder of another recipe) draw artists anew, not tracks: those of one artist are
right or wrong together.

The temperature of a fold's network is fitted to the answers for the other folds, each
from a network that was not trained on the track: nothing is fitted to what it
measures.  The temperature to ship is fitted to all of them.

Networks stay in DIR; the same command goes on where it was stopped.
"""

import argparse
import hashlib
import json
import os
import sys

import numpy as np
import torch

import corpus
import engine
import features
import metrics
import networks
import options
import plots
import weights
from answers import Answers, compare, load_settings, measure
from fit import settings_of
from recipe import recipe_of


def folds(y, k, groups=None, seed=0):
    """The fold [tracks] of each track, every genre spread as evenly as it can be
    with no group (an artist) in two folds; groups: [tracks] or None."""
    groups = np.arange(len(y)) if groups is None else np.asarray(groups)
    rng, fold = np.random.default_rng(seed), np.full(len(y), -1)
    sizes = np.zeros(k, int)
    for genre in np.unique(y):
        names, counts = np.unique(groups[(y == genre) & (fold < 0)],
                                  return_counts=True)
        # the largest first, so that the small ones even out
        order = rng.permutation(len(names))
        order = order[np.argsort(-counts[order], kind="stable")]
        of_genre = np.bincount(fold[(y == genre) & (fold >= 0)], minlength=k)
        for name, count in zip(names[order], counts[order]):
            smallest = np.lexsort((sizes, of_genre))[0]
            fold[groups == name] = smallest
            of_genre[smallest] += count
            sizes[smallest] += count
    return fold


def read_groups(path, names):
    """The artist [tracks] of each track, from a CSV with the columns track and
    artist; a track that is not in it is alone."""
    artists = features.read_csv(path, "track", "artist")
    if not any(name in artists for name in names):
        raise features.DataError(f"{path}: none of the {len(names)} tracks is "
                                 "in it")
    return np.array([artists.get(name, f"track {name}") for name in names])


def keep_settings(work, **settings):
    """Refuses the folder `work` of another cross-validation."""
    path = os.path.join(work, "settings.json")
    os.makedirs(work, exist_ok=True)
    settings = json.loads(json.dumps(settings))     # what is a tuple is a list there
    if os.path.exists(path):
        known = load_settings(work)
        if known != settings:
            differ = [k for k in sorted({*settings, *known})
                      if known.get(k) != settings.get(k)]
            raise features.DataError(
                f"{work} is of a cross-validation with another "
                f"{', '.join(differ)}; give another folder, or the same ones")
        return
    with open(path + ".part", "w") as f:
        json.dump(settings, f)
    os.replace(path + ".part", path)


def digest(content):
    return hashlib.sha256(content).hexdigest()


def answers_of(paths, data, fold, build):
    """Of the networks paths[fold], for the tracks of their folds: probabilities
    [tracks][labels], the probability that it is not music [tracks] (0 if they have
    no output for it), and the temperature fitted to all tracks.  The files get the
    temperature that was fitted to the other folds."""
    logits, temperatures = [], []
    for i, path in enumerate(paths):
        logits.append(engine.logits(path, data.x[fold == i], build))
    y = [data.y[fold == i] for i in range(len(paths))]
    others = weights.has_other(paths[0])
    for i, path in enumerate(paths):
        rest = [j for j in range(len(paths)) if j != i]
        temperatures.append(metrics.temperature_of(
            np.concatenate([logits[j] for j in rest]),
            np.concatenate([y[j] for j in rest]), others))
        weights.set_temperature(path, temperatures[-1])
    p = np.empty((len(data.y), len(data.genres)), np.float32)
    not_music = np.zeros(len(data.y), np.float32)
    for i, path in enumerate(paths):
        p[fold == i] = engine.predict(path, data.part_of(fold == i), build)[0]
        if others:
            not_music[fold == i] = metrics.softmax(logits[i], temperatures[i])[:, -1]
    return p, not_music, metrics.temperature_of(
        np.concatenate(logits), np.concatenate(y), others)


def cross_validate(data, k, work, args, groups=None, build=None, recipe=None):
    """The Answers of the recipe `args`, options.arguments(), for every track.  The
    networks are kept in the folder `work`, and the pretraining in args.out.work.
    recipe: recipe_of(data, args), if it is there already."""
    fold = folds(data.y, k, groups)
    for i in range(k):
        for label in set(range(len(data.genres))) - set(data.y[fold != i].tolist()):
            raise features.DataError(
                f"all tracks of {data.genres[label]} are of artists of one fold of "
                f"{k}, so that it cannot be learnt without them")
    if np.bincount(fold, minlength=k).min() == 0:
        raise features.DataError(f"{len(data.y)} tracks are too few for {k} "
                                 "folds")
    keep_settings(
        work, cv=k, recipe=settings_of(args), seeds=args.seeds,
        new_head=bool(args.init), layers=None if args.init else networks.layers_of(
            args.architecture, len(data.genres), bool(args.corpus)),
        corpora=[os.path.basename(path) for path in corpus.find(args.corpus)],
        pretrained=weights.digest(args.init or args.pretrained or args.pretrain_from),
        folds=digest(fold.tobytes()), data=digest(data.x.tobytes()))
    outs = [os.path.join(work, f"fold{i}.safetensors") for i in range(k)]
    for i, out in enumerate(outs):
        if not os.path.exists(out):
            recipe = recipe or recipe_of(data, args)
            # nothing is "valid": no figure of these tracks may steer the training
            recipe.run(out, fold != i)
        p, y, _ = engine.predict(out, data.part_of(fold == i), build)
        print(f"fold {i + 1} of {k}: accuracy {(p.argmax(1) == y).mean():.3f}",
              file=sys.stderr)
    mean, not_music, temperature = answers_of(outs, data, fold, build)
    # of a new head there is one network alone
    seeds = [mean] if args.init else [
        answers_of([os.path.join(f"{out}.work", f"seed{s}.safetensors")
                    for out in outs], data, fold, build)[0]
        for s in range(args.seeds)]
    answers = Answers(
        np.array(data.names),
        np.array(data.names) if groups is None else groups, fold,
        data.y, np.array(data.genres), np.stack(seeds), mean, not_music,
        temperature)
    answers.save(os.path.join(work, "answers.npz"))
    return answers


def arguments():
    """The program's own arguments, and those of the recipe."""
    argv, recipes = options.split(sys.argv[1:])
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0],
        epilog="Options of train.py may follow after a --.")
    parser.add_argument("--cv", type=int, required=True, metavar="K",
                        help="number of folds, at least 2")
    parser.add_argument("--work", required=True, metavar="DIR",
                        help="where the networks are kept")
    parser.add_argument("--data", required=True, metavar="FILE.npz")
    parser.add_argument("--groups", metavar="FILE.csv", help="whose track it is "
                        "(columns track, artist): no artist is in two folds")
    parser.add_argument("--against", metavar="DIR", help="the folder of another "
                        "recipe's cross-validation, to compare with")
    parser.add_argument("--coverage", action="store_true",
                        help="add precision and coverage by min-confidence")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the confusion "
                        "matrix, the reliability diagram and the ROC curves")
    parser.add_argument("--build", help="build directory with libgenre; "
                        "default: build, then the installed one")
    args = parser.parse_args(argv)
    if args.cv < 2:
        parser.error("--cv needs at least 2 folds")
    return args, options.arguments(
        ["--data", args.data, "--out", os.path.join(args.work, "pretrained"),
         *recipes])


def main(program="crossvalidate.py"):
    args, of_recipe = arguments()
    torch.set_num_threads(of_recipe.threads)
    try:
        data = features.load_npz(args.data)
        groups = read_groups(args.groups, data.names) if args.groups else None
        other = Answers.load(args.against) if args.against else None
        answers = cross_validate(data, args.cv, args.work, of_recipe, groups,
                                 args.build)
        result = measure(answers, args.coverage)
        if other:
            result["against"] = compare(answers, other)
        if args.plot:
            plots.plot(args.plot, answers.mean, answers.y,
                       answers.labels.tolist())
    except (features.DataError, engine.EngineError, OSError) as e:
        sys.exit(f"{program}: {e}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
