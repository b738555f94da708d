#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes a model file by its format alone (models/FORMAT.md), with nothing but Python.

  write-model.py tiny.safetensors

The network is no use to anybody: it goes by how loud the low bands are.  The labels are
two, "low" and "high".
"""

import array
import json
import struct
import sys

BANDS = 128

FRONTEND = {
    "sample_rate": 22050, "n_fft": 2048, "hop_length": 512, "n_mels": BANDS,
    "f_min": 0, "f_max": 11025, "frames": 387, "duration": 30, "top_db": 80,
}

# 1 x 128 x n -> mean over the frames: 128 features -> 2 units -> probabilities
LAYERS = [
    {"type": "mean"},
    {"type": "dense", "name": "dense", "units": 2},
    {"type": "softmax"},
]


def tensors():
    """{name: (shape, floats)}: the lower half of the bands speaks for the first label,
    the upper half for the second."""
    low = [1 / BANDS] * (BANDS // 2) + [-1 / BANDS] * (BANDS // 2)
    return {
        "dense.weight": ([2, BANDS], low + [-weight for weight in low]),
        "dense.bias": ([2], [0.0, 0.0]),
    }


def safetensors(tensors, metadata):
    """The bytes of a file."""
    header, data = {"__metadata__": metadata}, b""
    for name, (shape, values) in tensors.items():
        floats = array.array("f", values)
        if sys.byteorder == "big":
            floats.byteswap()
        header[name] = {"dtype": "F32", "shape": shape,
                        "data_offsets": [len(data), len(data) + 4 * len(floats)]}
        data += floats.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__.strip())
    with open(sys.argv[1], "wb") as file:
        file.write(safetensors(tensors(), {
            "format": "genreclassify-1", "name": "tiny", "version": "1",
            "labels": json.dumps(["low", "high"]),
            "frontend": json.dumps(FRONTEND), "layers": json.dumps(LAYERS)}))


main()
