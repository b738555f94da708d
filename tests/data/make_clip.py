#!/usr/bin/python3
"""Writes the clip that `./try` plays without an argument: 36 s of dance music,
composed and synthesised here (four on the floor, off-beat hats, an octave bass
and a clavinet-like riff at 120 beats a minute).

  make_clip.py clip.wav
  gst-launch-1.0 filesrc location=clip.wav ! wavparse ! audioconvert ! \\
      vorbisenc quality=0.0 ! oggmux ! filesink location=clip.ogg
"""

import sys
import wave

import numpy as np

RATE = 44100
BEAT = 60 / 120
BARS = 18
CHORDS = [(57, "m"), (53, "M"), (55, "M"), (52, "m")]     # Am F G Em

rng = np.random.default_rng(1)
length = int(BARS * 4 * BEAT * RATE)
left, right = np.zeros(length), np.zeros(length)


def play(sound, beat, gain, pan=0.0):
    """Adds a sound at a beat; pan from -1 (left) to 1 (right)."""
    start = int(beat * BEAT * RATE)
    sound = sound[:max(0, length - start)] * gain
    left[start:start + len(sound)] += sound * (1 - max(pan, 0))
    right[start:start + len(sound)] += sound * (1 + min(pan, 0))


def time(seconds):
    return np.arange(int(seconds * RATE)) / RATE


def hz(note):
    return 440 * 2 ** ((note - 69) / 12)


def saw(frequency, t, partials=24):
    n = min(partials, int(9000 / frequency))
    return sum(np.sin(2 * np.pi * frequency * k * t) / k
               for k in range(1, n + 1)) * 0.6


def kick():
    t = time(0.3)
    phase = 2 * np.pi * np.cumsum(48 + 110 * np.exp(-t * 35)) / RATE
    return np.sin(phase) * np.exp(-t * 11)


def snare():
    t = time(0.22)
    return (rng.standard_normal(len(t)) * np.exp(-t * 22)
            + 0.6 * np.sin(2 * np.pi * 190 * t) * np.exp(-t * 30)) * 0.6


def hat(decay):
    t = time(0.2)
    noise = np.diff(rng.standard_normal(len(t) + 1))
    return noise * np.exp(-t * decay) * 0.35


def bass(note):
    t = time(BEAT * 0.45)
    return np.tanh(1.6 * saw(hz(note), t, 10)) * np.exp(-t * 3)


def clav(note, beats):
    t = time(BEAT * beats)
    return sum(np.cos(2 * np.pi * hz(note) * k * t) * np.exp(-t * (5 + k))
               / (k ** 0.7) for k in (1, 2, 3, 5, 7)) * 0.4


def strings(notes):
    t = time(BEAT * 4)
    swell = np.minimum(1, t / 0.25) * np.minimum(1, (BEAT * 4 - t) / 0.2)
    return sum(saw(hz(n) * d, t, 12) for n in notes
               for d in (0.996, 1.004)) * swell * 0.16


for bar in range(BARS):
    root, kind = CHORDS[bar % len(CHORDS)]
    triad = [root, root + (4 if kind == "M" else 3), root + 7]
    for beat in range(4):
        at = bar * 4 + beat
        play(kick(), at, 0.9)
        if beat % 2:
            play(snare(), at, 0.5)
        for quarter in range(4):
            play(hat(60), at + quarter / 4, 0.25, 0.3)
        play(hat(14), at + 0.5, 0.5, 0.3)
        play(bass(root - 24), at, 0.5)
        play(bass(root - 12), at + 0.5, 0.45)
    if bar >= 2:
        for step, note in zip((0, 0.75, 1.5, 2.25, 2.5, 3.5), (0, 2, 1, 2, 0, 1)):
            play(clav(triad[note] + 12, 0.5), bar * 4 + step, 0.45, -0.4)
    if bar >= 4:
        play(strings([n + 12 for n in triad]), bar * 4, 0.5)

mix = np.tanh(np.stack([left, right], 1) * 0.7) * 0.9
with wave.open(sys.argv[1], "wb") as f:
    f.setnchannels(2)
    f.setsampwidth(2)
    f.setframerate(RATE)
    f.writeframes((mix * 32767).astype("<i2").tobytes())
