# SPDX-License-Identifier: GPL-2.0-or-later
"""The examples live-genre.c and live-genre.py, which do the same: what they print of
a file, that they come back to a station, and when they give up.  The Python program
runs with the overrides of python3-gst-1.0, if they are there, and without; and it
listens to a desktop.

    test_live_genre.py LIVE_GENRE Test|MonitorTest     # the C program
"""

import importlib.util
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "gst")]
from listening import PATIENCE, Gst, Server, encode  # noqa: E402
from sound import pulseaudio  # noqa: E402

SCRIPT = os.path.join(HERE, "live-genre.py")
# runs a script as if the overrides were not installed
WITHOUT_OVERRIDES = """
import runpy, sys
sys.modules["gi.overrides.Gst"] = None
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
PROGRAMS = {
    "C": [sys.argv.pop(1)],
    "Python": [sys.executable, SCRIPT],
    "Python without overrides": [sys.executable, "-c", WITHOUT_OVERRIDES, SCRIPT],
}
SONG = {"title": "First song", "artist": "Nobody", "organization": "Radio Test"}
LABELS = r"\w+ \d+ %(, \w+ \d+ %)*"


class Program:
    """One of the programs; what it prints, line by line."""

    def __init__(self, command, *arguments, **environment):
        self.process = subprocess.Popen(
            [*command, *arguments], env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1)
        self.lines, self.seen = queue.Queue(), []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def next_line(self):
        """The next line, or None at the end."""
        try:
            line = self.lines.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError("nothing more after\n" + "\n".join(self.seen))
        if line is not None:
            self.seen.append(line)
        return line

    def expect(self, pattern):
        """Reads on to a line that is so."""
        while (line := self.next_line()) is not None:
            if re.fullmatch(pattern, line):
                return
        raise AssertionError(f"no {pattern!r} in " + "\n".join(self.seen))

    def finish(self):
        """All lines and the exit status; there is to be no other try."""
        while (line := self.next_line()) is not None:
            if line.startswith("again"):
                raise AssertionError("\n".join(self.seen))
        return self.seen, self.process.wait(PATIENCE)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()


class Request:
    """One of a listener, which the test answers."""

    def __init__(self, handler):
        self.handler, self.closed = handler, threading.Event()

    def refuse(self, status):
        self.handler.send_error(status)
        self.close()

    def send(self, data, length=None):
        """The length is that which the listener is told."""
        self.handler.send_response(200)
        if length is not None:
            self.handler.send_header("Content-Length", str(length))
            self.handler.send_header("Accept-Ranges", "none")
        self.handler.end_headers()
        self.handler.wfile.write(data)

    def close(self):
        self.closed.set()


class AskingServer(Server):
    """It asks the test what to answer; but for souphttpsrc, which may try by itself to
    go on where it was broken off, it has nothing."""

    def __init__(self):
        self.requests = queue.Queue()
        super().__init__()

    def answer(self, handler):
        if handler.headers["Range"]:
            return
        request = Request(handler)
        self.requests.put(request)
        request.closed.wait(PATIENCE)

    def next_request(self):
        return self.requests.get(timeout=PATIENCE)


class ProgramTest(unittest.TestCase):
    def start(self, command, *arguments, **environment):
        program = Program(
            command, "--retry-delay=0.01", *arguments, **environment)
        self.addCleanup(program.stop)
        return program


class Test(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.path = encode(os.path.join(cls.folder, "song.ogg"), 36, **SONG)
        with open(cls.path, "rb") as f:
            cls.song = f.read()
        with open(encode(os.path.join(cls.folder, "song.flac"), 36), "rb") as f:
            cls.flac = f.read()

    def play(self, command, place, **environment):
        return self.start(command, "--audio-sink=fakesink", place, **environment)

    def serve(self):
        server = AskingServer()
        self.addCleanup(server.stop)
        return server

    def test_file(self):
        """All three print the same, and end where the file does."""
        expected = ["0:00 - 0:05  L  so far", *(
            f"0:{5 * n:02} - 0:{min(5 * n + 10, 36):02}  L" for n in range(7)),
            "track 0:00 - 0:36  L  title: First song  artist: Nobody  "
            "organization: Radio Test  end: eos"]
        outputs = {}
        for name, command in PROGRAMS.items():
            outputs[name], status = self.play(command, self.path).finish()
            self.assertEqual(status, 0, outputs[name])
        first = outputs["C"]
        for name, lines in outputs.items():
            self.assertEqual(lines, first, name)
        self.assertTrue(re.fullmatch(r"now: \w+", first[0]), first)
        answers = [line for line in first if not line.startswith("now")]
        self.assertEqual([re.sub(LABELS, "L", line) for line in answers], expected)

    def test_arrays(self):
        """The ways to read one in Python that README.md shows."""
        structure, _ = Gst.Structure.from_string("genreclassify, p=(double)<0.3, 0.7>")
        array = structure.get_array("p").array
        self.assertEqual([array.get_nth(i) for i in range(array.n_values)], [0.3, 0.7])
        if not importlib.util.find_spec("gi.overrides.Gst"):
            self.skipTest("the other way needs python3-gst-1.0")
        self.assertEqual(list(structure.get_value("p")), [0.3, 0.7])
        self.assertEqual(list(structure["p"]), [0.3, 0.7])

    def test_file_on_a_server(self):
        """Its length is known: it is no station, and played once."""
        for name, command in PROGRAMS.items():
            with self.subTest(name):
                server = self.serve()
                program = self.play(command, server.uri("song.flac"))
                request = server.next_request()
                request.send(self.flac, len(self.flac))
                request.close()
                lines, status = program.finish()
                self.assertEqual(status, 0, lines)
                self.assertTrue(lines[-1].endswith("end: eos"), lines)

    def test_station(self):
        """One that is not there at first, ends, and is there again."""
        for name, command in PROGRAMS.items():
            with self.subTest(name):
                server = self.serve()
                program = self.play(command, server.uri("radio"))
                for status, delay in (404, "0.01"), (503, "0.02"), (404, "0.04"):
                    server.next_request().refuse(status)
                    program.expect(f"{server.uri('radio')}: .+")
                    program.expect(f"again in {delay} s")
                for _ in range(2):
                    request = server.next_request()
                    request.send(self.song)
                    program.expect(r"now: \w+")
                    request.close()
                    program.expect("track .*  title: First song .*  end: eos")
                    program.expect(f"{server.uri('radio')}: it ended")
                    program.expect("again in 0.01 s")
                request = server.next_request()
                request.send(self.song)
                program.expect("0:05 - 0:15  .*")
                program.process.send_signal(signal.SIGINT)
                program.expect("track .*  end: stopped")
                lines, status = program.finish()
                self.assertEqual(status, 0, lines)
                request.close()

    def test_what_no_other_try_mends(self):
        missing = os.path.join(self.folder, "missing.ogg")
        for name, command in PROGRAMS.items():
            with self.subTest(name):
                lines, status = self.play(command, missing).finish()
                self.assertEqual((len(lines), status), (1, 1), lines)
                self.assertIn("missing.ogg: ", lines[0])

                server = self.serve()
                program = self.play(command, server.uri("radio"),
                                    GENRECLASSIFY_MODELS=self.folder)
                request = server.next_request()
                request.send(self.song)
                request.close()
                lines, status = program.finish()
                self.assertEqual((len(lines), status), (1, 1), lines)
                self.assertIn("There is no model", lines[0])

    def test_file_that_breaks_off(self):
        for name, command in PROGRAMS.items():
            with self.subTest(name):
                server = self.serve()
                program = self.play(command, server.uri("song.flac"))
                request = server.next_request()
                request.send(self.flac[:len(self.flac) // 2], len(self.flac))
                program.expect("0:00 - 0:10 .*")
                request.close()
                lines, status = program.finish()
                self.assertEqual(status, 1, lines)
                self.assertRegex(lines[-1], "track .*  end: (eos|stopped)")


class MonitorTest(ProgramTest):
    """live-genre.py --monitor hears what a desktop plays."""

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.socket = os.path.join(self.folder, "native")
        self.environment = {
            **os.environ, "HOME": self.folder, "XDG_RUNTIME_DIR": self.folder,
            "PULSE_SERVER": "unix:" + self.socket, "PIPEWIRE_REMOTE": "none"}

    def spawn(self, *command):
        process = subprocess.Popen(command, env=self.environment,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def listen(self):
        return self.start(PROGRAMS["Python"], "--monitor", **self.environment)

    def start_server(self):
        server = self.spawn(*pulseaudio(self.socket))
        end = time.monotonic() + PATIENCE
        while not os.path.exists(self.socket):
            self.assertLess(time.monotonic(), end, "no PulseAudio")
            time.sleep(0.05)
        return server

    def test_monitor(self):
        """It also finds the server again that was gone."""
        server = self.start_server()
        self.spawn("gst-launch-1.0", "-q", "playbin", "audio-sink=pulsesink",
                   f"uri=file://{os.environ['TEST_CLIP']}")
        program = self.listen()
        program.expect(r"now: \w+")
        server.kill()
        server.wait()
        os.remove(self.socket)
        program.expect("monitor: .*")
        program.expect("again in 0.01 s")
        program.expect("again in 0.02 s")
        self.start_server()
        program.expect("0:0. - 0:.*")

    def test_no_server(self):
        lines, status = self.listen().finish()
        self.assertEqual((len(lines), status), (1, 1), lines)
        self.assertIn("There is no output to listen to", lines[0])


if __name__ == "__main__":
    unittest.main()
