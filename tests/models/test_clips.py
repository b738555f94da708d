#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Real recordings give the mel images that the training data has and, through the
element, the genres of those images; and the figures of the model that ships are those
of its recipe's cross-validation.

  test_clips.py BUILD_DIRECTORY
"""

import json
import os
import re
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print("skipped: needs NumPy")
    sys.exit(77)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
DATA = os.path.join(os.path.dirname(ROOT), "shared", "data")
NPZ = os.path.join(DATA, "gtzan_mel128.npz")
AUDIO = os.path.join(DATA, "audio")
MIN_CORRELATION = 0.97      # the median; a few clips are cut differently
MIN_AGREEMENT = 0.95
MIN_FIT = 0.93              # of what was trained on; of new artists it is far less
COLUMNS_PER_SECOND = 387 / 30

sys.path.insert(0, os.path.join(ROOT, "models"))


def correlations(genremel):
    with np.load(NPZ) as z:
        images = dict(zip(z["names"].astype(str), z["X"]))
    for clip in sorted(os.listdir(AUDIO)):
        name = os.path.splitext(clip)[0]
        with tempfile.TemporaryDirectory() as directory:
            out = os.path.join(directory, "mel.npy")
            subprocess.run([genremel, os.path.join(AUDIO, clip), out],
                           check=True)
            mel = np.load(out)
        image = images[name][:len(mel)] * (80 / 255)
        mel = np.maximum(mel, mel.max() - 80)[:len(image)]
        yield name, np.corrcoef(mel.ravel(), image.ravel())[0, 1]


def check_clips(build):
    found = dict(correlations(os.path.join(build, "src", "cli", "genremel")))
    median = float(np.median(list(found.values())))
    worst = min(found, key=found.get)
    ok = len(found) > 0 and median >= MIN_CORRELATION
    print(f"{'ok' if ok else 'FAILED'}: {len(found)} clips, median "
          f"correlation {median:.4f} (at least {MIN_CORRELATION}), lowest "
          f"{found[worst]:.3f} ({worst})")
    return ok


def check_agreement(build):
    """The genre of each clip by the element, and by the engine of the same time
    span of the track's image."""
    import engine
    environment = dict(os.environ, GST_PLUGIN_PATH=os.path.join(build, "gst"))
    crnn = engine.Engine(
        os.path.join(ROOT, "models", "crnn.safetensors"), build)
    with np.load(NPZ) as z:
        images = dict(zip(z["names"].astype(str), z["X"]))
    clips, agreeing = sorted(os.listdir(AUDIO)), 0
    for clip in clips:
        output = subprocess.run(
            ["gst-launch-1.0", "-m", "filesrc",
             f"location={os.path.join(AUDIO, clip)}", "!", "flacparse", "!",
             "flacdec", "!", "genreclassify", "!", "fakesink"],
            env=environment, capture_output=True, text=True, check=True).stdout
        track = output[output.index("): genreclassify-track"):]
        genre = re.search(r"genre=\(string\)(\w+)", track)[1]
        seconds = int(re.search(r"duration=\(guint64\)(\d+)", track)[1]) / 1e9
        image = images[os.path.splitext(clip)[0]]
        expected = crnn.labels[crnn.predict(
            image[:int(seconds * COLUMNS_PER_SECOND)]).argmax()]
        agreeing += genre == expected
    ok = agreeing >= MIN_AGREEMENT * len(clips) > 0
    print(f"{'ok' if ok else 'FAILED'}: element and image agree on {agreeing} "
          f"of {len(clips)} clips (at least {MIN_AGREEMENT})")
    return ok


def check_fit(build):
    """The network has learnt the tracks that it was trained on, by the engine."""
    import engine
    import features
    p, y, _ = engine.predict(os.path.join(ROOT, "models", "crnn.safetensors"),
                             features.load_npz(NPZ), build)
    accuracy = float((p.argmax(1) == y).mean())
    ok = accuracy >= MIN_FIT
    print(f"{'ok' if ok else 'FAILED'}: right on {accuracy:.3f} of the {len(y)} tracks "
          f"that it was trained on (at least {MIN_FIT})")
    return ok


def check_figures():
    """What the file says of itself is what the folds of its recipe answered; and it is
    of the tracks that the data has."""
    import answers
    import weights
    measured = answers.Answers.load(os.path.join(ROOT, "models", "folds", "crnn"))
    expected = json.loads(answers.figures_of(measured)["figures"])
    _, metadata = weights.load(os.path.join(ROOT, "models", "crnn.safetensors"))
    found = json.loads(metadata["figures"])
    with np.load(NPZ) as z:
        names = sorted(z["names"].astype(str).tolist())
    ok = found == expected and sorted(measured.names.tolist()) == names
    print(f"{'ok' if ok else 'FAILED'}: the model's figures are {found}, those of the "
          f"cross-validation {expected}")
    return ok


def main():
    if not os.path.exists(NPZ) or not os.path.isdir(AUDIO):
        print("skipped: needs ../shared/data")
        return 77
    build = os.path.abspath(sys.argv[1])
    checks = [check_clips(build), check_agreement(build), check_fit(build),
              check_figures()]
    return 0 if all(checks) else 1


if __name__ == "__main__":
    sys.exit(main())
