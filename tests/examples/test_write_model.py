# SPDX-License-Identifier: GPL-2.0-or-later
"""A file that was written by models/FORMAT.md alone is a model.

  test_write_model.py PROGRAM
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
HERE = os.path.dirname(os.path.abspath(__file__))


class Test(unittest.TestCase):
    def answer(self, model, tone):
        """The genre of five seconds of a tone."""
        with tempfile.NamedTemporaryFile(suffix=".wav") as sound:
            subprocess.run(
                ["gst-launch-1.0", "-q", "audiotestsrc", "num-buffers=250",
                 f"freq={tone}", "!", "audio/x-raw,rate=44100", "!", "wavenc", "!",
                 "filesink", f"location={sound.name}"],
                check=True, timeout=60)
            run = subprocess.run(
                [PROGRAM, "--json", "--model", model, sound.name],
                capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)
        return json.loads(run.stdout)

    def test_written_by_the_format(self):
        with tempfile.TemporaryDirectory() as folder:
            model = os.path.join(folder, "tiny.safetensors")
            subprocess.run([os.path.join(HERE, "write-model.py"), model],
                           check=True, timeout=60)
            for tone, genre in (200, "low"), (9000, "high"):
                answer = self.answer(model, tone)
                self.assertEqual(answer["model"], "tiny 1")
                self.assertEqual(answer["genre"], genre)


unittest.main()
