# SPDX-License-Identifier: GPL-2.0-or-later
"""A crowd of strangers at the service: mixed requests, good and bad ones, many at
once.  Every answer is judged, and what the service takes of the machine is watched.

    strangers.py PROGRAM [--requests N] [--clients N] [--seed S] [--restarts N]
                 [--only KIND[,KIND]] [--request I] [--list] [--options OPTIONS]

The same seed asks the same things; --request I repeats the I-th of them alone.
--restarts N hangs up the service N times on the way, which gets its socket as from
systemd: no request may be lost."""

import argparse
import collections
import contextlib
import os
import random
import re
import sys
import socket
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from stranger import asking, entering, files, framing, reported, uploading  # noqa: F401
from stranger.service import Service
from stranger.talk import Lost, Wrong
from stranger.visit import KINDS, Busy, Forgotten, Visit, World
from stranger.watch import Watch, rest

TOKEN = "the word that opens"
OPTIONS = "--jobs=2 --queue=100 --timeout=60 --max-size=8M --client-timeout=10 " \
    "--keep-uploads=10"
# what there is nothing of where the program was built without its page
PAGE_KINDS = ("get_page", "conditional", "one_range", "odd_range", "never_reads")
TRIES = 200   # for a request that the service is too busy for


class Trap:
    """An address that files refer to, where nobody may come."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = self.socket.getsockname()
        self.visits = 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            self.socket.accept()[0].close()
            self.visits += 1


class Crowd:
    """Asks all requests, and counts what was wrong."""

    def __init__(self, world, options):
        self.world, self.options = world, options
        names = options.only.split(",") if options.only else list(KINDS)
        self.names = [name for name in names if name in KINDS and
                      (world.pages or name not in PAGE_KINDS)]
        self.weights = [KINDS[name][1] for name in self.names]
        self.lock = threading.Lock()
        self.done = self.busy = self.lost = self.forgotten = 0
        self.counts = collections.Counter()
        self.seconds = collections.Counter()
        self.faults = collections.defaultdict(list)

    def visit(self, n):
        """The n-th request; until the service has time for it."""
        name = random.Random(f"{self.options.seed}-{n}").choices(
            self.names, self.weights)[0]
        address = f"127.0.0.{2 + n % self.options.clients}"
        start = time.monotonic()
        fault = None
        for _ in range(TRIES):
            try:
                r = random.Random(f"{self.options.seed}-{n}-request")
                KINDS[name][0](Visit(self.world, r, address))
                break
            except Busy:
                with self.lock:
                    self.busy += 1
                time.sleep(0.1)
            except Forgotten:
                with self.lock:
                    self.forgotten += 1
                break
            except Wrong as error:
                fault = error
                break
            except Exception as error:   # a fault of this program, to be seen
                fault = Wrong(f"{type(error).__name__}: {error}")
                break
        else:
            fault = Wrong(f"busy {TRIES} times")
        with self.lock:
            self.done += 1
            self.counts[name] += 1
            self.seconds[name] += time.monotonic() - start
            self.lost += isinstance(fault, Lost)
            if fault:
                text = re.sub(r"\d{4,}|[0-9a-f]{16,}", "N", str(fault))
                self.faults[name, text].append(n)

    def run(self):
        numbers = range(self.options.requests)
        if self.options.request is not None:
            numbers = [self.options.request]
        with ThreadPoolExecutor(self.options.clients) as pool:
            list(pool.map(self.visit, numbers))

    def report(self):
        wrong = collections.Counter()
        for (name, _), numbers in self.faults.items():
            wrong[name] += len(numbers)
        print(f"{'kind':20}{'requests':>9}{'wrong':>7}{'s each':>8}")
        for name in sorted(self.counts):
            print(f"{name:20}{self.counts[name]:9}{wrong[name]:7}"
                  f"{self.seconds[name] / self.counts[name]:8.2f}")
        for (name, text), numbers in sorted(self.faults.items(),
                                            key=lambda fault: -len(fault[1])):
            print(f"{len(numbers):5}  {name}: {text} (--request {numbers[0]})")


def restart(service, crowd, options):
    """Hangs the service up on the way; returns how often it really began anew."""
    happened = 0
    for n in range(options.restarts):
        while crowd.done < options.requests * (n + 1) / (options.restarts + 1):
            time.sleep(0.05)
        before = service.hang_up()
        end = time.monotonic() + 60
        while not service.has_restarted(before) and time.monotonic() < end:
            time.sleep(0.05)
        happened += service.has_restarted(before)
    return happened


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--restarts", type=int, default=0)
    parser.add_argument("--only", help="kinds, by commas")
    parser.add_argument("--request", type=int)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--options", default=OPTIONS, help="the service's")
    return parser.parse_args()


def main():
    options = arguments()
    if options.list:
        print("\n".join(KINDS))
        return 0
    trap = Trap()
    limits = options.options.split()
    with tempfile.TemporaryDirectory() as folder:
        known = files.make(options.program, os.environ["TEST_CLIP"], folder,
                           trap.address)
    with contextlib.ExitStack() as stack:
        service = Service(options.program, *limits, activated=options.restarts > 0)
        stack.callback(service.stop)
        guarded = Service(options.program, *limits, f"--token={TOKEN}")
        stack.callback(guarded.stop)
        return meet(options, service, guarded, known, trap)


def meet(options, service, guarded, known, trap):
    """Lets the strangers come; returns the program's exit status."""
    world = World(service, guarded, TOKEN, known, options.restarts > 0)
    crowd = Crowd(world, options)
    for one in service, guarded:   # what is made with the first file stays
        Visit(world, None, "127.0.0.1").ask(
            "POST", "/predict", known["song.mp3"].data,
            [("Authorization", f"Bearer {TOKEN}")], one)
    time.sleep(1)
    before = service.sample()
    guarded_before = guarded.sample()
    watch = Watch(service, lambda: crowd.done)
    start = time.monotonic()
    again = []
    hanging = threading.Thread(
        target=lambda: again.append(restart(service, crowd, options)))
    hanging.start()
    crowd.run()
    seconds = time.monotonic() - start
    hanging.join()
    left = rest(service, before) + rest(guarded, guarded_before)
    watch.stop()
    wrong = watch.faults(options.requests, options.restarts > 0)
    wrong += [f"not idle at the end: {what}" for what in left]
    if world.nameless:
        wrong.append("answers without an X-Request-Id of their own: " + ", ".join(
            f"{n} of {status}" for status, n in sorted(world.nameless.items())))
    if trap.visits:
        wrong.append(f"{trap.visits} connections to the address in playlists")
    if options.restarts and again != [options.restarts]:
        wrong.append(f"{again[0]} restarts of {options.restarts}")
    said = service.said()
    wrong += [f"it says: {line}" for line in re.findall(
        r".*(?:CRITICAL|WARNING|ERROR: |Sanitizer|assert).*", said)[:5]]
    wrong += [f"it ended, status {end}" for end in service.ends if end]
    wrong += [f"the end: {end}" for end in (service.stop(), guarded.stop()) if end]
    crowd.report()
    print(watch.table(options.requests))
    count = sum(map(len, crowd.faults.values()))
    print(f"{crowd.done} requests in {seconds:.0f} s, {count} wrong, {crowd.lost} of "
          f"them lost, {crowd.busy} times busy, {options.restarts} restarts")
    for what in wrong:
        print("wrong:", what)
    return 1 if count or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
