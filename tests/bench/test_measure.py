#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the benchmarks measure with, on counters that are made here."""

import os
import sys
import tempfile
import unittest

import measure


class CountersTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, zone, **files):
        os.makedirs(os.path.join(self.folder, zone), exist_ok=True)
        for name, content in files.items():
            path = os.path.join(self.folder, zone, name)
            with open(path, "w", encoding="ascii") as f:
                f.write(f"{content}\n")

    def add_zone(self, zone, name, energy, most=10_000_000):
        self.write(zone, name=name, energy_uj=energy, max_energy_range_uj=most)

    def test_adds_the_processors_and_not_their_parts(self):
        self.add_zone("intel-rapl:0", "package-0", 1_000_000)
        self.add_zone("intel-rapl:0:0", "core", 1_000_000)
        self.add_zone("intel-rapl:1", "package-1", 2_000_000)
        self.add_zone("intel-rapl:2", "psys", 5_000_000)
        energy = measure.Energy(self.folder)
        before = energy.read()
        self.assertEqual(before, [1, 2])
        self.write("intel-rapl:0", energy_uj=1_500_000)
        self.write("intel-rapl:0:0", energy_uj=1_400_000)
        self.write("intel-rapl:1", energy_uj=2_250_000)
        self.write("intel-rapl:2", energy_uj=9_000_000)
        self.assertAlmostEqual(energy.since(before), 0.75)

    def test_a_counter_begins_again(self):
        self.add_zone("intel-rapl:0", "package-0", 9_000_000)
        energy = measure.Energy(self.folder)
        before = energy.read()
        self.write("intel-rapl:0", energy_uj=500_000)
        self.assertAlmostEqual(energy.since(before), 1.5)

    def test_of_a_process(self):
        self.add_zone("intel-rapl:0", "package-0", 1_000_000)
        counter = os.path.join(self.folder, "intel-rapl:0", "energy_uj")
        usage = measure.run(["sh", "-c", f"echo 3000000 >{counter}"],
                            energy=measure.Energy(self.folder))
        self.assertAlmostEqual(usage.joules, 2)

    def test_no_counters(self):
        for folder in self.folder, os.path.join(self.folder, "none"):
            energy = measure.Energy(folder)
            self.assertFalse(energy)
            self.assertTrue(energy.since(energy.read()) != 0)   # NaN

    def test_counters_without_content(self):
        self.add_zone("intel-rapl:0", "package-0", "")
        self.assertFalse(measure.Energy(self.folder))


class TurnsTest(unittest.TestCase):
    def test_all_of_a_round_before_the_next(self):
        order = []
        results = measure.in_turns(
            {name: lambda name=name: order.append(name) or len(order)
             for name in "ab"}, 3)
        self.assertEqual("".join(order), "abbaab")
        self.assertEqual(results, {"a": [1, 4, 5], "b": [2, 3, 6]})

    def test_ratio_of_pairs(self):
        # the machine was half as fast in the second round
        self.assertEqual(measure.pair_ratio([2, 4, 3], [1, 2, 1]), 2)

    def test_failure_is_told(self):
        with self.assertRaisesRegex(SystemExit, "sh -c echo no >&2; exit 3: 3: no"):
            measure.run(["sh", "-c", "echo no >&2; exit 3"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
