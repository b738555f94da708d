"""What a network learns from: pools of windows with their targets, and the student,
the network with the heads that it is taught through."""

import numpy as np
import torch
from torch import nn

import augment

# how much each of a window's targets counts
LOSS_WEIGHTS = {"genre": 1.0, "tags": 1.0, "embedding": 0.5}


class Pool:
    """Windows to draw training batches from, uint8 [N][frames][bands], and
    their targets, float [N][...], where NaN stands for what is not known."""

    def __init__(self, x, mixup=0.0, weight=None, **targets):
        """weight: how often each window is drawn, [N]; None: all alike."""
        self.x, self.mixup = x, mixup
        self.chance = None if weight is None or (weight == 1).all() \
            else weight / weight.sum()
        self.targets = {k: torch.from_numpy(np.float32(v))
                        for k, v in targets.items()}

    def draw(self, count, crop, strength, rng):
        """Gives `count` crops [count][1][bands][crop] and their targets."""
        index = rng.choice(len(self.x), count, p=self.chance,
                           replace=count > len(self.x))
        z = augment.augment(self.x[index], crop, strength, rng)
        targets = {k: v[index] for k, v in self.targets.items()}
        if self.mixup > 0:
            z, targets = augment.mix(z, targets, self.mixup, rng)
        return z, targets


def draw_batch(parts, crop, strength, rng):
    """One batch of all parts [(Pool, crops, weight)]: the crops, their targets
    and how much each crop counts.  A target that a pool lacks is not known."""
    drawn = [pool.draw(n, crop, strength, rng) for pool, n, _ in parts]
    widths = {name: target.shape[1:]
              for _, targets in drawn for name, target in targets.items()}
    targets = {
        name: torch.cat([
            t[name] if name in t else torch.full((len(z), *width), torch.nan)
            for z, t in drawn])
        for name, width in widths.items()}
    weight = torch.cat([torch.full((n,), w) for _, n, w in parts])
    return torch.cat([z for z, _ in drawn]).contiguous(
        memory_format=torch.channels_last), targets, weight


class Student(nn.Module):
    """A network with the heads that it is taught through: the genres, and linear
    ones on its features, which are thrown away later."""

    def __init__(self, network, heads):
        super().__init__()
        self.network, self.frozen = network, []
        self.heads = nn.ModuleDict({
            name: nn.Linear(network.n_features, width)
            for name, width in heads.items()})

    def is_linear(self):
        """Whether the genres are read from the features by one dense layer."""
        return sum(layer["type"] == "dense" for layer in self.network.layers) == 1

    def expect(self, tags, share):
        """Lets the genres begin where their tags are: tags [genres][tags] says how
        much each tag's head counts for a genre.  Only `share` of what chance gave
        the genres' weights is left."""
        last, = (layer for layer in self.network.layers if layer["type"] == "dense")
        dense, head = getattr(self.network, last["name"]), self.heads["tags"]
        tags = torch.from_numpy(tags)
        with torch.no_grad():
            dense.weight *= share
            dense.weight[:len(tags)] += tags @ head.weight
            dense.bias[:len(tags)] += tags @ head.bias

    def freeze(self, prefixes):
        """The layers called like that stay as they are, with the statistics of their
        batch norms."""
        self.frozen = [getattr(self.network, layer["name"])
                       for layer in self.network.layers
                       if layer.get("name", "").startswith(tuple(prefixes))]
        for module in self.frozen:
            module.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        for module in self.frozen:
            module.eval()
        return self

    def loss(self, x, targets, weight, precision):
        with torch.autocast("cpu", torch.bfloat16,
                            enabled=precision == "bfloat16"):
            found = self.network.features(x)
            outputs = {"genre": self.network.classify(found)}
            for name, head in self.heads.items():
                outputs[name] = head(found)
        total = 0.0
        for name, target in targets.items():
            output, known = outputs[name].float(), ~target.isnan()
            target = target.nan_to_num()
            if name == "genre":
                each = -(target * output.log_softmax(1)).sum(1)
            else:
                each = ((output - target).square() * known).sum(1) \
                    / known.sum(1).clamp(min=1)
            total = total + LOSS_WEIGHTS[name] * (each * weight).mean()
        return total
