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
import time
from dataclasses import fields

import numpy as np
import torch
from torch import nn

import augment
import corpus
import features
import metrics
import networks
import weights
from answers import Answers, measure
from student import Pool, Student, draw_batch

GENRES = ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal",
          "pop", "reggae", "rock"]

def has_fast_bfloat16():
    try:
        with open("/proc/cpuinfo") as f:
            return any(flag in f.read().split()
                       for flag in ("avx512_bf16", "amx_bf16"))
    except OSError:
        return False


@torch.no_grad()
def logits_of(network, x, precision="float32", batch=16):
    """Logits [N][outputs] of whole windows uint8 [N][frames][bands]."""
    network.eval()
    result = []
    with torch.autocast("cpu", torch.bfloat16,
                        enabled=precision == "bfloat16"):
        for i in range(0, len(x), batch):
            db = torch.from_numpy(x[i:i + batch]).float() * (80 / 255) - 80
            z = networks.standardise(db).transpose(1, 2).unsqueeze(1)
            result.append(network(z.contiguous(
                memory_format=torch.channels_last)).float())
    return torch.cat(result)


def probabilities_of(network, x, precision="float32"):
    """Probabilities [N][labels] of whole windows."""
    return network.probabilities(logits_of(network, x, precision)).numpy()


class Checkpoint:
    """What a stage needs to go on after its last whole epoch."""

    def __init__(self, path, settings):
        self.path, self.settings = path, settings

    def load(self):
        if not os.path.exists(self.path):
            return None
        try:
            state = torch.load(self.path)
        except Exception as e:  # pickle's and zip's errors have no parent
            raise features.DataError(
                f"{self.path} cannot be read ({e}); remove it to start anew")
        if state["settings"] != self.settings:
            raise features.DataError(
                f"{self.path} is of a run with other settings; give the same "
                "ones to go on with it, or remove it to start anew")
        return state

    def save(self, **state):
        torch.save({"settings": self.settings, **state}, self.path + ".part")
        os.replace(self.path + ".part", self.path)


def fit(stage, student, parts, epochs, steps, rate, crop, strength, args, seed,
        valid=None):
    """Trains `student` and gives its averaged copy.

    parts: [(Pool, crops in a batch, weight of their loss)]; crop: seconds of the
    shortest and the longest crop; strength: how much the crops vary.  `stage` names its checkpoint in OUT.work and its lines in OUT.log."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    student = student.to(memory_format=torch.channels_last)
    average = copy.deepcopy(student)
    optimiser = torch.optim.AdamW(
        [p for p in student.parameters() if p.requires_grad], lr=rate,
        weight_decay=args.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rate, total_steps=steps * epochs, pct_start=0.15)
    frames = min(pool.x.shape[1] for pool, _, _ in parts)
    shortest, longest = (min(round(c * 387 / 30), frames) for c in crop)
    least = networks.min_frames(student.network.layers)
    if shortest < least:
        raise features.DataError(
            f"a crop has {shortest} frames ({crop[0]:g} s, of tracks of {frames} "
            f"frames); the network needs at least {least}")

    work = f"{args.out}.work"
    if not os.path.isdir(work):
        os.mkdir(work)
    settings = settings_of(args)
    settings.update(epochs=epochs, steps=steps, rate=rate, seed=seed)
    checkpoint = Checkpoint(os.path.join(work, f"{stage}.pt"), settings)
    state = checkpoint.load()
    first = 0
    if state:
        student.load_state_dict(state["student"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        rng.bit_generator.state = state["rng"]
        torch.set_rng_state(state["torch_rng"])
        first = state["epoch"]
        print(f"{stage}: going on after epoch {first} of {epochs}",
              file=sys.stderr)

    for epoch in range(first, epochs):
        begin, total = time.monotonic(), 0.0
        student.train()
        for _ in range(steps):
            length = int(rng.integers(shortest, longest + 1))
            loss = student.loss(*draw_batch(parts, length, strength, rng),
                                args.precision)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(student.parameters(), 5.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
            with torch.no_grad():
                for a, b in zip(average.state_dict().values(),
                                student.state_dict().values()):
                    if a.dtype.is_floating_point:
                        a.lerp_(b, 1 - args.ema)
                    else:
                        a.copy_(b)
        entry = {"stage": stage, "epoch": epoch + 1,
                 "loss": round(total / steps, 4)}
        if valid is not None and (epoch + 1) % args.validate == 0:
            p = probabilities_of(average.network, valid.x, args.precision)
            entry["valid_accuracy"] = round(
                float((p.argmax(1) == valid.y).mean()), 4)
            entry["valid_loss"] = round(float(
                -np.log(p[np.arange(len(p)), valid.y] + 1e-9).mean()), 4)
        entry["seconds"] = round(time.monotonic() - begin, 1)
        with open(f"{args.out}.log", "a") as f:
            f.write(json.dumps(entry) + "\n")
        print(json.dumps(entry), file=sys.stderr, flush=True)
        checkpoint.save(
            epoch=epoch + 1, student=student.state_dict(),
            average=average.state_dict(), optimiser=optimiser.state_dict(),
            schedule=schedule.state_dict(), rng=rng.bit_generator.state,
            torch_rng=torch.get_rng_state())
    return average


def settings_of(args):
    """What of the arguments makes the recipe: not where things are, nor how often."""
    return {k: v for k, v in vars(args).items() if k not in (
        "out", "data", "audio", "corpus", "pretrained", "threads", "build",
        "version", "seeds", "cross_validated")}


def load_cross_validated(data, args):
    """The Answers in args.cross_validated, if they are this recipe's for data."""
    folder = args.cross_validated
    answers = Answers.load(folder)
    if sorted(answers.names) != sorted(data.names) \
            or answers.labels.tolist() != list(data.genres):
        raise features.DataError(f"{folder} is of other tracks")
    path = os.path.join(folder, "settings.json")
    with open(path) as f:
        options = json.load(f)["options"]
    theirs = settings_of(arguments(["--data", "-", "--out", "-", *options]))
    ours = settings_of(args)
    differ = [f"{k} is {theirs[k]} there and {ours[k]} here"
              for k in ours if theirs[k] != ours[k]]
    if differ:
        raise features.DataError(f"{folder} is of another recipe: "
                                 + ", ".join(differ))
    return answers


