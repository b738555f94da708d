# SPDX-License-Identifier: GPL-2.0-or-later
"""What the service takes of the machine while strangers use it."""

import statistics
import threading
import time

NAMES = ("memory (kB)", "fork server (kB)", "descriptors", "threads", "children",
         "workers")
# how much more it may be at the end than after the warm-up
GROWTH = (6000, 3000, 0, 4, 0, 0)   # GLib's pool has some threads, for a while
# a service with 32 clients of small files at no time needs more
PEAK = (300_000, 300_000, 400, 40, 3, 8)


class Watch:
    """Samples of a service, with how many requests were done then."""

    def __init__(self, service, done):
        self.service, self.done = service, done
        self.samples = []
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while True:
            self.samples.append((self.done(), self.service.sample()))
            if self.end.wait(0.25):
                return

    def stop(self):
        self.end.set()
        self.thread.join()

    def window(self, total, begin, end):
        """The medians of the samples of that part of the requests."""
        rows = [row for n, row in self.samples if begin * total <= n <= end * total]
        return [statistics.median(column) for column in zip(*rows)] if rows else None

    def table(self, total):
        windows = [self.window(total, a / 10, (a + 2) / 10) for a in range(0, 10, 2)]
        peaks = [max(column) for column in zip(*(row for _, row in self.samples))]
        lines = ["                    medians of each fifth"
                 "                                peak"]
        for n, name in enumerate(NAMES):
            values = "".join(f"{window[n]:10.0f}" if window else f"{'-':>10}"
                             for window in windows)
            lines.append(f"  {name:18}{values}{peaks[n]:10.0f}")
        return "\n".join(lines)

    def faults(self, total, is_restarted):
        """What is not flat, as sentences."""
        peaks = [max(column) for column in zip(*(row for _, row in self.samples))]
        found = [f"{name}: at most {peak}, allowed are {limit}"
                 for name, peak, limit in zip(NAMES, peaks, PEAK) if peak > limit]
        first = self.window(total, 0.2, 0.4)
        last = self.window(total, 0.8, 1)
        # descriptors and workers go up and down with the requests; rest() sees them
        if first and last and not is_restarted:
            found += [f"{NAMES[n]}: from {first[n]:.0f} to {last[n]:.0f}"
                      for n in (0, 1, 3, 4) if last[n] - first[n] > GROWTH[n]]
        return found


def rest(service, before, seconds=90):
    """Waits until the service is idle as it was before; returns what is not.  An upload
    that is kept is for a minute."""
    end = time.monotonic() + seconds
    while True:
        now = service.sample()
        # threads of GLib's pool end by themselves, later
        left = [f"{NAMES[n]}: {now[n]}, before {before[n]}" for n in (2, 4, 5)
                if now[n] > before[n]]
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.2)
