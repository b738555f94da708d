# SPDX-License-Identifier: GPL-2.0-or-later
"""genreclassify serve for ten minutes, or SOAK_SECONDS: a crowd of strangers, and
somebody who kills its processes, fills its disk, takes memory and descriptors from it and
hangs it up.  Every request gets an answer or a clean end, what is answered is right, and
nothing grows or is left.
Argument: the program."""

import argparse
import collections
import contextlib
import json
import os
import random
import re
import resource
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import endurance  # noqa: E402
import strangers  # noqa: E402
from stranger import files, service as services  # noqa: E402
from stranger.talk import Client, Lost, Wrong, head  # noqa: E402
from stranger.visit import KINDS, Busy, Forgotten, Visit, World  # noqa: E402
from stranger.watch import rest  # noqa: E402

CLIENTS = 8
# a file whose worker hangs for less than --timeout is answered all the same
OPTIONS = "--jobs=2 --queue=100 --timeout=60 --max-size=8M --client-timeout=10 " \
    "--keep-uploads=10"
DISK = "64m"
LAST = 150          # requests, undisturbed, of the last round, that are counted
# The service, its fork server and at most two workers.
GROWTH = endurance.Sample(20_000, 6000, 20, 6, 2)
PEAK = endurance.Sample(200_000, 60_000, 100, 20, 10)


class Crowd(strangers.Crowd):
    """Who was disturbed asks again, until nothing disturbs.  A connection that is lost
    is never excused, but of who sends too much: what was refused already, for want of
    a disk, is not read for ever."""

    def __init__(self, world, seed, trouble):
        super().__init__(world, argparse.Namespace(only=None, seed=seed,
                                                   clients=CLIENTS))
        self.trouble = trouble
        self.disturbed = collections.Counter()
        self.number = 0

    def visit(self, n):
        name = random.Random(f"{self.options.seed}-{n}").choices(
            self.names, self.weights)[0]
        begun = time.monotonic()
        fault = None
        for _ in range(2 * strangers.TRIES):
            before = self.trouble.begin()
            try:
                r = random.Random(f"{self.options.seed}-{n}-request")
                KINDS[name][0](Visit(self.world, r, f"127.0.0.{2 + n % CLIENTS}"))
                fault = None
                break
            except (Busy, Forgotten):
                with self.lock:
                    self.busy += 1
                fault = Wrong("busy to the end")
            except (Lost, Wrong) as error:
                fault = error
                excused = not isinstance(error, Lost) or name == "too_large"
                if not excused or not self.trouble.was_there(before):
                    break
                with self.lock:
                    self.disturbed[re.sub(r"\d{4,}|^[^:]*: ", "", str(error))] += 1
            except Exception as error:   # a fault of this program, to be seen
                fault = Wrong(f"{type(error).__name__}: {error}")
                break
            time.sleep(0.1)
        with self.lock:
            self.done += 1
            self.counts[name] += 1
            self.seconds[name] += time.monotonic() - begun
            self.lost += isinstance(fault, Lost)
            if fault:
                self.faults[name, str(fault)].append(n)

    def take_number(self, is_over):
        with self.lock:
            if is_over():
                return None
            self.number += 1
            return self.number

    def meet(self, is_over):
        """Asks until then."""
        def ask():
            while (n := self.take_number(is_over)) is not None:
                self.visit(n)
        threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


