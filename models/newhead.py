"""Labels of one's own: a network that is there, with another head on its features."""

import copy

import numpy as np
import torch

import augment
import features
import metrics
import networks
import provenance
import weights
from fit import logits_of

# Of the squares of the head's weights beside the mean loss: as many tracks as this say
# as much as the wish for small weights.
DECAY = 10.0
# frames of the crops that a track is heard in
SHORTEST, LONGEST = 129, 350


def load(path, n_labels):
    """The network of a weights file with its last layers replaced by a dense one of
    n_labels and softmax.  Its other heads and its embedding stay, as its features do;
    "other" is gone: what is no music looks like some label."""
    tensors, metadata = weights.load(path)
    if metadata.get("format") != weights.FORMAT:
        raise features.DataError(f"{path}: no model: its format is "
                                 f"{metadata.get('format')}, expected {weights.FORMAT}")
    layers = metadata["layers"]
    try:
        end = max(i for i, layer in enumerate(layers)
                  if layer["type"] in ("mean", "last"))
    except (ValueError, KeyError, TypeError):
        raise features.DataError(f"{path}: no layer of its network takes the frames "
                                 "together, so that it has no features")
    try:
        network = networks.Network(layers[:end + 1] + [
            {"type": "dense", "name": "dense", "units": n_labels},
            {"type": "softmax", "temperature": 1.0}],
            heads=metadata["heads"], embedding=metadata["embedding"])
        chance = network.dense.state_dict(prefix="dense.")
        network.load_state_dict({
            **{k: torch.tensor(v) for k, v in tensors.items()
               if not k.startswith("dense.")
               and k.split(".")[0] in dict(network.named_children())}, **chance})
    except (RuntimeError, KeyError, ValueError, TypeError, StopIteration) as e:
        raise features.DataError(f"{path}: its network cannot be built: "
                                 + str(e).splitlines()[-1].strip())
    return network.eval()


@torch.no_grad()
def features_of(network, x, copies, strength, rng, batch=16):
    """What `network` makes of windows uint8 [N][frames][bands], each whole and in
    `copies` variations: float64 [N][1 + copies][features]."""
    def hear(i, crop, strength):
        crops = augment.augment(x[i:i + batch], crop, strength, rng)
        return network.features(
            crops.contiguous(memory_format=torch.channels_last)).double()
    network.eval()
    still = augment.Strength(0, 0, 0, 0, 0, 0, 0)
    frames = x.shape[1]
    heard = [torch.stack(
        [hear(i, frames, still)]
        + [hear(i, int(rng.integers(min(SHORTEST, frames), min(LONGEST, frames) + 1)),
                strength) for _ in range(copies)], 1)
        for i in range(0, len(x), batch)]
    return torch.cat(heard)


def fit_head(found, y, n_labels, decay=DECAY):
    """Multinomial logistic regression: weight [n_labels][features] and bias [n_labels]
    for features [N][copies][features] of tracks of the labels y [N]."""
    copies = found.shape[1]
    x, y = found.flatten(0, 1), torch.from_numpy(np.repeat(y, copies))
    mean, deviation = x.mean(0), x.std(0) + 1e-6
    x = (x - mean) / deviation
    weight = torch.zeros(n_labels, x.shape[1], dtype=x.dtype, requires_grad=True)
    bias = torch.zeros(n_labels, dtype=x.dtype, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=200,
                                  line_search_fn="strong_wolfe")

    def step():
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(x @ weight.T + bias, y) \
            + decay * copies / len(x) * weight.square().sum()
        loss.backward()
        return loss
    optimiser.step(step)
    with torch.no_grad():
        weight /= deviation
        bias -= weight @ mean
    if not (weight.isfinite().all() and bias.isfinite().all()):
        raise features.DataError("the head could not be fitted: its weights overflow")
    return weight.detach(), bias.detach()


class NewHead:
    """A recipe as recipe.Recipe is: its networks are that of args.init with a head for
    the labels of the data."""

    def __init__(self, data, args):
        self.data, self.args = data, args
        self.network = load(args.init, len(data.genres))
        rng = np.random.default_rng(args.seed)
        self.features = features_of(self.network, data.x, args.freeze,
                                    augment.strength_of(args), rng)

    def run(self, out, keep, valid=None, temperature=None, figures=None):
        """Fits the head to the tracks `keep`, bool [tracks], and writes the file `out`.
        Its temperature is the one given, or fitted to `valid`, features.Data."""
        network, data = copy.deepcopy(self.network), self.data
        weight, bias = fit_head(self.features[torch.from_numpy(keep)], data.y[keep],
                                len(data.genres))
        with torch.no_grad():
            network.dense.weight.copy_(weight)
            network.dense.bias.copy_(bias)
        if temperature is None and valid is not None:
            temperature = metrics.temperature_of(
                logits_of(network, valid.x).numpy(), valid.y, False)
        network.set_temperature(temperature or 1.0)
        weights.save_network(out, network, name=self.args.name,
                             version=self.args.version, labels=data.genres,
                             extra={**provenance.describe(self.args, data, keep),
                                    **(figures or {})})
