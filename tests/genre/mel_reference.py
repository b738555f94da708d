#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine's mel spectrogram against the definition, in double precision.

  mel_reference.py GENREMEL

runs the program GENREMEL on signals made here.  The definition is that of the
training data: centred STFT of 2048 samples (periodic Hann, zeros around the
signal) every 512 at 22050 Hz, power, 128 Slaney mel bands with Slaney's norm
from 0 to 11025 Hz, 10 log10 (max (power, 1e-10)); column c of the 387 of each
30 s is frame floor ((c + 0.5) / 387 * 1293 - 0.45).
"""

import os
import struct
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print("skipped: needs NumPy")
    sys.exit(77)

SECONDS = 32.3      # beyond the period of 30 s, after which the raster repeats
BANDS = 128


def mel_points(n, f_max):
    """n frequencies, evenly spaced on Slaney's scale: 3 mel to 200 Hz below
    1 kHz, 27 mel to a factor of 6.4 above."""
    top = 15 + 27 * np.log(f_max / 1000) / np.log(6.4)
    mel = np.linspace(0, top, n)
    return np.where(mel < 15, mel * 200 / 3,
                    1000 * 6.4 ** ((mel - 15) / 27))


def filterbank(rate, window):
    """[bands][bins]: triangles of the same area."""
    f = mel_points(BANDS + 2, 11025)
    bins = np.arange(window // 2 + 1) * rate / window
    rows = []
    for low, centre, high in zip(f, f[1:], f[2:]):
        rise = (bins - low) / (centre - low)
        fall = (high - bins) / (high - centre)
        rows.append(np.maximum(0, np.minimum(rise, fall)) * 2 / (high - low))
    return np.array(rows)


def reference(x, rate):
    """dB [columns][bands]; rate is a multiple of 22050 Hz: the window is so
    many times longer, and its power is divided by the square of that."""
    factor = rate // 22050
    window = 2048 * factor
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    centres, column = [], 0
    while True:
        frame = int(np.floor((column % 387 + 0.5) / 387 * 1293 - 0.45))
        centre = (column // 387 * 661500 + frame * 512) * factor
        if centre >= len(x):
            break
        centres.append(centre)
        column += 1
    padded = np.concatenate([np.zeros(window // 2), x, np.zeros(window)])
    frames = np.stack([padded[c:c + window] for c in centres])
    power = np.abs(np.fft.rfft(frames * hann)) ** 2 / factor ** 2
    return 10 * np.log10(np.maximum(power @ filterbank(rate, window).T, 1e-10))


def write_wav(path, x, rate):
    """Mono, 32-bit float."""
    data = np.asarray(x, "<f4").tobytes()
    with open(path, "wb") as f:
        f.write(struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data),
                            b"WAVE", b"fmt ", 16, 3, 1, rate, rate * 4, 4, 32,
                            b"data", len(data)) + data)


def engine(genremel, x, rate):
    with tempfile.TemporaryDirectory() as directory:
        wav = os.path.join(directory, "x.wav")
        npy = os.path.join(directory, "x.npy")
        write_wav(wav, x, rate)
        subprocess.run([genremel, wav, npy], check=True)
        return np.load(npy)


def tones(t):
    """Steady sines over the whole range, each with its own slow beat."""
    x = np.zeros_like(t)
    for i, f in enumerate(np.geomspace(45, 10500, 40)):
        x += 0.02 * np.sin(2 * np.pi * f * t + i) \
            * (1 + 0.5 * np.sin(2 * np.pi * (0.1 + 0.03 * i) * t))
    return x


def band_tones(t):
    """A sine at the centre of each band below 7.4 kHz, with a slow beat."""
    x = np.zeros_like(t)
    centres = mel_points(BANDS + 2, 11025)[1:-1]
    for i, f in enumerate(centres[centres < 7400]):
        x += 0.02 * np.sin(2 * np.pi * f * t + i * i) \
            * (1 + 0.5 * np.sin(2 * np.pi * (0.1 + 0.03 * i) * t))
    return x


def chirp(t):
    """20 Hz to 11 kHz in the whole time."""
    rate = np.log(11000 / 20) / SECONDS
    return 0.5 * np.sin(2 * np.pi * 20 / rate * (np.exp(rate * t) - 1))


def bursts(t):
    noise = np.random.default_rng(1).normal(0, 0.2, len(t))
    return noise * (np.sin(2 * np.pi * 1.7 * t) > 0.3)


def clicks(t):
    """Every 0.37 s, a decaying ring."""
    since = t % 0.37
    return np.exp(-since * 60) * np.cos(2 * np.pi * 900 * since)


def mixture(t):
    return 0.3 * (tones(t) + chirp(t) + bursts(t) + clicks(t))


def ultrasound(t):
    """Music, and what nobody hears, five times as strong as any tone of it."""
    return 0.3 * (mixture(t) + 0.1 * np.sin(
        2 * np.pi * 0.38 * (len(t) / SECONDS) * t))


def main():
    genremel, failures = sys.argv[1], []

    def check(name, difference, limits):
        """limits: {what: (function of the differences, dB)}"""
        text, ok = [], len(difference) > 1000
        for what, (function, limit) in limits.items():
            value = abs(function(difference))
            ok &= bool(value < limit)
            text.append(f"{what} {value:.4f} dB (limit {limit})")
        if not ok:
            failures.append(name)
        print(f"{'ok' if ok else 'FAILED'}: {name}: {len(difference)} values, "
              + ", ".join(text))

    def compare(x, rate, expected, within):
        """Differences in the values that are less than `within` dB below the
        maximum, and their bands."""
        mel = engine(genremel, x, rate)
        if mel.shape != expected.shape:
            return np.array([]), np.array([])
        loud = expected > expected.max() - within
        return (mel - expected)[loud], np.nonzero(loud)[1]

    # the engine halves the last two once and twice before it computes anything
    for rate in 22050, 44100, 88200, 176400:
        t = np.arange(round(SECONDS * rate)) / rate
        for signal in ((tones, chirp, bursts, clicks, mixture)
                       if rate <= 44100 else (ultrasound,)):
            x = signal(t).astype(np.float32)
            difference, _ = compare(
                x, rate, reference(x.astype(np.float64), rate), 60)
            check(f"{signal.__name__} at {rate} Hz", difference,
                  {"at most": (largest, 0.05)})

    # One sound, sampled at other rates.  The bins fall a little differently
    # then, and a low band has but two or three of them; above band 60 there
    # are enough to tell whether the scale is the same.
    below_7k = int((mel_points(BANDS + 2, 11025)[2:] < 7000).sum())
    t = np.arange(round(SECONDS * 22050)) / 22050
    expected = reference(band_tones(t), 22050)
    for rate in 16000, 48000, 96000:
        t = np.arange(round(SECONDS * rate)) / rate
        difference, bands = compare(band_tones(t), rate, expected, 40)
        check(f"sound at {rate} Hz", difference[bands < below_7k], {
            "at most": (largest, 2.0),
            "99 % within": (lambda d: np.percentile(np.abs(d), 99), 1.0)})
        check(f"scale at {rate} Hz",
              difference[(bands >= 60) & (bands < below_7k)],
              {"in the mean": (np.mean, 0.01)})
    return 1 if failures else 0


def largest(difference):
    return np.abs(difference).max(initial=0)


if __name__ == "__main__":
    sys.exit(main())
