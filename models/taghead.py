"""The head "tags": what taggers would call a piece of music besides its genre, each
tag for itself.  Pretraining learns it; this makes the part that ships of it."""

import json
from dataclasses import dataclass

import numpy as np
import torch

import corpus
import features
import networks

NAME = "tags"
# mn04's classes that are called like a style of music; before them stand instruments
FIRST_STYLE = "Pop music"
# what says nothing to a listener
NO_TAGS = ("Independent music", "Song", "Jingle (music)", "Background music", "00s",
           "60s", "70s", "90s", "catchy", "beautiful", "male vocalists", "sexy")
# the two teachers' words for one thing, and other words than theirs
SYNONYMS = {"hip hop": "hip-hop", "rhythm and blues": "rnb", "rock and roll":
            "rock'n'roll", "female vocalist": "female vocalists", "chill": "chillout",
            "children": "for children"}


@dataclass
class Tag:
    """One of the taggers' tags as it ships: the probability is the logistic function of
    slope * log-odds + offset, of the log-odds that the network was taught."""
    output: int         # of the head that was taught; both teachers may use one name
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


def candidates(names):
    """A Tag for each of the corpus's tags and classes that could ship; two may have one
    label."""
    if FIRST_STYLE not in names:
        raise features.DataError(f"the corpus has no class {FIRST_STYLE!r}")
    first_class = names.index(corpus.FIRST_CLASS)
    first_style = names.index(FIRST_STYLE)
    return [Tag(i, name, label_of(name)) for i, name in enumerate(names)
            if (i < first_class or i >= first_style) and name not in NO_TAGS]


def load(path, names):
    """The Tags in a file of tags.py; names: the corpus's tags and classes."""
    try:
        with open(path, encoding="utf-8") as f:
            rows = json.load(f)["tags"]
        tags = [Tag(int(row["output"]), str(row["name"]), str(row["label"]),
                    float(row["slope"]), float(row["offset"])) for row in rows]
        if not tags or len({tag.label for tag in tags}) < len(tags):
            raise ValueError("no tag, or two of one label")
    except (ValueError, KeyError, TypeError) as e:
        raise features.DataError(f"{path}: not a file of tags.py: "
                                 f"{type(e).__name__}: {e}")
    for tag in tags:
        if tag.output not in range(len(names)) or names[tag.output] != tag.name:
            raise features.DataError(f"{path}: the corpus has another tag than "
                                     f"{tag.name!r} as number {tag.output}")
    return tags


@torch.no_grad()
def attach(student, tags, mean, deviation):
    """The student's network with a head for `tags`.  mean, deviation [outputs]: of the
    log-odds that the outputs of the student's own head were standardised by."""
    taught, pick = student.heads["tags"], [tag.output for tag in tags]
    slope, offset, mean, deviation = (
        torch.from_numpy(np.float32(values)) for values in (
            [tag.slope for tag in tags], [tag.offset for tag in tags], mean[pick],
            deviation[pick]))
    network = networks.Network(
        student.network.layers, student.network.dropout,
        [{"name": NAME, "labels": [tag.label for tag in tags], "layers": [
            {"type": "dense", "name": NAME, "units": len(tags)},
            {"type": "sigmoid"}]}])
    network.load_state_dict({
        **student.network.state_dict(),
        f"{NAME}.weight": (slope * deviation)[:, None] * taught.weight[pick],
        f"{NAME}.bias": slope * (deviation * taught.bias[pick] + mean) + offset})
    return network.eval()
