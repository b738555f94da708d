#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the networks in models/ beside this file, which make the tests of the
element fast enough for valgrind.  Run by hand when the weights file's form changes.

crnn: the architecture that ships with few channels and seeded random weights.  Its
answers mean nothing; it is for the tests that are about everything but the answers.

steered: says "hiphop" to a low tone (250 Hz), "classical" to a middle one (1000 Hz)
and, as its eleventh output, that a high one (3000 Hz) is no music.  Its input's mean
over time decides, so a window of two tones is between them.  Its head "tags" tells
the low and the high tone, each for itself."""

import os
import sys

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "models"))

import corpus  # noqa: E402
import networks  # noqa: E402
import weights  # noqa: E402

GENRES = list(corpus.GENRE_TAGS)
COEFFICIENTS = 24
# mel bands of the three tones
LOW, MIDDLE, HIGH = 9, 38, 79
# With weights of 1 the probability of a tone is 0.8 to 0.9, which still changes when
# something else is in the window; what is no music is to be told more clearly.
OTHER_WEIGHT = 2
# a tag is as likely as not at half of what its tone alone gives
TAG_BIAS = -2


def make_small():
    torch.manual_seed(1)
    layers = networks.layers_of("crnn", len(GENRES), other=False)
    for layer in layers:
        if layer["type"] == "conv2d":
            layer["channels"] = 4
        if layer["type"] == "gru":
            layer["hidden"] = 8
    return networks.Network(layers)


TAGS = {"name": "tags", "labels": ["low", "high"], "layers": [
    {"type": "dense", "name": "tags", "units": 2}, {"type": "sigmoid"}]}


def make_steered():
    outputs = len(GENRES) + 1
    network = networks.Network([
        {"type": "mfcc", "coefficients": COEFFICIENTS},
        {"type": "mean"},
        {"type": "dense", "name": "dense", "units": outputs},
        {"type": "softmax", "temperature": 1.0},
        {"type": "share_other"},
    ], heads=[TAGS])
    matrix = networks.mfcc_matrix(COEFFICIENTS, networks.MEL_BANDS)
    weight = torch.zeros(outputs, COEFFICIENTS)
    weight[GENRES.index("hiphop")] = matrix[:, LOW]
    weight[GENRES.index("classical")] = matrix[:, MIDDLE]
    weight[outputs - 1] = OTHER_WEIGHT * matrix[:, HIGH]
    network.dense.weight.data = weight
    network.dense.bias.data.zero_()
    network.tags.weight.data = matrix[:, [LOW, HIGH]].T
    network.tags.bias.data.fill_(TAG_BIAS)
    return network


os.makedirs(os.path.join(HERE, "models"), exist_ok=True)
for model, name, network in (("crnn", "small", make_small()),
                             ("steered", "steered", make_steered())):
    weights.save_network(
        os.path.join(HERE, "models", f"{model}.safetensors"), network,
        name=name, version="1", labels=GENRES)
