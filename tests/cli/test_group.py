# SPDX-License-Identifier: GPL-2.0-or-later
"""--group album: one answer for all tracks of an album, in folders, lists and shards,
with a cache, and written."""

import filecmp
import json
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from contextlib import closing

PROGRAM = os.path.abspath(sys.argv.pop(1))
SHIPPED = os.path.join(os.environ["TEST_SHIPPED_MODELS"], "crnn.safetensors")
WAVES = ("sine", "pink-noise", "ticks", "saw")


def encode(path, seconds, wave, **tags):
    inject = "".join(f',{name.replace("_", "-")}="{value}"'
                     for name, value in tags.items())
    subprocess.run([
        "gst-launch-1.0", "-q", "audiotestsrc", f"wave={wave}",
        "samplesperbuffer=22050", f"num-buffers={seconds}", "!",
        "audio/x-raw,rate=22050,channels=1", "!", "audioconvert", "!",
        *(["taginject", "tags=" + inject[1:], "!"] if tags else []),
        "flacenc", "!", "filesink", f"location={path}"], check=True)


def id3(*frames):
    """ID3v2.4 with these texts, in front of whatever follows."""
    content = b"".join(name + struct.pack(">IH", 1 + len(text), 0) + b"\3" + text
                       for name, text in frames)
    return b"ID3\4\0\0" + struct.pack(">I", len(content)) + content


def run(*arguments, **options):
    return subprocess.run([PROGRAM, *arguments], capture_output=True,
                          timeout=60, **options)


