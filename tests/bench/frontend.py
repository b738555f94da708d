#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a mel column costs at each sample rate, beside other ways to make one.

  frontend.py BUILD [OTHER_BUILD] [--rounds N] [--no-peers]

`bench-frontend` of BUILD in turns with the library of another build; with SciPy, as
librosa would do it (resample_poly to 22050 Hz, windows of 2048 samples of the same
columns, a product with the matrix of the filters), on one thread; and with GStreamer's
element `spectrum` (1024 bands, an answer for each column).  Of all, processor time.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

# before NumPy is loaded
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402

import measure  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "genre"))

import mel_reference  # noqa: E402

RATES = 8000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 192000
COLUMN = 30 / 387       # s
SECONDS = 30            # that SciPy is given at once
RAW_BYTES = 100_000_000


def ours(build, library):
    """{(rate, format, channels): (median, least) ns} of bench-frontend of one build
    with the library of another or the same."""
    folder = os.path.join(library, "src", "genre")
    first, *lines = subprocess.run(
        [os.path.join(build, "tests", "bench", "bench-frontend"), "--lines"],
        env=dict(os.environ, LD_LIBRARY_PATH=folder), check=True, text=True,
        stdout=subprocess.PIPE).stdout.splitlines()
    if not os.path.realpath(first).startswith(os.path.realpath(folder) + os.sep):
        sys.exit(f"{library}: expected a build directory with a shared libgenre, but "
                 f"{first} was loaded")
    found = {}
    for line in lines:
        rate, kind, channels, _, least, middle = line.split()
        found[int(rate), kind, int(channels)] = float(middle), float(least)
    return found


class SciPy:
    """librosa's way, in float32."""

    def __init__(self):
        import scipy.fft
        import scipy.signal
        self.fft, self.signal = scipy.fft, scipy.signal
        t = np.arange(2048) / 2048
        self.window = (0.5 - 0.5 * np.cos(2 * np.pi * t)).astype(np.float32)
        self.filters = np.ascontiguousarray(
            mel_reference.filterbank(22050, 2048).T.astype(np.float32))
        frame = np.floor((np.arange(387) + 0.5) / 387 * 1293 - 0.45).astype(int)
        self.begins = frame * 512
        self.noise = np.random.default_rng(1).integers(
            -8192, 8192, (SECONDS * max(RATES), 2), np.int16)

    def columns(self, samples, rate):
        """Decibels [387][128] of samples int16 [30 s][2]."""
        x = samples.astype(np.float32).mean(axis=1) / np.float32(32768)
        if rate != 22050:
            step = np.gcd(rate, 22050)
            x = self.signal.resample_poly(x, 22050 // step, rate // step)
        x = np.pad(x, (1024, 2048))
        frames = np.lib.stride_tricks.sliding_window_view(x, 2048)[self.begins]
        bins = self.fft.rfft(frames * self.window, axis=1)
        power = bins.real ** 2 + bins.imag ** 2
        return 10 * np.log10(np.maximum(power @ self.filters, np.float32(1e-10)))

    def ns(self, rate):
        samples = self.noise[:SECONDS * rate]
        begin = time.process_time()
        n = len(self.columns(samples, rate))
        return (time.process_time() - begin) / n * 1e9


def check(scipy):
    """Its columns are those of the definition."""
    x = scipy.noise[:SECONDS * 22050]
    mono = x.astype(np.float64).mean(axis=1) / 32768
    expected = mel_reference.reference(mono, 22050)
    error = np.abs(scipy.columns(x, 22050) - expected[:387]).max()
    if error > 0.01:
        sys.exit(f"SciPy's columns are {error} dB off")


def spectrum(raw, rate, environment):
    """ns of a column: what a pipeline takes with the element and does not without."""
    source = (f"filesrc location={raw} blocksize=4096 ! rawaudioparse format=pcm "
              f"pcm-format=s16le sample-rate={rate} num-channels=2 ! ")
    # no messages, so that nothing but its spectrum is counted
    element = (f"spectrum bands=1024 interval={round(COLUMN * 1e9)} "
               "post-messages=false ! ")
    with_, without = (measure.launch(
        f"{source}{what}fakesink sync=false", environment).cpu
        for what in (element, ""))
    return (with_ - without) / (RAW_BYTES / 4 / rate / COLUMN) * 1e9


def peers(raw):
    """{name: function that gives the same as ours()}, of those here."""
    found = {}

    def of_all(function):
        return lambda: {(rate, "S16", 2): (function(rate),) * 2 for rate in RATES}

    try:
        scipy = SciPy()
        check(scipy)
        found["SciPy"] = of_all(scipy.ns)
    except ImportError:
        print("no SciPy here (python3-scipy)\n")
    try:
        measure.run(["gst-inspect-1.0", "spectrum"])
    except (OSError, SystemExit):
        print("no element `spectrum` here (gstreamer1.0-plugins-good)\n")
    else:
        rng = np.random.default_rng(2)
        rng.integers(-8192, 8192, RAW_BYTES // 2, np.int16).tofile(raw)
        found["`spectrum`"] = of_all(
            lambda rate: spectrum(raw, rate, dict(os.environ)))
    return found


def print_table(results):
    """Ratios are medians of those of one round, and of the least of all: the host has
    other work too, but seldom all the time."""
    names = [name for name in results if name != "this"]
    print("| | ns of a column, median | least" + "".join(
        f" | {name} | least | ours of it | of the least" for name in names) + " |")
    print("|---" * (3 + 4 * len(names)) + "|")
    for key in results["this"][0]:
        rate, kind, channels = key
        ours_, least = zip(*(run[key] for run in results["this"]))
        text = (f"| {rate} Hz, {kind}, {'mono' if channels == 1 else 'stereo'} "
                f"| {statistics.median(ours_):.0f} | {min(least):.0f} |")
        for name in names:
            if key not in results[name][0]:
                text += " | | | |"
                continue
            theirs, of_theirs = zip(*(run[key] for run in results[name]))
            text += (f" {statistics.median(theirs):.0f} | {min(of_theirs):.0f} "
                     f"| {measure.pair_ratio(ours_, theirs):.3f} "
                     f"| {min(least) / min(of_theirs):.3f} |")
        print(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", help="build directory")
    parser.add_argument("other", nargs="?",
                        help="build directory of another version to compare with")
    parser.add_argument("--rounds", type=measure.positive, default=9, metavar="N")
    parser.add_argument("--no-peers", action="store_true",
                        help="neither SciPy nor `spectrum`")
    args = parser.parse_args()
    runs = {"this": lambda: ours(args.build, args.build)}
    if args.other:
        runs["the other build"] = lambda: ours(args.build, args.other)
    with tempfile.TemporaryDirectory() as folder:
        if not args.no_peers:
            runs.update(peers(os.path.join(folder, "noise.raw")))
        results = measure.in_turns(runs, args.rounds)
    print(f"{measure.processor()}; medians of {args.rounds}, in turns:\n")
    print_table(results)


if __name__ == "__main__":
    main()
