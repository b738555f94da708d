#!/usr/bin/python3
"""How often the genre stays the same when the recording does not.

  robustness.py --model crnn.safetensors --audio DIR --data FILE.npz
  robustness.py --folds DIR --data FILE.npz

plays every recording of DIR through the `genreclassify` element, clean and damaged
in each of the ways below, and prints the share whose genre stays that of the clean
one; and, for a recording called like a track of FILE.npz, that of the track's whole
image.  Beside it stands the same for the images of FILE.npz, by the engine, for what
can be done to an image, and how many of them are right.  With --folds they are
answered by the networks of a cross-validation that were not trained on them.  It needs
gst-launch-1.0 with lamemp3enc and opusenc (gst-plugins-good and -base).
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import wave

import numpy as np

import augment
import engine
import features

RATE = 22050
FLOAT = "audioconvert ! audio/x-raw,format=F32LE ! "
MP3 = ("audioconvert ! audioresample ! audio/x-raw,rate=44100,channels=2 ! "
       "lamemp3enc target=bitrate cbr=true bitrate={} ! mpegaudioparse ! "
       "avdec_mp3 ! ")
OPUS = ("audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=2 ! "
        "opusenc bitrate=48000 ! opusdec ! ")
RESAMPLED = "audioresample ! audio/x-raw,rate={} ! "


def pink_noise(n, rng):
    """n samples of noise whose power falls as 1 / f, of power 1."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    noise = np.fft.irfft(spectrum, n)
    return noise / noise.std()


def with_noise(samples, rng, snr=20):
    power = np.mean(samples ** 2)
    return samples + pink_noise(len(samples), rng) \
        * np.sqrt(power / 10 ** (snr / 10))


def image_with_noise(db, rng, snr=20):
    """The same of a mel image [frames][bands] in decibels: filters of equal
    area see of pink noise 10 dB less a decade of frequency."""
    width = np.gradient(augment.CENTRES)    # power of a band is its height here
    power = 10 ** (db / 10)
    noise = 1 / augment.CENTRES
    noise *= (power * width).sum(1).mean() / (noise * width).sum() \
        / 10 ** (snr / 10)
    return 10 * np.log10(power + noise * rng.exponential(1, db.shape))


def image_faster(db, speed):
    """Played `speed` times as fast, and as much higher."""
    frames = int(len(db) / speed)
    at = np.rint(np.arange(frames) * speed).astype(int)
    bands = np.rint(augment.band_of_hz(augment.CENTRES / speed)).astype(int)
    return db[np.minimum(at, len(db) - 1)][
        :, np.clip(bands, 0, db.shape[1] - 1)]


def image_below(db, hz):
    return np.where(augment.CENTRES < hz, db, -80)


def seconds(n):
    return round(n * features.COLUMNS_PER_SECOND)


# name: (what is done to the samples and their rate, elements after the file,
#        what is done to an image [frames][bands] in decibels)
DAMAGES = {
    "gain +20 dB": (None, FLOAT + "volume volume=10 ! ", None),
    "gain -20 dB": (None, FLOAT + "volume volume=0.1 ! ", None),
    "MP3 128 kbit/s": (None, MP3.format(128), None),
    "MP3 96 kbit/s": (None, MP3.format(96), None),
    "MP3 64 kbit/s": (None, MP3.format(64), None),
    "Opus 48 kbit/s": (None, OPUS, None),
    "16 kHz": (None, RESAMPLED.format(16000),
               lambda db, rng: image_below(db, 8000)),
    "8 kHz": (None, RESAMPLED.format(8000),
              lambda db, rng: image_below(db, 4000)),
    "stereo, one side empty": (
        None, "audioconvert mix-matrix=<<1.0>,<0.0>> ! audio/x-raw,channels=2,"
        "channel-mask=(bitmask)0x3 ! ", None),
    "first 5 s missing": (lambda s, rng: (s[5 * RATE:], RATE), "",
                          lambda db, rng: db[seconds(5):]),
    "last 5 s missing": (lambda s, rng: (s[:-5 * RATE], RATE), "",
                         lambda db, rng: db[:-seconds(5)]),
    "first 15 s": (lambda s, rng: (s[:15 * RATE], RATE), "",
                   lambda db, rng: db[:seconds(15)]),
    "first 10 s": (lambda s, rng: (s[:10 * RATE], RATE), "",
                   lambda db, rng: db[:seconds(10)]),
    "first 5 s": (lambda s, rng: (s[:5 * RATE], RATE), "",
                  lambda db, rng: db[:seconds(5)]),
    "3 % faster": (lambda s, rng: (s, round(RATE * 1.03)), "",
                   lambda db, rng: image_faster(db, 1.03)),
    "3 % slower": (lambda s, rng: (s, round(RATE / 1.03)), "",
                   lambda db, rng: image_faster(db, 1 / 1.03)),
    "pink noise, 20 dB SNR": (lambda s, rng: (with_noise(s, rng), RATE), "",
                              lambda db, rng: image_with_noise(db, rng)),
}


def gst_launch(pipeline, build):
    environment = dict(os.environ)
    if build:
        environment["GST_PLUGIN_PATH"] = os.path.join(build, "gst")
    run = subprocess.run(["gst-launch-1.0", "-m", *pipeline.split()],
                         env=environment, capture_output=True, text=True)
    if run.returncode:
        raise features.DataError(f"{pipeline}: {run.stderr.strip()}")
    return run.stdout


