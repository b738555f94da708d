#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What it costs to plan a batch: plan.py PROGRAM [FILES [PARTS]]

Makes a list of FILES (10,000,000) names in an order that is shuffled but always the
same, of files that need not exist, and has the program plan PARTS (1000) parts of it.
Prints its time and memory, and what of the plan the task of a part opens: the list that
has its own names, and nothing that grows with the rest."""

import os
import sys
import tempfile
import time

PROGRAM = sys.argv[1]
FILES = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
PARTS = int(sys.argv[3]) if len(sys.argv) > 3 else 1000

TRACKS = 12  # of an album
ENDINGS = "mp3", "flac", "m4a", "opus"
# has no factor in common with a number of files below it, being prime
STEP = 2_147_483_647


def write_names(path):
    with open(path, "w", encoding="ascii") as file:
        for i in range(FILES):
            number = i * STEP % FILES
            album, track = divmod(number, TRACKS)
            file.write(f"/archive/{album % 100:02}/{album // 100:04}/"
                       f"track-{track + 1:06}.{ENDINGS[album % 4]}\n")


def run(*command):
    """Its seconds, of the clock and of the processors, and KiB of memory at most."""
    start = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{command[0]} failed")
    return (time.monotonic() - start, usage.ru_utime, usage.ru_stime,
            usage.ru_maxrss)


def main():
    with tempfile.TemporaryDirectory() as folder:
        names, out = os.path.join(folder, "names"), os.path.join(folder, "out")
        write_names(names)
        wall, user, system, memory = run(
            PROGRAM, "batch", "plan", "--parts", str(PARTS), "--out", out, names)
        lists = os.path.join(out, "lists")
        sizes = [os.path.getsize(entry) for entry in os.scandir(lists)]
        print(f"{FILES} names of {os.path.getsize(names) / FILES:.0f} bytes in "
              f"{PARTS} parts: {wall:.1f} s, of processors {user:.1f} s and "
              f"{system:.1f} s in the kernel, {memory / 1024:.0f} MiB")
        print(f"{len(sizes)} lists of {min(sizes)} to {max(sizes)} bytes, "
              f"{sum(sizes)} in all; plan.json has "
              f"{os.path.getsize(os.path.join(out, 'plan.json'))}")


if __name__ == "__main__":
    main()
