# SPDX-License-Identifier: GPL-2.0-or-later
"""test_logs.py BUILD: the log, while the disk is full, the file is put aside, the clock
is set, or nobody reads."""

import datetime
import fcntl
import glob
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import monitoring
import scripted

BUILD = sys.argv.pop(1)
PATIENCE = 120      # s, for what takes a few
FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
# s between two titles of the station
TITLE = 1


class TitlesServer(scripted.Server):
    """A station that goes on for ever in real time, and names the titles 0, 1, 2 ..."""

    def __init__(self, data):
        self.data = data * 2
        self.n = 0
        super().__init__()

    def answer(self, handler):
        interval = scripted.BYTES // 4
        self.begin(handler, icy_metaint=interval)
        begun = time.monotonic()
        for block in range(1_000_000):
            at = block * interval % (len(self.data) // 2)
            handler.wfile.write(self.data[at:at + interval])
            if block % (4 * TITLE) == 0:
                handler.wfile.write(scripted.metadata(f"Title {self.n}"))
                self.n += 1
            else:
                handler.wfile.write(b"\0")
            time.sleep(max(0, begun + block / 4 - time.monotonic()))


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.1)


def read_lines(*paths):
    return [line for path in paths if os.path.exists(path)
            for line in Path(path).read_text("utf-8").splitlines(True)]


