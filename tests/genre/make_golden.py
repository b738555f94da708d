#!/usr/bin/python3
"""Writes golden/*.safetensors: networks with random weights, an input and the
output that PyTorch computes for it, in double precision.

  tests/genre/make_golden.py [CASE...]

Run it by hand after a change of what a layer means; layers.c compares the C
engine with the files.  They are weights files (models/weights.py) with the
tensors "input" and "output" [channels][bands][frames] beside the weights, and
their shapes in the metadata "input_shape" and "output_shape".
"""

import math
import os
import sys

import torch
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "models"))

import networks  # noqa: E402
import weights  # noqa: E402


def conv2d(channels, name="conv"):
    return {"type": "conv2d", "name": name, "channels": channels}


def batch_norm(name="norm"):
    return {"type": "batch_norm", "name": name, "epsilon": 1e-3}


def max_pool(bands, frames):
    return {"type": "max_pool", "bands": bands, "frames": frames}


def mfcc(coefficients):
    return {"type": "mfcc", "coefficients": coefficients}


def small(architecture):
    """An architecture that ships, with few channels."""
    layers = networks.layers_of(architecture, 10, other=True)
    for layer in layers:
        if layer["type"] == "conv2d":
            layer["channels"] = 8 if layer["channels"] < 128 else 12
        elif "hidden" in layer:
            layer["hidden"] = 8
        elif layer["type"] == "mfcc":
            layer["coefficients"] = 6
        elif layer["type"] == "softmax":
            layer["temperature"] = 1.7
    return layers


# cases of whole networks, which networks.Network has to agree with
ARCHITECTURES = {"crnn": (1, 128, 83), "cnn": (1, 128, 80),
                 "mfcc_lstm": (1, 128, 31)}


# name: (input [channels][bands][frames], layers)
CASES = {
    "conv2d": ((3, 5, 7), [conv2d(4)]),
    "conv2d_one_frame": ((2, 4, 1), [conv2d(3)]),
    "conv2d_one_band": ((2, 1, 5), [conv2d(3)]),
    "conv2d_norm": ((2, 6, 5), [conv2d(5), batch_norm()]),
    # bands and frames that fill no field are left over
    "conv2d_pool": ((2, 7, 9), [conv2d(5), max_pool(2, 4)]),
    "conv2d_norm_pool_elu": ((3, 11, 10), [
        conv2d(6), batch_norm(), max_pool(4, 3), {"type": "elu"}]),
    "conv2d_norm_relu_pool": ((1, 9, 8), [
        conv2d(4), batch_norm(), {"type": "relu"}, max_pool(2, 3)]),
    "conv2d_twice": ((1, 8, 9), [
        conv2d(4, "conv1"), max_pool(2, 2), {"type": "relu"},
        conv2d(3, "conv2"), batch_norm("norm2"), max_pool(3, 1)]),
    # more than what fast kernels compute at a time: channels and frames
    "conv2d_large": ((35, 9, 110), [
        conv2d(70), batch_norm(), max_pool(4, 2), {"type": "elu"}]),
    "conv2d_one_channel": ((1, 11, 37), [
        conv2d(35), batch_norm(), max_pool(2, 4), {"type": "relu"},
        max_pool(2, 2)]),
    "gru_large": ((130, 1, 3), [{"type": "gru", "name": "gru",
                                 "hidden": 66}]),
    "max_pool": ((2, 7, 11), [max_pool(3, 2)]),
    "elu": ((2, 3, 5), [{"type": "elu"}]),
    "relu": ((2, 3, 5), [{"type": "relu"}]),
    "softmax": ((10, 1, 4), [{"type": "softmax"}]),
    "softmax_temperature": ((10, 1, 4), [
        {"type": "softmax", "temperature": 2.5}]),
    "sigmoid": ((2, 3, 5), [{"type": "sigmoid"}]),
    "share_other": ((6, 1, 3), [{"type": "softmax"}, {"type": "share_other"}]),
    "mfcc": ((1, 16, 5), [mfcc(7)]),
    "mfcc_norm": ((1, 128, 4), [mfcc(20), batch_norm()]),
    "norm": ((3, 4, 5), [batch_norm()]),
    "gru": ((2, 3, 13), [{"type": "gru", "name": "gru", "hidden": 7}]),
    "gru_one_frame": ((1, 4, 1), [{"type": "gru", "name": "gru",
                                   "hidden": 3}]),
    "lstm": ((2, 3, 13), [{"type": "lstm", "name": "lstm", "hidden": 7}]),
    "lstm_one_frame": ((1, 4, 1), [{"type": "lstm", "name": "lstm",
                                    "hidden": 3}]),
    "dense": ((2, 3, 5), [{"type": "dense", "name": "dense", "units": 4}]),
    "mean": ((2, 3, 5), [{"type": "mean"}]),
    "last": ((2, 3, 5), [{"type": "last"}]),
    "lstm_last_dense": ((1, 6, 9), [
        {"type": "lstm", "name": "lstm", "hidden": 5}, {"type": "last"},
        {"type": "dense", "name": "dense", "units": 3}, {"type": "softmax"}]),
    **{name: (shape, small(name.split("_")[-1]))
       for name, shape in ARCHITECTURES.items()},
}


