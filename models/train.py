#!/usr/bin/python3
"""Trains a genre network and writes its weights file.

  train.py --data gtzan_mel128.npz --out crnn.safetensors
  train.py --audio DIR --out crnn.safetensors     (DIR/<genre>/*.wav|au|mp3)

Training on so few tracks needs much variation: short random crops, one band
mask and one frame mask, a random spectral tilt and low-pass, mixup, label smoothing,
dropout, and weights averaged over the steps (EMA).  The averaged weights of the
last epoch are what is written: no epoch is chosen by its valid figure.

A run can be stopped at any time; the same command goes on from the checkpoint
(OUT.checkpoint).  OUT.log holds one JSON object per epoch.
"""

import argparse
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
import weights

GENRES = ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal",
          "pop", "reggae", "rock"]

# the lowest cutoff of the random low-pass: 6 kHz
LOWPASS_BAND = 105


def augment(x, y, n_labels, crop, args, rng):
    """A batch of training crops.

    x: uint8 [batch][frames][bands], y: labels [batch]; gives standardised
    [batch][1][bands][crop] and target probabilities [batch][labels]."""
    batch, frames, bands = x.shape
    starts = rng.integers(0, frames - crop + 1, batch)
    db = np.stack([t[s:s + crop] for t, s in zip(x, starts)])
    db = torch.from_numpy(db).float() * (80 / 255) - 80

    # Equalisers, loudspeakers and codecs tilt a spectrum; genres survive it.
    tilt = torch.from_numpy(rng.normal(0, args.tilt, (batch, 1, 1)))
    db += (tilt * torch.linspace(-1, 1, bands)).float()

    # A low sampling rate or a lossy codec leaves nothing above some frequency,
    # and the anti-aliasing filter of the recordings trained on should not be
    # what the network listens to.
    for i in np.flatnonzero(rng.random(batch) < args.lowpass):
        cutoff = int(rng.integers(LOWPASS_BAND, bands))
        slope = rng.uniform(1, 40)      # dB a band
        db[i, :, cutoff:] -= slope * torch.arange(1, bands - cutoff + 1)
    db.clamp_(min=-120)

    target = torch.full((batch, n_labels), args.smoothing / n_labels)
    target[torch.arange(batch), torch.from_numpy(y)] += 1 - args.smoothing
    z = networks.standardise(db)
    if args.mixup > 0:
        weight = torch.from_numpy(rng.beta(args.mixup, args.mixup, batch))
        weight = torch.maximum(weight, 1 - weight).float()
        other = torch.from_numpy(rng.permutation(batch))
        w = weight[:, None, None]
        z = w * z + (1 - w) * z[other]
        w = weight[:, None]
        target = w * target + (1 - w) * target[other]

    for i in range(batch):      # masks at the mean, which is 0
        width = rng.integers(0, min(args.band_mask, bands // 2) + 1)
        begin = rng.integers(0, bands - width + 1)
        z[i, :, begin:begin + width] = 0
        width = rng.integers(0, min(args.frame_mask, crop // 2) + 1)
        begin = rng.integers(0, crop - width + 1)
        z[i, begin:begin + width] = 0
    return z.transpose(1, 2).unsqueeze(1).contiguous(
        memory_format=torch.channels_last), target


@torch.no_grad()
def probabilities(network, x, batch=16):
    """Probabilities [N][labels] of whole windows uint8 [N][frames][bands]."""
    network.eval()
    result = []
    for i in range(0, len(x), batch):
        db = torch.from_numpy(x[i:i + batch]).float() * (80 / 255) - 80
        z = networks.standardise(db).transpose(1, 2).unsqueeze(1)
        result.append(network(z).softmax(1))
    return torch.cat(result).numpy()


def train(data, args):
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    training = data.part("train")
    valid = data.part("valid") if (data.split == "valid").any() else None
    if args.smoke:      # a few tracks of each genre, two epochs: does it run?
        keep = np.concatenate([np.flatnonzero(training.y == g)[:2]
                               for g in range(len(data.genres))])
        training.x, training.y = training.x[keep], training.y[keep]
        args.epochs, args.crops, args.ema = 2, 1, 0.5
    frames = training.x.shape[1]
    crop = min(round(args.crop * 387 / 30), frames)
    layers = networks.ARCHITECTURES[args.architecture](len(data.genres))
    least = networks.min_frames(layers)
    if crop < least:
        raise features.DataError(
            f"a crop has {crop} frames ({args.crop:g} s, of tracks of {frames} "
            f"frames); the network needs at least {least}")
    network = networks.Network(layers, args.dropout)
    network = network.to(memory_format=torch.channels_last)
    average = copy.deepcopy(network)
    steps = max(1, len(training.y) * args.crops // args.batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=args.rate,
                                  weight_decay=args.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, args.rate, total_steps=steps * args.epochs, pct_start=0.15)

    checkpoint, log = f"{args.out}.checkpoint", f"{args.out}.log"
    settings = {k: v for k, v in vars(args).items() if k not in (
        "out", "data", "audio", "threads", "build")}
    first = 0
    if os.path.exists(checkpoint):
        try:
            state = torch.load(checkpoint)
        except Exception as e:  # pickle's and zip's errors have no parent
            raise features.DataError(
                f"{checkpoint} cannot be read ({e}); remove it to start anew")
        if state["settings"] != settings:
            raise features.DataError(
                f"{checkpoint} is of a run with other settings; give the same "
                "ones to go on with it, or remove it to start anew")
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        rng.bit_generator.state = state["rng"]
        torch.set_rng_state(state["torch_rng"])
        first = state["epoch"]
        print(f"going on after epoch {first} of {checkpoint}",
              file=sys.stderr)
    elif os.path.exists(log):
        os.remove(log)

    for epoch in range(first, args.epochs):
        begin, total = time.monotonic(), 0.0
        network.train()
        order = np.concatenate([rng.permutation(len(training.y))
                                for _ in range(args.crops)])
        for step in range(steps):
            index = order[step * args.batch:(step + 1) * args.batch]
            z, target = augment(training.x[index], training.y[index],
                                len(data.genres), crop, args, rng)
            loss = nn.functional.cross_entropy(network(z), target)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            schedule.step()
            total += loss.item()
            with torch.no_grad():
                for a, b in zip(average.state_dict().values(),
                                network.state_dict().values()):
                    if a.dtype.is_floating_point:
                        a.lerp_(b, 1 - args.ema)
                    else:
                        a.copy_(b)
        entry = {"epoch": epoch + 1, "loss": round(total / steps, 4)}
        if valid is not None and (epoch + 1) % args.validate == 0:
            p = probabilities(average, valid.x)
            entry["valid_accuracy"] = round(
                float((p.argmax(1) == valid.y).mean()), 4)
            entry["valid_loss"] = round(float(
                -np.log(p[np.arange(len(p)), valid.y] + 1e-9).mean()), 4)
        entry["seconds"] = round(time.monotonic() - begin, 1)
        with open(log, "a") as f:
            f.write(json.dumps(entry) + "\n")
        print(json.dumps(entry), file=sys.stderr, flush=True)
        torch.save({
            "settings": settings, "epoch": epoch + 1,
            "network": network.state_dict(), "average": average.state_dict(),
            "optimiser": optimiser.state_dict(),
            "schedule": schedule.state_dict(),
            "rng": rng.bit_generator.state,
            "torch_rng": torch.get_rng_state(),
        }, checkpoint + ".part")
        os.replace(checkpoint + ".part", checkpoint)
    return average


def at_least(least, kind=int):
    """The type of an argument that is a number from `least` up."""
    def parse(text):
        value = kind(text)
        if not value >= least:
            raise argparse.ArgumentTypeError(f"{text}: expected {least} or more")
        return value
    return parse


def arguments(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", metavar="FILE.npz",
                        help="mel images with labels and split")
    source.add_argument("--audio", metavar="DIR",
                        help="audio files in DIR/<genre>/")
    parser.add_argument("--out", required=True, help="weights file to write")
    parser.add_argument("--architecture", default="crnn",
                        choices=sorted(networks.ARCHITECTURES))
    parser.add_argument("--version", default="1",
                        help="version stored in the weights file")
    parser.add_argument("--epochs", type=at_least(1), default=90)
    parser.add_argument("--crops", type=at_least(1), default=2,
                        help="crops of each track in an epoch")
    parser.add_argument("--crop", type=at_least(0, float), default=6.0,
                        help="length of a crop in seconds")
    parser.add_argument("--batch", type=at_least(1), default=32)
    parser.add_argument("--rate", type=float, default=1.5e-3,
                        help="highest learning rate")
    parser.add_argument("--decay", type=float, default=0.02,
                        help="weight decay")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--smoothing", type=float, default=0.1,
                        help="label smoothing")
    parser.add_argument("--mixup", type=float, default=0.2,
                        help="alpha of the mixup's beta distribution; 0: none")
    parser.add_argument("--tilt", type=float, default=4.0,
                        help="standard deviation of the spectral tilt, dB")
    parser.add_argument("--lowpass", type=float, default=0.5,
                        help="share of crops that lose their highest bands")
    parser.add_argument("--band-mask", type=at_least(0), default=16,
                        help="widest band mask")
    parser.add_argument("--frame-mask", type=at_least(0), default=12,
                        help="widest frame mask")
    parser.add_argument("--ema", type=float, default=0.995,
                        help="decay of the averaged weights, per step")
    parser.add_argument("--validate", type=at_least(1), default=1,
                        help="epochs between two looks at valid")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=at_least(1), default=os.cpu_count())
    parser.add_argument("--build", help="build directory with the genremel "
                        "program, for --audio; default: build")
    parser.add_argument("--smoke", action="store_true",
                        help="two short epochs on a few tracks: a test")
    return parser.parse_args(argv)


def main():
    args = arguments()
    torch.set_num_threads(args.threads)
    try:
        data = features.load_npz(args.data) if args.data \
            else features.load_audio(args.audio, GENRES, build=args.build)
        network = train(data, args)
    except (features.DataError, OSError) as e:
        sys.exit(f"train.py: {e}")
    except KeyboardInterrupt:
        sys.exit("train.py: stopped; the same command goes on from the "
                 "last whole epoch")
    weights.save_network(args.out, network, name=args.architecture,
                         version=args.version, labels=data.genres)
    os.remove(f"{args.out}.checkpoint")
    print(f"{args.out}: written", file=sys.stderr)


if __name__ == "__main__":
    main()