def titles_of(lines):
    """The numbers of the titles in whole lines."""
    records = [json.loads(line) for line in lines if line.endswith("\n")]
    return [int(r["title"].split()[1]) for r in records
            if r["type"] == "title" and r["title"]]


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.clips = tempfile.mkdtemp()
        piece = scripted.music(cls.clips, 0, scripted.CLIP, 30, None)
        cls.server = TitlesServer(piece.data)

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        shutil.rmtree(cls.clips)

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.log = os.path.join(self.folder, "log.jsonl")

    def listen(self, *options, **kwargs):
        errors = open(os.path.join(self.folder, "errors"), "w+", encoding="utf-8")
        self.addCleanup(errors.close)
        process = monitoring.program(
            BUILD, "monitor", "--min-title=0", *options, self.server.uri,
            stderr=errors, **{"stdout": subprocess.DEVNULL, **kwargs})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def errors(self):
        return "".join(read_lines(os.path.join(self.folder, "errors")))

    def stop(self, process, status=0):
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE), status, self.errors())

    def check_titles(self, titles, least):
        """Each that there was is there once."""
        self.assertGreaterEqual(len(titles), least)
        self.assertEqual(titles, list(range(titles[0], titles[0] + len(titles))))

    def test_rotation_by_size(self):
        process = self.listen("--log", self.log, "--rotate=4K")
        wait_for(lambda: len(glob.glob(self.log + ".*")) >= 2, "rotation")
        self.stop(process)
        old = sorted(glob.glob(self.log + ".*"))
        for path in old:
            self.assertLessEqual(os.path.getsize(path), 4096)
        lines = read_lines(*old, self.log)
        self.check_titles(titles_of(lines), 3)

    def test_reopened(self):
        """Another program puts the file aside, as logrotate does."""
        process = self.listen("--log", self.log)
        wait_for(lambda: len(titles_of(read_lines(self.log))) >= 2, "titles")
        os.rename(self.log, self.log + ".1")
        process.send_signal(signal.SIGHUP)
        wait_for(lambda: len(titles_of(read_lines(self.log))) >= 2, "the other file")
        self.stop(process)
        self.check_titles(titles_of(read_lines(self.log + ".1", self.log)), 4)
        self.assertNotIn("cannot", self.errors())

    def test_half_a_line(self):
        """What a crash or a power failure has left does not spoil the next line."""
        with open(self.log, "w", encoding="utf-8") as f:
            f.write('{"type":"title","stat')
        process = self.listen("--log", self.log)
        wait_for(lambda: len(read_lines(self.log)) >= 2, "a record")
        self.stop(process)
        lines = read_lines(self.log)
        self.assertEqual(lines[0], '{"type":"title","stat\n')
        for line in lines[1:]:
            json.loads(line)

    @unittest.skipIf(os.getuid(), "a small file system needs root")
    def test_full_disk(self):
        disk = os.path.join(self.folder, "disk")
        os.mkdir(disk)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "small", disk],
                          stderr=subprocess.DEVNULL).returncode:
            self.skipTest("no file system can be mounted")
        self.addCleanup(subprocess.run, ["umount", "-l", disk])
        log = os.path.join(disk, "log.jsonl")
        ballast = os.path.join(disk, "ballast")
        process = self.listen("--log", log, "--db", os.path.join(disk, "history"))
        wait_for(lambda: len(titles_of(read_lines(log))) >= 1, "a title")
        try:
            with open(ballast, "wb", buffering=0) as f:
                while f.write(b"x"):
                    pass
        except OSError:
            pass
        wait_for(lambda: self.errors().count("cannot be written") == 2, "words of it")
        time.sleep(3 * TITLE)
        self.assertIsNone(process.poll())
        os.remove(ballast)
        wait_for(lambda: self.errors().count("can be written again") == 2,
                 "the end of it")
        n = len(titles_of(read_lines(log)))
        wait_for(lambda: len(titles_of(read_lines(log))) > n, "one more")
        self.stop(process)
        lines = read_lines(log)
        self.check_titles(titles_of(lines), 5)
        # it was said once
        self.assertEqual(self.errors().count("log " + log + " cannot"), 1)

    def test_limit_of_the_size(self):
        """As with a full disk, but for the log's file: no signal ends the monitor."""
        process = self.listen(
            "--log", self.log,
            preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_FSIZE, (3000, 3000)))
        wait_for(lambda: "cannot be written" in self.errors(), "a word of it")
        self.assertIsNone(process.poll())
        self.stop(process, 1)
        self.assertIn("records are lost", self.errors())

    @unittest.skipUnless(FAKETIME, "needs libfaketime")
    def test_clock_is_set(self):
        """An hour back and forth: titles are as long as they were."""
        clock = os.path.join(self.folder, "clock")

        def set_clock(offset):
            with open(clock + ".new", "w", encoding="utf-8") as f:
                f.write(f"{offset}\n")
            os.replace(clock + ".new", clock)

        set_clock("+0")
        process = self.listen("--log", self.log, env={
            "LD_PRELOAD": FAKETIME[0], "FAKETIME_TIMESTAMP_FILE": clock,
            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
        for offset in ("-3600", "+3600", "+0"):
            n = len(titles_of(read_lines(self.log)))
            wait_for(lambda: len(titles_of(read_lines(self.log))) >= n + 2, "titles")
            set_clock(offset)
        n = len(titles_of(read_lines(self.log)))
        wait_for(lambda: len(titles_of(read_lines(self.log))) >= n + 2, "titles")
        self.stop(process)
        records = [json.loads(line) for line in read_lines(self.log)]
        self.check_titles(titles_of(read_lines(self.log)), 8)
        starts = []
        for record in records:
            if record["type"] == "title":
                start, end = (datetime.datetime.fromisoformat(
                    record[key].replace("Z", "+00:00")) for key in ("start", "end"))
                starts.append(start)
                self.assertLess((end - start).total_seconds(), 20 * TITLE)
                self.assertGreaterEqual((end - start).total_seconds(), 0)
        steps = [(b - a).total_seconds() for a, b in zip(starts, starts[1:])]
        self.assertLess(min(steps), -3000)      # the clock was set indeed
        self.assertGreater(max(steps), 3000)

    def test_nobody_reads(self):
        """A reader that rests gets all of it later; one that is gone ends the
        monitor."""
        reader, writer = os.pipe()
        # one that is soon full
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        process = self.listen(stdout=writer)
        os.close(writer)
        with open(reader, encoding="utf-8") as output:
            wait_for(lambda: "nobody reads it" in self.errors(), "a word of it")
            n = self.server.n
            wait_for(lambda: self.server.n >= n + 4, "titles")
            lines = []
            while len(titles_of(lines)) < 5:
                lines.append(output.readline())
                self.assertNotEqual(lines[-1], "", self.errors())
            self.check_titles(titles_of(lines), 5)
        self.assertEqual(process.wait(PATIENCE), 128 + signal.SIGPIPE)


unittest.main(argv=sys.argv[:1])