class Trouble:
    """What is done to the service."""

    REST = 1        # s after which no answer can be due to it any more

    def __init__(self, service, disk, r):
        self.service, self.disk, self.r = service, disk, r
        self.counts = collections.Counter()
        self.n, self.is_there, self.ended = 0, False, 0

    def begin(self):
        return (self.n, self.is_there or time.monotonic() - self.ended < self.REST)

    def was_there(self, before):
        return before[1] or self.n != before[0]

    @contextlib.contextmanager
    def going_on(self, name):
        self.n += 1
        self.is_there = True
        yield
        self.counts[name] += 1
        self.ended = time.monotonic()
        self.is_there = False

    def sleep(self, most):
        time.sleep(self.r.uniform(most / 4, most))

    def pick(self):
        workers = sorted(self.service.workers())
        return self.r.choice(workers) if workers else None

    def kill(self):
        worker = self.pick()
        if worker:
            with self.going_on("kills"):
                endurance.kill(worker, self.r.choice(endurance.ENDS))

    def kill_fork_server(self):
        with self.going_on("fork_servers_killed"):
            for child in services.children(self.service.process.pid):
                endurance.kill(child, self.r.choice(endurance.ENDS))

    def stop_for_a_while(self):
        worker = self.pick()
        if worker:
            with self.going_on("stops"):
                endurance.kill(worker, signal.SIGSTOP)
                self.sleep(8)
                endurance.kill(worker, signal.SIGCONT)

    def fill(self):
        if self.disk:
            with self.going_on("full_disks"):
                self.disk.fill(free=self.r.choice((0, 0, 5000, 100_000)))
                self.sleep(6)
                self.disk.clear()

    @contextlib.contextmanager
    def limited(self, pid, what, limit):
        """While it runs, it gets no more of that than so much."""
        soft, hard = resource.prlimit(pid, what)
        resource.prlimit(pid, what, (min(limit, hard) if hard >= 0 else limit, hard))
        yield
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, what, (soft, hard))

    def take_memory(self):
        """Of a worker, from now on each allocation fails."""
        worker = self.pick()
        if worker:
            with self.going_on("starved"), contextlib.suppress(ProcessLookupError), \
                    self.limited(worker, resource.RLIMIT_AS, 1 << 20):
                self.sleep(3)

    def take_memory_of_new(self):
        """Of all that is started meanwhile."""
        for server in services.children(self.service.process.pid)[:1]:
            with self.going_on("starved_at_birth"), \
                    contextlib.suppress(ProcessLookupError), \
                    self.limited(server, resource.RLIMIT_AS, 1 << 20):
                self.sleep(3)

    def take_descriptors(self):
        pid = self.service.process.pid
        with self.going_on("out_of_descriptors"), \
                contextlib.suppress(ProcessLookupError), \
                self.limited(pid, resource.RLIMIT_NOFILE,
                             endurance.count(pid, "fd") + self.r.randrange(4)):
            self.sleep(4)

    def hang_up(self):
        with self.going_on("hang_ups"):
            before = self.service.hang_up()
            end = time.monotonic() + endurance.PATIENCE
            while not self.service.has_restarted(before):
                if time.monotonic() > end:
                    raise AssertionError("it does not begin anew")
                time.sleep(0.05)
            # one that gets no memory to begin with ends
            with Client(self.service.address) as client:
                client.send(head("GET", "/health", [("Host", "localhost")]))
                client.answer()

    def go_on(self):
        deeds = [(self.kill, 8), (self.kill_fork_server, 1), (self.stop_for_a_while, 2),
                 (self.fill, 3), (self.take_memory, 2), (self.take_memory_of_new, 1),
                 (self.take_descriptors, 1), (self.hang_up, 1)]
        functions, weights = zip(*deeds)
        end = time.monotonic() + endurance.SECONDS
        while time.monotonic() < end:
            self.sleep(3)
            self.r.choices(functions, weights)[0]()


def lines_of(service):
    """Of its log: (those of requests, the others)."""
    found, other = [], []
    for line in service.said().splitlines():
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            if "id" in entry:
                found.append(entry)
                continue
        other.append(line)
    return found, other


def total(world, name):
    text = Visit(world, None, "127.0.0.1").ask("GET", "/metrics").body.decode()
    return sum(float(value) for value in re.findall(
        rf"^genreclassify_{name}(?:{{.*}})? (\S+)$", text, re.M))


