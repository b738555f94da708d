#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes models/crnn.safetensors beside this file: the architecture that ships with
few channels and seeded random weights.  Its answers mean nothing; it is for the
tests of the element that are about everything but the answers, and makes them fast
enough for valgrind.  Run by hand when the weights file's form changes."""

import os
import sys

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "models"))

import networks  # noqa: E402
import train  # noqa: E402
import weights  # noqa: E402

torch.manual_seed(1)
layers = networks.layers_of("crnn", len(train.GENRES), other=False)
for layer in layers:
    if layer["type"] == "conv2d":
        layer["channels"] = 4
    if layer["type"] == "gru":
        layer["hidden"] = 8
network = networks.Network(layers)
os.makedirs(os.path.join(HERE, "models"), exist_ok=True)
weights.save_network(os.path.join(HERE, "models", "crnn.safetensors"), network,
                     name="small", version="1", labels=train.GENRES)
