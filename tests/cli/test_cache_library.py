# SPDX-License-Identifier: GPL-2.0-or-later
"""A cache of a library that lives on: a second run with --write opens no file unless
something is to be done to it, the library may be mounted elsewhere, and files may
go."""

import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
WRITE = ["--write", "--min-confidence=0"]


def launch(pipeline):
    subprocess.run(["gst-launch-1.0", "-q", *pipeline.split()], check=True,
                   stdout=subprocess.DEVNULL, timeout=60)


def song(path, wave="pink-noise", seconds=6, tags=""):
    launch(f"audiotestsrc wave={wave} samplesperbuffer=8000 "
           f"num-buffers={seconds} ! audio/x-raw,rate=8000,channels=1 ! "
           f"audioconvert ! {tags} flacenc ! filesink location={path}")


class Test(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.samples = tempfile.TemporaryDirectory()
        song(cls.sample("plain.flac"))
        song(cls.sample("other.flac"), "blue-noise")
        song(cls.sample("tagged.flac"), tags="taginject tags=genre=Polka !")
        song(cls.sample("silent.flac"), "silence")
        song(cls.sample("short.flac"), seconds=1)
        with open(cls.sample("song.au"), "wb") as f:  # without a place for tags
            data = bytes(i * i // 7 % 251 for i in range(8000 * 6))
            f.write(struct.pack(">4s5I", b".snd", 24, len(data), 1, 8000, 1) + data)
        with open(cls.sample("notes.txt"), "w", encoding="ascii") as f:
            f.write("some text\n" * 99)

    @classmethod
    def tearDownClass(cls):
        cls.samples.cleanup()

    @classmethod
    def sample(cls, name):
        return os.path.join(cls.samples.name, name)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.cache = os.path.join(self.folder, "cache")
        self.log = os.path.join(self.folder, "log")
        self.music = os.path.join(self.folder, "music")
        os.mkdir(self.music)

    def add(self, *names, to=None):
        paths = [os.path.join(to or self.music, name) for name in names]
        for path in paths:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            shutil.copy(self.sample(os.path.basename(path)), path)
        return paths

    def spoil(self, *paths):
        """Whoever opens them now finds nothing, but their size and times do not show
        it."""
        for path in paths:
            status = os.stat(path)
            with open(path, "r+b") as f:
                f.write(bytes(status.st_size))
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    def run_command(self, *arguments):
        return subprocess.run([PROGRAM, "--cache", self.cache, *arguments],
                              capture_output=True, text=True, timeout=60)

    def results(self, *arguments, status=0):
        log = ["--log", self.log] if "--write" in arguments and \
            "--dry-run" not in arguments else []
        names = [] if any(map(os.path.exists, arguments[-1:])) else [self.music]
        result = self.run_command("--json", *log, *arguments, *names)
        self.assertEqual(result.returncode, status, result.stderr)
        return {os.path.basename(item["file"]): item
                for item in map(json.loads, result.stdout.splitlines())}

    # Writing

    def test_second_run(self):
        """It opens nothing: not what was written, what was kept, what is silent, what
        has no place for a tag, and what is no song."""
        paths = self.add(*os.listdir(self.samples.name))
        first = self.results(*WRITE)
        self.assertEqual({name for name, item in first.items()
                          if item.get("write", {}).get("written")},
                         {"plain.flac", "other.flac"})
        self.spoil(*paths)
        second = self.results(*WRITE)
        for name, item in first.items():
            with self.subTest(name):
                again = second[name]
                if name not in ("plain.flac", "other.flac"):
                    self.assertEqual(again, item)
                    continue
                written, kept = item.pop("write"), again.pop("write")
                self.assertEqual((kept["written"], kept["old"], kept["new"],
                                  kept["error"]),
                                 (False, written["new"], written["new"], None))
                self.assertIn("earlier run", kept["note"])
                self.assertEqual(again.pop("tag"), written["new"])
                item.pop("tag")
                self.assertEqual(again, item)
        # and so it goes on, dry or not
        self.assertEqual(self.results(*WRITE), self.results(*WRITE, "--dry-run"))

    def test_results_known(self):
        """From a run that wrote nothing: the first that writes opens them, to see
        their tags, and the second one none."""
        paths = self.add("plain.flac", "tagged.flac")
        self.results()
        first = self.results(*WRITE)
        self.spoil(*paths)
        second = self.results(*WRITE)
        self.assertTrue(first["plain.flac"]["write"]["written"])
        self.assertFalse(second["plain.flac"]["write"]["written"])
        self.assertEqual(first["tagged.flac"], second["tagged.flac"])

    def test_other_questions(self):
        """What is known of one question is not the answer to another one."""
        path, = self.add("tagged.flac")
        self.results(*WRITE)
        self.spoil(path)
        self.results(*WRITE)
        for options in (["--overwrite"], ["--append"], ["--write-confidence"],
                        ["--id3v23"], ["--window=4"]):
            with self.subTest(options):
                item = self.ask(*WRITE, *options)
                self.assertTrue(item["error"] or item["write"]["error"], item)
        # this is decided without the file
        item = self.ask("--write", "--min-confidence=0.9")
        self.assertIn("confidence", item["write"]["note"])

    def ask(self, *arguments):
        result = self.run_command("--json", *arguments, "--log", self.log,
                                  self.music)
        return json.loads(result.stdout)

    def test_options_that_tell_how(self):
        path, = self.add("tagged.flac")
        self.results(*WRITE)
        self.spoil(path)
        for options in ["--preserve-times"], ["--segments"], ["--jobs=2"], \
                ["--timeout=9"]:
            self.assertEqual(self.ask(*WRITE, *options)["write"]["error"], None)

    def test_changed_files(self):
        path, = self.add("plain.flac")
        self.assertTrue(self.results(*WRITE)["plain.flac"]["write"]["written"])
        # undone, also with the old time
        for _ in range(2):
            subprocess.run([PROGRAM, "--undo", self.log], check=True,
                           capture_output=True)
            item = self.results(*WRITE, "--preserve-times")["plain.flac"]
            self.assertTrue(item["write"]["written"])
        # by another program, which gave it another genre or time
        self.spoil(path)
        os.utime(path)
        item = self.ask(*WRITE)
        self.assertEqual(item["error_code"], "not-audio")
        self.add("tagged.flac")
        os.replace(os.path.join(self.music, "tagged.flac"), path)
        item = self.results(*WRITE)["plain.flac"]
        self.assertEqual(item["write"]["old"], "Polka")
        # by this one, in the room that there was, and with its time kept
        self.results(*WRITE, "--preserve-times")
        changed = self.results(*WRITE, "--overwrite", "--preserve-times")
        self.assertTrue(changed["plain.flac"]["write"]["written"])
        new = changed["plain.flac"]["write"]["new"]
        self.assertEqual(self.results(*WRITE)["plain.flac"]["write"]["old"], new)

    def test_dry_run_writes_nothing(self):
        """And so it is no answer for a run that does."""
        self.add("plain.flac")
        for _ in range(2):
            item = self.results(*WRITE, "--dry-run")["plain.flac"]
            self.assertTrue(item["write"]["written"])
        item = self.results(*WRITE)["plain.flac"]
        self.assertTrue(item["write"]["written"])
        self.assertNotIn("earlier", str(item["write"]["note"]))

    def test_failures_are_tried_again(self):
        self.add("plain.flac")
        name = hashlib.sha256(b"plain.flac").hexdigest()[:16]
        with open(f"{self.music}/.genreclassify-{name}.flac", "wb") as copy:
            fcntl.flock(copy, fcntl.LOCK_EX)  # as another process would
            self.assertEqual(self.ask(*WRITE)["write"]["error_code"], "busy")
            os.remove(copy.name)
        self.assertTrue(self.ask(*WRITE)["write"]["written"])

    # Names

    def test_root(self):
        """The library is mounted elsewhere."""
        names = ["plain.flac", "a/other.flac", "a/notes.txt"]
        self.add(*names)
        outside, = self.add("tagged.flac", to=self.folder)
        first = self.results("--cache-root", self.music, *WRITE, self.music,
                             outside)
        moved = os.path.join(self.folder, "elsewhere")
        os.rename(self.music, moved)
        self.spoil(outside, *(os.path.join(moved, name) for name in names))
        self.music = moved
        for root in moved, moved + "/", os.path.join(moved, "a", ".."):
            second = self.results("--cache-root", root, *WRITE, moved, outside)
            self.assertEqual(second.keys(), first.keys())
            for name, item in second.items():
                if name != "tagged.flac":
                    self.assertTrue(item["file"].startswith(moved))
                self.assertEqual(item["probabilities"],
                                 first[name]["probabilities"])
                self.assertFalse(item.get("write", {}).get("error"))
        # the names can be had in both ways
        for options, folder in ([], ""), (["--cache-root", moved], moved + "/"):
            exported = self.run_command("--export", "json", *options).stdout
            self.assertEqual({json.loads(line)["file"]
                              for line in exported.splitlines()},
                             {outside, *(folder + name for name in names)})
        # only the whole name of a folder is one
        self.assertEqual(self.results("--cache-root", moved + "/a", outside)
                         ["tagged.flac"]["error"], None)
        for arguments in (["--cache-root", "/nowhere", moved],
                          ["--cache-root", outside, moved]):
            result = self.run_command(*arguments)
            self.assertEqual(result.returncode, 2)
            self.assertIn("is no folder that is there", result.stderr)
        result = subprocess.run([PROGRAM, "--cache-root", moved, moved],
                                capture_output=True, text=True)
        self.assertEqual(result.returncode, 2)
        self.assertIn("--cache is missing", result.stderr)

    def test_root_comes_later(self):
        """What a cache has under absolute names is not lost."""
        paths = self.add("plain.flac", "a/other.flac")
        neighbour, = self.add("tagged.flac", to=self.music + "2")
        self.results(*WRITE, self.music, neighbour)
        self.spoil(*paths, neighbour)
        second = self.results("--cache-root", self.music, *WRITE, self.music,
                              neighbour)
        self.assertEqual(len(second), 3)
        exported = self.run_command("--export", "json").stdout
        self.assertEqual([json.loads(line)["file"]
                          for line in exported.splitlines()],
                         [neighbour, "a/other.flac", "plain.flac"])

    def test_old_format(self):
        paths = self.add("plain.flac", "notes.txt")
        first = self.results()
        with sqlite3.connect(self.cache) as db:
            db.executescript(
                "DROP TABLE change; ALTER TABLE result DROP COLUMN embedding;"
                "PRAGMA user_version = 1;")
        db.close()
        self.spoil(*paths)
        # an export changes nothing
        self.assertEqual(self.run_command("--export", "json").returncode, 0)
        for version in 1, 3:
            with sqlite3.connect(self.cache) as db:
                self.assertEqual(
                    db.execute("PRAGMA user_version").fetchone(), (version,))
            db.close()
            self.assertEqual(self.results(), first)

    def test_embedding(self):
        """Found again where it was stored; analysed anew where it was not."""
        path, = self.add("plain.flac")
        first, = self.results("--embedding").values()
        values = first["embedding"]
        self.assertAlmostEqual(sum(v * v for v in values), 1, places=4)
        with sqlite3.connect(self.cache) as db:
            (blob,), = db.execute("SELECT embedding FROM result")
            for stored, value in zip(
                    struct.unpack(f"<{len(values)}f", blob), values):
                self.assertAlmostEqual(stored, value, places=6)
            db.execute("UPDATE result SET embedding = NULL")
        db.close()
        self.assertNotIn("embedding", *self.results().values())
        again, = self.results("--embedding").values()
        self.assertEqual(again, first)
        self.spoil(path)
        self.assertEqual([*self.results("--embedding").values()], [again])

    # Files that are gone

    def prune(self, *arguments, status=0):
        """The names that are forgotten, and what is said of them."""
        result = self.run_command("--cache-prune", *arguments)
        self.assertEqual(result.returncode, status, result.stderr)
        return ([os.path.basename(line.split(": ")[0])
                 for line in result.stdout.splitlines()], result.stderr)

    def known(self):
        lines = self.run_command("--export", "json").stdout.splitlines()
        return [os.path.basename(json.loads(line)["file"]) for line in lines]

    def test_prune(self):
        for options in [], ["--cache-root", self.music]:
            with self.subTest(options):
                paths = self.add("plain.flac", "a/other.flac", "b/c/tagged.flac")
                self.results(*WRITE, *options, self.music)
                known = self.known()
                self.assertEqual(self.prune(*options)[0], [])
                shutil.rmtree(os.path.join(self.music, "b"))
                os.rename(paths[1], os.path.join(self.folder, "elsewhere.flac"))
                os.rmdir(os.path.join(self.music, "a"))
                gone = ["other.flac", "tagged.flac"]
                names, text = self.prune("--dry-run", *options)
                self.assertEqual((names, self.known()), (gone, known))
                self.assertIn("2 of 3 files are gone.", text)
                names, text = self.prune(*options)
                self.assertEqual((names, self.known()), (gone, ["plain.flac"]))
                self.assertIn("2 of 3 files are gone, and forgotten.", text)
                with sqlite3.connect(self.cache) as db:
                    self.assertEqual(db.execute("SELECT count(*) FROM change")
                                     .fetchone(), (1,))
                db.close()
                self.assertEqual(self.prune(*options, "-q"), ([], ""))

    def test_prune_unmounted(self):
        """What may be on a disk that is not there is kept: a whole folder that is
        gone, an empty one, and a link that leads nowhere."""
        self.add("disk/plain.flac", "disk/a/other.flac")
        link = os.path.join(self.folder, "link")
        real = os.path.join(self.folder, "real")
        os.symlink(real, link)
        self.add("tagged.flac", to=real)
        self.results(self.music, os.path.join(link, "tagged.flac"))
        os.rename(real, real + "2")
        away = os.path.join(self.folder, "away")
        os.rename(os.path.join(self.music, "disk"), away)
        for empty in False, True:
            with self.subTest(empty):
                if empty:
                    os.mkdir(os.path.join(self.music, "disk"))
                names, text = self.prune()
                self.assertEqual((names, len(self.known())), ([], 3))
                self.assertIn("3 files are not there, but kept", text)
        # one of them is there again, and its neighbours are gone
        self.add("disk/plain.flac")
        names, text = self.prune()
        self.assertEqual(names, ["other.flac"])
        self.assertIn("1 file is not there, but kept", text)

    def test_prune_relative(self):
        path, = self.add("plain.flac")
        self.results("--cache-root", self.music, self.music)
        os.remove(path)
        names, text = self.prune()
        self.assertEqual(names, [])
        self.assertIn("without --cache-root", text)
        result = self.run_command("--cache-prune", "--cache-root", "/nowhere")
        self.assertEqual((result.returncode, len(self.known())), (2, 1))

    def test_prune_alone(self):
        for arguments in [self.music], ["--files-from", "-"], ["--write"], \
                ["--export", "csv"]:
            result = self.run_command("--cache-prune", *arguments)
            self.assertEqual(result.returncode, 2)
            self.assertIn("does nothing else", result.stderr)
        result = self.run_command("--cache-prune")
        self.assertEqual(result.returncode, 2)
        self.assertIn("does not exist", result.stderr)
        self.assertFalse(os.path.exists(self.cache))


if __name__ == "__main__":
    unittest.main()
