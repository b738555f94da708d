"""One stage of training: epochs of batches, and the average of the weights."""

import copy
import json
import os
import sys
import time

import numpy as np
import torch
from torch import nn

import features
import networks
from student import draw_batch


@torch.no_grad()
def logits_of(network, x, precision="float32", batch=16):
    """Logits [N][outputs] of whole windows uint8 [N][frames][bands]."""
    network.eval()
    result = []
    with torch.autocast("cpu", torch.bfloat16,
                        enabled=precision == "bfloat16"):
        for i in range(0, len(x), batch):
            db = torch.from_numpy(x[i:i + batch]).float() * (80 / 255) - 80
            z = networks.standardise(db).transpose(1, 2).unsqueeze(1)
            result.append(network(z.contiguous(
                memory_format=torch.channels_last)).float())
    return torch.cat(result)


def probabilities_of(network, x, precision="float32"):
    """Probabilities [N][labels] of whole windows."""
    return network.probabilities(logits_of(network, x, precision)).numpy()


class Checkpoint:
    """What a stage needs to go on after its last whole epoch."""

    def __init__(self, path, settings):
        self.path, self.settings = path, settings

    def load(self):
        if not os.path.exists(self.path):
            return None
        try:
            state = torch.load(self.path)
        except Exception as e:  # pickle's and zip's errors have no parent
            raise features.DataError(
                f"{self.path} cannot be read ({e}); remove it to start anew")
        if state["settings"] != self.settings:
            raise features.DataError(
                f"{self.path} is of a run with other settings; give the same "
                "ones to go on with it, or remove it to start anew")
        return state

    def save(self, **state):
        torch.save({"settings": self.settings, **state}, self.path + ".part")
        os.replace(self.path + ".part", self.path)


def fit(out, stage, student, parts, epochs, steps, rate, crop, strength, args, seed,
        valid=None):
    """Trains `student` and gives its averaged copy.

    parts: [(Pool, crops in a batch, weight of their loss)]; crop: seconds of the
    shortest and the longest crop; strength: how much the crops vary.  `stage` names
    its checkpoint in the folder `out`.work and its lines in `out`.log."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    student = student.to(memory_format=torch.channels_last)
    average = copy.deepcopy(student)
    optimiser = torch.optim.AdamW(
        [p for p in student.parameters() if p.requires_grad], lr=rate,
        weight_decay=args.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rate, total_steps=steps * epochs, pct_start=0.15)
    frames = min(pool.frames for pool, _, _ in parts)
    shortest, longest = (
        min(round(c * 387 / 30 / student.stride), frames) for c in crop)
    least = networks.min_frames(student.network.layers[student.first:])
    if shortest < least:
        raise features.DataError(
            f"a crop has {shortest} frames ({crop[0]:g} s, of tracks of {frames} "
            f"frames); the network needs at least {least}")

    work = f"{out}.work"
    if not os.path.isdir(work):
        os.mkdir(work)
    settings = settings_of(args)
    settings.update(epochs=epochs, steps=steps, rate=rate, seed=seed,
                    layers=student.network.layers)
    checkpoint = Checkpoint(os.path.join(work, f"{stage}.pt"), settings)
    state = checkpoint.load()
    first = 0
    if state:
        student.load_state_dict(state["student"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        rng.bit_generator.state = state["rng"]
        torch.set_rng_state(state["torch_rng"])
        first = state["epoch"]
        print(f"{stage}: going on after epoch {first} of {epochs}",
              file=sys.stderr)

    for epoch in range(first, epochs):
        begin, total = time.monotonic(), 0.0
        student.train()
        for _ in range(steps):
            length = int(rng.integers(shortest, longest + 1))
            loss = student.loss(*draw_batch(parts, length, strength, rng),
                                args.precision)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(student.parameters(), 5.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
            with torch.no_grad():
                for a, b in zip(average.state_dict().values(),
                                student.state_dict().values()):
                    if a.dtype.is_floating_point:
                        a.lerp_(b, 1 - args.ema)
                    else:
                        a.copy_(b)
        entry = {"stage": stage, "epoch": epoch + 1,
                 "loss": round(total / steps, 4)}
        if valid is not None and (epoch + 1) % args.validate == 0:
            p = probabilities_of(average.network, valid.x, args.precision)
            entry["valid_accuracy"] = round(
                float((p.argmax(1) == valid.y).mean()), 4)
            entry["valid_loss"] = round(float(
                -np.log(p[np.arange(len(p)), valid.y] + 1e-9).mean()), 4)
        entry["seconds"] = round(time.monotonic() - begin, 1)
        with open(f"{out}.log", "a") as f:
            f.write(json.dumps(entry) + "\n")
        print(json.dumps(entry), file=sys.stderr, flush=True)
        checkpoint.save(
            epoch=epoch + 1, student=student.state_dict(),
            average=average.state_dict(), optimiser=optimiser.state_dict(),
            schedule=schedule.state_dict(), rng=rng.bit_generator.state,
            torch_rng=torch.get_rng_state())
    return average


def settings_of(args):
    """What of the arguments makes the recipe, by name: not where things are, nor how
    often."""
    return {k: v for k, v in vars(args).items() if k not in (
        "out", "data", "audio", "corpus", "pretrained", "pretrain_from", "threads",
        "build", "name", "version", "seeds", "cross_validated", "init", "tags",
        "license")}