def strength_of(args):
    return augment.Strength(**{field.name: getattr(args, field.name)
                               for field in fields(augment.Strength)})


class Recipe:
    """The data of a run and the stages that turn it into a network."""

    def __init__(self, data, args, everything=None):
        """data: features.Data with a split; everything: what corpus.load() gives
        for args.corpus, if it is loaded."""
        self.args, self.genres = args, data.genres
        self.answers = self.valid = None
        if args.cross_validated:
            self.answers = load_cross_validated(data, args)
            self.training = data
        else:
            self.training = data.part("train")
            if (data.split == "valid").any():
                self.valid = data.part("valid")
        self.corpus = self.tags = None
        self.heads = {}
        if args.corpus:
            everything = everything or corpus.load(*args.corpus)
            keep = ~everything.held_out
            if args.licensed:
                keep &= everything.stated
                if not keep.any():
                    raise features.DataError("no window of the corpus has a source "
                                             "that states a licence")
            self.corpus = everything.part(keep)
            self.tags = corpus.track_tags(args.corpus, self.training.names)
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

    def corpus_pool(self, **targets):
        c = self.corpus
        # a tagger of music says nothing sensible of what is none
        tags = self.tag_targets(np.where(c.music[:, None], c.tags, np.nan),
                                c.classes)
        return Pool(c.x, weight=c.weights(self.args.draw), tags=tags,
                    embedding=np.clip(c.embedding, -5, 5), **targets)

    def pretrain(self, seed):
        """Without dropout and mixup, which are for the few tracks with labels:
        the corpus is large enough that the network does not learn it by heart.
        """
        args, pool = self.args, self.corpus_pool()
        steps = max(1, len(pool.x) // args.batch)
        student = self.student(seed)
        for cycle in range(args.pretrain_cycles):
            student = fit(f"pretrain{cycle}", student,
                          [(pool, args.batch, 1.0)], args.pretrain_epochs,
                          steps, args.pretrain_rate, (args.crop, args.crop),
                          strength_of(args).scaled(args.pretrain_strength),
                          args, seed + cycle)
        return student

    def load_pretrained(self, path):
        """The averaged network of a pretraining that another run has done."""
        student = self.student(self.args.seed)
        try:
            student.load_state_dict(torch.load(path)["average"])
        except Exception as e:  # pickle's and zip's errors have no parent
            raise features.DataError(
                f"{path}: not a pretrained {self.args.architecture}: "
                f"{str(e).splitlines()[0]}")
        return student

    def fine_tune(self, stage, seed, pretrained=None, teachers=()):
        """`teachers`: networks whose mean probabilities are learnt as well."""
        args, t = self.args, self.training
        student = self.student(seed, args.dropout)
        n = len(self.genres)
        target = np.full((len(t.y), n + bool(self.corpus)), 0.0)
        target[:, :n] = args.smoothing / n
        target[np.arange(len(t.y)), t.y] += 1 - args.smoothing
        if teachers:
            target[:, :n] = (1 - args.distill) * target[:, :n] \
                + args.distill * ensemble(teachers, t.x, args.precision)
        if not self.corpus:
            parts = [(Pool(t.x, args.mixup, genre=target), args.batch, 1.0)]
        else:
            student.load_state_dict(pretrained.state_dict())
            student.freeze(args.freeze)
            if args.tag_prior and student.is_linear():
                student.expect(args.tag_prior * corpus.genre_tags(
                    self.corpus.names, self.genres), share=0.3)
            # what is not music is none of the genres; of what genre the music
            # is, nobody has said
            genre = np.full((len(self.corpus.x), n + 1), np.nan)
            genre[~self.corpus.music] = np.eye(n + 1)[-1]
            half = args.batch // 2
            parts = [(Pool(t.x, args.mixup, genre=target,
                           tags=self.tag_targets(self.tags)), half, 1.0),
                     (self.corpus_pool(genre=genre), args.batch - half,
                      args.corpus_weight)]
        steps = max(1, len(t.y) * args.crops // parts[0][1])
        return fit(stage, student, parts, args.epochs, steps, args.rate,
                   sorted(args.tune_crop), strength_of(args), args, seed, self.valid)

    def run(self):
        """Every stage; gives the network that ships."""
        args = self.args
        pretrained = None
        if args.pretrained:
            pretrained = self.load_pretrained(args.pretrained)
        elif self.corpus:
            pretrained = self.pretrain(args.seed)
        seeds = []
        for i in range(args.seeds):
            student = self.fine_tune(f"seed{i}", args.seed + i, pretrained)
            seeds.append(student.network)
            # a copy: what teaches has learnt nothing of the valid tracks
            network = copy.deepcopy(student.network)
            self.calibrate(network)
            self.save(network, os.path.join(f"{args.out}.work",
                                            f"seed{i}.safetensors"))
        if args.distill and args.seeds > 1:
            network = self.fine_tune("distilled", args.seed, pretrained,
                                     seeds).network
        else:
            network = mean_of_weights(seeds)
        self.calibrate(network)
        return network

    def calibrate(self, network):
        if self.answers:
            set_temperature(network, float(self.answers.temperature))
        elif self.valid is not None:
            set_temperature(network, metrics.temperature_of(
                logits_of(network, self.valid.x).numpy(), self.valid.y,
                bool(self.corpus)))

    def save(self, network, path, extra=None):
        weights.save_network(path, network, name=self.args.architecture,
                             version=self.args.version, labels=self.genres,
                             extra=extra)

    def figures(self):
        """What the file says of itself: the cross-validation's figures, if any."""
        answers = self.answers
        return answers and weights.figures(
            measure(answers)["mean_of_weights"],
            f"cross-validation, {answers.fold.max() + 1} folds",
            answers.has_groups())


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
                        "pretrain1.pt of an earlier run, instead of pretraining")
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
    parser.add_argument("--epochs", type=at_least(1), default=30)
    parser.add_argument("--rate", type=float, default=2e-3,
                        help="highest learning rate")
    parser.add_argument("--crops", type=at_least(1), default=2,
                        help="crops of each track in an epoch")
    parser.add_argument("--crop", type=at_least(0, float), default=6.0,
                        help="length of a crop of pretraining in seconds")
    parser.add_argument("--tune-crop", type=at_least(0, float), nargs=2,
                        metavar=("SHORTEST", "LONGEST"), default=[5.0, 20.0],
                        help="lengths of the crops of fine-tuning: a network that "
                        "has heard short ones alone is too sure of whole windows")
    parser.add_argument("--batch", type=at_least(2), default=32)
    parser.add_argument("--corpus-weight", type=float, default=0.5,
                        help="how much a crop of the corpus counts beside one "
                        "with a label")
    parser.add_argument("--freeze", metavar="PREFIX", action="append", default=[],
                        help="fine-tuning leaves the layers called like that as "
                        "pretraining made them; can be given again")
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
    if args.pretrained and not args.corpus:
        parser.error("--pretrained goes with --corpus")
    if args.smoke:
        args.pretrain_epochs = args.epochs = 2
        args.pretrain_cycles = 1
        args.crops, args.ema = 1, 0.5
    return args


def run(data, args, everything=None):
    """From data (features.Data) and corpora to the weights file args.out."""
    recipe = Recipe(data, args, everything)
    recipe.save(recipe.run(), args.out, recipe.figures())


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
