#!/usr/bin/python3
"""Writes a weights file as an ONNX model, for other runtimes.

  export_onnx.py crnn.safetensors crnn.onnx

Its input "mel" is [1][1][128 bands][frames], decibels of the mel spectrogram clipped
80 dB below their maximum, then mean 0 and variance 1 over the whole window; its
output "probabilities" is [1][labels], its output "embedding" [1][size] of length 1.  A
file of more heads has an output of each head's name as well.  The labels of each output
of probabilities are printed, a JSON list a line.
"""

import argparse
import json
import os
import sys
import warnings

import torch
from torch import nn

import features
import networks
import weights


OUTPUTS = "probabilities", "embedding"


class Classifier(nn.Module):
    """A network with all that it answers."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, mel):
        found = self.network.features(mel)
        return (*self.network.answers(found), self.network.embed(found))


def load_classifier(path):
    """The PyTorch network of a weights file, and the labels of each of its heads."""
    try:
        tensors, metadata = weights.load(path)
        heads = metadata["heads"]
        for head in heads:
            if head["name"] in OUTPUTS:
                raise ValueError(f"its head {head['name']!r} is called as another "
                                 "output is")
        network = networks.Network(metadata["layers"], heads=heads,
                                   embedding=metadata["embedding"])
        network.load_state_dict({
            name: torch.from_numpy(values.copy())
            for name, values in tensors.items()}, strict=False)
        return Classifier(network).eval(), [metadata["labels"]] + [
            head["labels"] for head in heads]
    except OSError:
        raise
    except Exception as e:  # struct's, json's and torch's have no parent
        raise features.DataError(f"{path}: not a weights file of this program "
                                 f"({type(e).__name__}: {e})")


def export(classifier, path):
    mel = torch.zeros(1, 1, networks.MEL_BANDS, weights.FRONTEND["frames"])
    with warnings.catch_warnings():
        # of what it could not check, though the file is whole
        warnings.simplefilter("ignore")
        torch.onnx.export(
            classifier, mel, f"{path}.part", opset_version=13,
            input_names=["mel"], output_names=[OUTPUTS[0], *(
                head["name"] for head in classifier.network.heads), OUTPUTS[1]],
            dynamic_axes={"mel": {3: "frames"}})
    os.replace(f"{path}.part", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("weights", help="weights file")
    parser.add_argument("onnx", help="ONNX model to write")
    args = parser.parse_args()
    try:
        classifier, labels = load_classifier(args.weights)
        export(classifier, args.onnx)
    except (features.DataError, OSError) as e:
        sys.exit(f"export_onnx.py: {e}")
    for of_head in labels:
        print(json.dumps(of_head))


if __name__ == "__main__":
    main()
