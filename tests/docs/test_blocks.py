# SPDX-License-Identifier: GPL-2.0-or-later
"""What the pages show beside commands is what it looks like: JSON, YAML and programs can
be read, nginx takes its part, files that are named exist; and every block is known.

    test_blocks.py BUILD [unittest's arguments]"""

import collections
import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = sys.argv.pop(1)

import pages  # noqa: E402
from pages import ROOT  # noqa: E402

# What the text around a program in C has said.
DECLARED = "static const gint16 *samples; static gsize n_frames;\n"
NGINX = """daemon off; pid {folder}/pid; error_log {folder}/error;
events {{}}
http {{ access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
server {{ listen 127.0.0.1:1;
{text}
}} }}
"""


def of(language):
    for page in pages.markdown_pages() + pages.manual_pages():
        for block in pages.blocks(page):
            if block.language == language:
                yield block


def json_texts(text):
    """Objects one after another, each over some lines; what is left out is …"""
    text = re.sub(r"(\{|\[),?…,?|,…", r"\1", text).replace("…", "null")
    decoder = json.JSONDecoder()
    while text.strip():
        value, end = decoder.raw_decode(text := text.lstrip())
        yield value
        text = text[end:]


class Test(unittest.TestCase):
    KNOWN = ("c", "commands", "figure", "ini", "json", "list", "map", "nginx", "python",
             "script", "yaml")

    def test_all_are_known(self):
        count = collections.Counter()
        for page in pages.markdown_pages() + pages.manual_pages():
            for block in pages.blocks(page):
                with self.subTest(block.place):
                    self.assertIn(block.language, self.KNOWN, block.text)
                count[block.language] += 1
        print(", ".join(f"{n} {name}" for name, n in sorted(count.items())))

    def test_json(self):
        """A record has keys that the schema has."""
        with open(ROOT / "src/monitor/record/record.schema.json") as file:
            records = json.load(file)["$defs"]
        for block in of("json"):
            for value in json_texts(block.text):
                with self.subTest(block.place):
                    self.assertIsInstance(value, dict)
                    if value.get("type") in ("title", "state"):
                        properties = records[value["type"]]["properties"]
                        self.assertLessEqual(set(value), set(properties))
                        if value["type"] == "title":
                            self.assertEqual(set(value), set(properties))

    def test_yaml(self):
        try:
            import yaml
        except ImportError:
            self.skipTest("needs the module yaml")
        for block in of("yaml"):
            with self.subTest(block.place):
                self.assertIsInstance(yaml.safe_load(block.text), dict)

    def test_ini(self):
        for block in of("ini"):
            with self.subTest(block.place):
                parser = configparser.ConfigParser(strict=False)
                parser.read_string(block.text)

    def test_lists(self):
        for block in of("list"):
            with self.subTest(block.place):
                self.assertRegex(block.text, r"^#EXTM3U\n(#EXTINF:-1,.*\n\S+://\S+\n)+$")

    def test_maps(self):
        """genres = names"""
        with open(ROOT / "src/cli/beets/beetsplug/genreclassify.py") as file:
            labels = re.search(r'LABELS = "(.*)"', file.read())[1].split()
        for block in of("map"):
            for line in block.lines:
                if line and not line.startswith("#"):
                    with self.subTest(block.place, line=line):
                        self.assertIn(line.partition("=")[0].strip(), labels)

    def test_python(self):
        for block in of("python"):
            with self.subTest(block.place):
                compile(block.text, block.place, "exec")

    def test_scripts(self):
        for block in of("script"):
            with self.subTest(block.place):
                self.assertEqual(subprocess.run(
                    ["sh", "-n"], input=block.text, text=True).returncode, 0)

    def test_c(self):
        compiler = shlex.split(os.environ.get("CC", "cc"))
        if not shutil.which(compiler[0]) or not shutil.which("pkg-config"):
            self.skipTest("needs the program cc, pkg-config")
        flags = subprocess.run(["pkg-config", "--cflags", "gobject-2.0"], text=True,
                               capture_output=True, check=True).stdout.split()
        for block in of("c"):
            heads = [line for line in block.lines if line.startswith("#")]
            rest = [line for line in block.lines if not line.startswith("#")]
            text = "\n".join([*heads, DECLARED, "int main (void) {", *rest,
                              "return 0; }", ""])
            # where the header lies as it is installed
            with self.subTest(block.place), tempfile.TemporaryDirectory() as folder:
                os.symlink(ROOT / "src/genre", os.path.join(folder, "genreclassify"))
                done = subprocess.run(
                    [*compiler, *flags, f"-I{folder}", f"-I{BUILD}/src/genre", "-Wall",
                     "-Werror", "-Wno-unused", "-fsyntax-only", "-x", "c", "-"],
                    input=text, text=True, capture_output=True)
                self.assertEqual(done.stderr, "")

    def test_nginx(self):
        nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        if not nginx:
            self.skipTest("needs the program nginx")
        for block in of("nginx"):
            with self.subTest(block.place), tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "nginx.conf")
                with open(path, "w") as file:
                    file.write(NGINX.format(folder=folder, text=block.text))
                done = subprocess.run([nginx, "-t", "-p", folder, "-c", path], text=True,
                                      capture_output=True)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_figures(self):
        """They name files and folders of the sources."""
        files = pages.find(".c", ".h", ".py")
        folders = {os.path.dirname(name) for name in pages.find("")}
        for block in of("figure"):
            names = re.findall(r"[\w./-]*\w\.(?:c|h|py)\b", block.text)
            places = re.findall(r"(?<![\w./])[a-z]+/(?=[\s,])", block.text)
            self.assertTrue(names or places, block.place)
            for name in names:
                name = name.removeprefix("../")
                with self.subTest(block.place, file=name):
                    self.assertTrue(any(f"/{path}".endswith(f"/{name}")
                                        for path in files))
            for place in places:
                with self.subTest(block.place, folder=place):
                    self.assertTrue(any(f"/{path}/".endswith(f"/{place}")
                                        for path in folders))


if __name__ == "__main__":
    unittest.main()
