# SPDX-License-Identifier: GPL-2.0-or-later
"""What people type: every spelling of options, commands with a letter wrong, and
what was said twice."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
CLIP = os.environ["TEST_CLIP"]


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        for name in "1", "F", "-x":
            shutil.copy(CLIP, os.path.join(cls.folder.name, name))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def run_command(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], cwd=self.folder.name,
                              capture_output=True, text=True, timeout=60)

    def check_refused(self, message, *arguments):
        with self.subTest(arguments):
            result = self.run_command(*arguments)
            self.assertEqual((result.returncode, result.stdout), (2, ""))
            self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
            self.assertIn(message, result.stderr)

    def test_spellings(self):
        """Of values, and of names beside them."""
        expected = self.run_command("--json", "--top", "2", "--jobs", "2", "1", "F")
        self.assertEqual(expected.returncode, 0, expected.stderr)
        for arguments in (["-j2", "1", "F"], ["-j", "2", "1", "F"],
                          ["1", "-j2", "F"], ["-qj2", "1", "F"],
                          ["-qj", "2", "1", "F"], ["--jobs=2", "--", "1", "F"],
                          ["1", "F", "--job", "2"], ["-vqj2", "--", "1", "F"]):
            with self.subTest(arguments):
                result = self.run_command("--json", *arguments)
                self.assertEqual((result.returncode, result.stdout),
                                 (0, expected.stdout), result.stderr)
        named = self.run_command("-q", "--json", "--", "-x")
        self.assertEqual(named.returncode, 0, named.stderr)

    def test_model(self):
        for arguments in (["-mcnn"], ["-m", "cnn"], ["-qmcnn"], ["--model=cnn"]):
            with self.subTest(arguments):
                result = self.run_command("-V", *arguments)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertIn("model cnn ", result.stdout)
        self.assertEqual(self.run_command("--version").stdout,
                         self.run_command("-V").stdout)

    def test_commands(self):
        """They take the same spellings."""
        for arguments in ["-j2"], ["-mcnn", "-j2"], ["-m", "cnn", "-j", "2"]:
            self.check_refused("eval takes one folder", "eval", *arguments)
        self.check_refused("takes no files", "serve", "-j2", "song.mp3")
        self.check_refused('--names lists all models, but "x" was given', "models",
                           "--names", "x")

    def test_values(self):
        self.check_refused("--jobs is to be 1 to", "-j0", "1")
        self.check_refused("--jobs is to be 1 to", "eval", "--jobs", "0", ".")
        self.check_refused("--jobs: it is 1 to", "serve", "-j0")
        self.check_refused("--jobs needs a value", "1", "-qj")
        self.check_refused("--jobs needs a value", "1", "--jobs")
        self.check_refused("--json takes no value", "--json=yes", "1")

    def test_ambiguous(self):
        self.check_refused(
            "--sh may be --shard, --shard-index or --shard-count; expected is one",
            "--sh", "1/1", "x")
        self.check_refused("--m may be --model, --max-duration, ", "--m=crnn", "x")

    def test_unknown(self):
        self.check_refused("Unknown option --jsno; did you mean --json?",
                           "--jsno", "1")
        self.check_refused("Unknown option --widnow; did you mean --window?",
                           "--widnow=3", "1")
        self.check_refused("Unknown option --prot; did you mean --port?",
                           "serve", "--prot", "80")
        self.check_refused("Unknown option --frobnicate; see genreclassify --help",
                           "--frobnicate", "1")
        self.check_refused("Unknown option -X", "--json", "-qX", "1")
        self.check_refused("Unknown option -X; see genreclassify eval --help",
                           "eval", "-X", ".")

    def test_twice(self):
        """Of two files the first one would be lost; of two numbers the last one
        counts, as the first may come from an alias."""
        text = self.run_command("--help-all").stdout
        options = dict(re.findall(r"(--[a-z0-9-]+)=(\S+)", text))
        names = ("FILE", "FILE|-", "DIR", "OUT", "LOG", "NAME|PATH")
        self.assertEqual(set(names) - set(options.values()), set())
        for option in (o for o, value in options.items() if value in names):
            self.check_refused(f"{option} takes one name", option, "1",
                               "--json", option, "2", "F")
        self.check_refused("--jobs is to be", "--jobs", "1", "-j0", "F")
        self.assertEqual(
            self.run_command("-qj0", "--jobs=1", CLIP).returncode, 0)

    def test_only_with_write(self):
        """What means something only for writing is not silently passed over."""
        for option in ("--overwrite", "--append", "--min-confidence=0.7", "--force",
                       "--placeholder=X", "--write-confidence", "--write-top=1",
                       "--genre-map=/dev/null", "--id3v23", "--preserve-times",
                       "--dry-run", "--log=/dev/null"):
            self.check_refused("Nothing is written without --write.", option, "1")

    def test_mistyped_command(self):
        for typed, meant in (("evl", "eval"), ("evla", "eval"), ("model", "models"),
                             ("server", "serve"), ("halp", "help"), ("lern", "learn"),
                             ("trian", "train")):
            self.check_refused(f'"{typed}"; did you mean {meant}?', typed)
            self.check_refused(f'"{typed}"; did you mean {meant}?', typed, "1")
        self.check_refused('no file "eval"; the command', "--json", "eval", "1")
        # a name that is near to none, one that cannot be mistyped, and a file
        for name in "song", "./evl", "evl.mp3":
            result = self.run_command("-q", name)
            self.assertEqual(result.returncode, 1)
            self.assertIn("It does not exist", result.stderr)
        path = os.path.join(self.folder.name, "evl")
        shutil.copy(CLIP, path)
        self.addCleanup(os.remove, path)
        self.assertEqual(self.run_command("-q", "evl").returncode, 0)

    def test_help(self):
        for command in "eval", "learn", "models", "serve", "train":
            result = self.run_command("help", command)
            self.assertEqual(result.returncode, 0)
            self.assertEqual(result.stdout,
                             self.run_command(command, "--help").stdout)
        expected = self.run_command("--help").stdout
        self.assertIn("Usage:", expected)
        for arguments in ["help"], ["help", "help"], ["-h"], ["-qh", "1"]:
            self.assertEqual(self.run_command(*arguments).stdout, expected)
        self.check_refused('There is no command "evl"', "help", "evl")
        # the groups that --help names
        groups = re.findall(r"--help-[a-z]+", expected)
        self.assertIn("--help-tags", groups)
        for option in groups:
            result = self.run_command(option)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("--", result.stdout)


if __name__ == "__main__":
    unittest.main()
