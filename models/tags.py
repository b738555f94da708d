#!/usr/bin/python3
"""Measures which of the taggers' tags a network has learnt, on music whose sources it
has not heard, and writes those that are fit to ship.

  tags.py --data FILE.npz --work DIR --out tags.json [-- OPTIONS OF train.py]

A quarter of the corpus's sources is kept from the network (--draw SOURCE=0), in
pretraining and fine-tuning; --pretrained takes a network whose pretraining did the
same, and --held-out prints those options for it.  By the engine, every window of those
sources gets a probability of each tag.  Truth is what the tagger said of the window:
that it has the tag, if with a probability of at least 0.1.

A tag ships if it is told from the windows without it with an area under the ROC curve
of at least 0.85, on 20 windows of 5 sources or more.  Its probability is made that of
the tagger saying it, by logistic regression, but lower where it takes that for at least
seven in ten of what has 0.5 to be right.  How often that is so is measured on the half
of the sources that neither has seen; what is rather wrong there does not ship.

Speech and noise are measured as well, on what is no music of the sources that no
network hears (corpus.HELD_OUT), beside that music.  Truth is the corpus's word, and of
each three sources will do.
"""

import argparse
import dataclasses
import glob
import json
import os
import shlex
import sys

import numpy as np
import torch

import corpus
import engine
import features
import metrics
import options
import taghead
import weights
from recipe import Recipe

# of the table, each with how it is written
COLUMNS = {"windows": "{}", "sources": "{}", "auc": "{:.2f}", "said": "{}",
           "right": "{}", "precision": "{:.2f}", "recall": "{:.2f}"}
LOUDER = 0, 3, 6, 10    # decibels of speech over music
PARTS = 4           # one in so many sources is held out
PRESENT = 0.1       # the tagger's probability from which it says a tag
MIN_PRECISION = 0.7
MIN_AUC, MIN_WINDOWS, MIN_SOURCES = 0.85, 20, 5
MIN_SOURCES_OF_KIND = 3


def held_out(windows):
    """The sources of music of `windows` (corpus.Corpus) kept from the network."""
    sources = np.unique(windows.source[windows.music])
    return sorted(np.random.default_rng(0).permutation(sources)[::PARTS].tolist())


def rules(sources):
    """The options by which train.py never draws `sources`."""
    return [text for source in sources
            for text in ("--draw", f"{glob.escape(source)}=0")]


def logistic(scores, truth):
    """The slope and offset under which the truths [n] are likeliest."""
    x = torch.from_numpy(np.float64(scores))
    y = torch.from_numpy(np.float64(truth))
    line = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([line], max_iter=100, line_search_fn="strong_wolfe")

    def step():
        optimiser.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            line[0] * x + line[1], y) + 1e-3 * (line[0] - 1) ** 2
        loss.backward()
        return loss
    optimiser.step(step)
    return line.detach().tolist()


def least_score(scores, truth):
    """The least of the scores from which on MIN_PRECISION of the windows have the tag,
    by the rule of succession, which takes no few for certain; inf if there is none."""
    order = np.argsort(-scores)
    said = np.arange(1, len(scores) + 1)
    precise = (np.cumsum(truth[order]) + 1) / (said + 2) >= MIN_PRECISION
    return scores[order][precise][-1] if precise.any() else np.inf


def calibrate(scores, truth):
    """The slope and offset of the log-odds that ship."""
    slope, offset = logistic(scores, truth)
    # if nothing was precise enough, what scores higher than all of this has 0.5
    least = min(least_score(scores, truth), scores.max())
    return slope, min(offset, -slope * least)


def say_unseen(scores, truth, source):
    """Which windows have the tag, bool [windows], as calibrated on the other half of
    the sources."""
    half = np.isin(source, np.unique(source)[::2])
    said = np.zeros(len(truth), bool)
    for seen in half, ~half:
        if truth[seen].any():
            slope, offset = calibrate(scores[seen], truth[seen])
            said[~seen] = slope * scores[~seen] + offset >= 0
    return said


def measure(tag, scores, truth, source):
    """A row of the table, of scores (log-odds), truths and sources [windows]."""
    sources = np.unique(source[truth])
    row = {"output": tag.output, "name": tag.name, "label": tag.label,
           "windows": int(truth.sum()), "sources": len(sources),
           "auc": metrics.auc(scores, truth)}
    if len(sources) < 2:
        return row
    if tag.output is None:      # a regression has given the score already
        row["slope"], row["offset"], said = 1.0, 0.0, scores >= 0
    else:
        row["slope"], row["offset"] = calibrate(scores, truth)
        said = say_unseen(scores, truth, source)
    hits = (said & truth).sum()
    row["said"], row["right"] = int(said.sum()), int(hits)
    row["precision"] = hits / said.sum() if said.any() else None
    row["recall"] = hits / truth.sum()
    return row


def ships(row):
    enough = MIN_SOURCES_OF_KIND if row["output"] is None else MIN_SOURCES
    return row["sources"] >= enough and row["windows"] >= MIN_WINDOWS \
        and row["auc"] is not None and row["auc"] >= MIN_AUC \
        and (row["precision"] is None or row["precision"] >= 0.5)


def f1(row):
    """Of what it says and what it should say."""
    precision, recall = row.get("precision") or 0, row.get("recall") or 0
    return 2 * precision * recall / max(precision + recall, 1e-9)


def choose(rows):
    """Of the rows those that ship, that with the best F1 of each label; KINDS last."""
    best = {}
    for row in sorted(filter(ships, rows), key=lambda row: (f1(row), row["auc"])):
        best[row["label"]] = row
    return sorted(best.values(), key=lambda row: (row["output"] is None, row["label"]))


