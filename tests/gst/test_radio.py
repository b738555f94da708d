# SPDX-License-Identifier: GPL-2.0-or-later
"""A radio for real: an Icecast server on the loopback, a stream in MP3 with titles,
and gst-launch that listens.  Messages arrive while it plays, another title begins
another track, and a server that stops ends the pipeline cleanly."""

import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

from radio import PATIENCE, Radio  # noqa: E402


class Listener:
    """gst-launch on the station; its messages, line by line."""

    def __init__(self, uri):
        self.process = subprocess.Popen([
            "gst-launch-1.0", "-m", "souphttpsrc", "iradio-mode=true",
            f"location={uri}", "!", "icydemux", "!",
            "decodebin", "!", "genreclassify", "window=3000000000",
            "title-starts-track=true", "!", "fakesink"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def expect(self, word):
        """The next line with that word, or an error."""
        seen, end = [], time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                line = self.lines.get(timeout=1)
            except queue.Empty:
                continue
            if line is None:
                break
            if word in line:
                return line
            seen.append(line)
        raise AssertionError(f"no {word!r} in:\n{''.join(seen[-20:])}")

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Test(unittest.TestCase):
    def test_radio(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        radio = Radio(folder)
        self.addCleanup(radio.stop)
        radio.play(os.environ["TEST_CLIP"], "First song")
        listener = Listener(radio.uri)
        self.addCleanup(listener.stop)

        listener.expect("(element): genreclassify, segment=(guint64)0")
        self.assertTrue(radio.set_title("Second song"))
        line = listener.expect("(element): genreclassify-track")
        self.assertIn("genre=(string)", line)
        listener.expect("(element): genreclassify, segment=(guint64)0")

        radio.stop()
        listener.expect("(element): genreclassify-track")
        listener.process.wait(PATIENCE)


if __name__ == "__main__":
    unittest.main()
