#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""wav-genre.py FILE.wav: the genre of each 30 s of a WAV file of 16 bits."""
import sys
import wave

import gi
gi.require_version("Genre", "1.0")
from gi.repository import Genre  # noqa: E402

model = Genre.Model.load("crnn")
with wave.open(sys.argv[1]) as file:
    classifier = Genre.Classifier.new(model, file.getframerate(), None)
    while samples := file.readframes(65536):
        classifier.push(Genre.SampleFormat.S16, file.getnchannels(), samples)
classifier.finish()
while segment := classifier.take_segment():
    probabilities = classifier.classify(segment)
    print(segment.get_start() / Genre.SECOND,
          *max(zip(probabilities, model.get_labels())))
