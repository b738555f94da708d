#!/usr/bin/python3
"""Trains a genre network and writes its weights file.

  train.py --data gtzan_mel128.npz --corpus DIR [--corpus ...] --out crnn.safetensors
  train.py --audio DIR --out crnn.safetensors     (DIR/<genre>/*.wav|au|mp3)

With --corpus the network first learns from the unlabelled windows there what two
taggers say of them (pretraining), and keeps learning it beside the genres
(fine-tuning); there it also learns what is not music.  The weights are averaged over
the steps (EMA), and the average after the last epoch is what counts: no epoch is
chosen by its valid figure.  Of several seeds the mean of their weights is written;
or, with --distill, one more network that has learnt from the mean of their answers.
What is fitted on the valid tracks is the temperature of the probabilities alone.
With --cross-validated every track is trained on, and the temperature and the figures
in the file are those of the cross-validation of the same recipe.

A run can be stopped at any time; the same command goes on from the last whole
epoch, kept in OUT.work.  OUT.log holds one JSON object per epoch.
"""

import argparse
import copy
import json
import os
import sys
from dataclasses import fields
from functools import cached_property

import numpy as np
import torch

import augment
import corpus
import features
import metrics
import networks
import weights
from answers import Answers, load_settings, measure
from fit import fit, logits_of, probabilities_of, settings_of
from student import Pool, Student, hear

GENRES = ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal",
          "pop", "reggae", "rock"]


def has_fast_bfloat16():
    try:
        with open("/proc/cpuinfo") as f:
            return any(flag in f.read().split()
                       for flag in ("avx512_bf16", "amx_bf16"))
    except OSError:
        return False


def load_cross_validated(data, args):
    """The Answers in args.cross_validated, if they are this recipe's for data."""
    folder = args.cross_validated
    answers = Answers.load(folder)
    if sorted(answers.names) != sorted(data.names) \
            or answers.labels.tolist() != list(data.genres):
        raise features.DataError(f"{folder} is of other tracks")
    theirs = load_settings(folder)["recipe"]
    ours = json.loads(json.dumps(settings_of(args)))
    differ = [f"{k} is {theirs.get(k)} there and {ours[k]} here"
              for k in ours if theirs.get(k) != ours[k]]
    if differ:
        raise features.DataError(f"{folder} is of another recipe: "
                                 + ", ".join(differ))
    return answers


def strength_of(args):
    return augment.Strength(**{field.name: getattr(args, field.name)
                               for field in fields(augment.Strength)})


