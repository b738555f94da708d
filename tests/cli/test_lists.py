# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists of names as people and programs make them: what ends a line, what an editor
puts before the first one, playlists, and a list that is written while it is
read."""

import itertools
import json
import os
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
CLIP = os.environ["TEST_CLIP"]
BOM = b"\xef\xbb\xbf"
COMMAND = [PROGRAM, "--json", "--max-duration=5"]


class Test(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = os.fsencode(cls.temporary.name)
        cls.names = [b"a.ogg", b"#1 b.ogg", " c ü.ogg".encode(), b"d\xe9.ogg"]
        cls.odd = [b"return\r", BOM + b"mark.ogg", b"new\nline.ogg"]
        # what was listed once is not decoded again
        cls.cache = ["--cache", os.path.join(cls.temporary.name, "cache")]
        for name in cls.names + cls.odd:
            os.symlink(CLIP, cls.path(name))

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    def write(self, name, content):
        path = self.path(name)
        with open(path, "wb") as f:
            f.write(content)
        return path

    def names_of(self, output):
        """Of the files that were classified."""
        found = []
        for item in map(json.loads, output.splitlines()):
            self.assertEqual(item["error"], None, item)
            name = item.get("file_bytes")
            found.append(name.replace("%E9", "é").encode("latin-1") if name
                         else item["file"].encode())
        return found

    def check(self, content, names, *arguments, cwd=None, path=None):
        """From the file @path or, without it, from a file and from a pipe."""
        sources = [(path, b"")] if path else [
            (self.write(b"list", content), b""), ("-", content)]
        for source, given in sources:
            result = subprocess.run(
                [*COMMAND, *self.cache, *arguments, "--files-from", source],
                input=given,
                cwd=cwd or self.folder, capture_output=True, timeout=60)
            self.assertEqual(result.returncode, 0,
                             result.stderr + result.stdout)
            self.assertEqual(self.names_of(result.stdout), names)

    def test_ends(self):
        """Each way to end a name, with and without a mark and an end of the last
        one."""
        for end, mark, last in itertools.product(
                (b"\n", b"\r\n", b"\0", b"\n\n", b"\r\n\r\n", b"\0\0"),
                (b"", BOM), (True, False)):
            content = mark + end.join(self.names) + (end if last else b"")
            with self.subTest(content):
                self.check(content, self.names)
                # then a mark is the beginning of a name
                if b"\0" in end and not mark:
                    self.check(content, self.names, "--null")

    def test_odd_names(self):
        """What is there under the very name keeps it."""
        for content in (self.odd[0] + b"\n" + self.odd[1],
                        self.odd[1] + b"\n" + self.odd[0] + b"\n"):
            names = sorted(content.rstrip(b"\n").split(b"\n"),
                           key=content.index)
            self.check(content, names)
        self.check(b"\0".join(self.odd), self.odd)
        self.check(b"\0".join(self.odd[::-1]) + b"\0", self.odd[::-1])

    def test_nothing(self):
        for content in b"", b"\n", b"\r\n\n", BOM, BOM + b"\r\n", b"\0\0":
            with self.subTest(content):
                self.check(content, [])

    def test_utf_16(self):
        text = "".join(f"{name}\r\n" for name in ("a.ogg", "音楽.ogg"))
        for encoding in "utf-16-le", "utf-16-be":
            content = ("\ufeff" + text).encode(encoding)
            with self.subTest(encoding):
                result = subprocess.run([*COMMAND, "-"], input=content,
                                        capture_output=True, timeout=60)
                self.assertEqual((result.returncode, result.stdout), (2, b""))
                self.assertIn(b"UTF-16; expected is UTF-8", result.stderr)

    def make_sounds(self):
        """Music in containers, and as mere samples; by its name."""
        source = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
                  "anoisesrc=a=0.001:r=8000:d=1:seed=1"]
        for name in ("a.wav", "a.rf64", "a.aiff", "a.flac", "a.ogg", "a.mp3",
                     "a.aac", "a.m4a", "a.mka", "a.wv", "a.au", "a.caf", "a.ac3",
                     "a.tta", "a.s16le", "a.s16be", "a.s24le", "a.f32le", "a.u8"):
            path = os.path.join(self.folder, b"sound-" + name.encode())
            way = {"a.rf64": ["-rf64", "always", "-f", "wav"],
                   "a.ogg": ["-ar", "48000", "-c:a", "libopus"]}.get(
                       name, ["-f", name[2:]] if name[-1] in "8e" else [])
            subprocess.run([*source, *way, path], check=True, timeout=60)
            with open(path, "rb") as f:
                yield name, f.read()
            os.unlink(path)
        yield "silence", bytes(100000)
        yield "samples", b"/\0.\0" + struct.pack("<1000h", *range(-500, 500))
        yield "header only", b"RIFF\xff\xff\xff\xffWAVE"

    @unittest.skipUnless(shutil.which("ffmpeg"), "there is no ffmpeg")
    def test_sounds(self):
        """Music where a list is expected is no list: nothing of it is a name, above
        all not "/" and ".", and nothing is written into what they lead to."""
        with tempfile.TemporaryDirectory() as folder:
            song = os.path.join(folder, "song.ogg")
            shutil.copy(CLIP, song)
            with open(song, "rb") as f:
                before = f.read()
            path = self.path(b"sound")
            ways = itertools.cycle((["--null", "-"], ["--files-from", path]))
            for name, content in self.make_sounds():
                self.write(b"sound", content)
                for way in ["-"], next(ways):
                    with self.subTest(name, way=way):
                        result = subprocess.run(
                            [PROGRAM, "--write", "--overwrite", *way],
                            cwd=folder, input=b"" if path in way else content,
                            capture_output=True, timeout=60)
                        self.assertEqual(result.returncode, 2, result.stderr)
                        self.assertEqual(result.stdout, b"")
                        self.assertIn(b"expected are names of files",
                                      result.stderr)
                        self.assertIn(b"0 files", result.stderr)
            with open(song, "rb") as f:
                self.assertEqual(f.read(), before)

    def test_late_binary(self):
        """What was named before is done."""
        result = subprocess.run([*COMMAND, *self.cache, "-"], cwd=self.folder,
                                input=b"a.ogg\n" * 12000 + b"\1\nb.ogg\n",
                                capture_output=True, timeout=300)
        self.assertEqual(result.returncode, 2)
        self.assertEqual(len(result.stdout.splitlines()), 12000)
        self.assertIn(b"Its name 12001", result.stderr)

    def test_root(self):
        """It is written into only if it is an argument; a list may have it by
        mistake."""
        with tempfile.TemporaryDirectory() as folder:
            os.symlink("/", os.path.join(folder, "z:"))
            for names in b"/\n", b"//\0", b"file:///\n", b"..\n":
                with self.subTest(names):
                    result = subprocess.run(
                        [*COMMAND, "--write", "--dry-run", "-"], input=names,
                        cwd="/usr" if names == b"..\n" else folder,
                        capture_output=True, timeout=60)
                    self.assertEqual(result.returncode, 1)
                    self.assertIn("It is the root of the file system",
                                  json.loads(result.stdout)["error"])
            # as Wine makes it
            result = subprocess.run([*COMMAND, "--write", "--dry-run", folder],
                                    capture_output=True, timeout=60)
            item = json.loads(result.stdout)
            self.assertEqual((result.returncode, item["skipped"]), (0, True))
            self.assertIn("It is the root", item["error"])

    def test_late_nul(self):
        """A name is never cut off: the part may be another file."""
        result = subprocess.run(
            [*COMMAND, "--files-from", "-"], cwd=self.folder, timeout=60,
            input=b"a.ogg\n" + b"\n" * 100000 + b"a.ogg\0b.ogg\n", capture_output=True,
            check=False)
        self.assertEqual(result.returncode, 2)
        self.assertEqual(self.names_of(result.stdout), [b"a.ogg"])
        self.assertIn(b"--null", result.stderr)

    def test_playlists(self):
        header, comment = b"#EXTM3U\r\n", b"#EXTINF:36,Someone - a\r\n"
        names, paths = self.names[:3], [self.path(n) for n in self.names[:3]]
        body = b"".join(comment + name + b"\r\n" for name in names)
        elsewhere = os.path.dirname(CLIP)
        # relative to the playlist, by its name or its first line
        for name, content in ((b"x.m3u", body), (b"x.m3u8", BOM + header + body),
                              (b"other", header + body)):
            with self.subTest(name):
                path = self.write(name, content)
                self.check(content, paths, path=path, cwd=elsewhere)
        # a playlist in a pipe has no folder
        result = subprocess.run([*COMMAND, "-"], input=header + body,
                                cwd=self.folder, capture_output=True, timeout=60)
        self.assertEqual(self.names_of(result.stdout), names)
        # in any other list "#" is a letter
        result = subprocess.run([*COMMAND, "-"], input=b"#2 missing.ogg\n",
                                cwd=self.folder, capture_output=True, timeout=60)
        self.assertEqual(json.loads(result.stdout)["file"], "#2 missing.ogg")
        # absolute names and URIs stay
        content = header + CLIP.encode() + b"\nfile://" + CLIP.encode() + b"\n"
        self.check(content, [CLIP.encode(), b"file://" + CLIP.encode()],
                   path=self.write(b"y.m3u", content))

    def serve(self, jobs, end, *arguments):
        """Feeds one name after the other, and waits for the answer of each."""
        process = subprocess.Popen(
            [*COMMAND, f"--jobs={jobs}", *arguments, "--files-from", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, bufsize=0, cwd=self.folder)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)

        def answer():
            ready, _, _ = select.select([process.stdout], [], [], 30)
            self.assertTrue(ready, "there is no answer")
            return process.stdout.readline()

        for name in [*self.names, b"missing", *self.names]:
            process.stdin.write(name + end)
            item = json.loads(answer())
            self.assertEqual(item["error_code"],
                             "not-found" if name == b"missing" else None)
            if name.isascii():
                self.assertEqual(item["file"], name.decode())
        # names that come together are answered in their order
        process.stdin.write(end + end.join(self.names[:3] * 3) + end + end)
        for name in self.names[:3] * 3:
            self.assertEqual(json.loads(answer())["file"], name.decode())
        # an answer does not wait for the end of the next name
        process.stdin.write(self.names[0] + end + self.names[1][:3])
        self.assertEqual(json.loads(answer())["file"], self.names[0].decode())
        process.stdin.write(self.names[1][3:])
        process.stdin.close()
        self.assertEqual(json.loads(answer())["file"], self.names[1].decode())
        self.assertEqual(process.wait(60), 1)

    def test_served(self):
        for jobs in 1, 3:
            for end, arguments in ((b"\n", []), (b"\r\n", []), (b"\0", []),
                                   (b"\0", ["--null"])):
                with self.subTest(jobs=jobs, end=end, arguments=arguments):
                    self.serve(jobs, end, *arguments)


if __name__ == "__main__":
    unittest.main()
