#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The models that ship give the same probabilities in the C engine as in PyTorch: with
kernels that compute with floats alone, and nearly the same with the fastest ones.

  test_parity.py BUILD_DIRECTORY
"""

import glob
import os
import sys

try:
    import numpy as np
    import torch
except ImportError as e:
    print(f"skipped: needs {e.name}")
    sys.exit(77)

MODELS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..",
                      "models")
sys.path.insert(0, MODELS)

import engine  # noqa: E402
import features  # noqa: E402
import networks  # noqa: E402
import weights  # noqa: E402

# by GENRECLASSIFY_KERNELS; none: as users have it
LIMITS = {"exact": 1e-5, None: 0.02}


def smooth_image(rng, frames):
    """uint8 [frames][128]: slow waves, a tilt and beats, some noise, as music
    has, so that the network's answers differ."""
    t = np.linspace(0, 1, frames)[:, None]
    b = np.linspace(0, 1, 128)[None]
    db = -25 - rng.uniform(0, 40) * b
    for _ in range(6):
        f, g, phase = rng.uniform(0, 20), rng.uniform(0, 8), rng.uniform(0, 7)
        db = db + rng.uniform(2, 8) * np.cos(
            2 * np.pi * (f * t + g * b) + phase)
    db = db + 6 * (np.sin(2 * np.pi * rng.uniform(20, 60) * t) > 0.6)
    db = db + rng.normal(0, 3, db.shape)
    return np.rint((np.clip(db, -80, 0) + 80) / 80 * 255).astype(np.uint8)


def load_network(path):
    tensors, metadata = weights.load(path)
    network = networks.Network(metadata["layers"], heads=metadata["heads"],
                               embedding=metadata["embedding"]).eval()
    result = network.load_state_dict(
        {k: torch.from_numpy(v.copy()) for k, v in tensors.items()},
        strict=False)
    # a counter of training, which the file leaves out
    missing = [k for k in result.missing_keys
               if not k.endswith("num_batches_tracked")]
    if missing or result.unexpected_keys:
        sys.exit(f"tensors missing: {missing}, "
                 f"unexpected: {result.unexpected_keys}")
    return network, metadata


def image(x):
    db = torch.from_numpy(features.decibels(x))
    return networks.standardise(db[None]).transpose(1, 2).unsqueeze(1)


@torch.no_grad()
def compare(name, network, model, limit, head=0):
    """By the head of this number."""
    rng = np.random.default_rng(1)
    failed = False
    for frames in np.linspace(39, 387, 8).astype(int):
        x = smooth_image(rng, frames)
        expected = network.answers(network.features(image(x)))[head][0].numpy()
        got = model.predict(x, head)
        difference = float(np.abs(expected - got).max())
        ok = difference < limit
        failed |= not ok
        print(f"{'ok' if ok else 'FAILED'}: {name}, {frames} frames: "
              f"{model.labels_of(head)[got.argmax()]} {got.max():.4f}, "
              f"differs by {difference:.1e} at most (limit {limit})")
    return not failed


@torch.no_grad()
def compare_embedding(name, network, model, limit):
    x = smooth_image(np.random.default_rng(2), 387)
    expected = network.embed(network.features(image(x)))[0].numpy()
    got = model.embed(x)
    ok = len(got) == len(expected) and np.abs(expected - got).max() < limit
    print(f"{'ok' if ok else 'FAILED'}: {name}, embedding of {len(got)}")
    return ok


def check(path, limit):
    """As it ships, each of its other heads, the embedding, and with the output "other",
    which it shares out among the genres: these images are no music, and after that all
    genres are nearly alike."""
    network, metadata = load_network(path)
    model = engine.Engine(path, sys.argv[1])
    if model.labels != metadata["labels"]:
        print(f"labels: {model.labels}, expected {metadata['labels']}")
        return False
    ok = compare(metadata["name"], network, model, limit)
    ok &= compare_embedding(metadata["name"], network, model, limit)
    for i, head in enumerate(metadata["heads"], 1):
        ok &= compare(f"{metadata['name']}, {head['name']}", network, model,
                      limit, i)
    network.layers = network.layers[:-1]
    return compare(metadata["name"] + " with other", network,
                   engine.open_other(path, sys.argv[1]), limit) and ok


def main():
    paths = sorted(glob.glob(os.path.join(MODELS, "*.safetensors")))
    ok = bool(paths)
    for kernels, limit in LIMITS.items():
        # libgenre looks whenever it loads a model
        os.environ.pop("GENRECLASSIFY_KERNELS", None)
        if kernels:
            os.environ["GENRECLASSIFY_KERNELS"] = kernels
        for path in paths:
            ok &= check(path, limit)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
