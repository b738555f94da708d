"""What train.py does: tracks become the weights file of a network."""

import json

import numpy as np
import torch

import features
import weights
from answers import Answers, figures_of, load_settings
from fit import settings_of
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


def run(args):
    """From the tracks to the weights file args.out."""
    torch.set_num_threads(args.threads)
    data = features.load_npz(args.data) if args.data \
        else features.load_audio(args.audio, build=args.build)
    if args.cross_validated:
        answers = load_cross_validated(data, args)
        recipe_of(data, args).run(args.out, np.ones(len(data.y), bool),
                                  temperature=float(answers.temperature),
                                  figures=figures_of(answers))
    else:
        train, valid = data.in_split("train"), data.split == "valid"
        recipe_of(data, args).run(args.out, train,
                                  data.part_of(valid) if valid.any() else None)