class Recipe:
    """Data, corpora and the stages that turn them into networks."""

    def __init__(self, data, args):
        """data: features.Data.  What all networks of the recipe have in common, the
        pretraining, is kept in args.out.work."""
        self.data, self.args, self.genres = data, args, data.genres
        self.corpus = self.tags = None
        self.heads = {}
        if args.corpus:
            everything = corpus.load(*args.corpus)
            keep = ~everything.held_out
            if args.licensed:
                keep &= everything.stated
                if not keep.any():
                    raise features.DataError("no window of the corpus has a source "
                                             "that states a licence")
            self.corpus = everything.part(keep)
            self.tags = corpus.track_tags(args.corpus, data.names)
            # standardised log-odds: a rare tag counts as much as a frequent one
            odds = corpus.log_odds(np.concatenate(
                [everything.tags, everything.classes], 1))
            self.mean = odds[everything.music].mean(0)
            self.deviation = odds[everything.music].std(0) + 1e-3
            self.heads = {"tags": odds.shape[1],
                          "embedding": everything.embedding.shape[1]}
        self.layers = networks.layers_of(args.architecture, len(data.genres),
                                         other=bool(args.corpus))

    def student(self, seed, dropout=0.0):
        torch.manual_seed(seed)
        return Student(networks.Network(copy.deepcopy(self.layers), dropout),
                       self.heads)

    def tag_targets(self, tags, classes=None):
        """tags: musicnn's [N][50]; classes: mn04's, if they are known."""
        if classes is None:
            classes = np.full((len(tags), len(self.mean) - tags.shape[1]),
                              np.nan)
        odds = corpus.log_odds(np.concatenate([tags, classes], 1))
        return np.clip((odds - self.mean) / self.deviation, -5, 5)

    def corpus_pool(self, x, mixup=0.0, **targets):
        """x: the corpus's windows, or what is heard of them."""
        c = self.corpus
        # a tagger of music says nothing sensible of what is none
        tags = self.tag_targets(np.where(c.music[:, None], c.tags, np.nan),
                                c.classes)
        return Pool(x, mixup, weight=c.weights(self.args.draw), tags=tags,
                    embedding=np.clip(c.embedding, -5, 5), **targets)

    @cached_property
    def pretrained(self):
        """The student that every fine-tuning begins with; None without a corpus."""
        if self.args.pretrained:
            return self.load_pretrained(self.args.pretrained)
        return self.pretrain(self.args.seed) if self.corpus else None

    def pretrain(self, seed):
        """Without dropout, which is for the few tracks with labels."""
        args = self.args
        pool = self.corpus_pool(self.corpus.x, mixup=args.pretrain_mixup)
        steps = max(1, len(pool.x) // args.batch)
        student = self.load_pretrained(args.pretrain_from, whole=False) \
            if args.pretrain_from else self.student(seed)
        for cycle in range(args.pretrain_cycles):
            student = fit(args.out, f"pretrain{cycle}", student,
                          [(pool, args.batch, 1.0)], args.pretrain_epochs,
                          steps, args.pretrain_rate, sorted(args.crop),
                          strength_of(args).scaled(args.pretrain_strength),
                          args, seed + cycle)
        weights.save_pretrained(
            os.path.join(f"{args.out}.work", "pretrained.safetensors"), student,
            args.architecture, self.corpus.names)
        return student

    def load_pretrained(self, path, whole=True):
        """The student that another run's pretraining ended with; unless the `whole`
        is wanted, what another architecture has in common with it."""
        student = self.student(self.args.seed)
        ours = student.state_dict()
        try:
            theirs = {k: torch.tensor(v) for k, v in weights.load(path)[0].items()}
            if not whole:
                theirs = {k: v for k, v in theirs.items()
                          if k in ours and v.shape == ours[k].shape}
                if not any(k.startswith("network.") for k in theirs):
                    raise ValueError("no layer is like one of it")
                theirs = {**ours, **theirs}
            student.load_state_dict(theirs)
        except (ValueError, RuntimeError) as e:     # RuntimeError is PyTorch's
            raise features.DataError(
                f"{path}: not a pretrained {self.args.architecture}: "
                f"{str(e).splitlines()[0]}")
        return student

    @cached_property
    def heard(self):
        """Tracks and corpus as fine-tuning gets them: as images; or, with --freeze,
        as what the trunk of the pretrained network makes of them."""
        args, windows = self.args, self.corpus.x if self.corpus else None
        if not args.freeze:
            return self.data.x, windows
        rng = np.random.default_rng(args.seed)
        # of the corpus there is enough that once will do
        return [hear(self.pretrained.network, x, copies, strength_of(args), rng)
                for x, copies in ((self.data.x, args.freeze), (windows, 1))]

    def fine_tune(self, out, stage, seed, keep, valid=None, teachers=()):
        """Learns the tracks `keep`, bool [tracks].  `teachers`: networks whose mean
        probabilities are learnt as well."""
        args, y = self.args, self.data.y[keep]
        n = len(self.genres)
        target = np.full((len(y), n + bool(self.corpus)), 0.0)
        target[:, :n] = args.smoothing / n
        target[np.arange(len(y)), y] += 1 - args.smoothing
        if teachers:
            target[:, :n] = (1 - args.distill) * target[:, :n] \
                + args.distill * ensemble(teachers, self.data.x[keep],
                                          args.precision)
        student = self._beginning(seed)
        parts = self._parts(keep, target)
        steps = max(1, len(y) * args.crops // parts[0][1])
        return fit(out, stage, student, parts, args.epochs, steps, args.rate,
                   sorted(args.tune_crop), strength_of(args), args, seed, valid)

    def _beginning(self, seed):
        """The student that fine-tuning begins with."""
        args = self.args
        student = self.student(seed, args.dropout)
        if not self.corpus:
            return student
        student.load_state_dict(self.pretrained.state_dict())
        if args.freeze:
            student.freeze_trunk()
        if args.tag_prior and student.is_linear():
            student.expect(args.tag_prior * corpus.genre_tags(
                self.corpus.names, self.genres), share=0.3)
        return student

    def _parts(self, keep, target):
        """What a batch of fine-tuning consists of: the tracks `keep` with their
        targets [tracks][outputs], and the corpus."""
        args, (tracks, windows) = self.args, self.heard
        if not self.corpus:
            return [(Pool(tracks[keep], args.mixup, genre=target), args.batch, 1.0)]
        # what is not music is none of the genres; of what genre the music is,
        # nobody has said
        outputs = target.shape[1]
        genre = np.full((len(windows), outputs), np.nan)
        genre[~self.corpus.music] = np.eye(outputs)[-1]
        half = args.batch // 2
        return [(Pool(tracks[keep], args.mixup, genre=target,
                      tags=self.tag_targets(self.tags[keep])), half, 1.0),
                (self.corpus_pool(windows, genre=genre), args.batch - half,
                 args.corpus_weight)]

    def run(self, out, keep, valid=None, temperature=None, figures=None):
        """Trains on the tracks `keep`, bool [tracks], and writes the file `out`.
        Its temperature is the one given, or fitted to `valid`, features.Data."""
        args, seeds = self.args, []

        def calibrate(network):
            if temperature:
                set_temperature(network, temperature)
            elif valid is not None:
                set_temperature(network, metrics.temperature_of(
                    logits_of(network, valid.x).numpy(), valid.y,
                    bool(self.corpus)))
        for i in range(args.seeds):
            student = self.fine_tune(out, f"seed{i}", args.seed + i, keep, valid)
            seeds.append(student.network)
            # a copy: what teaches has learnt nothing of the valid tracks
            network = copy.deepcopy(student.network)
            calibrate(network)
            self.save(network, os.path.join(f"{out}.work",
                                            f"seed{i}.safetensors"))
        if args.distill and args.seeds > 1:
            network = self.fine_tune(out, "distilled", args.seed, keep, valid,
                                     seeds).network
        else:
            network = mean_of_weights(seeds)
        calibrate(network)
        self.save(network, out, figures)

    def save(self, network, path, extra=None):
        weights.save_network(path, network, name=self.args.architecture,
                             version=self.args.version, labels=self.genres,
                             extra=extra)


def mean_of_weights(networks_):
    """One network as right as all together, if they were fine-tuned from the same
    one (Wortsman et al. 2022, "Model soups")."""
    mean = copy.deepcopy(networks_[0])
    states = [n.state_dict() for n in networks_]
    mean.load_state_dict({
        name: torch.stack([s[name].float() for s in states]).mean(0)
        for name in states[0]})
    return mean


def ensemble(networks_, x, precision):
    return np.mean([probabilities_of(n, x, precision) for n in networks_], 0)


def set_temperature(network, temperature):
    softmax, = (layer for layer in network.layers
                if layer["type"] == "softmax")
    softmax["temperature"] = temperature


def at_least(least, kind=int):
    """The type of an argument that is a number from `least` up."""
    def parse(text):
        value = kind(text)
        if not value >= least:
            raise argparse.ArgumentTypeError(f"{text}: expected {least} or more")
        return value
    return parse


def rule(text):
    """The type of an argument PATTERN=WEIGHT."""
    pattern, equals, weight = text.rpartition("=")
    try:
        if not equals or not pattern:
            raise ValueError
        return pattern, at_least(0, float)(weight)
    except (ValueError, argparse.ArgumentTypeError):
        raise argparse.ArgumentTypeError(
            f"{text}: expected PATTERN=WEIGHT, as in 'AI music=0.5'")


def arguments(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", metavar="FILE.npz",
                        help="mel images with labels and split")
    source.add_argument("--audio", metavar="DIR",
                        help="audio files in DIR/<genre>/")
    parser.add_argument("--corpus", metavar="PATH", action="append", default=[],
                        help="unlabelled windows and what teachers say of them: "
                        "a NAME_mel.zip, or a folder of some; can be given again")
    parser.add_argument("--draw", metavar="PATTERN=WEIGHT", type=rule,
                        action="append", default=[], help="how often windows of "
                        "this kind or source are drawn; can be given again")
    parser.add_argument("--licensed", action="store_true", help="only windows "
                        "whose source states a licence")
    parser.add_argument("--pretrained", metavar="FILE", help="OUT.work/"
                        "pretrained.safetensors of an earlier run, instead of "
                        "pretraining")
    parser.add_argument("--cross-validated", metavar="DIR", help="train on every "
                        "track; DIR: the --work of this recipe's "
                        "cross-validation")
    parser.add_argument("--out", required=True, help="weights file to write")
    parser.add_argument("--architecture", default="crnn",
                        choices=sorted(networks.ARCHITECTURES))
    parser.add_argument("--version", default="3",
                        help="version stored in the weights file")
    parser.add_argument("--seeds", type=at_least(1), default=1,
                        help="networks to fine-tune; the mean of their "
                        "weights is written")
    parser.add_argument("--pretrain-epochs", type=at_least(1), default=160)
    parser.add_argument("--pretrain-cycles", type=at_least(1), default=2,
                        help="how often pretraining begins again with a high "
                        "learning rate, from where it got to")
    parser.add_argument("--pretrain-rate", type=float, default=3e-3,
                        help="highest learning rate of pretraining")
    parser.add_argument("--pretrain-strength", type=at_least(0, float),
                        default=0.5, help="how much the crops of pretraining "
                        "vary, of what those of fine-tuning do: a tagger's answer "
                        "is for what it heard")
    parser.add_argument("--pretrain-mixup", type=at_least(0, float), default=0.0,
                        help="alpha of the mixup of pretraining; 0: none")
    parser.add_argument("--pretrain-from", metavar="FILE", help="OUT.work/"
                        "pretrained.safetensors of an earlier run, maybe of "
                        "another architecture, to begin pretraining with")
    parser.add_argument("--epochs", type=at_least(1), default=30)
    parser.add_argument("--rate", type=float, default=2e-3,
                        help="highest learning rate")
    parser.add_argument("--crops", type=at_least(1), default=2,
                        help="crops of each track in an epoch")
    parser.add_argument("--crop", type=at_least(0, float), nargs=2,
                        metavar=("SHORTEST", "LONGEST"), default=[6.0, 6.0],
                        help="lengths of the crops of pretraining in seconds")
    parser.add_argument("--tune-crop", type=at_least(0, float), nargs=2,
                        metavar=("SHORTEST", "LONGEST"), default=[5.0, 25.0],
                        help="lengths of the crops of fine-tuning: a network that "
                        "has heard short ones alone is too sure of whole windows")
    parser.add_argument("--batch", type=at_least(2), default=32)
    parser.add_argument("--corpus-weight", type=float, default=0.5,
                        help="how much a crop of the corpus counts beside one "
                        "with a label")
    parser.add_argument("--freeze", metavar="COPIES", type=at_least(0), default=6,
                        help="with a corpus: fine-tune what follows the "
                        "convolutions (or the MFCCs) alone, on what they make of "
                        "this many variations of each track; 0: fine-tune every "
                        "layer")
    parser.add_argument("--tag-prior", type=at_least(0, float), default=1.0,
                        help="how much the tags that are called like a genre say "
                        "for it before the first step; 0: nothing")
    parser.add_argument("--distill", type=float, default=0.0,
                        help="share of the seeds' mean in the targets of one "
                        "more network, which is written; 0: none")
    parser.add_argument("--decay", type=float, default=0.02,
                        help="weight decay")
    parser.add_argument("--dropout", type=float, default=0.05)
    parser.add_argument("--smoothing", type=float, default=0.1,
                        help="label smoothing")
    parser.add_argument("--mixup", type=float, default=0.2,
                        help="alpha of the mixup's beta distribution; 0: none")
    parser.add_argument("--tempo", type=float, default=0.1,
                        help="how much faster or slower a crop may be")
    parser.add_argument("--pitch", type=float, default=1.0,
                        help="how much higher or lower, in semitones")
    parser.add_argument("--tilt", type=float, default=4.0,
                        help="standard deviation of the spectral tilt, dB")
    parser.add_argument("--lowpass", type=float, default=0.75,
                        help="share of crops that lose their highest bands")
    parser.add_argument("--noise", type=float, default=0.3,
                        help="share of crops in steady noise")
    parser.add_argument("--band-mask", type=at_least(0), default=16,
                        help="widest band mask")
    parser.add_argument("--frame-mask", type=at_least(0), default=12,
                        help="widest frame mask")
    parser.add_argument("--ema", type=float, default=0.998,
                        help="decay of the averaged weights, per step")
    parser.add_argument("--validate", type=at_least(1), default=10,
                        help="epochs between two looks at valid")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", choices=["float32", "bfloat16"],
                        default="bfloat16" if has_fast_bfloat16()
                        else "float32", help="arithmetic of training; default: "
                        "bfloat16 where the processor has it")
    parser.add_argument("--threads", type=at_least(1), default=os.cpu_count())
    parser.add_argument("--build", help="build directory with the genremel "
                        "program, for --audio; default: build")
    parser.add_argument("--smoke", action="store_true",
                        help="two short epochs on a few tracks: a test")
    args = parser.parse_args(argv)
    for option, value in (("--pretrained", args.pretrained),
                          ("--pretrain-from", args.pretrain_from)):
        if value and not args.corpus:
            parser.error(f"{option} goes with --corpus")
    if not args.corpus:
        args.freeze = 0
    if args.smoke:
        args.pretrain_epochs = args.epochs = 2
        args.pretrain_cycles = 1
        args.crops, args.ema = 1, 0.5
    return args


def run(data, args):
    """From data (features.Data) to the weights file args.out."""
    if args.cross_validated:
        answers = load_cross_validated(data, args)
        Recipe(data, args).run(
            args.out, np.ones(len(data.y), bool),
            temperature=float(answers.temperature), figures=weights.figures(
                measure(answers)["mean_of_weights"],
                f"cross-validation, {answers.fold.max() + 1} folds",
                answers.has_groups()))
    else:
        train, valid = data.in_split("train"), data.split == "valid"
        Recipe(data, args).run(args.out, train,
                               data.part_of(valid) if valid.any() else None)


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    try:
        data = features.load_npz(args.data) if args.data \
            else features.load_audio(args.audio, GENRES, build=args.build)
        run(data, args)
    except (features.DataError, OSError) as e:
        sys.exit(f"train.py: {e}")
    except KeyboardInterrupt:
        sys.exit("train.py: stopped; the same command goes on from the "
                 "last whole epoch")
    print(f"{args.out}: written", file=sys.stderr)


if __name__ == "__main__":
    main()
