#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What very many files cost: batch.py PROGRAM [FOLDER OF SONGS] [DATA]

Makes songs of 4 minutes from the sounds in the folder (by default the clip of the
tests), encodes each in every format, and has the command classify them, whole and with
--max-duration 60; ROUNDS (5) rounds, of which the medians are printed: processor time
(user and system, of all processes), bytes that are read from the disk and bytes of
results, and what that comes to for millions of files.  GST_PLUGIN_PATH and
GENRECLASSIFY_MODELS are to be set.

With DATA, a folder of windows that were cut from whole songs (models/README.md), it
also prints how often the genre of a song's middle is that of the whole, by libgenre."""

import collections
import csv
import math
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = sys.argv[1]
HERE = Path(__file__).resolve().parent
SONGS = Path(sys.argv[2]) if len(sys.argv) > 2 else HERE.parents[1] / "tests/data"
DATA = Path(sys.argv[3]) if len(sys.argv) > 3 else None
ROUNDS = int(os.environ.get("ROUNDS", 5))
SECONDS, FILES = 240, 4
FORMATS = {
    "MP3, 128 kbit/s": ("mp3", "-c:a libmp3lame -b:a 128k"),
    "MP3, 320 kbit/s": ("mp3", "-c:a libmp3lame -b:a 320k"),
    "AAC, 192 kbit/s": ("m4a", "-c:a aac -b:a 192k"),
    "Vorbis, 160 kbit/s": ("ogg", "-c:a libvorbis -q:a 5"),
    "Opus, 96 kbit/s": ("opus", "-c:a libopus -b:a 96k -ar 48000"),
    "FLAC, 16 bit": ("flac", "-c:a flac -sample_fmt s16"),
    "FLAC, 24 bit, 96 kHz": ("flac", "-c:a flac -sample_fmt s32 -ar 96000"),
    "WAV": ("wav", "-c:a pcm_s16le"),
}


def make_songs(folder):
    """{format: paths}.  Each song has other sounds, one after the other."""
    sounds = sorted(path for path in SONGS.rglob("*")
                    if path.suffix in (".flac", ".ogg", ".wav", ".mp3"))
    songs = collections.defaultdict(list)
    for n in range(FILES):
        order = folder / f"{n}.txt"
        order.write_text("".join(
            f"file '{path}'\n" for path in sounds[n::FILES] or sounds))
        whole = folder / f"{n}.w64"
        # one format for all, as the concatenation wants it
        parts = []
        for i, path in enumerate(sounds[n::FILES] or sounds):
            parts.append(folder / f"part{i}.wav")
            encode(["-i", path, "-ac", "2", "-ar", "44100"], parts[-1])
        order.write_text("".join(f"file '{part}'\n" for part in parts))
        encode(["-f", "concat", "-safe", "0", "-stream_loop", "-1", "-i", order,
                "-t", str(SECONDS)], whole)
        for part in parts:
            part.unlink()
        for i, (name, (ending, options)) in enumerate(FORMATS.items()):
            songs[name].append(folder / f"{n}-{i}.{ending}")
            encode(["-i", whole, *options.split()], songs[name][-1])
        whole.unlink()
    return songs


def encode(options, path):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, options),
                    str(path)], check=True)


def forget(paths):
    """The disk is to be asked for them."""
    for path in paths:
        fd = os.open(path, os.O_RDONLY)
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


def run(paths, *options):
    """Processor time and bytes read of the command for these."""
    forget(paths)
    read, write = os.pipe()
    command = [PROGRAM, "--json", "--quiet", "--jobs", "1", *options,
               *map(str, paths)]
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=[
        (os.POSIX_SPAWN_DUP2, write, 1), (os.POSIX_SPAWN_CLOSE, read)])
    os.close(write)
    with open(read, "rb") as output:
        text = output.read()
    _, status, usage = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{command[0]} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_inblock * 512, text


def measure(paths, *options):
    """Of one file: processor time and bytes read, without what the command costs once,
    and bytes of results."""
    one = run(paths[:1], *options)
    all_of_them = run(paths, *options)
    n = len(paths) - 1
    return ((all_of_them[0] - one[0]) / n, (all_of_them[1] - one[1]) / n,
            len(all_of_them[2]) / len(paths))


