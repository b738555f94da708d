"""Architectures as lists of layers, and the PyTorch network of such a list.

A list is what the weights file carries and what the C engine walks, so the
network that is trained and the one that ships cannot differ in structure.
Every tensor between layers has the shape [batch][channels][bands][frames];
a recurrent or dense layer reads channels x bands as the features of a frame and
gives one band, its units being channels.
"""

import math

import torch
from torch import nn

MEL_BANDS = 128


def _conv_blocks(channels, pools):
    """Pooling stands before the ELU: ELU is monotonic, so the result is the
    same and the cost a fraction."""
    layers = []
    for i, (n, (bands, frames)) in enumerate(zip(channels, pools), 1):
        layers += [
            {"type": "conv2d", "name": f"conv{i}", "channels": n},
            {"type": "batch_norm", "name": f"norm{i}", "epsilon": 1e-5},
            {"type": "max_pool", "bands": bands, "frames": frames},
            {"type": "elu"},
        ]
    return layers


def _classify(outputs):
    return [{"type": "dense", "name": "dense", "units": outputs},
            {"type": "softmax", "temperature": 1.0}]


# of crnn and cnn: channels and the pooling after each convolution.  Bands are pooled
# early: four of them tell a second convolution as much as two, at half the cost.
CHANNELS = (32, 64, 160, 256)
POOLS = ((4, 2), (2, 2), (4, 2), (4, 2))


def crnn(outputs):
    """4 convolutions and 2 GRUs, after Choi et al., "Convolutional recurrent
    neural networks for music classification", ICASSP 2017.  Pooling takes 128
    bands down to 1 and 387 frames to 24."""
    return _conv_blocks(CHANNELS, POOLS) + [
        {"type": "gru", "name": "gru1", "hidden": 256},
        {"type": "gru", "name": "gru2", "hidden": 256},
        {"type": "mean"},
    ] + _classify(outputs)


def cnn(outputs):
    """The same convolutions, their mean over time, and no memory."""
    return _conv_blocks(CHANNELS, POOLS) + [
        {"type": "mean"},
        {"type": "dense", "name": "dense1", "units": 128},
        {"type": "elu"},
    ] + _classify(outputs)


def _recurrent(kind, outputs):
    return [
        {"type": "mfcc", "coefficients": 24},
        {"type": "batch_norm", "name": "norm", "epsilon": 1e-5},
        {"type": kind, "name": f"{kind}1", "hidden": 128},
        {"type": kind, "name": f"{kind}2", "hidden": 128},
        {"type": "mean"},
        {"type": "dense", "name": "dense1", "units": 128},
        {"type": "elu"},
    ] + _classify(outputs)


def gru(outputs):
    """2 GRUs on mel-frequency cepstral coefficients."""
    return _recurrent("gru", outputs)


def lstm(outputs):
    """2 LSTMs on mel-frequency cepstral coefficients."""
    return _recurrent("lstm", outputs)


ARCHITECTURES = {"crnn": crnn, "cnn": cnn, "gru": gru, "lstm": lstm}


def layers_of(architecture, labels, other):
    """The layers of a network for `labels` genres.  With `other` it has one
    output more, for what is not music, whose probability all genres share:
    whatever is not music looks like every genre, and so like none."""
    layers = ARCHITECTURES[architecture](labels + bool(other))
    return layers + [{"type": "share_other"}] if other else layers


def mfcc_matrix(coefficients, bands):
    """DCT-II with orthonormal rows, [coefficients][bands] (librosa's and
    SciPy's norm="ortho")."""
    n = torch.arange(coefficients, dtype=torch.float64)[:, None]
    k = torch.arange(bands, dtype=torch.float64)
    matrix = torch.cos(math.pi / bands * (k + 0.5) * n) * (2 / bands) ** 0.5
    matrix[0] /= 2 ** 0.5
    return matrix.float()