def genre_of(path, model, elements="", build=None):
    """The whole track's genre by the element; `path` without spaces."""
    output = gst_launch(
        f"filesrc location={path} ! wavparse ! {elements}genreclassify "
        f"model={model} ! fakesink", build)
    track = output.split("): genreclassify-track")
    genre = re.search(r"genre=\(string\)(\w+)", track[1]) \
        if len(track) > 1 else None
    return genre[1] if genre else "none"


def write_wave(path, samples, rate):
    with wave.open(path, "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(rate)
        f.writeframes(np.rint(np.clip(samples, -1, 1) * 32767)
                      .astype("<i2").tobytes())


def read_wave(path):
    with wave.open(path) as f:
        return np.frombuffer(f.readframes(f.getnframes()), "<i2") / 32767


def measure_audio(folder, model, build, images):
    """{damage: (recordings that keep their genre, those that have the genre of their
    image, recordings, those that have an image)}; images: {name: genre}."""
    files = [f for f in sorted(os.listdir(folder))
             if f.lower().endswith(features.AUDIO)]
    if not files:
        raise features.DataError(f"{folder}: no audio file")
    kept = {damage: np.zeros(4, int) for damage in DAMAGES}
    with tempfile.TemporaryDirectory() as directory:
        # gst-launch splits its line at spaces, and a model may be anywhere
        link = os.path.join(directory, "model.safetensors")
        os.symlink(os.path.abspath(model), link)
        clean, damaged = (os.path.join(directory, n)
                          for n in ("clean.wav", "damaged.wav"))
        for name in files:
            source = os.path.join(directory, "source")
            if os.path.lexists(source):
                os.remove(source)
            os.symlink(os.path.abspath(os.path.join(folder, name)), source)
            gst_launch(f"filesrc location={source} ! decodebin ! audioconvert "
                       "! audioresample ! audio/x-raw,format=S16LE,channels=1,"
                       f"rate={RATE} ! wavenc ! filesink location={clean}",
                       build)
            samples, image = read_wave(clean), images.get(
                os.path.splitext(name)[0])
            genre = genre_of(clean, link, build=build)
            for damage, (change, elements, _) in DAMAGES.items():
                if change:
                    rng = np.random.default_rng(1)
                    write_wave(damaged, *change(samples, rng))
                found = genre_of(damaged if change else clean, link, elements,
                                 build)
                kept[damage] += (found == genre, found == image, 1,
                                 image is not None)
            print(f"{name}: {genre}", file=sys.stderr)
    return kept


def answers_of(data, networks, change):
    """The labels that networks[track's name] give its image."""
    rng, found = np.random.default_rng(1), []
    for name, x in zip(data.names, data.x):
        db = features.decibels(x)
        network = networks[name]
        p = network.predict_db(change(db, rng) if change else db)
        found.append(network.labels[p.argmax()])
    return np.array(found)


def measure_images(data, networks, clean):
    """{damage: (images that keep the genre `clean`, those that are right, images)}"""
    truth, result = np.array(data.genres)[data.y], {}
    for damage, (_, _, change) in DAMAGES.items():
        if change:
            found = answers_of(data, networks, change)
            result[damage] = (int((found == clean).sum()),
                              int((found == truth).sum()), len(truth))
    return result


def share(part, whole):
    return f"{part / whole:.3f} ({part} of {whole})" if whole else ""


def networks_of(args, data):
    """{name of a track: the engine that answers it}"""
    if args.folds:
        return engine.of_folds(args.folds, data.names, args.build)[0]
    network = engine.Engine(args.model, args.build)
    return {name: network for name in data.names}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", help="weights file")
    parser.add_argument("--folds", metavar="DIR",
                        help="the folder of a crossvalidate.py")
    parser.add_argument("--audio", metavar="DIR", help="recordings")
    parser.add_argument("--data", metavar="FILE.npz", help="mel images")
    parser.add_argument("--split", help="only the images of this split")
    parser.add_argument("--build", default=os.path.join(features.ROOT, "build"),
                        help="build directory with libgenre and the plugin")
    args = parser.parse_args()
    if not args.audio and not args.data:
        parser.error("nothing to measure: give --audio, --data or both")
    if bool(args.model) == bool(args.folds):
        parser.error("give either --model or --folds")
    if args.audio and not args.model:
        parser.error("--audio goes with --model")
    try:
        audio, images, clean = {}, {}, {}
        if args.data:
            data = features.load_npz(args.data).part(args.split)
            networks = networks_of(args, data)
            found = answers_of(data, networks, None)
            clean = dict(zip(data.names, found))
            images = measure_images(data, networks, found)
        if args.audio:
            audio = measure_audio(args.audio, args.model, args.build, clean)
    except (features.DataError, engine.EngineError, OSError) as e:
        sys.exit(f"robustness.py: {e}")

    print("| | recordings, by the element | as their whole image | images, by the "
          "engine | right |")
    print("|---|---|---|---|---|")
    for damage in DAMAGES:
        kept, same, n, with_image = audio.get(damage, (0, 0, 0, 0))
        still, right, m = images.get(damage, (0, 0, 0))
        print(f"| {damage} | {share(kept, n)} | {share(same, with_image)} | "
              f"{share(still, m)} | {share(right, m)} |")


if __name__ == "__main__":
    main()