def say_bytes(n):
    for unit in "B", "kB", "MB", "GB", "TB":
        if n < 1000 or unit == "TB":
            return f"{n:.3g} {unit}" if n < 1000 else f"{n:,.0f} {unit}"
        n /= 1000


def say_hours(seconds):
    return f"{float(f'{seconds / 3600:.2g}'):,.0f} h"


def print_costs(folder):
    songs = make_songs(folder)
    whole, middle = (collections.defaultdict(list) for _ in range(2))
    for _ in range(ROUNDS):
        for name, paths in songs.items():
            whole[name].append(measure(paths))
            middle[name].append(measure(paths, "--max-duration", "60"))
    cost = {}
    print("| format | s of processor time per minute of audio | of 4 min, whole "
          "| of 4 min, 60 s of it | read, whole | read, 60 s |")
    print("|---|---|---|---|---|---|")
    for name in songs:
        both = [[statistics.median(column) for column in zip(*samples[name])]
                for samples in (whole, middle)]
        cost[name] = both
        (seconds, size, _), (short, part, _) = both
        print(f"| {name} | {60 * seconds / SECONDS:.3f} | {seconds:.2f} s | "
              f"{short:.2f} s | {say_bytes(size)} | {say_bytes(part)} |")
    print("\n| files of 4 minutes | format | whole: processor hours | read "
          "| 60 s: processor hours | read | results (JSON) |")
    print("|---|---|---|---|---|---|---|")
    for millions in 1, 10, 100:
        for name in "MP3, 128 kbit/s", "FLAC, 16 bit":
            n = millions * 1000000
            (seconds, size, result), (short, part, _) = cost[name]
            print(f"| {millions} million | {name} | {say_hours(n * seconds)} | "
                  f"{say_bytes(n * size)} | {say_hours(n * short)} | "
                  f"{say_bytes(n * part)} | {say_bytes(n * result)} |")


# The middle and the whole

def wilson(hits, n):
    """The 95 % interval of a share."""
    z, p = 1.96, hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return middle - half, middle + half


def read_tracks():
    """[[(start, image), ...], ...]: real music of 4 windows and more, which come one
    after the other."""
    import io
    import zipfile

    import numpy as np
    from PIL import Image
    tracks = []
    for name in "corpus", "corpus2":
        windows = collections.defaultdict(list)
        with open(DATA / f"{name}_manifest.csv", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["kind"] == "real music" and row["looped"] == "0":
                    windows[row["source"], row["title"]].append(
                        (float(row["start_s"]), row["id"]))
        with zipfile.ZipFile(DATA / f"{name}_mel.zip") as images:
            for found in windows.values():
                if len(found) >= 4:
                    tracks.append([(start, 4 * np.array(Image.open(io.BytesIO(
                        images.read(f"{window}.png")))))
                        for start, window in sorted(found)])
    return tracks


def print_agreement():
    import numpy as np
    sys.path.insert(0, str(HERE.parents[1] / "models"))
    from engine import Engine
    engine = Engine(os.path.join(os.environ["GENRECLASSIFY_MODELS"],
                                 "crnn.safetensors"))
    tracks = [(np.array([start for start, _ in track]),
               np.array([engine.predict(image.astype(np.uint8))[:10]
                         for _, image in track]))
              for track in read_tracks()]
    print("\n| the middle of so much | same genre as the whole | 95 % interval |")
    print("|---|---|---|")
    for seconds, n in (30, 1), (60, 2), (120, 4):
        hits = 0
        for starts, answers in tracks:
            middle = (starts[0] + starts[-1] + 30) / 2 - 15
            nearest = np.argsort(np.abs(starts - middle), kind="stable")[:n]
            hits += answers[nearest].mean(0).argmax() == answers.mean(0).argmax()
        low, high = wilson(hits, len(tracks))
        print(f"| {seconds} s | {hits} of {len(tracks)}, "
              f"{100 * hits / len(tracks):.1f} % | {100 * low:.1f} to "
              f"{100 * high:.1f} % |")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        print_costs(Path(temporary))
    if DATA:
        print_agreement()
