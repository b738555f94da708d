# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin for beets, with the real beets and a library of its own."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

PROGRAM, PLUGINS = map(os.path.abspath, sys.argv[1:3])
del sys.argv[1:3]
SHIPPED = os.path.join(os.environ["TEST_SHIPPED_MODELS"], "crnn.safetensors")
TRACK = "$path|$genre|$genreclassify_confidence"
# of several lengths and answers
SOUNDS = ((6, "sine"), (9, "pink-noise"), (14, "ticks"))


def encode(path, seconds, wave, **tags):
    inject = ",".join(f'{name.replace("_", "-")}="{value}"'
                      for name, value in tags.items())
    subprocess.run([
        "gst-launch-1.0", "-q", "audiotestsrc", f"wave={wave}",
        "samplesperbuffer=22050", f"num-buffers={seconds}", "!",
        "audio/x-raw,rate=22050,channels=1", "!", "audioconvert", "!",
        "taginject", f"tags={inject}", "!", "flacenc", "!", "filesink",
        f"location={path}"], check=True)


class Test(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.TemporaryDirectory()
        cls.songs = []
        for number, (seconds, wave) in enumerate(SOUNDS, 1):
            cls.songs.append(os.path.join(cls.root.name, f"{number}.flac"))
            encode(cls.songs[-1], seconds, wave, title=f"Song{number}",
                   artist="Artist", album="Album")

    @classmethod
    def tearDownClass(cls):
        cls.root.cleanup()

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=self.root.name)
        self.music = os.path.join(self.folder, "music")
        os.mkdir(self.music)
        self.paths = [shutil.copy(song, self.music) for song in self.songs]
        # what the command is called with, and how often
        self.log = os.path.join(self.folder, "calls")
        self.command = self.script(f'echo "$@" >> {self.log}\nexec {PROGRAM} "$@"')
        self.configure()

    def script(self, text):
        path = os.path.join(self.folder, "command")
        with open(path, "w") as f:
            f.write("#!/bin/sh\n" + text + "\n")
        os.chmod(path, stat.S_IRWXU)
        return path

    def configure(self, imports="copy: no", more="", plugins="", **options):
        options = {"command": self.command, "min_confidence": 0} | options
        with open(os.path.join(self.folder, "config.yaml"), "w") as f:
            f.write(f"directory: {self.folder}/library\n"
                    f"library: {self.folder}/library.db\n"
                    f"pluginpath: {PLUGINS}\n"
                    f"plugins: genreclassify {plugins}\n"
                    f"import: {{{imports}}}\n{more}\ngenreclassify:\n"
                    + "".join(f"  {name}: {value}\n"
                              for name, value in options.items()))

    def beet(self, *arguments, status=0):
        result = subprocess.run(
            ["beet", *arguments], capture_output=True, text=True, timeout=120,
            errors="surrogateescape", stdin=subprocess.DEVNULL,
            env=os.environ | {"BEETSDIR": self.folder, "HOME": self.folder})
        self.assertEqual(result.returncode, status, result.stderr)
        self.said = result.stderr
        return result.stdout

    def import_all(self, *arguments):
        self.beet("import", "-qA", *arguments, self.music)

    def tracks(self, *query):
        """{path: (genre, confidence)} by `beet ls`."""
        lines = self.beet("ls", "-f", TRACK, *query).splitlines()
        return {path: (genre, confidence) for path, genre, confidence in
                (line.split("|") for line in lines)}

    def in_file(self, path):
        """The genre that the file's tags have."""
        with open(path, "rb") as f:
            head = f.read(4096)
        at = head.upper().find(b"GENRE=")
        length = int.from_bytes(head[at - 4:at], "little")
        return None if at < 0 else head[at + 6:at + length].decode()

    def answers(self, *options):
        """{path: what the command itself says}"""
        result = subprocess.run([PROGRAM, "--json", *options, self.music],
                                capture_output=True, timeout=60)
        return {r["file"]: r for r in map(json.loads, result.stdout.splitlines())}

    def calls(self):
        try:
            with open(self.log) as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []

    def check_tracks(self, tracks=None):
        tracks = tracks or self.tracks()
        answers = self.answers()
        self.assertEqual(set(tracks), set(self.paths))
        for path, (genre, confidence) in tracks.items():
            self.assertEqual(genre.lower().replace("-", ""),
                             answers[path]["genre"])
            self.assertEqual(confidence, f"{answers[path]['confidence']:.4f}")

    def test_import(self):
        self.import_all()
        self.check_tracks()
        # one command, which was kept open
        self.assertEqual(len(self.calls()), 1)
        # files that are imported as they are stay so
        self.assertEqual([self.in_file(path) for path in self.paths], 3 * [None])
        # numbers, of which ranges can be asked for
        answers = self.answers()
        for field in ("confidence", "classical"):
            values = [round(answers[path]["confidence"] if field == "confidence"
                            else answers[path]["probabilities"][field], 4)
                      for path in self.paths]
            middle = (sorted(values)[1] + sorted(values)[2]) / 2
            found = self.tracks(f"genreclassify_{field}:{middle}..")
            self.assertEqual(set(found), {p for p, value in zip(self.paths, values)
                                          if value >= middle})

    def test_import_written(self):
        self.configure(write="yes")
        self.import_all()
        for path, (genre, _) in self.tracks().items():
            self.assertEqual(self.in_file(path), genre)

    def test_import_singletons_into_paths(self):
        self.configure("move: yes",
                       "paths: {singleton: $genre/$title}")
        self.import_all("-s")
        for path, (genre, _) in self.tracks().items():
            self.assertEqual(os.path.basename(os.path.dirname(path)), genre)

    def test_import_not_written(self):
        self.configure("copy: no, write: yes", write="no")
        self.import_all()
        self.check_tracks()
        self.assertEqual([self.in_file(path) for path in self.paths], 3 * [None])

    def test_command(self):
        self.configure(auto="no")
        self.import_all()
        self.assertEqual(self.calls(), [])
        # nothing is stored
        shown = self.beet("genreclassify", "-p")
        self.assertEqual(len(shown.splitlines()), 3)
        self.assertEqual({genre for genre, _ in self.tracks().values()}, {""})
        self.beet("genreclassify", "-W", "title:Song1")
        first = self.tracks("genre::.")
        self.assertEqual(list(first), self.paths[:1])
        self.assertEqual(self.in_file(self.paths[0]), None)
        # by default as beets writes
        self.beet("genreclassify")
        self.check_tracks()
        self.assertEqual([bool(self.in_file(path)) for path in self.paths],
                         [False, True, True])
        # all is known
        self.assertEqual(len(self.calls()), 3)
        self.beet("genreclassify")
        self.assertEqual(len(self.calls()), 3)

    def test_genre_is_kept(self):
        self.import_all()
        answer = self.tracks("title:Song1")[self.paths[0]]
        self.beet("modify", "-y", "title:Song1", "genre=Mine")
        self.beet("modify", "-y", "title:Song2", "genre=Unknown")
        self.beet("genreclassify")
        self.assertEqual(self.tracks("title:Song1")[self.paths[0]],
                         ("Mine", answer[1]))
        self.assertNotEqual(self.tracks("title:Song2")[self.paths[1]][0],
                            "Unknown")
        self.beet("genreclassify", "-f", "title:Song1")
        self.assertEqual(self.tracks("title:Song1")[self.paths[0]], answer)
        self.assertEqual(self.in_file(self.paths[0]), answer[0])

    def test_min_confidence(self):
        self.configure(min_confidence=1.01)
        self.import_all()
        tracks = self.tracks()
        self.assertEqual({genre for genre, _ in tracks.values()}, {""})
        self.assertNotIn("", {confidence for _, confidence in tracks.values()})
        # what is known is enough for another limit
        self.configure()
        self.beet("genreclassify")
        self.assertEqual(len(self.calls()), 1)
        self.check_tracks()

    def test_album(self):
        self.configure(album="yes")
        self.import_all()
        group = self.answers("--group=album")[self.paths[0]]["group"]
        # beets has the length of a file in it, the command that of its audio
        self.assertEqual({(g.lower().replace("-", "")) for g, _ in
                          self.tracks().values()}, {group["genre"]})
        album, = self.beet("ls", "-a", "-f",
                           "$genre|$genreclassify_confidence").splitlines()
        genre, confidence = album.split("|")
        self.assertEqual(genre.lower().replace("-", ""), group["genre"])
        self.assertAlmostEqual(float(confidence), group["confidence"], places=3)
        # the tracks' own answers stay theirs
        answers = self.answers()
        for path, (_, confidence) in self.tracks().items():
            self.assertEqual(confidence, f"{answers[path]['confidence']:.4f}")

    def test_not_music(self):
        """It has no genre, and does not count in its album's."""
        self.configure(album="yes", model=SHIPPED)
        music = os.path.join(self.music, "4.flac")
        encode(music, 8, "saw", title="Song4", artist="Artist", album="Album")
        self.import_all()
        field = "$genreclassify_genre|$genreclassify_confidence"
        album, = self.beet("ls", "-a", "-f", field).splitlines()
        found, = self.beet("ls", "-f", field, f"path:{music}").splitlines()
        self.assertRegex(found, r"^[a-z]+\|0\.[0-9]{4}$")
        self.assertEqual(album, found)
        self.assertEqual(self.beet("ls", "-f", field, "genreclassify_music:..0.5"),
                         3 * "|0.0000\n")

    def test_album_keeps_genres(self):
        self.configure(auto="no")
        self.import_all()
        self.beet("modify", "-y", "title:Song2", "genre=Mine")
        # one track stands for its album
        self.beet("genreclassify", "-a", "title:Song1")
        genres = [self.tracks()[path][0] for path in self.paths]
        self.assertEqual(genres[1], "Mine")
        self.assertEqual(genres[0], genres[2])
        self.assertNotEqual(genres[0], "")
        # a compilation's tracks have their own
        for fields in (["comp=1"], ["comp=0", "albumartist=Various Artists"],
                         ["albumartist=V/A"]):
            self.beet("modify", "-ya", "genre=", *fields)
            self.beet("genreclassify", "-af")
            self.check_tracks()
            self.assertEqual(self.beet("ls", "-a", "-f", "$genre"), "\n")

    def test_broken_files(self):
        """They are told, and the others are classified."""
        self.beet("version")
        bad = os.path.join(self.music, "4.flac")
        with open(self.paths[0], "rb") as f:
            head = f.read(8192)
        with open(bad, "wb") as f:
            f.write(head[:200] + bytes(3000))
        name = os.fsencode(self.music) + b"/\xff\n%41 song.flac"
        shutil.copy(self.paths[1], name)
        self.import_all()
        tracks = self.beet("ls", "-f", "$title|$genre")
        self.assertEqual(len([line for line in tracks.splitlines()
                              if not line.endswith("|")]), 4, tracks)
        os.remove(self.paths[2])
        self.beet("genreclassify", "-f")
        self.assertIn("3.flac: It does not exist.", self.said)

    def test_truncated_files(self):
        self.script(f'{PROGRAM} "$@" | sed -u \'s/"error":/"truncated":true,&/\'')
        self.import_all()
        self.assertEqual(self.said.count("end is missing"), 3, self.said)
        self.assertEqual(self.tracks("genre::."), {})
        self.beet("genreclassify", "-f")
        self.check_tracks()

    def test_missing_command(self):
        """It is told once, and the import goes on."""
        os.makedirs(os.path.join(self.music, "other"))
        shutil.move(self.paths[1], os.path.join(self.music, "other"))
        self.configure(command="/nowhere/genreclassify")
        self.import_all()
        self.assertEqual(self.said.count("/nowhere/genreclassify"), 1, self.said)
        self.assertEqual(len(self.beet("ls").splitlines()), 3)
        self.beet("genreclassify", status=1)
        self.assertIn("No such file", self.said)

    def test_failing_command(self):
        self.configure(model="/nowhere/model")
        self.import_all()
        self.assertIn("/nowhere/model", self.said)
        self.assertNotIn("Traceback", self.said)
        wait = "; exec cat > /dev/null"
        for text, part in (("echo what" + wait, "no JSON"),
                           ("echo {}" + wait, "no JSON"),
                           ("echo '{\"file\": \"x\"}'" + wait, "another file"),
                           ("exit 3", "status 3"),
                           ("echo bad >&2", "bad")):
            self.script(text)
            self.configure()
            with self.subTest(text):
                self.beet("genreclassify", "-f", status=1)
                self.assertIn(part, self.said)
                self.assertNotIn("Traceback", self.said)

    def test_map(self):
        answers = self.answers()
        path = os.path.join(self.folder, "map")
        label = answers[self.paths[0]]["genre"]
        with open(path, "w") as f:
            f.write(f"\ufeff# mine\n{label.upper()} = One; Two\r\n")
        self.configure(genre_map=path)
        self.import_all()
        for song, (genre, _) in self.tracks().items():
            if answers[song]["genre"] == label:
                self.assertEqual(genre, "One, Two")
        with open(path, "w") as f:
            f.write("rock\n")
        self.beet("genreclassify", status=1)
        self.assertIn("line 1", self.said)

    def test_beside_types_plugin(self):
        self.configure(plugins="types",
                       more="types: {genreclassify_confidence: float}")
        self.import_all()
        self.assertEqual(len(self.tracks("genreclassify_confidence:0..")), 3)


if __name__ == "__main__":
    unittest.main()
