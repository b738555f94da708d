#!/usr/bin/python3
"""Writes the clip that `./try` plays without an argument: 36 s of a little prelude
for a plucked string instrument, composed and synthesised here (broken chords over a
slow bass, and a small hall).

  make_clip.py clip.wav
  gst-launch-1.0 filesrc location=clip.wav ! wavparse ! audioconvert ! \\
      vorbisenc quality=0.0 ! oggmux ! filesink location=clip.ogg
"""

import sys
import wave

import numpy as np

RATE = 44100
BEAT = 60 / 80
BARS = 12
# the notes of each bar's chord, from the bass up
CHORDS = [(48, 60, 64, 67, 72), (45, 60, 64, 69, 72), (41, 57, 60, 65, 69),
          (43, 59, 62, 65, 67), (40, 59, 64, 67, 71), (45, 57, 60, 64, 69),
          (38, 57, 62, 65, 69), (43, 55, 59, 62, 65)]
FIGURE = (1, 2, 3, 4, 3, 2, 3, 2)      # eight notes to a bar

rng = np.random.default_rng(1)
length = int(BARS * 4 * BEAT * RATE)
mix = np.zeros((length + 4 * RATE, 2))


def pluck(note, seconds, strength):
    """A string: partials that are a little sharp and die the sooner the higher
    they are."""
    t = np.arange(int(seconds * RATE)) / RATE
    f = 440 * 2 ** ((note - 69) / 12)
    sound = np.zeros(len(t))
    for k in range(1, 1 + min(14, int(8000 / f))):
        sharp = k * np.sqrt(1 + 4e-4 * k * k)
        colour = strength ** (k - 1) / k * np.sin(np.pi * k * 0.14)
        sound += colour * np.sin(2 * np.pi * f * sharp * t
                                 + rng.uniform(0, 0.3)) \
            * np.exp(-t * (0.9 + 0.35 * k * (f / 220) ** 0.5))
    return sound * np.minimum(1, t / 0.004) * np.minimum(1, (seconds - t) / 0.05)


def play(sound, beat, gain, pan):
    start = int((beat * BEAT + rng.uniform(0, 0.012)) * RATE)
    mix[start:start + len(sound), 0] += sound * gain * (1 - pan)
    mix[start:start + len(sound), 1] += sound * gain * (1 + pan)


for bar in range(BARS):
    chord = CHORDS[bar % len(CHORDS)]
    swell = 0.75 + 0.25 * np.sin(np.pi * (bar % 4) / 3)
    play(pluck(chord[0], 3.0, 0.8), bar * 4, 0.9 * swell, -0.3)
    play(pluck(chord[0] + 12, 1.8, 0.7), bar * 4 + 2, 0.45 * swell, -0.3)
    for i, n in enumerate(FIGURE):
        accent = 1.0 if i % 4 == 0 else 0.72 + rng.uniform(-0.06, 0.06)
        play(pluck(chord[n], 1.6, 0.75), bar * 4 + i / 2,
             0.5 * accent * swell, 0.25)

# a hall: noise that dies away, on either side another
impulse = rng.standard_normal((int(1.6 * RATE), 2)) \
    * np.exp(-np.arange(int(1.6 * RATE)) / RATE * 4.5)[:, None]
size = 1 << int(np.ceil(np.log2(len(mix) + len(impulse))))
wet = np.fft.irfft(np.fft.rfft(mix, size, axis=0)
                   * np.fft.rfft(impulse, size, axis=0), axis=0)[:len(mix)]
mix += 0.22 * wet * np.abs(mix).max() / np.abs(wet).max()
mix = mix[:length] / np.abs(mix).max() * 0.7
with wave.open(sys.argv[1], "wb") as f:
    f.setnchannels(2)
    f.setsampwidth(2)
    f.setframerate(RATE)
    f.writeframes((mix * 32767).astype("<i2").tobytes())
