# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of endurance share: how long, by which chance, what processes have of
the machine, who kills them, and a small disk that can be full.

    SOAK_SECONDS    how long, 600 by default
    SOAK_SEED       the same chance as in the run that printed it"""

import collections
import contextlib
import ctypes
import os
import random
import signal
import statistics
import subprocess
import threading
import time
from pathlib import Path

SECONDS = float(os.environ.get("SOAK_SECONDS", 600))
# a machine that has other work is slow
PATIENCE = 120      # s, for what takes a few
# what a process may be ended by
ENDS = (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS)

CLONE_NEWNS = 0x20000
PR_SET_CHILD_SUBREAPER = 36
libc = ctypes.CDLL(None, use_errno=True)


def make_chance():
    """The seed is printed, and makes the same choices again; what the machine makes of
    them differs."""
    seed = int(os.environ.get("SOAK_SEED") or random.SystemRandom().getrandbits(32))
    print(f"SOAK_SEED={seed} SOAK_SECONDS={SECONDS:g}", flush=True)
    return random.Random(seed), seed


# Processes

def adopt():
    """Who loses his parent below this process gets it as one, and is found."""
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def parents():
    """{process: (its parent, its state)} of all there are."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2]
                state, parent = fields.split()[:2]
                found[int(entry)] = int(parent), state
    return found


def offspring(pid):
    """{process: its state} of all that it and its children have started, without
    itself."""
    all_of_them = parents()
    children = collections.defaultdict(list)
    for process, (parent, _) in all_of_them.items():
        children[parent].append(process)
    found, left = {}, [pid]
    while left:
        for process in children[left.pop()]:
            found[process] = all_of_them[process][1]
            left.append(process)
    return found


def words(pid):
    """Its command line."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def kill(pid, number):
    """True if it was there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False


def pss(pid):
    """kB: its share of the memory that it has together with others counts by parts."""
    with contextlib.suppress(OSError, IndexError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(text.split("\nPss:")[1].split()[0])
    return 0


def count(pid, what):
    """Of "fd" or "task" """
    with contextlib.suppress(OSError):
        return len(os.listdir(f"/proc/{pid}/{what}"))
    return 0


def left_below(known=(), patience=PATIENCE):
    """The command lines of processes below this one, but those known, that do not end
    in that time.  What was adopted is waited for."""
    end = time.monotonic() + patience
    while True:
        # those known have somebody who waits for them
        left = [p for p in offspring(os.getpid()) if p not in known]
        for process in left:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process, os.WNOHANG)
        if not left or time.monotonic() > end:
            return [(p, b" ".join(words(p)).decode(errors="replace") or "a zombie")
                    for p in left]
        time.sleep(0.1)


# memory: kB of all processes; own: of the program's alone
Sample = collections.namedtuple("Sample", "memory own files threads processes")


class Gauge:
    """Samples of a program, with all that it has started; pid() is its number now."""

    INTERVAL = 1        # s
    ZOMBIE = 30         # s for which a process may be one, on a machine that is busy

    def __init__(self, pid):
        self.pid = pid
        self.samples = []
        self.zombies = {}       # since when
        self.faults = []
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def take(self):
        pid = self.pid()
        family = offspring(pid)
        now = time.monotonic()
        dead = {p for p, state in family.items() if state == "Z"}
        self.zombies = {p: self.zombies.get(p, now) for p in dead}
        for process, since in self.zombies.items():
            if now - since > self.ZOMBIE:
                self.faults.append(f"process {process} is a zombie for {self.ZOMBIE} s")
                self.zombies[process] = now
        living = [pid, *(p for p in family if p not in dead)]
        # the threads and files of the program itself: those of others come and go
        # with them
        return Sample(sum(map(pss, living)), pss(pid), count(pid, "fd"),
                      count(pid, "task"), len(living))

    def run(self):
        while not self.end.wait(self.INTERVAL):
            sample = self.take()
            if sample.files:
                self.samples.append(sample)

    def stop(self):
        self.end.set()
        self.thread.join()

    def window(self, begin, end):
        """The medians of that part of the samples."""
        n = len(self.samples)
        rows = self.samples[int(begin * n):max(int(end * n), int(begin * n) + 1)]
        return Sample(*(statistics.median(column) for column in zip(*rows)))

    def judge(self, growth, peak):
        """Prints what there was, and gives faults.  Both are Samples: how much more the
        last fifth may have than the second one, the warm-up being the first, and what
        there may be at most."""
        if not self.samples:
            return ["there is no sample"]
        early, late = self.window(0.2, 0.4), self.window(0.8, 1)
        highest = Sample(*map(max, zip(*self.samples)))
        faults = sorted(set(self.faults))
        for name, a, b, most, more, limit in zip(
                Sample._fields, early, late, highest, growth, peak):
            unit = " kB" if name in ("memory", "own") else ""
            print(f"{name + unit:12}{a:9.0f} at first,{b:9.0f} in the end,"
                  f"{most:9.0f} at most", flush=True)
            if b - a > more:
                faults.append(f"{name} grow from {a:.0f} to {b:.0f}, by more than "
                              f"{more}")
            if most > limit:
                faults.append(f"{name} are {most:.0f}, more than {limit}")
        return faults


# The disk

def has_disks():
    """From now on this process, and those that it starts, have mounts of their own,
    which are gone with them.  False where it may not; to be asked before there are
    threads."""
    if libc.unshare(CLONE_NEWNS):
        return False
    return subprocess.run(["mount", "--make-rprivate", "/"],
                          stderr=subprocess.DEVNULL).returncode == 0


class Disk:
    """A file system of memory at that folder, which is made."""

    def __init__(self, folder, size):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ballast = self.folder / "ballast"
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "soak",
                        str(self.folder)], check=True)
        self.is_open = True

    def fill(self, free=0):
        """To the last byte, or but for so many."""
        with contextlib.suppress(OSError), open(self.ballast, "ab", buffering=0) as f:
            while f.write(bytes(4096)):
                pass
        if free:
            size = self.ballast.stat().st_size
            os.truncate(self.ballast, max(size - free, 0))

    def clear(self):
        self.ballast.unlink(missing_ok=True)

    def close(self):
        if self.is_open:
            self.is_open = False
            subprocess.run(["umount", "-l", str(self.folder)], check=False)


def report(faults, **counts):
    """The end of a test: its exit status."""
    print(", ".join(f"{n} {name.replace('_', ' ')}" for name, n in counts.items()))
    for fault in faults[:40]:
        print("wrong:", fault)
    if len(faults) > 40:
        print(f"wrong: {len(faults) - 40} more")
    return 1 if faults else 0
