#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What is left of the answers when packets are lost.

  loss.py [--seconds N] [--seeds N] [--transport NAME] [RECORDING ...]

Joins the recordings, by default 30 of ../shared/data/audio or else the repository's
clip, to ten minutes and a second, sends them by each transport of tests/gst/lossy.py and prints for
each part of lost packets how the segments differ from those of the clean run; means
over the seeds, and the lowest agreement in parentheses.  GST_PLUGIN_PATH and
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

import lossy  # noqa: E402

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


def measure(answer, clean, seconds):
    get = answer.stats.get
    return {"segments": len(answer.segments), "full": answer.n_full,
            "came": get("audio-seconds") / seconds,
            "covered": answer.covered / seconds,
            "gaps": get("gaps"), "discarded": get("discarded"),
            "agreement": answer.agreement(clean)}


def mean(results, column):
    values = [r[column] for r in results]
    return "-" if None in values else statistics.mean(values)


def number(value, digits):
    return value if value == "-" else f"{value:.{digits}f}"


def print_row(name, rate, window, bare, filled):
    print(f"| {name} | {100 * rate:g} % | {window} s "
          f"| {number(mean(bare, 'segments'), 1)} | {number(mean(bare, 'full'), 1)} "
          f"| {number(mean(bare, 'came'), 3)} | {number(mean(bare, 'covered'), 3)} "
          f"| {number(mean(bare, 'gaps'), 2)} "
          f"| {number(mean(bare, 'discarded'), 2)} "
          f"| {mean(bare, 'agreement'):.3f} "
          f"({min(r['agreement'] for r in bare):.3f}) "
          f"| {number(mean(filled, 'full'), 1)}, "
          f"{number(mean(filled, 'covered'), 3)}, "
          f"{mean(filled, 'agreement'):.3f} |", flush=True)


def run(transport, audio, seconds, seeds):
    packets, caps = lossy.encode(transport, audio)
    clean = lossy.send(transport, packets, caps, elements(), 0, 0)
    for rate in RATES:
        answers = [lossy.send(transport, packets, caps, elements(), rate, seed)
                   for seed in range(1, seeds + 1)]
        for window in WINDOWS:
            bare, filled = (
                [measure(a[f"{kind}{window}"], clean[f"{kind}{window}"], seconds)
                 for a in answers] for kind in ("bare", "filled"))
            print_row(transport.name, rate, window, bare, filled)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recordings", nargs="*", metavar="RECORDING")
    parser.add_argument("--seconds", type=int, default=601)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--transport", default="", metavar="NAME",
                        help="only those with that in their name")
    args = parser.parse_args()
    audio = lossy.join(args.recordings or choose(), args.seconds)
    print("| transport | lost | window | segments | full | came | covered | gaps, s "
          "| discarded, s | agreement | behind audiorate: full, covered, agreement |")
    print("|---" * 11 + "|")
    for transport in lossy.TRANSPORTS:
        if args.transport in transport.name:
            if transport.is_there():
                run(transport, audio, args.seconds, args.seeds)
            else:
                print(f"{transport.name}: needs {', '.join(transport.needs)}",
                      file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except lossy.Failure as e:
        sys.exit(f"loss.py: {e}")