class Test(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.TemporaryDirectory()
        cls.sounds = [os.path.join(cls.root.name, f"{i}.flac") for i in range(4)]
        for path, seconds, wave in zip(cls.sounds, (6, 9, 14, 7), WAVES):
            encode(path, seconds, wave)
        cls.tagged = {}
        for artist in "XYZ":
            for album in "AB":
                path = os.path.join(cls.root.name, f"{album}{artist}.flac")
                encode(path, 6, WAVES[ord(artist) % 3], album=album,
                       artist=artist)
                cls.tagged[album + artist] = path

    @classmethod
    def tearDownClass(cls):
        cls.root.cleanup()

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=self.root.name)
        self.music = os.path.join(self.folder, "music")
        self.cache = os.path.join(self.folder, "cache")

    def add(self, name, sound):
        path = os.path.join(self.music, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(sound if isinstance(sound, str) else self.sounds[sound], path)
        return path

    def make_library(self):
        """Albums in folders and on discs, loose files, and no audio."""
        self.albums = {
            "music": [self.add("loose.flac", 0), self.add("z.flac", 3)],
            "Album": [self.add("X/Album/CD1/1.flac", 0),
                      self.add("X/Album/CD2/1.flac", 1),
                      self.add("X/Album/bonus.flac", 2)],
            "Other": [self.add("X/Other (Disc 1)/1.flac", 1),
                      self.add("X/Other (Disc 2)/1.flac", 2)],
            "Album B": [self.add("X/Album B/1.flac", 3)],
        }
        with open(os.path.join(self.music, "X/Album/CD1/a.txt"), "w") as f:
            f.write("no audio")
        os.mkdir(os.path.join(self.music, "X/Album/CD1/Scans"))
        with open(os.path.join(self.music, "X/Album/CD1/Scans/b.txt"), "w") as f:
            f.write("no audio")

    def results(self, *arguments, status=0, **options):
        result = run("--json", "--group=album", *arguments, **options)
        self.assertEqual(result.returncode, status, result.stderr)
        return {r["file"]: r for r in map(json.loads, result.stdout.splitlines())}

    def check(self, results):
        """Each album has one answer: the mean of its tracks, as long as they
        are."""
        ids = set()
        for name, paths in self.albums.items():
            tracks = [results[path] for path in paths]
            groups = [track["group"] for track in tracks]
            for group in groups:
                self.assertEqual(group, groups[0])
            group = groups[0]
            ids.add(group["id"])
            self.assertEqual((group["name"], group["tracks"], group["artist"],
                              group["compilation"]),
                             (name, len(paths), None, False))
            seconds = sum(track["duration"] for track in tracks)
            for label, p in group["probabilities"].items():
                self.assertAlmostEqual(p, sum(
                    track["probabilities"][label] * track["duration"]
                    for track in tracks) / seconds, places=5)
            best = max(group["probabilities"].items(), key=lambda item: item[1])
            self.assertEqual((group["genre"], group["confidence"]), best)
        self.assertEqual(len(ids), len(self.albums))

    def test_folder(self):
        self.make_library()
        results = self.results("--jobs=3", self.music)
        self.check(results)
        # files, then discs, then other folders
        order = [os.path.relpath(path, self.music) for path in results]
        self.assertEqual(order[:3], ["loose.flac", "z.flac", "X/Album/bonus.flac"])
        skipped = [r for r in results.values() if r["skipped"]]
        self.assertEqual([r.get("group") for r in skipped], [None, None])
        # the track's own answer is the same without albums
        alone = [json.loads(line) for line in
                 run("--json", self.music).stdout.splitlines()]
        for result in alone:
            self.assertNotIn("group", result)
            results[result["file"]].pop("group", None)
            self.assertEqual(result, results[result["file"]])

    def test_list(self):
        self.make_library()
        paths = [path for paths in self.albums.values() for path in paths]
        random.Random(1).shuffle(paths)
        results = self.results("--files-from=-", input="\n".join(paths).encode())
        self.check(results)
        self.assertEqual(list(results), paths)

    def test_shards(self):
        self.make_library()
        results = {}
        for shard in range(1, 5):
            part = self.results("--shard", f"{shard}/4", "--cache", self.cache,
                                self.music)
            self.assertLess(len(part), 10)
            results |= part
        self.check(results)

    def test_cache(self):
        self.make_library()
        first = self.results("--cache", self.cache, self.music)
        self.check(first)
        # all is known, but not of what else is in an album
        os.remove(self.albums["Album"].pop())
        second = self.results("--cache", self.cache, self.music)
        self.check(second)
        self.assertNotIn("group", run("--cache", self.cache, "--export",
                                      "json").stdout.decode())
        # what an earlier version has kept does not tell of albums
        with sqlite3.connect(self.cache) as database:
            database.execute(
                "UPDATE result SET json = json_remove(json, '$.artist', "
                "'$.album', '$.album_artist', '$.compilation')")
        self.assertEqual(self.results("--cache", self.cache, self.music), second)

    def test_write(self):
        self.make_library()
        options = ["--write", "--min-confidence=0", "--cache", self.cache,
                   "--jobs=3"]
        tried = self.results(*options, "--dry-run", self.music)
        log = os.path.join(self.folder, "log")
        done = self.results(*options, "--log", log, self.music)
        self.assertEqual(done, tried)
        self.check(done)
        for result in done.values():
            if "group" in result:
                self.assertTrue(result["write"]["written"])
                self.assertEqual(result["write"]["new"].lower().replace("-", ""),
                                 result["group"]["genre"])
        # it is found again, and what it has is kept
        again = self.results("--cache", self.cache, self.music)
        for path, result in again.items():
            if "group" in result:
                self.assertEqual(result["tag"], done[path]["write"]["new"])
                self.assertEqual(result["group"], done[path]["group"])
        self.assertEqual(run("--undo", log).returncode, 0)

    def test_changed_meanwhile(self):
        """Another file under a track's name does not get the answer of the first,
        neither in its tags nor in the cache."""
        changed, kept = self.add("A/1.flac", 0), self.add("A/2.flac", 1)
        options = ["--json", "--group=album", "--write", "--min-confidence=0",
                   f"--log={self.folder}/log", f"--cache={self.cache}"]
        with subprocess.Popen([PROGRAM, *options, "--files-from=-"], bufsize=0,
                              stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as process:
            process.stdin.write(f"{changed}\n{kept}\n".encode())
            self.wait_for_cache(2)
            shutil.copy(self.sounds[2], changed + "~")
            os.rename(changed + "~", changed)
            process.stdin.close()
            first, second = map(json.loads, process.stdout.read().splitlines())
        self.assertEqual(process.returncode, 1)
        self.assertEqual((first["write"]["error_code"], first["write"]["retryable"],
                          first["write"]["written"]),
                         ("changed-meanwhile", True, False))
        self.assertTrue(second["write"]["written"])
        self.assertTrue(filecmp.cmp(changed, self.sounds[2], shallow=False))
        again = self.results("--cache", self.cache, changed)
        self.assertEqual(again[changed]["duration"], 14)

    def wait_for_cache(self, n):
        """Until it has as many results."""
        for _ in range(600):
            try:
                with closing(sqlite3.connect(f"file:{self.cache}?mode=ro",
                                             uri=True)) as cache:
                    if cache.execute("SELECT count(*) FROM result").fetchone() == (n,):
                        return
            except sqlite3.OperationalError:
                pass
            time.sleep(0.05)
        self.fail("nothing was analysed")

    def test_named_twice(self):
        """A file that this run has written has not been changed by somebody else."""
        path = self.add("A/1.flac", 0)
        link = os.path.join(self.music, "A/link.flac")
        os.symlink("1.flac", link)
        for group in ([], ["--group=album"]):
            for names in ([path, path, link], [self.music, path]):
                result = run("--json", *group, "--write", "--min-confidence=0", "-j4",
                             "--log", f"{self.folder}/log", *names)
                self.assertEqual(result.returncode, 0, result.stderr)
                written = [json.loads(line)["write"]["written"]
                           for line in result.stdout.splitlines()]
                self.assertEqual(sum(written), 1, written)
                run("--undo", f"{self.folder}/log")

    def test_limit_is_of_the_album(self):
        tracks = [self.add("1.flac", 1), self.add("2.flac", 2)]
        group = self.results(self.music)[tracks[0]]["group"]
        for sign, written in ((-1, True), (1, False)):
            limit = group["confidence"] + sign * 1e-4
            for result in self.results("--write", "--dry-run",
                                       f"--min-confidence={limit}",
                                       self.music).values():
                self.assertEqual(result["write"]["written"], written)

    def test_genre_that_is_kept(self):
        """It is told in "write" as in "tag", whatever it is kept for."""
        os.mkdir(self.music)
        path = os.path.join(self.music, "1.flac")
        encode(path, 6, "sine", genre="Polka")
        for *options, code in (["--min-confidence=1", None],
                               ["--min-confidence=0", "read-only"]):
            result = self.results("--write", "--overwrite", *options, path,
                                  f"--log={self.folder}/log",
                                  status=int(code is not None))[path]
            write = result["write"]
            self.assertEqual((result["tag"], write["old"], write["new"],
                              write["error_code"]), (*3 * ["Polka"], code))
            os.chmod(path, 0o444)

    def test_silent_track(self):
        """It has no genre of its own, but is one of the album's."""
        silence = os.path.join(self.folder, "silence.flac")
        encode(silence, 6, "silence")
        loud, silent = self.add("1.flac", 1), self.add("2.flac", silence)
        results = self.results("--write", "--dry-run", "--min-confidence=0",
                               self.music)
        self.assertEqual(results[silent]["genre"], None)
        self.assertTrue(results[silent]["silent"])
        self.assertEqual(results[silent]["group"]["probabilities"],
                         results[loud]["probabilities"])
        self.assertEqual(results[silent]["write"]["new"],
                         results[loud]["write"]["new"])
        # and an album that is all silent has none
        os.remove(loud)
        result, = self.results("--write", "--dry-run", self.music).values()
        self.assertEqual((result["group"]["genre"], result["write"]["written"]),
                         (None, False))

    def test_not_music(self):
        """Like a silent one, and it does not count in the album's answer."""
        saw, noise = self.add("1.flac", 3), self.add("2.flac", 1)
        results = self.results("--model", SHIPPED, "--write", "--dry-run",
                               "--min-confidence=0", self.music)
        self.assertEqual(results[noise]["genre"], None)
        self.assertFalse(results[noise]["silent"])
        self.assertLess(results[noise]["music"], 0.5)
        self.assertGreater(results[saw]["music"], 0.5)
        for path in saw, noise:
            self.assertEqual(results[path]["group"]["probabilities"],
                             results[saw]["probabilities"])
            self.assertEqual(results[path]["write"]["new"].lower(),
                             results[saw]["genre"])
        os.remove(saw)
        result, = self.results("--model", SHIPPED, "--write", "--dry-run",
                               "--min-confidence=0", self.music).values()
        self.assertEqual((result["group"]["genre"], result["write"]["note"]),
                         (None, "It is not music."))

    def test_tags(self):
        """Two albums in a folder; and one of many artists."""
        for name in ("AX", "AY", "AZ", "BX"):
            self.add(name + ".flac", self.tagged[name])
        marked = self.add("BY.flac", self.tagged["BY"])
        results = self.results(self.music)
        of = {os.path.basename(path)[:2]: r["group"]
              for path, r in results.items()}
        self.assertEqual({name: group["tracks"] for name, group in of.items()},
                         {"AX": 3, "AY": 3, "AZ": 3, "BX": 2, "BY": 2})
        self.assertEqual({group["name"] for group in of.values()}, {"A", "B"})
        self.assertTrue(of["AX"]["compilation"])
        self.assertEqual((of["AX"]["genre"], of["AX"]["confidence"],
                          of["AX"]["probabilities"]), (None, 0, None))
        # one of two artists is not most of them
        self.assertTrue(of["BX"]["compilation"])
        self.add("b.flac", self.tagged["BX"])
        self.assertFalse(self.results(self.music)[marked]["group"]["compilation"])
        # each track of it is written as it is
        for result in self.results("--write", "--dry-run", "--min-confidence=0",
                                   self.music).values():
            self.assertEqual(result["write"]["new"].lower().replace("-", ""),
                             result["genre"])
        # iTunes' way of marking a compilation, in front of FLAC's own tags
        with open(self.tagged["BY"], "rb") as f:
            audio = f.read()
        with open(marked, "wb") as f:
            f.write(id3((b"TCMP", b"1")) + audio)
        result = self.results(self.music)[marked]
        self.assertEqual((result["album"], result["artist"], result["compilation"]),
                         ("B", "Y", True))
        self.assertTrue(result["group"]["compilation"])

    def test_text(self):
        self.make_library()
        result = run("--group=album", self.music)
        lines = result.stdout.decode().splitlines()
        self.assertEqual(len(lines), 8 + 3)
        self.assertIn('album "Album", 3 tracks', lines[5 + 1])

    def test_refused(self):
        result = run("--group=disc", self.folder)
        self.assertEqual(result.returncode, 2)
        self.assertIn("--group", result.stderr.decode())


if __name__ == "__main__":
    unittest.main()
