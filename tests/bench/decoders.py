#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What each installed decoder costs: decoders.py [SONG]

Encodes three minutes of SONG, or of noise, in every format that ffmpeg can make, and
prints the processor time that each decoder of GStreamer takes for them, without that of
the container.  src/analysis/plugin.c has what follows from it."""

import os
import statistics
import subprocess
import sys
import tempfile

import gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst

SECONDS, ROUNDS = 180, 5
FORMATS = {
    "mp3": "-c:a libmp3lame -b:a 192k", "mp2": "-c:a mp2 -b:a 192k",
    "m4a": "-c:a aac -b:a 160k", "ogg": "-c:a libvorbis -q:a 5",
    "opus": "-c:a libopus -b:a 128k -ar 48000", "flac": "-c:a flac",
    "wv": "-c:a wavpack", "ac3": "-c:a ac3 -b:a 192k", "wma": "-c:a wmav2 -b:a 160k",
    "spx": "-c:a libspeex -ar 32000", "alac.m4a": "-c:a alac", "tta": "-c:a tta",
    "dts": "-c:a dca -strict -2",
}


def encode(song, options, path):
    source = ["-stream_loop", "-1", "-i", song] if song else \
        ["-f", "lavfi", "-i", "anoisesrc=c=pink"]
    return subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", *source, "-t", str(SECONDS),
         "-ac", "2", "-ar", "44100", *options.split(), path],
        stderr=subprocess.DEVNULL).returncode == 0


def get_seconds(path, decoder):
    """Processor time of a process, or None if it failed."""
    command = ["gst-launch-1.0", "-q", "filesrc", f"location={path}", "!",
               "parsebin", "!", *decoder, "fakesink"]
    pid = os.posix_spawnp(
        command[0], command, os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, n, os.devnull, os.O_WRONLY, 0)
                      for n in (1, 2)])
    _, status, usage = os.wait4(pid, 0)
    return None if status else usage.ru_utime + usage.ru_stime


def get_caps(path):
    """Of the first stream in a file."""
    pipeline = Gst.parse_launch(
        f"filesrc location={path} ! parsebin name=bin ! fakesink name=sink")
    pipeline.set_state(Gst.State.PAUSED)
    pipeline.get_state(10 * Gst.SECOND)
    caps = pipeline.get_by_name("sink").get_static_pad("sink").get_current_caps()
    pipeline.set_state(Gst.State.NULL)
    return caps


def get_decoders(caps):
    """In the order in which decodebin tries them."""
    decoders = Gst.ElementFactory.list_get_elements(
        Gst.ELEMENT_FACTORY_TYPE_DECODER, Gst.Rank.MARGINAL)
    decoders = Gst.ElementFactory.list_filter(
        decoders, caps, Gst.PadDirection.SINK, False)
    return [f.get_name() for f in sorted(
        decoders, key=lambda f: (-f.get_rank(), f.get_name()))]


def main():
    Gst.init(None)
    song = sys.argv[1] if len(sys.argv) > 1 else None
    print("| format | decoder, in GStreamer's order | ms for a minute |")
    print("|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, options in FORMATS.items():
            path = os.path.join(folder, "song." + name)
            caps = get_caps(path) if encode(song, options, path) else None
            decoders = get_decoders(caps) if caps else []
            times = {decoder: [] for decoder in ["", *decoders]}
            for _ in range(ROUNDS):
                for decoder in times:
                    seconds = get_seconds(
                        path, [decoder, "!"] if decoder else [])
                    if seconds is not None:
                        times[decoder].append(seconds)
            for decoder in decoders:
                if not times[decoder] or not times[""]:
                    print(f"| {name} | {decoder} | fails |")
                    continue
                seconds = statistics.median(times[decoder]) - \
                    statistics.median(times[""])
                print(f"| {name} | {decoder} | {seconds / SECONDS * 60000:.0f} |",
                      flush=True)
            if os.path.exists(path):
                os.remove(path)


if __name__ == "__main__":
    main()
