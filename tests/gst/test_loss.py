# SPDX-License-Identifier: GPL-2.0-or-later
"""Lost packets cost no answers: 40 seconds of the clip by each transport, and the same
with one packet of a hundred lost.  tests/bench/loss.py measures it on ten minutes of
recordings."""

import os
import unittest

import transports

SECONDS = 41            # the last window is full although the timestamps wander
WINDOW = 10             # s
LOST = 0.01
MIN_COVERED = 0.98      # of what came, without the rest behind the last window
MAX_CHANGE = 0.05       # of a probability, in the mean over the segments
ELEMENTS = [
    f"genreclassify name=element post-tags=false window={WINDOW}000000000"]


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.audio = transports.join([os.environ["TEST_CLIP"]], SECONDS)

    def send(self, transport, lost, seed=1):
        packets, caps = transports.encode(transport.encoder, self.audio)
        return transports.send(
            transport, packets, caps, ELEMENTS, lost, seed)["element"]

    def check(self, answer):
        """As many segments as without loss, of all that came."""
        n = SECONDS // WINDOW
        self.assertEqual((len(answer.segments), answer.n_full), (n, n))
        came, discarded = answer.stats["audio-seconds"], answer.stats["discarded"]
        self.assertEqual(answer.stats["dropped"], 0)
        self.assertAlmostEqual(came, answer.covered + discarded, 2)
        self.assertGreaterEqual(
            answer.covered, MIN_COVERED * (came - SECONDS % WINDOW))

    def test_transports(self):
        there = [t for t in transports.TRANSPORTS if t.is_there()]
        self.assertTrue(there)
        for transport in there:
            with self.subTest(transport.name):
                clean, lossy = (self.send(transport, lost) for lost in (0, LOST))
                self.check(lossy)
                self.check(clean)
                if not transport.is_damaged:
                    self.assertAlmostEqual(
                        lossy.stats["audio-seconds"] + lossy.stats["gaps"], SECONDS,
                        delta=0.1)
                    self.assertLess(lossy.compare(clean)[1], MAX_CHANGE)

    def test_repeatable(self):
        """Nothing here depends on a clock."""
        transport = transports.TRANSPORTS[1]
        self.assertIn("do-lost", transport.name)
        first, second = (self.send(transport, LOST) for _ in range(2))
        self.assertEqual(first.segments, second.segments)
        self.assertNotEqual(first.segments, self.send(transport, LOST, 2).segments)


if __name__ == "__main__":
    unittest.main()
