#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the command costs on a library: library.py PROGRAM SONG [COPIES]

Prints how long COPIES of a song take with one job and with two, how long the same
number of bare pipelines takes, two at a time, and the memory of the processes at
100,000 names.  GST_PLUGIN_PATH and GENRECLASSIFY_MODELS are to be set."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

PROGRAM, SONG = sys.argv[1:3]
COPIES = int(sys.argv[3]) if len(sys.argv) > 3 else 40


def seconds(function):
    start = time.monotonic()
    function()
    return time.monotonic() - start


def classify(jobs, folder):
    subprocess.run([PROGRAM, "--json", "--jobs", str(jobs), folder],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   check=True)


def play(path):
    subprocess.run(["gst-launch-1.0", "-q", "filesrc", f"location={path}", "!",
                    "decodebin", "!", "audioconvert", "!", "genreclassify", "!",
                    "fakesink"], stdout=subprocess.DEVNULL, check=True)


def play_all(jobs, folder):
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(play, [os.path.join(folder, name)
                             for name in os.listdir(folder)]))


def peak_memory(pid):
    """MB, of the process and of each that it has started."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        pids = [pid, *map(int, file.read().split())]
    peaks = []
    for one in pids:
        with open(f"/proc/{one}/status") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    peaks.append(int(line.split()[1]) / 1024)
    return peaks


def measure_memory(folder):
    """One song that is analysed to ten that do not exist."""
    songs = [os.path.join(folder, name) for name in os.listdir(folder)]
    process = subprocess.Popen(
        [PROGRAM, "--json", "--jobs", "2", "--max-duration", "5", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)

    def feed():
        for i in range(100000):
            name = songs[i % len(songs)] if i % 100 == 0 else f"/none/{i}.mp3"
            process.stdin.write(name.encode() + b"\0")
        process.stdin.close()

    thread = threading.Thread(target=feed)
    thread.start()
    peaks = []
    while process.poll() is None:
        try:
            now = peak_memory(process.pid)
        except OSError:
            break
        peaks = now if len(now) >= len(peaks) else peaks
        time.sleep(0.05)
    thread.join()
    process.wait()
    return peaks


with tempfile.TemporaryDirectory() as folder:
    for i in range(COPIES):
        shutil.copy(SONG, os.path.join(folder, f"{i:04}-{os.path.basename(SONG)}"))
    classify(2, folder)  # the files are in memory now
    one = seconds(lambda: classify(1, folder))
    two = seconds(lambda: classify(2, folder))
    bare = seconds(lambda: play_all(2, folder))
    print(f"{COPIES} files: {one:.2f} s with one job, {two:.2f} s with two, "
          f"{one / two:.2f} times as fast")
    print(f"bare pipelines, two at a time: {bare:.2f} s; "
          f"the command has {bare / two:.2f} of their throughput")
    parent, *workers = measure_memory(folder)
    print(f"100,000 names: {parent:.0f} MB, and "
          f"{', '.join(f'{peak:.0f}' for peak in workers)} MB of its processes")
