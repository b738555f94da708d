"""What a network learns from: pools of windows with their targets, and the student,
the network with the heads that it is taught through."""

import numpy as np
import torch
from torch import nn

import augment
import networks

# how much each of a window's targets counts
LOSS_WEIGHTS = {"genre": 1.0, "tags": 1.0, "embedding": 0.5}


class Pool:
    """Windows to draw training batches from, and their targets, float [N][...],
    where NaN stands for what is not known.  The windows are images, uint8
    [N][frames][bands]; or what hear() gives."""

    def __init__(self, x, mixup=0.0, weight=None, **targets):
        """weight: how often each window is drawn, [N]; None: all alike."""
        self.x, self.mixup = x, mixup
        self.is_heard = x.ndim == 5
        self.frames = x.shape[-1] if self.is_heard else x.shape[1]
        self.chance = None if weight is None or (weight == 1).all() \
            else weight / weight.sum()
        self.targets = {k: torch.from_numpy(np.float32(v))
                        for k, v in targets.items()}

    def draw(self, count, crop, strength, rng):
        """Gives `count` crops [count][channels][bands][crop] and their targets."""
        index = rng.choice(len(self.x), count, p=self.chance,
                           replace=count > len(self.x))
        z = self._heard_crops(index, crop, rng) if self.is_heard \
            else augment.augment(self.x[index], crop, strength, rng)
        targets = {k: v[index] for k, v in self.targets.items()}
        if self.mixup > 0:
            z, targets = augment.mix(z, targets, self.mixup, rng)
        return z, targets

    def _heard_crops(self, index, crop, rng):
        copies = rng.integers(self.x.shape[1], size=len(index))
        starts = rng.integers(self.frames - crop + 1, size=len(index))
        return torch.from_numpy(np.stack([
            self.x[i, copy, :, :, start:start + crop]
            for i, copy, start in zip(index, copies, starts)])).float()


@torch.no_grad()
def hear(network, x, copies, strength, rng, batch=16):
    """What the trunk of `network` makes of windows uint8 [N][frames][bands], each in
    `copies` variations: float16 [N][copies][channels][bands][frames]."""
    network.eval()
    # no tempo asks for more than there is
    crop = int((x.shape[1] - 1) / (1 + strength.tempo)) + 1
    heard = [[network.trunk(augment.augment(x[i:i + batch], crop, strength, rng)
                            .contiguous(memory_format=torch.channels_last)).half()
              for _ in range(copies)] for i in range(0, len(x), batch)]
    return torch.cat([torch.stack(copies, 1) for copies in heard]).numpy()


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
    ones on its features, of which taghead.py lets some tags ship."""

    def __init__(self, network, heads):
        super().__init__()
        self.network = network
        self.first, self.stride = 0, 1  # the layer where its input goes; what a
        #                                 frame of that is, in frames of the image
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

    def freeze_trunk(self):
        """From now on its input is what hear() gives of its network."""
        self.first = self.network.trunk_end
        trunk = self.network.layers[:self.first]
        self.stride = networks.min_frames(trunk)
        for layer in trunk:
            if layer["type"] in ("conv2d", "batch_norm"):
                getattr(self.network, layer["name"]).requires_grad_(False)

    def loss(self, x, targets, weight, precision):
        with torch.autocast("cpu", torch.bfloat16,
                            enabled=precision == "bfloat16"):
            found = self.network.features(x, self.first)
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