class Network(nn.Module):
    """The network of a list of layers.  forward() gives the logits: what
    follows the last dense layer belongs to the loss while training.  heads: what else
    answers from the features, [{"name", "labels", "layers"}].  embedding: the layers
    that make the embedding of the features; without any they are the embedding."""

    def __init__(self, layers, dropout=0.0, heads=(), embedding=()):
        super().__init__()
        self.layers, self.heads = layers, list(heads)
        self.embedding_layers = list(embedding)
        self.split = 1 + max(i for i, layer in enumerate(layers)
                             if layer["type"] in ("mean", "last"))
        self.trunk_end = next(i for i, layer in enumerate(layers)
                              if layer["type"] in ("gru", "lstm", "mean"))
        self.dropout = dropout
        # how many features() gives
        self.n_features = self._add_modules(layers[:self.split], 1, MEL_BANDS)
        for after in (layers[self.split:], *(head["layers"] for head in self.heads),
                      self.embedding_layers):
            self._add_modules(after, self.n_features, 1)

    def _add_modules(self, layers, channels, bands):
        """Those of `layers`, whose input has channels x bands features a frame; gives
        how many their output has."""
        for layer in layers:
            kind = layer["type"]
            if kind == "conv2d":
                module = nn.Conv2d(channels, layer["channels"], 3, padding=1)
                channels = layer["channels"]
            elif kind == "batch_norm":
                module = nn.BatchNorm2d(channels, eps=layer["epsilon"])
            elif kind == "mfcc":
                self.register_buffer("mfcc", mfcc_matrix(
                    layer["coefficients"], bands), persistent=False)
                channels, bands = layer["coefficients"], 1
                continue
            elif kind in ("gru", "lstm"):
                recurrent = nn.GRU if kind == "gru" else nn.LSTM
                module = recurrent(channels * bands, layer["hidden"],
                                   batch_first=True)
                channels, bands = layer["hidden"], 1
            elif kind == "dense":
                module = nn.Linear(channels * bands, layer["units"])
                channels, bands = layer["units"], 1
            else:
                if kind == "max_pool":
                    bands //= layer["bands"]
                continue
            self.add_module(layer["name"], module)
        return channels * bands

    def forward(self, x):
        """x: standardised dB [batch][1][bands][frames]; gives the logits
        [batch][outputs]."""
        return self.classify(self.features(x))

    def trunk(self, x):
        """What the layers before the recurrent ones make of x,
        [batch][channels][bands][frames]."""
        return self._run(x, self.layers[:self.trunk_end])

    def features(self, x, first=0):
        """What the network knows of a window before it names a genre: the mean
        (or last) state over time, [batch][n_features].  x: the input of the layer
        `first`."""
        return self._run(x, self.layers[first:self.split]).flatten(1)

    def classify(self, features):
        return self._run_head(features, self.layers[self.split:])

    def _run_head(self, features, layers):
        return self._run(features[:, :, None, None], layers).flatten(1)

    def probabilities(self, logits):
        """What the layers after the last dense one make of logits."""
        return _activate(logits, self.layers)

    def answers(self, features):
        """Of features [batch][n_features] the probabilities of the genres, and those of
        each other head, all [batch][labels]."""
        return [self.probabilities(self.classify(features))] + [
            _activate(self._run_head(features, head["layers"]), head["layers"])
            for head in self.heads]

    def embed(self, features):
        """The embeddings of features [batch][n_features], of length 1."""
        return nn.functional.normalize(self._run_head(features, self.embedding_layers))

    def extended(self, tensors, heads=None, embedding=None):
        """The same network with other heads or another embedding, or both; tensors:
        the parameters of what is new, {name: tensor}."""
        network = Network(self.layers, self.dropout,
                          self.heads if heads is None else heads,
                          self.embedding_layers if embedding is None else embedding)
        network.load_state_dict({**self.state_dict(), **tensors})
        return network.train(self.training)

    def set_temperature(self, temperature):
        softmax, = (layer for layer in self.layers if layer["type"] == "softmax")
        softmax["temperature"] = temperature

    def _drop_channels(self, x):
        """Whole ones: neighbours in a channel know each other's value."""
        return nn.functional.dropout2d(x, self.dropout, self.training)

    def _run(self, x, layers):
        for layer in layers:
            kind = layer["type"]
            if kind in ("conv2d", "batch_norm"):
                x = getattr(self, layer["name"])(x)
            elif kind == "mfcc":
                x = (self.mfcc @ x[:, 0]).unsqueeze(2)
            elif kind == "max_pool":
                x = nn.functional.max_pool2d(
                    x, (layer["bands"], layer["frames"]))
            elif kind == "elu":
                x = self._drop_channels(nn.functional.elu(x))
            elif kind == "relu":
                x = self._drop_channels(nn.functional.relu(x))
            elif kind in ("gru", "lstm"):
                x = x.flatten(1, 2).transpose(1, 2)
                x = getattr(self, layer["name"])(x)[0]
                x = nn.functional.dropout(
                    x.transpose(1, 2).unsqueeze(2), self.dropout,
                    self.training)
            elif kind == "mean":
                x = x.mean(3, keepdim=True)
            elif kind == "last":
                x = x[..., -1:]
            elif kind == "dense":
                x = getattr(self, layer["name"])(x.flatten(1))
                x = x[:, :, None, None]
            elif kind not in ("softmax", "sigmoid", "share_other"):
                raise ValueError(f"layer type {kind!r} is not known")
        return x


def _activate(p, layers):
    """What those of `layers` that follow the last dense one make of logits."""
    for layer in layers:
        if layer["type"] == "softmax":
            p = (p / layer.get("temperature", 1)).softmax(1)
        elif layer["type"] == "sigmoid":
            p = p.sigmoid()
        elif layer["type"] == "share_other":
            p = p[:, :-1] + p[:, -1:] / (p.shape[1] - 1)
    return p


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