def table(rows, chosen):
    lines = [f"| tag | called | {' | '.join(COLUMNS)} | ships |",
             "|---" * (len(COLUMNS) + 3) + "|"]
    for row in sorted(rows, key=lambda row: row["name"].lower()):
        numbers = ["" if row.get(k) is None else form.format(row[k])
                   for k, form in COLUMNS.items()]
        lines.append(f"| {row['name']} | {row['label']} | {' | '.join(numbers)} | "
                     f"{'yes' if row in chosen else ''} |")
    return "\n".join(lines)


def log_odds_by(network, x):
    """Of the tags of images, by the engine, [images][tags]."""
    head = network.find_head(taghead.NAME)
    p = np.clip(np.float64([network.predict(image, head) for image in x]),
                1e-7, 1 - 1e-7)
    return np.log(p / (1 - p))


def measure_all(tags, network, windows):
    """The rows of `tags`, by the engine `network`, which has them in this order, on
    windows (corpus.Corpus) that it has not heard."""
    scores = log_odds_by(network, windows.x)
    teachers = np.concatenate([windows.tags, windows.classes], 1)
    rows = []
    for tag, score in zip(tags, scores.T):
        if tag.output is None:
            heard = np.ones(len(score), bool)
            truth = taghead.is_kind(tag, windows.kind)
        else:
            heard, truth = windows.music, teachers[:, tag.output] >= PRESENT
        rows.append(measure(tag, score[heard], truth[heard], windows.source[heard]))
    return rows


def measure_over_music(tags, network, windows):
    """{decibels that speech is louder than the music that it is over: the share that is
    said to be speech}; empty without any."""
    speech = np.flatnonzero(np.isin(windows.kind, taghead.KINDS["speech"]))
    music = np.flatnonzero(windows.music)
    which = [i for i, tag in enumerate(tags)
             if tag.output is None and tag.name == "speech"]
    if not which or not len(speech):
        return {}
    rng, speech = np.random.default_rng(0), np.repeat(speech, 4)
    return {db: (log_odds_by(network, corpus.over_music(
        windows.x[speech], windows.x[rng.choice(music, len(speech))],
        np.full(len(speech), db)))[:, which] >= 0).mean() for db in LOUDER}


def arguments():
    argv, recipes = options.split(sys.argv[1:])
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0],
        epilog="Options of train.py may follow after a --; --corpus is needed.")
    parser.add_argument("--data", required=True, metavar="FILE.npz")
    parser.add_argument("--work", required=True, metavar="DIR",
                        help="where the network is kept")
    parser.add_argument("--out", default="tags.json", help="file to write")
    parser.add_argument("--held-out", action="store_true", help="only print the "
                        "options by which train.py does not hear what is measured on")
    parser.add_argument("--build", help="build directory with libgenre; "
                        "default: build, then the installed one")
    args = parser.parse_args(argv)
    recipes = [f"--data={args.data}",
               f"--out={os.path.join(args.work, 'network.safetensors')}", *recipes]
    if not options.arguments(recipes).corpus:
        parser.error("--corpus is needed, after a --")
    return args, recipes


def check_unheard(path, sources):
    """Refuses the pretraining in the file `path`, unless that is None, if it has heard
    one of `sources`."""
    heard = set(sources) - set(weights.load_pretrained(path)[2]) if path else ()
    if heard:
        raise features.DataError(f"{path} has heard {sorted(heard)[0]}, which is to be "
                                 "measured on")


def run(args, recipes):
    of_recipe = options.arguments(recipes)
    windows = corpus.load(*of_recipe.corpus)
    sources = held_out(windows.part(windows.stated) if of_recipe.licensed else windows)
    if args.held_out:
        print(shlex.join(rules(sources)))
        return
    check_unheard(of_recipe.pretrained, sources)
    check_unheard(of_recipe.pretrain_from, sources)
    of_recipe = options.arguments([*recipes, *rules(sources)])
    torch.set_num_threads(of_recipe.threads)
    os.makedirs(args.work, exist_ok=True)
    data = features.load_npz(args.data)
    recipe = Recipe(data, of_recipe)
    candidates = taghead.candidates(recipe.corpus.names,
                                    recipe.corpus.kind[recipe.drawn])
    # of two with one label only one will ship
    recipe.ship = [dataclasses.replace(tag, label=f"{i} {tag.label}")
                   for i, tag in enumerate(candidates)]
    recipe.run(of_recipe.out, np.ones(len(data.y), bool), temperature=1.0)
    unheard = windows.held_out | (windows.music & np.isin(windows.source, sources))
    windows = windows.part(unheard)
    network = engine.Engine(of_recipe.out, args.build)
    rows = measure_all(candidates, network, windows)
    chosen = choose(rows)
    print(table(rows, chosen))
    for db, share in measure_over_music(candidates, network, windows).items():
        print(f"speech over music, {db} dB louder: said of {share:.2f}")
    if not chosen:
        raise features.DataError("no tag is fit to ship")
    with open(f"{args.out}.part", "w", encoding="utf-8") as f:
        json.dump({"tags": chosen}, f, indent=1, ensure_ascii=False)
    os.replace(f"{args.out}.part", args.out)


def main():
    args, recipes = arguments()
    try:
        run(args, recipes)
    except (features.DataError, engine.EngineError, OSError) as e:
        sys.exit(f"tags.py: {e}")


if __name__ == "__main__":
    main()
