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

import sys

import command
from options import arguments

NAME = "train.py"


def main():
    args = arguments(prog=command.name(NAME))
    command.need(NAME, "numpy", "torch")
    try:
        import training
        from features import DataError
    except ImportError as e:
        command.refuse(NAME, f"{e.name} cannot be loaded: {e}")
    try:
        training.run(args)
    except (DataError, OSError) as e:
        sys.exit(f"{command.name(NAME)}: {e}")
    except KeyboardInterrupt:
        sys.exit(f"{command.name(NAME)}: stopped; the same command goes on from the "
                 "last whole epoch")
    print(f"{args.out}: written", file=sys.stderr)


if __name__ == "__main__":
    main()
