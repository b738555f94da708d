#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the element costs a pipeline: time, memory and energy with and without it.

  pipeline.py BUILD WORK [--formats FORMAT ...] [--buffers] [--plugin-path OTHER]
  pipeline.py BUILD WORK --streams N ...

Decodes an hour of MP3, FLAC and 44.1 kHz WAV, made in WORK of the repository's clip, as
fast as it can; with --buffers, five minutes of 192 kHz WAV, whose 1024 samples of a
buffer are 5 ms; with --streams, N live streams of 44.1 kHz stereo for a minute.  What
is compared takes turns in rounds; ratios are medians of those of one round.  It needs
gst-plugins-base and -good.
"""

import argparse
import math
import os
import statistics

import measure

HERE = os.path.dirname(os.path.abspath(__file__))
CLIP = os.path.join(HERE, "..", "data", "clip.ogg")
HOUR = 3600
LIVE_SECONDS = 66       # in which a stream classifies two windows
ELEMENT = "genreclassify post-tags=false ! "
BUFFERS_SECONDS = 300
BUFFERS_RATE = 192000
BUFFER = 1024           # frames: wavparse's 4096 bytes

# format: (encoder, what plays it)
FORMATS = {
    "mp3": ("lamemp3enc target=bitrate cbr=true bitrate=128",
            "mpegaudioparse ! mpg123audiodec"),
    "flac": ("flacenc", "flacparse ! flacdec"),
    "wav": ("wavenc", "wavparse"),
}


def make(work, name, environment, seconds, rate=44100):
    """The clip over and over, as stereo; gives the file's path."""
    length = "hour" if seconds == HOUR else f"{seconds}s"
    hz = "" if rate == 44100 else f"-{rate}"
    path = os.path.join(work, f"{length}{hz}.{name}")
    if os.path.exists(path):
        return path
    raw = f"{path}.raw"
    measure.launch(
        f"filesrc location={CLIP} ! oggdemux ! vorbisdec ! audioconvert ! "
        f"audioresample ! audio/x-raw,format=S16LE,rate={rate},channels=2 ! "
        f"filesink location={raw}", environment)
    with open(raw, "rb") as f:
        samples = f.read()
    with open(raw, "wb") as f:
        for _ in range(seconds * rate * 4 // len(samples)):
            f.write(samples)
    measure.launch(
        f"filesrc location={raw} blocksize=65536 ! rawaudioparse "
        f"format=pcm pcm-format=s16le sample-rate={rate} num-channels=2 ! "
        f"audioconvert ! {FORMATS[name][0]} ! filesink location={path}.part",
        environment)
    os.remove(raw)
    os.replace(f"{path}.part", path)
    return path


def runs_of(player, builds, energy):
    """{"without": function, build: function}; the player has {} for the element."""
    first = next(iter(builds.values()))
    runs = {"without": lambda: measure.launch(player.replace("{}", ""), first, energy)}
    for name, environment in builds.items():
        runs[name] = lambda environment=environment: measure.launch(
            player.replace("{}", ELEMENT), environment, energy)
    return runs


def medians(usages, what):
    return [measure.median(usages[name], what) for name in ("without", "this")]


def ratio(usages, above, below, take=lambda usage, _: usage.cpu):
    """Of CPU time, in pairs of one round; `take` makes a number of a run and of the
    one without the element."""
    return measure.pair_ratio(
        *([take(a, b) for a, b in zip(usages[name], usages["without"])]
          for name in (above, below)))


def own(usage, without):
    """s of the element alone."""
    return usage.cpu - without.cpu


def print_head(what, energy):
    print(f"| {what} | CPU s without | with | with / without | user s without | with "
          "| system s without | with | times real time | peak MiB without | with "
          + ("| J without | with " if energy else "") + "|")
    print("|---" * (13 if energy else 11) + "|")


def print_row(name, seconds, usages, energy):
    cpu, user, system, peak, joules = (
        medians(usages, what)
        for what in ("cpu", "user", "system", "peak", "joules"))
    wall = measure.median(usages["this"], "wall")
    print(f"| {name} | {cpu[0]:.2f} | {cpu[1]:.2f} "
          f"| {ratio(usages, 'this', 'without'):.3f} "
          f"| {user[0]:.2f} | {user[1]:.2f} | {system[0]:.2f} | {system[1]:.2f} "
          f"| {seconds / wall:.0f} | {peak[0]:.0f} | {peak[1]:.0f} "
          + (f"| {joules[0]:.1f} | {joules[1]:.1f} " if energy else "") + "|",
          flush=True)


def print_builds(found):
    """Of each format, the element of the one build beside that of the other."""
    print("\n| the other build's element | CPU s with this | with the other "
          "| this / other | of the elements alone |")
    print("|---" * 5 + "|")
    for name, usages in found.items():
        alone = ratio(usages, "this", "other", own) if min(
            own(a, b) for key in ("this", "other")
            for a, b in zip(usages[key], usages["without"])) > 0 else math.nan
        print(f"| {name} | {measure.median(usages['this'], 'cpu'):.2f} "
              f"| {measure.median(usages['other'], 'cpu'):.2f} "
              f"| {ratio(usages, 'this', 'other'):.3f} | {alone:.3f} |")


def files(args, builds, energy):
    environment = builds["this"]
    found = {}
    minutes = args.seconds / 60
    print_head("an hour of" if args.seconds == HOUR else f"{minutes:.3g} minutes of",
               energy)
    for name in args.formats:
        path = make(args.work, name, environment, args.seconds)
        found[name] = measure.in_turns(runs_of(
            f"filesrc location={path} ! {FORMATS[name][1]} ! {{}}fakesink sync=false",
            builds, energy), args.rounds)
        print_row(name, args.seconds, found[name], energy)
    return found


def buffers(args, builds, energy):
    """Of buffers of 5 ms, what each costs."""
    path = make(args.work, "wav", builds["this"], BUFFERS_SECONDS, BUFFERS_RATE)
    name = f"WAV of {BUFFERS_RATE // 1000} kHz"
    usages = measure.in_turns(runs_of(
        f"filesrc location={path} ! wavparse ! {{}}fakesink sync=false",
        builds, energy), args.rounds)
    print()
    print_head(f"{BUFFERS_SECONDS / 60:g} minutes of", energy)
    print_row(name, BUFFERS_SECONDS, usages, energy)
    n = BUFFERS_SECONDS * BUFFERS_RATE / BUFFER
    alone = statistics.median(
        own(a, b) for a, b in zip(usages["this"], usages["without"]))
    print(f"\n{alone / n * 1e6:.1f} us of the element for each buffer of {BUFFER} "
          f"samples, which lasts {BUFFER / BUFFERS_RATE * 1e6:.0f} us")
    return {name: usages}


def streams(args, builds, energy):
    print("| live streams | % of a core without | with | of the elements "
          "| peak MiB without | with |" + (" J without | with |" if energy else ""))
    print("|---" * (8 if energy else 6) + "|")
    for n in args.streams:
        # a buffer holds 100 ms
        source = ("audiotestsrc is-live=true wave=pink-noise "
                  f"samplesperbuffer=4410 num-buffers={args.seconds * 10} ! "
                  "audio/x-raw,format=S16LE,rate=44100,channels=2 ! ")
        usages = measure.in_turns(runs_of(
            f"{source}{{}}fakesink sync=false  " * n, builds, energy), args.rounds)
        cpu, peak, joules = (medians(usages, what)
                             for what in ("cpu", "peak", "joules"))
        shares = [100 * seconds / args.seconds for seconds in cpu]
        print(f"| {n} | {shares[0]:.1f} | {shares[1]:.1f} "
              f"| {shares[1] - shares[0]:.1f} | {peak[0]:.0f} | {peak[1]:.0f} |"
              + (f" {joules[0]:.1f} | {joules[1]:.1f} |" if energy else ""),
              flush=True)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", help="build directory with the plugin")
    parser.add_argument("work", help="directory for the files to play")
    parser.add_argument("--streams", type=measure.positive, nargs="+", metavar="N")
    parser.add_argument("--formats", nargs="+", choices=FORMATS, metavar="FORMAT",
                        default=list(FORMATS), help=", ".join(FORMATS))
    parser.add_argument("--buffers", action="store_true",
                        help=f"buffers of {BUFFER} samples of 192 kHz as well")
    parser.add_argument("--plugin-path", metavar="OTHER",
                        help="another build's directory, or the folder of its plugin, "
                        "to compare with in the same rounds")
    parser.add_argument("--rounds", type=measure.positive, metavar="N",
                        help="5, of live streams 1")
    parser.add_argument("--seconds", type=measure.positive, metavar="N",
                        help="length of the files, an hour, or of the live streams, "
                        f"{LIVE_SECONDS}")
    parser.add_argument("--powercap", default=measure.POWERCAP, metavar="FOLDER",
                        help="where the kernel counts energy (%(default)s)")
    args = parser.parse_args()
    if args.streams and (args.plugin_path or args.buffers):
        parser.error("--streams goes with neither --plugin-path nor --buffers")
    args.rounds = args.rounds or (1 if args.streams else 5)
    args.seconds = args.seconds or (LIVE_SECONDS if args.streams else HOUR)
    return args


def main():
    args = parse_arguments()
    os.makedirs(args.work, exist_ok=True)
    energy = measure.Energy(args.powercap)
    builds = {"this": measure.environment_of(
        args.build, os.path.join(args.work, "registry"))}
    if args.plugin_path:
        builds["other"] = measure.environment_of(
            args.plugin_path, os.path.join(args.work, "other.registry"),
            builds["this"].get("GENRECLASSIFY_MODELS"))     # the same weights
    print(f"{measure.processor()}; medians of {args.rounds}, in turns"
          f"{'' if energy else '; energy: no RAPL here'}\n")
    if args.streams:
        streams(args, builds, energy)
        return
    found = files(args, builds, energy)
    if args.buffers:
        found |= buffers(args, builds, energy)
    if args.plugin_path:
        print_builds(found)


if __name__ == "__main__":
    main()
