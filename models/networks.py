"""Architectures as lists of layers, and the PyTorch network of such a list.

A list is what the weights file carries and what the C engine walks, so the
network that is trained and the one that ships cannot differ in structure.
Every tensor between layers has the shape [batch][channels][bands][frames];
a recurrent layer reads channels x bands as the features of a frame and gives
[batch][1][hidden][frames].
"""

import torch
from torch import nn

MEL_BANDS = 128


def crnn(labels):
    """4 convolutions and 2 GRUs, after Choi et al., "Convolutional recurrent
    neural networks for music classification", ICASSP 2017.  Pooling takes 128
    bands down to 1 and 387 frames to 24.  It stands before the ELU: ELU is
    monotonic, so the result is the same and the cost a fraction."""
    layers = []
    for i, (channels, bands, frames) in enumerate(
            [(64, 2, 2), (128, 4, 2), (128, 4, 2), (128, 4, 2)], 1):
        layers += [
            {"type": "conv2d", "name": f"conv{i}", "channels": channels},
            {"type": "batch_norm", "name": f"norm{i}", "epsilon": 1e-5},
            {"type": "max_pool", "bands": bands, "frames": frames},
            {"type": "elu"},
        ]
    return layers + [
        {"type": "gru", "name": "gru1", "hidden": 64},
        {"type": "gru", "name": "gru2", "hidden": 64},
        {"type": "mean"},
        {"type": "dense", "name": "dense", "units": labels},
        {"type": "softmax"},
    ]


ARCHITECTURES = {"crnn": crnn}


class Network(nn.Module):
    """The network of a list of layers.  forward() gives the logits: the
    softmax at the end of the list belongs to the loss while training."""

    def __init__(self, layers, dropout=0.0):
        super().__init__()
        self.layers = layers
        self.dropout = nn.Dropout(dropout)
        channels, bands = 1, MEL_BANDS
        for layer in layers:
            kind = layer["type"]
            if kind == "conv2d":
                module = nn.Conv2d(channels, layer["channels"], 3, padding=1)
                channels = layer["channels"]
            elif kind == "batch_norm":
                module = nn.BatchNorm2d(channels, eps=layer["epsilon"])
            elif kind in ("gru", "lstm"):
                recurrent = nn.GRU if kind == "gru" else nn.LSTM
                module = recurrent(channels * bands, layer["hidden"],
                                   batch_first=True)
                channels, bands = 1, layer["hidden"]
            elif kind == "dense":
                module = nn.Linear(channels * bands, layer["units"])
                channels, bands = 1, layer["units"]
            else:
                if kind == "max_pool":
                    bands //= layer["bands"]
                continue
            self.add_module(layer["name"], module)

    def forward(self, x):
        """x: standardised dB [batch][1][bands][frames]; gives [batch][labels]."""
        return self.run(x, self.layers)

    def run(self, x, layers):
        for layer in layers:
            kind = layer["type"]
            if kind in ("conv2d", "batch_norm"):
                x = getattr(self, layer["name"])(x)
            elif kind == "max_pool":
                x = nn.functional.max_pool2d(
                    x, (layer["bands"], layer["frames"]))
            elif kind == "elu":
                x = self.dropout(nn.functional.elu(x))
            elif kind == "relu":
                x = self.dropout(nn.functional.relu(x))
            elif kind in ("gru", "lstm"):
                x = x.flatten(1, 2).transpose(1, 2)
                x = getattr(self, layer["name"])(x)[0]
                x = self.dropout(x.transpose(1, 2).unsqueeze(1))
            elif kind == "mean":
                x = x.mean(3, keepdim=True)
            elif kind == "last":
                x = x[..., -1:]
            elif kind == "dense":
                x = getattr(self, layer["name"])(x.flatten(1))
                x = x[:, None, :, None]
            elif kind != "softmax":
                raise ValueError(f"layer type {kind!r} is not known")
        return x.flatten(1)


def min_frames(layers):
    """Fewest frames that leave something after all pooling."""
    frames = 1
    for layer in reversed(layers):
        frames *= layer.get("frames", 1)
    return frames


def standardise(db):
    """What the engine does to a window: decibels clipped 80 dB below the
    window's maximum, then mean 0 and variance 1.  db: [batch][...]."""
    flat = db.flatten(1)
    flat = torch.maximum(flat, flat.amax(1, keepdim=True) - 80)
    mean = flat.mean(1, keepdim=True)
    deviation = flat.std(1, unbiased=False, keepdim=True)
    return ((flat - mean) / (deviation + 1e-5)).view_as(db)
