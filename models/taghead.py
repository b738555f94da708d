"""The head "tags": what taggers would call a piece of music besides its genre, and what
else than music it is, each tag for itself.  Pretraining learns what the taggers say;
this makes the part that ships of it.  Speech and noise are told by kind: where the
windows of the corpus are of that kind, by logistic regression on the features."""

import json
from dataclasses import dataclass
from typing import Optional

import numpy as np
import torch

import corpus
import features
from newhead import fit_head

NAME = "tags"
# mn04's classes that are called like a style of music; before them stand instruments
FIRST_STYLE = "Pop music"
# what says nothing to a listener
NO_TAGS = ("Independent music", "Song", "Jingle (music)", "Background music", "00s",
           "60s", "70s", "90s", "catchy", "beautiful", "male vocalists", "sexy")
# the labels of what is no music, and the kinds of the corpus that are called so
KINDS = {"speech": ("speech",), "noise": ("noise", "AI sound")}
# small weights for those, as the windows that tell them are few
KINDS_DECAY = 70.0
# the two teachers' words for one thing, and other words than theirs
SYNONYMS = {"hip hop": "hip-hop", "rhythm and blues": "r&b", "rnb": "r&b",
            "drum and bass": "drum & bass", "rock and roll":
            "rock'n'roll", "female vocalist": "female vocalists", "chill": "chillout",
            "children": "for children"}


@dataclass
class Tag:
    """One of the taggers' tags as it ships, or one of KINDS: the probability is the
    logistic function of slope * log-odds + offset, of the log-odds that the network was
    taught, or that the regression found."""
    # of the head that was taught, where both teachers may use one name; None: of KINDS
    output: Optional[int]
    name: str
    label: str
    slope: float = 1.0
    offset: float = 0.0


def label_of(name):
    """How a tag or class of the corpus is written."""
    label = name.lower()
    for affix in "music of ", "music for ":
        label = label.removeprefix(affix)
    label = label.removesuffix(" music")
    return SYNONYMS.get(label, label)


def is_kind(tag, kinds):
    """Which of windows of `kinds` [windows] are what a Tag of KINDS calls them."""
    return np.isin(kinds, KINDS[tag.name])


def candidates(names, kinds):
    """A Tag for each of the corpus's tags and classes that could ship, of which two may
    have one label, and then for those of KINDS that are among `kinds` [windows]."""
    if FIRST_STYLE not in names:
        raise features.DataError(f"the corpus has no class {FIRST_STYLE!r}")
    first_class = names.index(corpus.FIRST_CLASS)
    first_style = names.index(FIRST_STYLE)
    return [Tag(i, name, label_of(name)) for i, name in enumerate(names)
            if (i < first_class or i >= first_style) and name not in NO_TAGS] + [
        Tag(None, label, label) for label in KINDS
        if np.isin(kinds, KINDS[label]).any()]


def load(path, names):
    """The Tags in a file of tags.py; names: the corpus's tags and classes."""
    try:
        with open(path, encoding="utf-8") as f:
            rows = json.load(f)["tags"]
        tags = [Tag(row["output"] if row["output"] is None else int(row["output"]),
                    str(row["name"]), str(row["label"]), float(row["slope"]),
                    float(row["offset"])) for row in rows]
        if not tags or len({tag.label for tag in tags}) < len(tags):
            raise ValueError("no tag, or two of one label")
    except (ValueError, KeyError, TypeError) as e:
        raise features.DataError(f"{path}: not a file of tags.py: "
                                 f"{type(e).__name__}: {e}")
    for tag in tags:
        if tag.output is None:
            if tag.name not in KINDS:
                raise features.DataError(f"{path}: there is no kind {tag.name!r}")
        elif tag.output not in range(len(names)) or names[tag.output] != tag.name:
            raise features.DataError(f"{path}: the corpus has another tag than "
                                     f"{tag.name!r} as number {tag.output}")
    return tags


def check_kinds(tags, kinds):
    """Refuses a Tag of KINDS that no window of `kinds` [windows] is."""
    for tag in tags:
        if tag.output is None and not is_kind(tag, kinds).any():
            raise features.DataError(f"the corpus has no {tag.name} to learn from")


@torch.no_grad()
def attach(student, tags, mean, deviation):
    """The student's network with a head for those of `tags` that it was taught.  mean,
    deviation [outputs]: of the log-odds that the outputs of the student's own head were
    standardised by."""
    tags = [tag for tag in tags if tag.output is not None]
    if not tags:
        return student.network
    taught, pick = student.heads["tags"], [tag.output for tag in tags]
    slope, offset, mean, deviation = (
        torch.from_numpy(np.float32(values)) for values in (
            [tag.slope for tag in tags], [tag.offset for tag in tags], mean[pick],
            deviation[pick]))
    return _with_head(student.network, [tag.label for tag in tags],
                      (slope * deviation)[:, None] * taught.weight[pick],
                      slope * (deviation * taught.bias[pick] + mean) + offset)


def attach_kinds(network, tags, found, kind):
    """`network`, which may have a head for tags, with those of `tags` that are of KINDS
    in it as well.  found [windows][n_features]: what it makes of windows of the kinds
    kind [windows]."""
    tags = [tag for tag in tags if tag.output is None]
    if not tags:
        return network
    labels = [label for head in network.heads for label in head["labels"]]
    dense = [getattr(network, head["name"]) for head in network.heads]
    rows = [(layer.weight, layer.bias) for layer in dense]
    for tag in tags:
        weight, bias = fit_head(found[:, None].double(),
                                is_kind(tag, kind).astype(int), 2, KINDS_DECAY)
        rows.append((tag.slope * (weight[1:] - weight[:1]),
                     tag.slope * (bias[1:] - bias[:1]) + tag.offset))
    return _with_head(network, labels + [tag.label for tag in tags],
                      *(torch.cat([part.detach().float() for part in parts])
                        for parts in zip(*rows)))


def _with_head(network, labels, weight, bias):
    """`network` with the one head NAME."""
    return network.extended(
        {f"{NAME}.weight": weight, f"{NAME}.bias": bias},
        heads=[{"name": NAME, "labels": labels, "layers": [
            {"type": "dense", "name": NAME, "units": len(labels)},
            {"type": "sigmoid"}]}])
