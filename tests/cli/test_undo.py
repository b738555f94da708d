# SPDX-License-Identifier: GPL-2.0-or-later
"""The log of what is written, and its undoing: also after a crash, after a signal
in the middle of a file, and with what is no log."""

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
# WireKind of src/analysis/wire.h
OPTIONS, LOOK, STAMP, REQUEST, ALIVE, SEGMENT, RESULT, CHANGE = range(8)


def encode(path, seconds, rate):
    subprocess.run(["gst-launch-1.0", "-q", *(
        f"audiotestsrc wave=ticks samplesperbuffer={rate} num-buffers={seconds} "
        f"! audio/x-raw,rate={rate},channels=1 ! audioconvert ! flacenc ! "
        f"filesink location={path}").split()], check=True)


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, timeout=60)


def write_options(*arguments):
    return ["--write", "--min-confidence=0", "--max-duration=10", "--jobs=1",
            "--json", *arguments]


def read_tag(path):
    result = run("--json", "--max-duration=10", path)
    return json.loads(result.stdout)["tag"]


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.TemporaryDirectory()
        cls.song = os.path.join(cls.root.name, "song.flac")
        encode(cls.song, 6, 22050)
        # so long that what becomes of it can be seen
        cls.long = os.path.join(cls.root.name, "long.flac")
        encode(cls.long, 3 * 3600, 8000)

    @classmethod
    def tearDownClass(cls):
        cls.root.cleanup()

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=self.root.name)
        self.log = os.path.join(self.folder, "log")

    def path(self, name):
        return os.path.join(self.folder, name)

    def copy(self, name="song.flac"):
        return shutil.copy(self.song, os.path.join(os.fsencode(self.folder),
                                                   os.fsencode(name)))

    def write(self, *paths):
        result = run(*write_options("--log", self.log, *paths))
        self.assertEqual(result.returncode, 0, result.stderr)

    def undo(self, status=0):
        result = run("--undo", self.log)
        self.assertEqual(result.returncode, status, result.stderr)
        return result.stdout.decode().splitlines()

    def refuse(self, sentence, *arguments):
        result = run(*arguments)
        self.assertEqual((result.returncode, result.stdout), (2, b""))
        self.assertIn(sentence, result.stderr.decode())

    def interrupt(self, number, *arguments):
        """While a copy of a file is worked on."""
        process = subprocess.Popen([PROGRAM, *arguments],
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        while not any(name.startswith(".") for name in os.listdir(self.folder)):
            self.assertIsNone(process.poll())
            time.sleep(0.001)
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 128 + number, errors)
        self.assertFalse([name for name in os.listdir(self.folder)
                          if name.startswith(".")])
        return output.decode().splitlines()

    def test_signals(self):
        """The file is finished, and no other is begun."""
        long = shutil.copy(self.long, self.folder)
        first, last = self.copy("first.flac"), self.copy("last.flac")
        self.write(first)
        line, = self.interrupt(signal.SIGTERM, *write_options(
            "--log", self.log, long, last))
        self.assertTrue(json.loads(line)["write"]["written"])
        genre = read_tag(long)
        self.assertEqual((genre is None, read_tag(last)), (False, None))
        lines = self.interrupt(signal.SIGINT, "--undo", self.log)
        self.assertEqual(lines, [f"{long}: {genre} -> no genre"])
        self.assertIsNone(read_tag(long))
        self.assertIsNotNone(read_tag(first))
        self.assertEqual(len(self.undo()), 2)
        self.assertIsNone(read_tag(first))

    def test_progress(self):
        """While a long file is compared, its process gives signs of life, without
        which it would be given up."""
        known = json.loads(run("--json", "--max-duration=10",
                               self.song).stdout)
        known["file"] = shutil.copy(self.long, self.folder)
        requests = b"".join(
            struct.pack("=II", kind, len(data)) + data
            for kind, data in ((OPTIONS, b"{'write': <true>}"),
                               (REQUEST, json.dumps(known).encode())))
        result = subprocess.run([PROGRAM, "--worker", str(os.getpid())],
                                input=requests, capture_output=True, timeout=60)
        kinds, at = [], 0
        while at < len(result.stdout):
            kind, size = struct.unpack_from("=II", result.stdout, at)
            kinds.append(kind)
            at += 8 + size
        self.assertEqual(set(kinds[1:-1]), {ALIVE}, result)
        self.assertEqual((kinds[0], kinds[-1]), (RESULT, CHANGE))

    def test_no_log(self):
        song = os.fsdecode(self.copy())
        with open(song, "rb") as f:
            content = f.read()
        for log, sentence in ((song, "song.flac is not an undo log"),
                              (self.folder, "Is a directory"),
                              (self.path("no/log"), "No such file")):
            self.refuse(sentence, *write_options("--log", log, song))
        empty = self.path("empty")
        open(empty, "w").close()
        self.refuse("song.flac is not an undo log", "--undo", song)
        self.refuse("empty is not an undo log", "--undo", empty)
        with open(song, "rb") as f:
            self.assertEqual(f.read(), content)
        self.log = empty
        self.write(song)
        self.refuse("--undo takes", "--undo", self.log, song)
        self.refuse("--undo takes", "--undo", self.log, "--write")
        self.assertIsNotNone(read_tag(song))

    def test_crash(self):
        """Neither a line that was cut off nor zeros hide what comes after."""
        paths = [self.copy(f"{i}.flac") for i in range(2)]
        self.write(*paths)
        with open(self.log, "rb") as f:
            lines = f.read().splitlines()
        with open(self.log, "wb") as f:
            f.write(lines[0][:50] + b"\n" + lines[0] + b"\n" + bytes(99) +
                    b"\n" + lines[1][:50] + bytes(99) + b"\n" + lines[1])
        self.assertEqual(len(self.undo()), 2)
        self.assertEqual(list(map(read_tag, paths)), [None, None])
        with open(self.log, "ab") as f:
            f.write(b"\nno line of a log\n")
        self.undo(status=1)

    def test_failed(self):
        """A file that is not there fails, and all others are undone."""
        paths = [self.copy(f"{i}.flac") for i in range(3)]
        self.write(*paths)
        os.unlink(paths[1])
        self.assertEqual(len(self.undo(status=1)), 2)
        self.assertEqual(list(map(read_tag, paths[::2])), [None, None])

    def test_names(self):
        """Any bytes are found again, and none of them controls the terminal."""
        path = self.copy(b"\xff%41\x1b[2J\xc2\x9b\n.flac")
        self.write(path)
        line, = self.undo()
        self.assertIn(r"%41\x1b[2J\x9b\n.flac: ", line)
        self.assertIsNone(read_tag(path))

    def test_hint(self):
        """It is there for a shell, and even with --quiet if nothing else names
        the log."""
        folder = self.path("it's")
        os.mkdir(folder)
        song = self.copy()
        environment = {**os.environ, "XDG_STATE_HOME": folder}
        for options, shown in (["--log=log"], True), (["--quiet"], True), (
                ["--log=log", "--quiet"], False):
            result = subprocess.run(
                [PROGRAM, *write_options("--overwrite", *options, song)],
                capture_output=True, cwd=folder, env=environment, timeout=60)
            self.assertEqual(result.returncode, 0, result.stderr)
            hints = [line for line in result.stderr.decode().splitlines()
                     if "--undo" in line]
            self.assertEqual(len(hints), shown)
            if hints:
                command = hints[0].split(": ", 1)[1].split(" gives")[0]
                subprocess.run(["sh", "-c", f'"$0" {command}', PROGRAM],
                               check=True, capture_output=True, timeout=60)
            self.assertEqual(read_tag(song) is None, shown)


if __name__ == "__main__":
    unittest.main()