def count_requests(crowd, world, trouble, service):
    """A last round, in a process that is new: what it logs is what it counts."""
    trouble.hang_up()
    time.sleep(trouble.REST)
    # a question about the figures is counted, and logged, when it is answered
    first = total(world, "requests_total")
    time.sleep(trouble.REST)
    before = len(lines_of(service)[0])
    last = crowd.number + LAST
    crowd.meet(lambda: crowd.number >= last)
    # what a client has given up is told when the service sees it
    end = time.monotonic() + endurance.PATIENCE
    while True:
        counted = total(world, "requests_total") - first
        logged = len(lines_of(service)[0]) - before
        if counted == logged or time.monotonic() > end:
            break
        time.sleep(1)
    print(f"{counted:.0f} requests counted, {logged} logged")
    return [] if counted == logged else [
        f"{counted:.0f} requests are counted, and {logged} logged"]


def soak(options, disks, folder):
    r, seed = endurance.make_chance()
    trap = strangers.Trap()
    known = files.make(options.program, os.environ["TEST_CLIP"], folder, trap.address)
    limits = OPTIONS.split()
    with contextlib.ExitStack() as stack:
        service = services.Service(options.program, *limits, activated=True)
        stack.callback(service.stop)
        guarded = services.Service(options.program, *limits,
                                   f"--token={strangers.TOKEN}")
        stack.callback(guarded.stop)
        disk = endurance.Disk(service.spool, DISK) if disks else None
        if disk:
            stack.callback(disk.close)
        world = World(service, guarded, strangers.TOKEN, known, True)
        trouble = Trouble(service, disk, r)
        crowd = Crowd(world, seed, trouble)
        before = service.sample()
        gauge = endurance.Gauge(lambda: service.process.pid)
        troubles = threading.Thread(target=trouble.go_on)
        troubles.start()
        crowd.meet(lambda: not troubles.is_alive())
        gauge.stop()
        faults = gauge.judge(GROWTH, PEAK)
        faults += count_requests(crowd, world, trouble, service)
        faults += [f"not idle at the end: {what}" for what in rest(service, before)]
        faults += finish(service, guarded, disk, world)
    crowd.report()
    for what, n in crowd.disturbed.most_common():
        print(f"{n:5}  disturbed: {what}")
    faults += [f"{len(numbers)} x {name}: {text}"
               for (name, text), numbers in crowd.faults.items()]
    if trap.visits:
        faults.append(f"{trap.visits} connections to the address in playlists")
    return endurance.report(faults, requests=crowd.done, busy=crowd.busy,
                            disturbed=sum(crowd.disturbed.values()), **trouble.counts)


def finish(service, guarded, disk, world):
    """What is wrong when it has ended."""
    found, other = lines_of(service)
    faults = [f"it ended, status {end}" for end in service.ends if end]
    faults += [f"it says: {line}" for line in other if re.search(
        "CRITICAL|Sanitizer|assert", line)][:5]
    for line, n in collections.Counter(
            re.sub(r'"time":"[^"]*"|\d\d\d+', "N", line) for line in other
            if "GStreamer-WARNING" not in line and line).most_common(8):
        print(f"{n:5}  it says: {line[:150]}")
    ids = collections.Counter(line["id"] for line in found)
    ids.update(line["id"] for line in lines_of(guarded)[0])
    told = {name for name in world.identifiers if name}
    if told - set(ids):
        faults.append(f"{len(told - set(ids))} answers are not in the log")
    twice = [name for name, n in ids.items() if n > 1 and name]
    if twice:
        faults.append(f"{len(twice)} requests are in the log twice: {twice[:2]}")
    faults += [f"it is left: {name}" for name in os.listdir(service.spool)]
    if disk:
        disk.close()
    begun = time.monotonic()
    faults += [f"the end: {end}" for end in (service.stop(), guarded.stop()) if end]
    print(f"it ended in {time.monotonic() - begun:.1f} s")
    faults += [f"a process is left: {left}"
               for left in endurance.left_below(patience=10)]
    return faults


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    options = parser.parse_args()
    endurance.adopt()
    disks = endurance.has_disks()
    if not disks:
        print("left out: a full disk, which needs root")
    with tempfile.TemporaryDirectory() as folder:
        return soak(options, disks, folder)


if __name__ == "__main__":
    sys.exit(main())
