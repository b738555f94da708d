# SPDX-License-Identifier: GPL-2.0-or-later
"""Lost packets cost no answers: a minute of the clip by each transport, and the same
with one packet of a hundred lost.  tests/bench/loss.py measures it on ten minutes of
recordings."""

import os
import unittest

import transports

SECONDS = 61            # the last window is full although the timestamps wander
WINDOW = 10             # s
SEED = 1
MIN_COVERED = 0.98      # of what came
MAX_CHANGE = 0.05       # of a probability, in the mean over the segments
ELEMENTS = [
    f"genreclassify name=element post-tags=false window={WINDOW}000000000"]


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.audio = transports.join([os.environ["TEST_CLIP"]], SECONDS)

    def check(self, answer, clean):
        """As many segments as without loss, of all that came, with what it says of the
        rest."""
        came, gaps, discarded = (answer.stats[name] for name in (
            "audio-seconds", "gaps", "discarded"))
        n = SECONDS // WINDOW
        self.assertEqual(answer.stats["dropped"], 0)
        self.assertEqual((len(answer.segments), answer.n_full), (n, n))
        self.assertEqual(clean.n_full, n)
        for segment in answer.segments:
            self.assertAlmostEqual(segment.duration, WINDOW)
        self.assertAlmostEqual(came, answer.covered + discarded, 2)
        self.assertAlmostEqual(came + gaps, SECONDS, delta=0.1)
        self.assertGreaterEqual(answer.covered, MIN_COVERED * (came - 1))
        _, change = answer.compare(clean)
        self.assertLess(change, MAX_CHANGE)

    def test_transports(self):
        for transport in transports.TRANSPORTS:
            if not transport.is_there():
                continue
            with self.subTest(transport.name):
                packets, caps = transports.encode(transport, self.audio)
                clean, lossy, again = (
                    transports.send(transport, packets, caps, ELEMENTS, rate, SEED)
                    ["element"] for rate in (0, 0.01, 0.01))
                self.check(lossy, clean)
                self.assertEqual(lossy.segments, again.segments)


if __name__ == "__main__":
    unittest.main()
