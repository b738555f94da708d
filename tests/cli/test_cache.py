# SPDX-License-Identifier: GPL-2.0-or-later
"""The command with a cache: what is known is not analysed again, not even after a
kill -9, and is exported."""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
CLIP = os.environ["TEST_CLIP"]


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, timeout=60)


class Test(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.cache = os.path.join(self.folder.name, "cache")
        self.music = os.path.join(self.folder.name, "music")
        os.mkdir(self.music)

    def add(self, name):
        path = os.path.join(os.fsencode(self.music), name)
        shutil.copy(CLIP, path)
        return path

    def spoil(self, path):
        """Now it is no audio, which its size and time do not show."""
        status = os.stat(path)
        with open(path, "wb") as f:
            f.write(bytes(status.st_size))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def results(self, *arguments):
        result = run("--cache", self.cache, "--json", *arguments, self.music)
        return result.returncode, [
            json.loads(line) for line in result.stdout.splitlines()]

    def test_second_run(self):
        paths = [self.add(b"a.ogg"), self.add(b"b, \xff.ogg")]
        status, first = self.results()
        self.assertEqual(status, 0)
        self.assertEqual([r["error"] for r in first], [None, None])
        for path in paths:
            self.spoil(path)
        self.assertEqual(self.results(), (0, first))

        exported = run("--cache", self.cache, "--export", "json")
        self.assertEqual(exported.returncode, 0)
        # all that the cache has, so also what is only shown if it is asked for
        status, whole = self.results("--tags")
        self.assertEqual(
            [json.loads(line) for line in exported.stdout.splitlines()], whole)
        self.assertIn("instrumental", whole[0]["tags"])
        self.assertEqual([{k: v for k, v in r.items() if k != "tags"} for r in whole],
                         first)
        exported = run("--cache", self.cache, "--export", "csv")
        rows = list(csv.DictReader(
            exported.stdout.decode().splitlines(keepends=True), strict=True))
        self.assertEqual([row["file"] for row in rows],
                         [r["file"] for r in first])
        self.assertEqual([float(row["jazz"]) for row in rows],
                         [r["probabilities"]["jazz"] for r in first])

        # a full disk is noticed, however little there is to write
        with open("/dev/full", "wb") as full:
            exported = subprocess.run(
                [PROGRAM, "--cache", self.cache, "--export", "json"],
                stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(exported.returncode, 2)
        self.assertIn(b"cannot be written", exported.stderr)

        # segments are known as well; another window is another question
        status, again = self.results("--segments")
        self.assertEqual(status, 0)
        self.assertEqual([len(r["segments"]) for r in again], [2, 2])
        status, other = self.results("--window=10")
        self.assertEqual(status, 1)
        self.assertNotEqual(other[0]["error"], None)

        # a file that has changed is analysed anew
        os.utime(paths[0])
        status, changed = self.results()
        self.assertEqual(status, 1)
        self.assertNotEqual(changed[0]["error"], None)
        self.assertEqual(changed[1], first[1])

    def test_written(self):
        """The genre that a file has by now is known, also once it is undone."""
        path = os.path.join(self.music, "song.flac")
        subprocess.run(["gst-launch-1.0", "-q", *(
            f"filesrc location={CLIP} ! decodebin ! audioconvert ! flacenc ! "
            f"filesink location={path}").split()], check=True)
        log = os.path.join(self.folder.name, "log")
        self.assertEqual(self.results()[1][0]["tag"], None)
        for _ in range(2):
            status, (written,) = self.results(
                "--write", "--min-confidence=0", "--preserve-times",
                "--log", log)
            self.assertEqual((status, written["tag"]), (0, None))
            self.assertTrue(written["write"]["written"])
            # as a run that reads the file would see it
            self.assertEqual(self.results()[1][0]["tag"],
                             written["write"]["new"])
            before = os.stat(path)
            self.assertEqual(run("--undo", log).returncode, 0)
            self.assertNotEqual(os.stat(path).st_mtime_ns, before.st_mtime_ns)
            self.assertEqual(self.results()[1][0]["tag"], None)

    def test_no_audio(self):
        """A row is the same whether the file was named or found, and is a failure
        only where it was named."""
        path = os.path.join(self.music, "notes")
        with open(path, "w") as f:
            f.write("some text\n" * 99)
        for names, status in ((path,), 1), ((self.music,), 0):
            with self.subTest(names):
                result = run("--cache", self.cache, "--json", *names)
                self.assertEqual(result.returncode, status)
                self.assertEqual(json.loads(result.stdout)["skipped"],
                                 not status)
                exported = run("--cache", self.cache, "--export", "json")
                row = json.loads(exported.stdout)
                self.assertEqual((row["error_code"], row["skipped"]),
                                 ("not-audio", True))

    def test_killed(self):
        paths = [self.add(b"%d.ogg" % i) for i in range(8)]
        command = subprocess.Popen(
            [PROGRAM, "--cache", self.cache, "--json", "--jobs=1", self.music],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        lines = [command.stdout.readline() for _ in range(2)]
        command.kill()
        command.communicate()
        # what was printed is in the cache
        for path in paths[:2]:
            self.spoil(path)
        status, results = self.results()
        self.assertEqual(status, 0)
        self.assertEqual(len(results), 8)
        self.assertEqual(results[:2], [json.loads(line) for line in lines])

    def test_refused(self):
        self.add(b"a.ogg")
        diary = os.path.join(self.folder.name, "diary")
        with open(diary, "w") as f:
            f.write("Dear diary\n")
        for arguments, sentence in (
                (("--cache", diary, self.music), "diary is not a cache"),
                (("--cache", diary, "--export", "csv"), "diary is not a cache"),
                (("--cache", self.cache, "--export", "csv"), "No such file"),
                (("--export", "csv"), "--cache")):
            result = run(*arguments)
            self.assertEqual(result.returncode, 2)
            self.assertEqual(result.stdout, b"")
            self.assertIn(sentence, result.stderr.decode())
        with open(diary) as f:
            self.assertEqual(f.read(), "Dear diary\n")
        self.assertFalse(os.path.exists(self.cache))


if __name__ == "__main__":
    unittest.main()
