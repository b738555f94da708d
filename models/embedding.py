"""The embedding: where a network puts a piece of music among others, so that what is
alike is near.  A linear layer makes it of the features, after training."""

import torch

SIZE = 128
NAME = "embedding"


@torch.no_grad()
def attach(network, found):
    """`network` with an embedding, fitted to features [windows][n_features] of varied
    music; as it is if no single layer makes its genres of its features.

    The features hold what the taggers taught, and the logits of the genres, which are
    projections of them, what is alike for those who sort music.  Half of an embedding's
    spread is that of the features and half that of the logits, which are few and would
    hardly count; principal components make it short.  It is centred, as music differs
    less from other music than from silence: without, all would be near all."""
    dense = [layer for layer in network.layers if layer["type"] == "dense"]
    if len(dense) != 1 or len(found) < 2:
        return network
    labels = getattr(network, dense[0]["name"]).weight.double()
    if network.layers[-1]["type"] == "share_other":
        labels = labels[:-1]
    found = found.double()
    mean = found.mean(0)
    parts = [torch.eye(len(mean), dtype=torch.float64), labels - labels.mean(0)]
    # [features + labels][features], each part's spread being 1
    both = torch.cat([part / ((found - mean) @ part.T).square().sum(1).mean().sqrt()
                      .clamp(min=1e-9) for part in parts])
    spread = (found - mean) @ both.T
    _, axes = torch.linalg.eigh(spread.T @ spread)      # the widest come last
    size = min(SIZE, len(mean))
    weight = axes.flip(1)[:, :size].T @ both
    return network.extended(
        {f"{NAME}.weight": weight.float(), f"{NAME}.bias": -(weight @ mean).float()},
        embedding=[{"type": "dense", "name": NAME, "units": size}])
