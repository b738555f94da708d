# SPDX-License-Identifier: GPL-2.0-or-later
"""--version --verbose names all that the program is made of.

    test_about.py PROGRAM LIBRARY... [unittest's arguments]

LIBRARY are the files of ours that the program loads: libgenre, the plugin."""

import json
import os
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

PROGRAM = sys.argv[1]
FILES = [PROGRAM, *(name for name in sys.argv[2:] if ".so" in name)]
sys.argv[1:] = [name for name in sys.argv[2:] if not os.path.exists(name)]
MODELS = os.environ["TEST_SHIPPED_MODELS"]

# What a library's file is a part of: a pattern of its whole name before ".so".
PARTS = {
    r"lib(glib|gobject|gio|gmodule)-2\.0": "GLib",
    r"libjson-glib-1\.0": "JSON-GLib",
    r"libfftw3f(_threads)?": "FFTW3",
    r"libgst(reamer|base)-1\.0": "GStreamer",
    r"libgst(app|audio|pbutils|tag)-1\.0": "GStreamer base libraries",
    r"libcairo": "cairo",
    r"libpango(cairo)?-1\.0": "Pango",
    r"libsqlite3": "SQLite",
    r"libz": "zlib",
    r"libsoup-3\.0": "libsoup",
    r"libseccomp": "libseccomp",
    r"libmosquitto": "libmosquitto",
    r"libxml2": "libxml2",
}
# ours; and those of the system, the compiler and its sanitizers
NO_PARTS = r"libgenre|libgstgenreclassify|lib(c|m|gcc_s|pthread|dl|rt)|" \
    r"ld-linux.*|lib(a|ub|t|l)san"


def about(*arguments, **env):
    """What the program prints, and its exit status."""
    run = subprocess.run([PROGRAM, "--version", *arguments], capture_output=True,
                         text=True, timeout=60, env={**os.environ, **env})
    return run.stdout, run.stderr, run.returncode


def parts(text, title):
    """{name: (version, the rest of the line, the lines below it)}"""
    section = re.search(rf"^{title}:\n((?:  .*\n)*)", text, re.M)
    return {name: (version, rest, below.split("\n    ")[1:])
            for name, version, rest, below in re.findall(
                r"^  (\S.*?) {2,}(\S+) +(\S.*)((?:\n    .*)*)$",
                section[1] if section else "", re.M)}


def needed():
    """The libraries that the files are linked with, without what is behind ".so"."""
    return {name for path in FILES for name in re.findall(
        r"\(NEEDED\).*\[(.+?)\.so.*\]", subprocess.run(
            ["readelf", "-d", path], check=True, capture_output=True, text=True,
            env={**os.environ, "LC_ALL": "C"}).stdout)}


def state(source, target, **statements):
    """Copies a weights file, and has it say this of itself."""
    with open(source, "rb") as f:
        size, = struct.unpack("<Q", f.read(8))
        header, tensors = json.loads(f.read(size)), f.read()
    header["__metadata__"].update(statements)
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with open(target, "wb") as f:
        f.write(struct.pack("<Q", len(head)) + head + tensors)