class Network(nn.Module):
    """networks.Network for any input, and with the layers it leaves out: a
    dense layer of many frames, and the softmax."""

    def __init__(self, shape, layers):
        super().__init__()
        self.layers = layers
        channels, bands, _ = shape
        for layer in layers:
            kind, module = layer["type"], None
            if kind == "conv2d":
                module = nn.Conv2d(channels, layer["channels"], 3, padding=1)
                channels = layer["channels"]
            elif kind == "batch_norm":
                module = nn.BatchNorm2d(channels, eps=layer["epsilon"])
            elif kind == "max_pool":
                bands //= layer["bands"]
            elif kind == "mfcc":
                channels, bands = layer["coefficients"], 1
            elif kind in ("gru", "lstm"):
                recurrent = nn.GRU if kind == "gru" else nn.LSTM
                module = recurrent(channels * bands, layer["hidden"],
                                   batch_first=True)
                channels, bands = layer["hidden"], 1
            elif kind == "dense":
                module = nn.Linear(channels * bands, layer["units"])
                channels, bands = layer["units"], 1
            if module:
                self.add_module(layer["name"], module)

    def forward(self, x):
        """[1][channels][bands][frames] in and out."""
        for layer in self.layers:
            kind = layer["type"]
            module = getattr(self, layer.get("name", ""), None)
            if kind in ("conv2d", "batch_norm"):
                x = module(x)
            elif kind == "max_pool":
                x = nn.functional.max_pool2d(
                    x, (layer["bands"], layer["frames"]))
            elif kind == "elu":
                x = nn.functional.elu(x)
            elif kind == "relu":
                x = nn.functional.relu(x)
            elif kind == "softmax":
                x = x / layer.get("temperature", 1)
                x = x.softmax(1)
            elif kind == "sigmoid":
                x = x.sigmoid()
            elif kind == "share_other":
                x = x[:, :-1] + x[:, -1:] / (x.shape[1] - 1)
            elif kind == "mfcc":
                x = (cosines(layer["coefficients"], x.shape[2])
                     @ x[:, 0])[:, :, None]
            elif kind == "mean":
                x = x.mean(3, keepdim=True)
            elif kind == "last":
                x = x[..., -1:]
            else:
                features = x.flatten(1, 2).transpose(1, 2)
                y = module(features)
                y = y[0] if kind in ("gru", "lstm") else y
                x = y.transpose(1, 2).unsqueeze(2)
        return x


def cosines(coefficients, bands):
    """The orthonormal DCT-II [coefficients][bands] by its definition."""
    matrix = torch.empty(coefficients, bands, dtype=torch.float64)
    for n in range(coefficients):
        for k in range(bands):
            matrix[n, k] = math.cos(math.pi / bands * (k + 0.5) * n) \
                * math.sqrt((2 if n else 1) / bands)
    return matrix


