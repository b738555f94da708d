#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the element costs a pipeline: CPU time and memory with and without it.

  pipeline.py BUILD_DIRECTORY WORK_DIRECTORY [--streams N ...]

Decodes an hour of MP3, FLAC and 44.1 kHz WAV, made in WORK_DIRECTORY of the
repository's clip, as fast as it can; with --streams it runs N live streams of 44.1 kHz
stereo for a minute instead.  It needs gst-plugins-base and -good.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CLIP = os.path.join(HERE, "..", "data", "clip.ogg")
SECONDS = 3600
ROUNDS = 3
LIVE_SECONDS = 66       # every stream classifies two windows
ELEMENT = "genreclassify post-tags=false ! "

# format: (encoder, what plays it)
FORMATS = {
    "mp3": ("lamemp3enc target=bitrate cbr=true bitrate=128",
            "mpegaudioparse ! mpg123audiodec"),
    "flac": ("flacenc", "flacparse ! flacdec"),
    "wav": ("wavenc", "wavparse"),
}


def launch(pipeline, environment):
    """Runs it; gives seconds of CPU, seconds, and peak MiB."""
    begin = time.monotonic()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            ["gst-launch-1.0", "-q", *pipeline.split()], env=environment,
            stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if status:
            errors.seek(0)
            sys.exit(f"{pipeline}: {errors.read().decode()}")
    return (usage.ru_utime + usage.ru_stime, time.monotonic() - begin,
            usage.ru_maxrss / 1024)


def make(path, encoder, environment):
    """The clip over and over for SECONDS, as 44.1 kHz stereo."""
    if os.path.exists(path):
        return
    raw = f"{path}.raw"
    launch(f"filesrc location={CLIP} ! oggdemux ! vorbisdec ! audioconvert ! "
           "audioresample ! audio/x-raw,format=S16LE,rate=44100,channels=2 ! "
           f"filesink location={raw}", environment)
    with open(raw, "rb") as f:
        samples = f.read()
    with open(raw, "wb") as f:
        for _ in range(SECONDS * 44100 * 4 // len(samples)):
            f.write(samples)
    launch(f"filesrc location={raw} blocksize=65536 ! rawaudioparse "
           "format=pcm pcm-format=s16le sample-rate=44100 num-channels=2 ! "
           f"audioconvert ! {encoder} ! filesink location={path}.part",
           environment)
    os.remove(raw)
    os.replace(f"{path}.part", path)


def files(work, environment):
    print("| an hour of | CPU s without | CPU s with | with / without "
          "| element / decoder | times real time | peak MiB without | with |")
    print("|---" * 8 + "|")
    for name, (encoder, player) in FORMATS.items():
        path = os.path.join(work, f"hour.{name}")
        make(path, encoder, environment)
        runs = {"": [], ELEMENT: []}
        for _ in range(ROUNDS):
            for element, results in runs.items():
                results.append(launch(
                    f"filesrc location={path} ! {player} ! {element}"
                    "fakesink sync=false", environment))
        without, with_ = ([statistics.median(values)
                           for values in zip(*results)]
                          for results in runs.values())
        print(f"| {name} | {without[0]:.2f} | {with_[0]:.2f} "
              f"| {with_[0] / without[0]:.2f} "
              f"| {(with_[0] - without[0]) / without[0]:.2f} "
              f"| {SECONDS / with_[1]:.0f} | {without[2]:.0f} "
              f"| {with_[2]:.0f} |")


def streams(counts, environment):
    print("| live streams | % of a core without | with | of the elements "
          "| peak MiB without | with |")
    print("|---|---|---|---|---|---|")
    for n in counts:
        # a buffer holds 100 ms
        source = ("audiotestsrc is-live=true wave=pink-noise "
                  f"samplesperbuffer=4410 num-buffers={LIVE_SECONDS * 10} ! "
                  "audio/x-raw,format=S16LE,rate=44100,channels=2 ! ")
        without, with_ = (launch(
            f"{source}{element}fakesink sync=false  " * n, environment)
            for element in ("", ELEMENT))
        shares = [100 * cpu / LIVE_SECONDS for cpu, _, _ in (without, with_)]
        print(f"| {n} | {shares[0]:.1f} | {shares[1]:.1f} "
              f"| {shares[1] - shares[0]:.1f} | {without[2]:.0f} "
              f"| {with_[2]:.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", help="build directory with the plugin")
    parser.add_argument("work", help="directory for the files to play")
    parser.add_argument("--streams", type=int, nargs="+", metavar="N")
    args = parser.parse_args()
    os.makedirs(args.work, exist_ok=True)
    environment = dict(os.environ, GST_PLUGIN_PATH=os.path.join(
        os.path.abspath(args.build), "gst"))
    # so that the first run does not pay for looking through the plugins
    subprocess.run(["gst-inspect-1.0", "genreclassify"], env=environment,
                   stdout=subprocess.DEVNULL, check=True)
    if args.streams:
        streams(args.streams, environment)
    else:
        files(args.work, environment)


if __name__ == "__main__":
    main()
