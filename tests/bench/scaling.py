#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How the cost grows with the work: files of the command, and lengths of a window.

  scaling.py BUILD SONG [--files N ...] [--rounds N]

The command without a cache on N links to a song (1, 10, 100, 1000), with one job and
with as many as there are processors; then `bench-windows`, the network alone on windows
of 3 to 300 s.  How it grows with the number of live streams, pipeline.py says.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import measure

FILES = 1, 10, 100, 1000
MOST_PER_ROW = 1000     # files in all rounds


def make_files(song, folder, n):
    """Links of other names to one copy, which is in memory then."""
    first = os.path.join(folder, "song" + os.path.splitext(song)[1])
    with open(song, "rb") as source, open(first, "wb") as target:
        target.write(source.read())
    folders = {}
    for count in n:
        folders[count] = os.path.join(folder, str(count))
        os.mkdir(folders[count])
        for i in range(count):
            os.link(first, os.path.join(
                folders[count], f"{i:05}{os.path.splitext(song)[1]}"))
    return folders


def check(program, folder, n, environment):
    """Each name is a file of its own to the command."""
    lines = subprocess.run(
        [program, "--json", folder], env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, check=True).stdout.splitlines()
    if len(lines) != n or any(
            json.loads(line)["error"] for line in lines):
        sys.exit(f"expected {n} answers, got {len(lines)}: {lines[:1]}")


def count_files(args, program, environment, folder):
    folders = make_files(args.song, folder, args.files)
    check(program, folders[min(args.files)], min(args.files), environment)
    processors = len(os.sched_getaffinity(0))
    print("| files | jobs | s | CPU s | ms for a file | CPU ms "
          "| CPU ms of each further file | peak MiB |")
    print("|---" * 8 + "|")
    before = {}
    for n in args.files:
        results = measure.in_turns({
            jobs: lambda jobs=jobs: measure.run(
                [program, "--quiet", "--jobs", str(jobs), folders[n]], environment)
            for jobs in dict.fromkeys((1, processors))},
            max(1, min(args.rounds, MOST_PER_ROW // n)))
        for jobs, usages in results.items():
            wall, cpu, peak = (measure.median(usages, what)
                               for what in ("wall", "cpu", "peak"))
            text = f"| {n} | {jobs} | {wall:.2f} | {cpu:.2f} " \
                   f"| {wall / n * 1e3:.1f} | {cpu / n * 1e3:.1f} |"
            if jobs in before:
                n_then, cpu_then = before[jobs]
                text += f" {(cpu - cpu_then) / (n - n_then) * 1e3:.1f} |"
            else:
                text += " |"
            before[jobs] = n, cpu
            print(text + f" {peak:.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", help="build directory")
    parser.add_argument("song", help="file of 30 s, on a file system with links")
    parser.add_argument("--files", type=measure.positive, nargs="+", metavar="N",
                        default=FILES)
    parser.add_argument("--rounds", type=measure.positive, default=5, metavar="N",
                        help=f"5; of rows with more than {MOST_PER_ROW // 5} files, "
                        "fewer")
    args = parser.parse_args()
    args.files = sorted(set(args.files))
    program = os.path.join(os.path.abspath(args.build), "src", "genreclassify")
    with tempfile.TemporaryDirectory() as folder:
        environment = measure.environment_of(
            args.build, os.path.join(folder, "registry"))
        print(f"{measure.processor()}; medians of {args.rounds}\n")
        count_files(args, program, environment, folder)
        print(flush=True)
        measure_windows(args, environment)


def measure_windows(args, environment):
    """By the model that is chosen, as the files."""
    subprocess.run([os.path.join(args.build, "tests", "bench", "bench-windows")],
                   env=environment, check=True)


if __name__ == "__main__":
    main()