def randomise(network):
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            # of both signs: one that is negative turns the maximum around
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.2, 3.0)
        elif isinstance(module, (nn.GRU, nn.LSTM)):
            for parameter in module.parameters():
                nn.init.normal_(parameter, std=0.6)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight)      # probabilities that differ


@torch.no_grad()
def make(name, shape, layers):
    torch.manual_seed(len(name) * 1000 + sum(shape))
    network = Network(shape, layers)
    randomise(network)
    network.double().eval()
    # what a standardised window has: -3 to 4
    x = torch.randn(1, *shape).float().double()
    if name in ("elu", "sigmoid", "softmax", "softmax_temperature"):
        x *= 80     # where a careless exp() overflows
    # The weights as the file holds them.
    for value in network.state_dict().values():
        if value.is_floating_point():
            value.copy_(value.float())
    y = network(x)
    if name in ARCHITECTURES:   # the networks that are trained are these too
        trained = networks.Network(layers).double().eval()
        trained.load_state_dict(network.state_dict())
        assert torch.allclose(trained.probabilities(trained(x)),
                              y.flatten(1), atol=1e-7)
    tensors = {k: v for k, v in network.state_dict().items()
               if not k.endswith("num_batches_tracked")}
    tensors.update(input=x[0], output=y[0])
    weights.save(
        os.path.join(HERE, "golden", f"{name}.safetensors"),
        {k: v.numpy() for k, v in tensors.items()}, name=name, version="1",
        labels=[], layers=layers, extra={
            "input_shape": " ".join(map(str, x.shape[1:])),
            "output_shape": " ".join(map(str, y.shape[1:]))})


# beside the ten genres: one head with a layer of its own, and one of another activation
HEADS = [
    {"name": "tags", "labels": list("abcde"), "layers": [
        {"type": "dense", "name": "hidden", "units": 6}, {"type": "elu"},
        {"type": "dense", "name": "tags", "units": 5}, {"type": "sigmoid"}]},
    {"name": "voice", "labels": ["none", "low", "high"], "layers": [
        {"type": "dense", "name": "voice", "units": 3}, {"type": "softmax"}]},
]

# name: the layers that make the embedding of such a network
EMBEDDINGS = {
    "heads": [],
    "heads_embedding": [{"type": "dense", "name": "embedding", "units": 5}],
}


@torch.no_grad()
def make_heads(name, embedding):
    """A network with heads: what each makes of the features as well, and the
    embedding."""
    torch.manual_seed(1)
    layers = small("crnn")
    network = networks.Network(layers, heads=HEADS, embedding=embedding)
    randomise(network)
    for value in network.state_dict().values():
        if value.is_floating_point():
            value.copy_(value.float())
    network.double().eval()
    x = torch.randn(1, 1, 128, 70).float().double()
    found = network.features(x)
    outputs = {"input": x[0], "embedding": network.embed(found).T[:, :, None]}
    names = ["output"] + [f"output_{head['name']}" for head in HEADS]
    for key, answer in zip(names, network.answers(found)):
        outputs[key] = answer.T[:, :, None]
    tensors = {k: v for k, v in network.state_dict().items()
               if not k.endswith("num_batches_tracked")}
    weights.save(
        os.path.join(HERE, "golden", f"{name}.safetensors"),
        {k: v.numpy() for k, v in {**tensors, **outputs}.items()}, name=name,
        version="1", labels=[], layers=layers, heads=HEADS,
        embedding=embedding, extra={
            f"{key}_shape": " ".join(map(str, value.shape))
            for key, value in outputs.items()})


if __name__ == "__main__":
    os.makedirs(os.path.join(HERE, "golden"), exist_ok=True)
    for case in sys.argv[1:] or [*CASES, *EMBEDDINGS]:
        if case in EMBEDDINGS:
            make_heads(case, EMBEDDINGS[case])
        else:
            make(case, *CASES[case])
