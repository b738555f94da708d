#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The command's processor time beside that of others: cost.py PROGRAM SONG [FILES]

Makes FILES (40) MP3s of three minutes and 192 kbit/s from SONG, and in each of ROUNDS
rounds has the command classify them, with and without --write, bare pipelines play
them, and fpcalc of Chromaprint make their fingerprints.
Prints medians of user and system time of all their processes.  GST_PLUGIN_PATH and
GENRECLASSIFY_MODELS are to be set."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile

PROGRAM, SONG = sys.argv[1:3]
FILES = int(sys.argv[3]) if len(sys.argv) > 3 else 40
ROUNDS = int(os.environ.get("ROUNDS", 5))
BARE = "filesrc location={} ! mpegaudioparse ! mpg123audiodec ! genreclassify ! " \
    "fakesink"


def get_seconds(*command):
    """Processor time of a process and of those that it has waited for."""
    pid = os.posix_spawnp(
        command[0], command, os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, n, os.devnull, os.O_WRONLY, 0)
                      for n in (1, 2)])
    _, status, usage = os.wait4(pid, 0)
    # fpcalc says 3 of a file whose end it cannot decode
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        sys.exit(f"{command[0]} failed")
    return usage.ru_utime + usage.ru_stime


def make_files(folder):
    first = os.path.join(folder, "0.mp3")
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-stream_loop", "-1", "-i", SONG,
         "-t", "180", "-ac", "2", "-ar", "44100", "-map_metadata", "-1", "-c:a",
         "libmp3lame", "-b:a", "192k", first], check=True)
    names = [first]
    for i in range(1, FILES):
        names.append(os.path.join(folder, f"{i}.mp3"))
        shutil.copy(first, names[-1])
    return names


def write(folder):
    """Into files that have no genre."""
    with tempfile.TemporaryDirectory() as other:
        copy = os.path.join(other, "songs")
        shutil.copytree(folder, copy)
        return get_seconds(PROGRAM, "--quiet", "--jobs", "1", "--write",
                           "--min-confidence", "0", "--log",
                           os.path.join(other, "log"), copy)


def get_processor():
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return "unknown"


def main():
    with tempfile.TemporaryDirectory() as folder:
        names = make_files(folder)
        programs = {
            "the command": lambda: get_seconds(
                PROGRAM, "--quiet", "--jobs", "1", folder),
            "the command with `--write`": lambda: write(folder),
            "bare pipelines, a process each": lambda: sum(
                get_seconds("gst-launch-1.0", "-q", *BARE.format(name).split())
                for name in names),
            "bare pipelines in one process": lambda: get_seconds(
                "gst-launch-1.0", "-q",
                *" ".join(BARE.format(name) for name in names).split()),
        }
        if shutil.which("fpcalc"):
            programs["`fpcalc -length 0`"] = lambda: sum(
                get_seconds("fpcalc", "-length", "0", name) for name in names)
        times = {name: [] for name in programs}
        get_seconds(PROGRAM, "--quiet", folder)  # the files are in memory now
        for _ in range(ROUNDS):
            for name, run in programs.items():
                times[name].append(run())
    command = statistics.median(times["the command"])
    print(f"{get_processor()}, {FILES} files, medians of {ROUNDS} rounds:\n")
    print("| | CPU ms for a file | of the command's | the command's of it |")
    print("|---|---|---|---|")
    for name, seconds in times.items():
        median = statistics.median(seconds)
        print(f"| {name} | {median / FILES * 1000:.0f} | {median / command:.2f} | "
              f"{command / median:.2f} |")


if __name__ == "__main__":
    main()
