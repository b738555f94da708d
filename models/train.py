#!/usr/bin/python3
"""Trains a genre network and writes its weights file.

  train.py --data gtzan_mel128.npz --corpus DIR [--corpus ...] --out crnn.safetensors
  train.py --audio DIR --out mine.safetensors     (DIR/<label>/*.mp3|wav|...)

With --corpus the network first learns from the unlabelled windows there what two
taggers say of them (pretraining), and keeps learning it beside the genres
(fine-tuning); there it also learns what is not music.  The weights are averaged over
the steps (EMA), and the average after the last epoch is what counts: no epoch is
chosen by its valid figure.  Of several seeds the mean of their weights is written;
or, with --distill, one more network that has learnt from the mean of their answers.
What is fitted on the valid tracks is the temperature of the probabilities alone.
With --cross-validated every track is trained on, and the temperature and the figures
in the file are those of the cross-validation of the same recipe.
With --init a network that is there gets a head for other labels; learn.py does that,
and says how often it is right.

A run can be stopped at any time; the same command goes on from the last whole
epoch, kept in OUT.work.  OUT.log holds one JSON object per epoch.
"""

import json
import os
import sys

import numpy as np
import torch

import features
import weights
from answers import Answers, figures_of, load_settings
from fit import settings_of
from options import arguments
from recipe import recipe_of


def load_cross_validated(data, args):
    """The Answers in args.cross_validated, if they are this recipe's for data."""
    folder = args.cross_validated
    answers = Answers.load(folder)
    if sorted(answers.names) != sorted(data.names) \
            or answers.labels.tolist() != list(data.genres):
        raise features.DataError(f"{folder} is of other tracks")
    settings = load_settings(folder)
    theirs = settings["recipe"]
    start = weights.digest(args.init or args.pretrained)
    if settings.get("new_head") != bool(args.init) \
            or (start and settings.get("pretrained") not in (None, start)):
        raise features.DataError(f"{folder} is of networks that began with another one")
    ours = json.loads(json.dumps(settings_of(args)))
    differ = [f"{k} is {theirs.get(k)} there and {ours[k]} here"
              for k in ours if theirs.get(k) != ours[k]]
    if differ:
        raise features.DataError(f"{folder} is of another recipe: "
                                 + ", ".join(differ))
    return answers


def run(data, args):
    """From data (features.Data) to the weights file args.out."""
    if args.cross_validated:
        answers = load_cross_validated(data, args)
        recipe_of(data, args).run(args.out, np.ones(len(data.y), bool),
                                  temperature=float(answers.temperature),
                                  figures=figures_of(answers))
    else:
        train, valid = data.in_split("train"), data.split == "valid"
        recipe_of(data, args).run(args.out, train,
                                  data.part_of(valid) if valid.any() else None)


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    try:
        data = features.load_npz(args.data) if args.data \
            else features.load_audio(args.audio, build=args.build)
        run(data, args)
    except (features.DataError, OSError) as e:
        sys.exit(f"train.py: {e}")
    except KeyboardInterrupt:
        sys.exit("train.py: stopped; the same command goes on from the "
                 "last whole epoch")
    print(f"{args.out}: written", file=sys.stderr)


if __name__ == "__main__":
    main()
