#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What is left of the answers when packets are lost.

  loss.py [--seconds N] [--seeds N] [--transport NAME] [RECORDING ...]

Joins the recordings, by default 30 of ../shared/data/audio or else the repository's
clip, to ten minutes and a second, sends them by each transport of
tests/gst/transports.py and prints for each part of lost packets, as means over the
seeds: the part of the time that came as audio and that is covered by segments (spans
without what they miss), the element's `gaps` and `discarded`; then, for two windows,
how many segments there are, the part of them that has the genre of the clean run (in
parentheses, of the worst seed), and how much the probability that changes most does;
and the same behind audiorate, which fills holes with silence.  GST_PLUGIN_PATH and
GENRECLASSIFY_MODELS are to be set.
"""

import argparse
import glob
import os
import statistics
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "gst"))

import transports  # noqa: E402

RECORDINGS = os.path.join(os.path.dirname(ROOT), "shared", "data", "audio", "*.flac")
CLIP = os.path.join(ROOT, "tests", "data", "clip.ogg")
N_RECORDINGS = 30
RATES = 0, 0.001, 0.003, 0.01, 0.03
WINDOWS = 30, 10        # s


def choose():
    """Recordings spread over all there are, as their names begin with the genre."""
    paths = sorted(glob.glob(RECORDINGS)) or [CLIP]
    n = min(N_RECORDINGS, len(paths))
    return [paths[i * len(paths) // n] for i in range(n)]


def elements():
    """All hear the same stream, as it passes through; behind audiorate they hear it
    filled up."""
    classifier = "genreclassify post-tags=false window={}000000000 name={}{}"
    return [classifier.format(w, "bare", w) for w in WINDOWS] + ["audiorate"] + \
        [classifier.format(w, "filled", w) for w in WINDOWS]


def mean(values, digits):
    values = list(values)
    return "-" if None in values else f"{statistics.mean(values):.{digits}f}"


def compare(name, answers, clean):
    """Agreement, the lowest of it, and the change of a probability."""
    results = [a[name].compare(clean[name]) for a in answers]
    agreements, changes = zip(*results)
    return f"{mean(agreements, 3)} ({min(agreements):.3f}), {mean(changes, 3)}"


def count(name, answers):
    """Segments, and how many of them are full."""
    return (f"{mean((len(a[name].segments) for a in answers), 1)}, "
            f"{mean((a[name].n_full for a in answers), 1)}")


def print_row(transport, rate, seconds, answers, clean):
    first = [a[f"bare{WINDOWS[0]}"] for a in answers]
    columns = [
        transport.name, f"{100 * rate:g} %",
        mean((a.stats["audio-seconds"] / seconds for a in first), 3),
        mean((a.covered / seconds for a in first), 3),
        mean((a.stats.get("gaps") for a in first), 2),
        mean((a.stats.get("discarded") for a in first), 2)]
    for window in WINDOWS:
        name = f"bare{window}"
        columns += [count(name, answers), compare(name, answers, clean)]
    columns += [compare(f"filled{window}", answers, clean) for window in WINDOWS]
    print("|", " | ".join(columns), "|", flush=True)


def run(transport, audio, seconds, seeds):
    packets, caps = transports.encode(transport.encoder, audio)
    clean = transports.send(transport, packets, caps, elements(), 0, 0)
    for rate in RATES:
        print_row(transport, rate, seconds, [
            transports.send(transport, packets, caps, elements(), rate, seed)
            for seed in range(1, seeds + 1)], clean)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recordings", nargs="*", metavar="RECORDING")
    # the last window is full although the timestamps wander
    parser.add_argument("--seconds", type=int, default=601)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--transport", default="", metavar="NAME",
                        help="only those with that in their name")
    args = parser.parse_args()
    audio = transports.join(args.recordings or choose(), args.seconds)
    columns = ["transport", "lost", "came", "covered", "gaps, s", "discarded, s"]
    for window in WINDOWS:
        columns += [f"{window} s: segments, full", "agreement, change"]
    columns += [f"behind audiorate, {window} s" for window in WINDOWS]
    print("|", " | ".join(columns), "|")
    print("|---" * len(columns) + "|")
    for transport in transports.TRANSPORTS:
        if args.transport in transport.name:
            if transport.is_there():
                run(transport, audio, args.seconds, args.seeds)
            else:
                print(f"{transport.name}: needs {', '.join(transport.needs)}",
                      file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except transports.Failure as e:
        sys.exit(f"loss.py: {e}")
