# SPDX-License-Identifier: GPL-2.0-or-later
"""What the benchmarks measure with: time, memory and energy of a process."""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

POWERCAP = "/sys/class/powercap"


@dataclass
class Usage:
    """What a process took, with all those that it has waited for."""
    user: float     # s
    system: float   # s
    wall: float     # s
    peak: float     # MiB of the largest of them
    joules: float   # of all processors meanwhile; NaN where nobody counts them

    @property
    def cpu(self):
        return self.user + self.system


class Energy:
    """The counters of energy of all processors, as far as they can be read."""

    def __init__(self, folder=POWERCAP):
        self.counters = []      # (file, J after which it begins again)
        try:
            zones = sorted(os.listdir(folder))
        except OSError:
            return
        for zone in zones:
            # one of a whole processor: those with a second number are parts of it
            if not re.fullmatch(r"intel-rapl:\d+", zone):
                continue
            path = os.path.join(folder, zone)
            try:
                with open(os.path.join(path, "name"), encoding="ascii") as f:
                    if not f.read().startswith("package"):
                        continue    # "psys" is the whole computer
                with open(os.path.join(path, "max_energy_range_uj"),
                          encoding="ascii") as f:
                    most = int(f.read()) / 1e6
                counter = os.path.join(path, "energy_uj")
                self._read_one(counter)
            except (OSError, ValueError):
                continue    # as for all but root
            self.counters.append((counter, most))

    def __bool__(self):
        return bool(self.counters)

    @staticmethod
    def _read_one(path):
        with open(path, encoding="ascii") as f:
            return int(f.read()) / 1e6

    def read(self):
        """J of each counter."""
        return [self._read_one(path) for path, _ in self.counters]

    def since(self, before):
        """J of all since read() gave this; each may have begun again once."""
        if not self.counters:
            return float("nan")
        return sum(now - then if now >= then else now - then + most
                   for now, then, (_, most)
                   in zip(self.read(), before, self.counters))


NO_ENERGY = Energy(os.devnull)


def run(command, environment=None, energy=NO_ENERGY, accept=(0,)):
    """Runs a command without output to its end; ends the program if it fails."""
    before, begin = energy.read(), time.monotonic()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, env=environment,
                                   stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        wall, joules = time.monotonic() - begin, energy.since(before)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in accept:
            errors.seek(0)
            sys.exit(f"{' '.join(command)}: {process.returncode}: "
                     f"{errors.read().decode(errors='replace')}")
    return Usage(usage.ru_utime, usage.ru_stime, wall, usage.ru_maxrss / 1024,
                 joules)


def launch(pipeline, environment, energy=NO_ENERGY):
    """Runs a pipeline of gst-launch-1.0."""
    return run(["gst-launch-1.0", "-q", *pipeline.split()], environment, energy)


def in_turns(runs, rounds):
    """Runs each of {name: function} once in each round, A B A B, so that all meet the
    same machine; every other round in the opposite order.  {name: [result]}"""
    results = {name: [] for name in runs}
    for i in range(rounds):
        for name in list(runs)[::-1 if i % 2 else 1]:
            results[name].append(runs[name]())
    return results


def median(usages, what):
    """The median of one thing of some usages."""
    return statistics.median(getattr(usage, what) for usage in usages)


def pair_ratio(above, below):
    """The median of the ratios of numbers of the same round; the machine's speed,
    which wanders, is the same in both."""
    return statistics.median(a / b for a, b in zip(above, below))


def environment_of(build, registry, models=None):
    """To play with a build's element, by its own models if no others are chosen.

    build: a build directory, or a folder with the plugin alone.  registry: file in
    which GStreamer remembers its plugins; of two builds that take turns, each needs
    its own, or it would look through all plugins each time."""
    build = os.path.abspath(build)
    plugins = os.path.join(build, "gst")
    environment = dict(os.environ, GST_REGISTRY=os.path.abspath(registry),
                       GST_PLUGIN_PATH=plugins if os.path.isdir(plugins) else build)
    models = models or os.path.join(build, "models")
    if os.path.isdir(models):
        environment.setdefault("GENRECLASSIFY_MODELS", models)
    # so that the first run does not pay for looking through the plugins
    if subprocess.run(["gst-inspect-1.0", "genreclassify"], env=environment,
                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                      check=False).returncode:
        sys.exit(f"{build}: expected a build directory, or a folder with the plugin, "
                 "but there is no element genreclassify")
    return environment


def processor():
    """Its name and the widest vectors that it has."""
    name, vectors = "unknown", ""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                name = value.strip()
            elif key.strip() == "flags":
                flags = value.split()
                vectors = next((text for flag, text in (
                    ("avx512f", ", AVX-512"), ("avx2", ", AVX2")) if flag in flags), "")
                break
    return name + vectors


def positive(text):
    """A number of things, for argparse."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(
            f"{text!r}: expected a whole number, at least 1")
    return number