class Test(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.text, stderr, status = about("--verbose")
        assert (stderr, status) == ("", 0), (stderr, status)

    def test_version_alone_is_short(self):
        text, _, status = about()
        self.assertEqual(status, 0)
        self.assertEqual(text.count("\n"), 2)
        self.assertTrue(self.text.startswith(text))
        self.assertEqual(about("-v")[0], self.text)

    def test_every_library_has_a_line(self):
        names = set()
        for library in needed():
            name = [PARTS[pattern] for pattern in PARTS
                    if re.fullmatch(pattern, library)]
            if not re.fullmatch(NO_PARTS, library):
                self.assertEqual(len(name), 1, f"{library} is linked, and there is no "
                                 "line of it here and in src/about/libraries.c")
                names.update(name)
        self.assertGreater(len(names), 8)
        self.assertEqual(set(parts(self.text, "libraries")), names)

    def test_versions(self):
        libraries = parts(self.text, "libraries")
        for name, (version, licence, _) in libraries.items():
            self.assertRegex(version, r"^[0-9]+(\.[0-9]+)+$", name)
            self.assertRegex(licence, r"^(\S+( OR \S+)*)( \(version at build\))?$")
        if sys.prefix == "/usr":  # it has the same libraries
            self.assertEqual(libraries["SQLite"][0], sqlite3.sqlite_version)
            self.assertEqual(libraries["zlib"][0], zlib.ZLIB_RUNTIME_VERSION)
        gst = subprocess.run(["gst-inspect-1.0", "--version"], capture_output=True,
                             text=True, timeout=60).stdout
        self.assertIn(f"version {libraries['GStreamer'][0]}\n", gst)

    def test_models(self):
        names = subprocess.run([PROGRAM, "models", "--names"], capture_output=True,
                               check=True, text=True, timeout=60).stdout.split()
        models = parts(self.text, "models")
        self.assertEqual(list(models), names)
        for name, (_, licence, data) in models.items():
            self.assertEqual(licence, "GPL-2.0-or-later", name)
            self.assertRegex(data[0], r"^\d+ tracks of gtzan_mel128\.npz$", name)

    def test_models_of_others(self):
        """A model says for itself what it is; if not, nobody says it for it."""
        shipped = os.path.join(MODELS, "gru.safetensors")
        with tempfile.TemporaryDirectory() as folder:
            for name, statements in {
                    "silent": {"license": "", "data": ""},
                    "namesake": {"name": "gru", "license": "", "data": ""},
                    "stated": {"license": "MIT", "data": "two songs"},
                    "listed": {"license": "MIT", "data": json.dumps([
                        {"what": "tracks", "file": "x/", "sha256": None,
                         "number": 2, "of": {"a": 1, "b": 1}},
                        {"what": "network", "file": None, "sha256": None}])},
                    "crafted": {"license": "MIT\x1b[2J", "data": "x" * 301}}.items():
                state(shipped, os.path.join(folder, f"{name}.safetensors"),
                      **{"name": name, **statements})
            shutil.copy(shipped, folder)
            text, stderr, status = about("-v", "-m", "gru",
                                         GENRECLASSIFY_MODELS=folder)
            self.assertEqual((stderr, status), ("", 0))
            models = parts(text, "models")
            unstated = ("2", "(it states no licence)", [])
            self.assertEqual(models["silent"], unstated)
            self.assertEqual(models["namesake"], unstated)
            self.assertEqual(models["crafted"], unstated)
            self.assertEqual(models["stated"], ("2", "MIT", ["two songs"]))
            self.assertEqual(models["listed"], ("2", "MIT", [
                "2 tracks of x/", "the network of unknown origin"]))
            self.assertEqual(models["gru"][1], "GPL-2.0-or-later")
            # one that cannot be loaded is named, and the rest is told all the same
            with open(os.path.join(folder, "broken.safetensors"), "wb") as f:
                f.write(b"no model")
            text, stderr, status = about("-v", "-m", "gru",
                                         GENRECLASSIFY_MODELS=folder)
            self.assertEqual(status, 1)
            self.assertIn("broken.safetensors", stderr)
            self.assertEqual(parts(text, "models"), models)
            self.assertIn("\nlibraries:\n", text)

    def test_program(self):
        version = self.text.split()[1]
        self.assertRegex(self.text, r"(?m)^licence    GPL-2\.0-or-later$")
        self.assertRegex(self.text, rf"(?m)^element    {version}, \S.*, \S.*$")
        text, _, status = about("-v", GENRECLASSIFY_KERNELS="generic")
        self.assertEqual(status, 0)
        self.assertRegex(text, r"(?m)^kernels    generic$")

    def test_features(self):
        """What the program can do; and a page has parts."""
        features, = re.findall(r"(?m)^built with (.*)$", self.text)
        for name, feature in ("serve", "service"), ("monitor", "monitor"):
            can = subprocess.run([PROGRAM, name, "--help"], capture_output=True,
                                 timeout=60).returncode == 0
            self.assertEqual(feature in features.split(", "), can)
        page = parts(self.text, "in the page")
        self.assertEqual(bool(page), "page" in features.split(", "))
        if page:
            _, licence, (notice,) = page["wavesurfer.js"]
            self.assertEqual(licence, "BSD-3-Clause")
            self.assertTrue(notice.startswith("Copyright (c) "), notice)


if __name__ == "__main__":
    unittest.main()
