"""The recipe: from tracks and corpora to networks, by pretraining and fine-tuning."""

import copy
import os
from functools import cached_property

import numpy as np
import torch

import augment
import corpus
import embedding
import features
import metrics
import networks
import provenance
import taghead
import weights
from fit import fit, logits_of, probabilities_of
from newhead import NewHead, features_of
from student import Pool, Student, hear

# what the embedding is fitted to, and speech and noise: so many windows of music, and
# of each that is none so many variations, as there are few
MUSIC_WINDOWS, VARIATIONS = 2000, 6


def recipe_of(data, args):
    """What makes networks of `data` as the options say: a Recipe or a NewHead."""
    return NewHead(data, args) if args.init else Recipe(data, args)


class Recipe:
    """Data, corpora and the stages that turn them into networks."""

    def __init__(self, data, args):
        """data: features.Data.  What all networks of the recipe have in common, the
        pretraining, is kept in args.out.work."""
        self.data, self.args, self.genres = data, args, data.genres
        self.corpus = self.tags = None
        self.heads, self.ship = {}, []
        if args.corpus:
            everything = corpus.load(*args.corpus)
            keep = ~everything.held_out
            if args.licensed:
                keep &= everything.stated
                if not keep.any():
                    raise features.DataError("no window of the corpus has a source "
                                             "that states a licence")
            self.corpus = everything.part(keep)
            self.drawn = self.corpus.weights(args.draw) > 0
            self.tags = corpus.track_tags(args.corpus, data.names)
            # standardised log-odds: a rare tag counts as much as a frequent one
            odds = corpus.log_odds(np.concatenate(
                [everything.tags, everything.classes], 1))
            self.mean = odds[everything.music].mean(0)
            self.deviation = odds[everything.music].std(0) + 1e-3
            self.ship = taghead.load(args.tags, everything.names) \
                if args.tags else []
            taghead.check_kinds(self.ship, self.corpus.kind[self.drawn])
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

    def corpus_pool(self, x, mixup=0.0, ratio=1.0, **targets):
        """x: the corpus's windows, or what is heard of them; ratio: how much more often
        those like the genres are drawn."""
        c = self.corpus
        weight = c.weights(self.args.draw) * c.genre_weights(self.genres, ratio)
        # a tagger of music says nothing sensible of what is none
        tags = self.tag_targets(np.where(c.music[:, None], c.tags, np.nan),
                                c.classes)
        return Pool(x, mixup, weight=weight, tags=tags,
                    embedding=np.clip(c.embedding, -5, 5), **targets)

    def unheard(self):
        """The sources of music that pretraining does not hear: those that --draw leaves
        out, unless what it begins with has heard them."""
        music, source = self.corpus.music, self.corpus.source
        sources = {*source[music]} - {*source[music & self.drawn]}
        if self.args.pretrain_from:
            sources &= {*weights.load_pretrained(self.args.pretrain_from)[2]}
        return sorted(sources)

    @cached_property
    def pretrained(self):
        """The student that every fine-tuning begins with; None without a corpus."""
        if self.args.pretrained:
            return self.load_pretrained(self.args.pretrained)
        return self.pretrain(self.args.seed) if self.corpus else None

    def pretrain(self, seed):
        args = self.args
        pool = self.corpus_pool(self.corpus.x, args.pretrain_mixup, args.draw_genres)
        steps = max(1, len(pool.x) // args.pretrain_batch)
        student = self.load_pretrained(args.pretrain_from, whole=False) \
            if args.pretrain_from else self.student(seed)
        student.network.dropout = args.pretrain_dropout
        for cycle in range(args.pretrain_cycles):
            student = fit(args.out, f"pretrain{cycle}", student,
                          [(pool, args.pretrain_batch, 1.0)], args.pretrain_epochs,
                          steps, args.pretrain_rate, sorted(args.crop),
                          augment.strength_of(args).scaled(
                              args.pretrain_strength),
                          args, seed + cycle)
        weights.save_pretrained(
            os.path.join(f"{args.out}.work", "pretrained.safetensors"), student,
            args.architecture, self.corpus.names, self.unheard(),
            provenance.describe(args, None, None, self.corpus.part(self.drawn)))
        return student

    def load_pretrained(self, path, whole=True):
        """The student that another run's pretraining ended with; unless the `whole`
        is wanted, what another architecture has in common with it."""
        student = self.student(self.args.seed)
        ours = student.state_dict()
        tensors, tags, _ = weights.load_pretrained(path)
        if tags != self.corpus.names:
            raise features.DataError(f"{path}: it learnt other tags than those of the "
                                     "corpus")
        try:
            theirs = {k: torch.tensor(v) for k, v in tensors.items()}
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
        return [hear(self.pretrained.network, x, copies,
                     augment.strength_of(args), rng)
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
                   sorted(args.tune_crop), augment.strength_of(args), args, seed,
                   valid)

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

    def with_tags(self, student):
        """A student's network, with the head "tags" as it was taught."""
        return taghead.attach(student, self.ship, self.mean, self.deviation) \
            if self.ship else student.network

    def finish(self, network):
        """`network` with what is fitted to its features of the corpus: which tags tell
        that it is no music, and the embedding."""
        if not self.corpus:
            return network
        c, rng = self.corpus, np.random.default_rng(self.args.seed)
        music, other = (np.flatnonzero((c.music == is_music) & self.drawn)
                        for is_music in (True, False))
        # of music there is enough
        music = rng.permutation(music)[:MUSIC_WINDOWS]
        found = features_of(network, c.x[music], 0, None, rng).flatten(0, 1)
        network = embedding.attach(network, found)
        if not any(tag.output is None for tag in self.ship):
            return network
        varied = features_of(network, c.x[other], VARIATIONS,
                             augment.strength_of(self.args), rng)
        return taghead.attach_kinds(
            network, self.ship, torch.cat([found, varied.flatten(0, 1)]),
            np.concatenate([c.kind[music], np.repeat(c.kind[other], 1 + VARIATIONS)]))

    def run(self, out, keep, valid=None, temperature=None, figures=None):
        """Trains on the tracks `keep`, bool [tracks], and writes the file `out`.
        Its temperature is the one given, or fitted to `valid`, features.Data."""
        args, seeds = self.args, []
        about = provenance.describe(args, self.data, keep, self.corpus
                                    and self.corpus.part(self.drawn))

        def calibrate(network):
            if temperature:
                network.set_temperature(temperature)
            elif valid is not None:
                network.set_temperature(metrics.temperature_of(
                    logits_of(network, valid.x).numpy(), valid.y,
                    bool(self.corpus)))
        for i in range(args.seeds):
            seeds.append(self.with_tags(
                self.fine_tune(out, f"seed{i}", args.seed + i, keep, valid)))
            # a copy: what teaches has learnt nothing of the valid tracks
            network = copy.deepcopy(seeds[-1])
            calibrate(network)
            self.save(network, os.path.join(f"{out}.work",
                                            f"seed{i}.safetensors"), about)
        if args.distill and args.seeds > 1:
            network = self.with_tags(self.fine_tune(
                out, "distilled", args.seed, keep, valid, seeds))
        else:
            network = mean_of_weights(seeds)
        network = self.finish(network)
        calibrate(network)
        self.save(network, out, {**about, **(figures or {})})

    def save(self, network, path, extra):
        weights.save_network(path, network, name=self.args.name,
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
