# SPDX-License-Identifier: GPL-2.0-or-later
"""The names that are written: the user's own (--genre-map), and those of several
genres (--write-top), and the model's tags (--write-tags)."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
CLIP = os.environ["TEST_CLIP"]


def run(*arguments, **options):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True,
                          timeout=60, **options)


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        result = json.loads(run("--json", CLIP).stdout)
        ranked = sorted(result["probabilities"].items(), key=lambda p: -p[1])
        cls.labels = [label for label, p in ranked]
        cls.probabilities = [p for label, p in ranked]
        cls.model = result["model"]
        # the clip is of no one genre, so that several are probable
        assert cls.probabilities[1] > 0.1, ranked

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.map = os.path.join(self.folder, "map")
        self.song = shutil.copy(CLIP, os.path.join(self.folder, "song.ogg"))

    def write_map(self, text):
        with open(self.map, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())

    def change(self, *arguments, limit=0):
        """What --json says of the writing, which a dry run says as well."""
        log = os.path.join(self.folder, "log")
        command = ["--json", "--write", f"--min-confidence={limit}", *arguments,
                   self.song]
        tried = run(*command, "--dry-run")
        self.assertEqual(tried.returncode, 0, tried.stderr)
        done = run(*command, "--log", log)
        self.assertEqual(done.stdout, tried.stdout, done.stderr)
        return json.loads(done.stdout)["write"]

    def tags(self):
        """The values of GENRE and of GENRECLASSIFY in the file."""
        with open(self.song, "rb") as f:
            packet = f.read(8192)
        return [[packet[at + len(name) + 1:][:int.from_bytes(
            packet[at - 4:at], "little") - len(name) - 1].decode()
            for at in range(len(packet))
            if packet[at:at + len(name) + 1].upper() == name + b"="]
            for name in (b"GENRE", b"GENRECLASSIFY")]

    def relabel(self, path, old, new):
        """The weights file with a label of its tags changed."""
        with open(path, "rb") as f:
            content = f.read()
        end = 8 + int.from_bytes(content[:8], "little")
        header = json.loads(content[8:end])
        metadata = header["__metadata__"]
        self.assertIn(f'"{old}"', metadata["heads"])
        metadata["heads"] = metadata["heads"].replace(f'"{old}"', f'"{new}"')
        header = json.dumps(header).encode()
        result = os.path.join(os.path.dirname(self.song), "relabelled.safetensors")
        with open(result, "wb") as f:
            f.write(len(header).to_bytes(8, "little") + header + content[end:])
        return result

    def test_model_tags(self):
        """They follow the genre, by names of one's own as well, each once; and only
        those that are probable."""
        models = os.environ["TEST_SMALL_MODELS"]
        model = ["--model", os.path.join(models, "steered.safetensors")]
        subprocess.run(
            ["gst-launch-1.0", "-q", *"audiotestsrc freq=250 samplesperbuffer=22050 "
             "num-buffers=6 ! audio/x-raw,rate=22050 ! audioconvert ! vorbisenc ! "
             "oggmux ! filesink".split(), f"location={self.song}"], check=True)
        result = json.loads(run(*model, "--json", "--tags", self.song).stdout)
        said = [tag for tag, p in sorted(result["tags"].items(), key=lambda t: -t[1])
                if p >= 0.5]
        self.assertTrue(0 < len(said) < len(result["tags"]), result["tags"])
        self.change(*model, "--write-tags")
        genre, *others = self.tags()[0]
        self.assertEqual(genre.lower().replace("-", ""), result["genre"])
        self.assertEqual(others, [tag.title() for tag in said])
        self.write_map(f"{said[0]} = {genre.upper()}; Größe\n")
        self.change(*model, "--write-tags", "--genre-map", self.map, "--overwrite")
        self.assertEqual(self.tags()[0], [genre, "Größe", *(tag.title() for tag in said[1:])])
        self.change(*model, "--overwrite")
        self.assertEqual(self.tags()[0], [genre])
        # what the map leaves out is not written, whatever else it is called
        self.write_map(f"{genre} =\n")
        self.assertEqual(self.change(
            *model, "--write-tags", "--genre-map", self.map, "--overwrite")["written"],
            False)
        self.write_map(f"{said[0]} = x\n")
        # a line for a tag is one for nothing if none is written
        for arguments, effect in (["--write-tags"], False), ([], True):
            errors = run(*model, "--write", "--dry-run", "--genre-map", self.map,
                         *arguments, self.song).stderr
            self.assertEqual("no effect" in errors, effect, errors)
        # what says that it is no music is no genre, though ID3 has one of that name
        speaking = self.relabel(model[1], said[0], "speech")
        self.assertEqual(json.loads(run(
            "--json", "--tags", "--model", speaking, self.song).stdout)["tags"]["speech"],
            result["tags"][said[0]])
        self.change("--model", speaking, "--write-tags", "--overwrite")
        self.assertEqual(self.tags()[0], [genre])
        bare = os.path.join(models, "crnn.safetensors")
        refused = run("--model", bare, "--write", "--write-tags", self.song)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("has no tags, which --write-tags writes", refused.stderr)

    def refuse(self, text, *parts):
        self.write_map(text)
        result = run("--write", "--genre-map", self.map, self.song)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        for part in parts:
            self.assertIn(part, result.stderr)

    def test_map(self):
        # with a byte-order mark and CRLF, and not as the model spells it
        self.write_map("\ufeff# mine\r\n\r\n  {}-- =  Größe/1 ; b=c;\r\nrock=x\r\n"
                       .format(self.labels[0].title()))
        self.assertEqual(self.change("--genre-map", self.map,
                                     "--write-confidence"),
                         {"written": True, "old": None, "new": "Größe/1; b=c",
                          "note": None, "error": None, "error_code": None,
                          "retryable": False, "skipped": False})
        self.assertEqual(self.tags(), [["Größe/1", "b=c"], [
            f"Größe/1; b=c, confidence {self.probabilities[0]:.2f}, "
            f"model {self.model}"]])

    def test_not_written(self):
        self.write_map(f"{self.labels[0]} =\n")
        change = self.change("--genre-map", self.map)
        self.assertEqual((change["written"], change["new"]), (False, None))
        self.assertIn("map", change["note"])
        # the next one is written only if it was asked for
        self.write_map(f"{self.labels[0]} =\n{self.labels[1]} = Second")
        change = self.change("--genre-map", self.map, "--write-top=2")
        self.assertEqual(change["new"], "Second")

    def test_map_from_pipe(self):
        read, write = os.pipe()
        os.write(write, f"{self.labels[0]} = Mine".encode())
        os.close(write)
        result = run("--write", "--dry-run", "--json", "--min-confidence=0",
                     "--genre-map", f"/dev/fd/{read}", self.song, pass_fds=[read])
        os.close(read)
        self.assertEqual(json.loads(result.stdout)["write"]["new"], "Mine")

    def test_top(self):
        second, third = self.probabilities[1:3]
        for limit, n in ((0, 3), ((second + third) / 2, 2)):
            shutil.copy(CLIP, self.song)
            change = self.change("--write-top=3", "--write-confidence",
                                 limit=limit)
            genres, classifier = self.tags()
            self.assertEqual([g.lower().replace("-", "") for g in genres],
                             self.labels[:n])
            self.assertEqual(change["new"], "; ".join(genres))
            self.assertEqual(classifier, ["; ".join(
                f"{g}, confidence {p:.2f}"
                for g, p in zip(genres, self.probabilities))
                + f", model {self.model}"])

    def test_two_that_become_one(self):
        self.write_map("".join(f"{label} = {name}\n" for label, name in zip(
            self.labels, ("Same", "same"))))
        change = self.change("--genre-map", self.map, "--write-top=2")
        self.assertEqual(change["new"], "Same")

    def test_what_will_not_be_done_is_told(self):
        self.write_map("pop = Pop\npolka = Polka\nrock = Rock\n")
        result = run("--write", "--dry-run", "--genre-map", self.map, self.song)
        self.assertEqual(result.returncode, 0)
        self.assertIn('line 2, "polka"', result.stderr)
        self.assertNotIn('"pop"', result.stderr)
        for limit, told in (("0.5", False), ("0.51", True)):
            result = run("--write", "--dry-run", "--write-top=2",
                         "--min-confidence", limit, self.song)
            self.assertEqual("more than one genre" in result.stderr, told)

    def test_refused(self):
        self.refuse("# x\npop: Pop\n", "line 2", '"="')
        self.refuse("= Pop\n", "line 1", "genre")
        self.refuse("hip-hop = A\n\nHipHop = B\n", "line 3", "Line 1", '"hip-hop"')
        self.refuse(b"pop = P\xf6p\n", "line 1", "UTF-8")
        self.refuse("pop = Pop\n".encode("utf-16"), "line 1", "UTF-8")
        self.refuse(b"pop = Pop\nrock = \0\n", "line 2", "UTF-8")
        self.refuse("pop = a\tb\n", "line 1", "control character")
        self.refuse("pop = a\rrock = b\r", "line 1", "control character")
        os.remove(self.map)
        for arguments, part in (
                (["--genre-map", self.map], self.map),
                (["--genre-map", self.folder], self.folder),
                (["--write-top=0"], "--write-top"),
                (["--write-top=-1"], "--write-top"),
                (["--write-top=many"], "--write-top")):
            result = run("--write", *arguments, self.song)
            self.assertEqual(result.returncode, 2)
            self.assertIn(part, result.stderr)
        for option in ("--genre-map=x", "--write-top=2", "--write-tags"):
            result = run(option, self.song)
            self.assertEqual(result.returncode, 2)
            self.assertIn("--write", result.stderr)


if __name__ == "__main__":
    unittest.main()
