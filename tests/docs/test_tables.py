# SPDX-License-Identifier: GPL-2.0-or-later
"""What the pages list is what the program has: keys of the JSON, columns, routes,
metrics, the tables of the history, options of meson and of beets' plugin, environment
variables, options in the text.  (Options of the command, codes of errors and records
are compared in tests/cli/test_documentation.py, fields of the service's log in
tests/web/test_log.py, the element's in test_element.py.)

    test_tables.py BUILD [unittest's arguments]"""

import ast
import contextlib
import csv
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

BUILD = sys.argv.pop(1)
PROGRAM = os.path.join(BUILD, "src", "genreclassify")
CLIP = os.environ["TEST_CLIP"]

import pages  # noqa: E402
import standin  # noqa: E402
from pages import ROOT  # noqa: E402

sys.path.append(str(ROOT / "tests"))
from radio import free_port  # noqa: E402

# options of git, gst-inspect-1.0, meson, pkg-config, systemctl, valgrind, players
FOREIGN = {"--atleast-version", "--audiosink", "--brief", "--cflags", "--format",
           "--libs", "--now", "--prefix", "--reconfigure", "--setup", "--suite"}
JSON = "src/analysis/genreclassify-json.7"
MONITOR = "src/monitor/genreclassify-monitor.1"
SERVE = "src/web/genreclassify-serve.1"


def run(*words, **options):
    return subprocess.run([PROGRAM, *words], check=True, text=True, timeout=100,
                          capture_output=True, **options).stdout


def has_command(*words):
    return subprocess.run([PROGRAM, *words, "--help"], capture_output=True,
                          timeout=60).returncode == 0


def section(page, name):
    return re.search(rf"^\.S[hs] {name}\n(.*?)(?=^\.Sh |\Z)", pages.read(page),
                     re.M | re.S)[1]


def lists(text):
    """The items of each list in a part of a manual page, as sets of their Cm words."""
    return [{word for item in re.findall(r"^\.It Cm (.*)", part, re.M)
             for word in re.findall(r"[\w-]+", item)}
            for part in re.findall(r"^\.Bl .*?\n(.*?)^\.El", text, re.M | re.S)]


class Json(unittest.TestCase):
    def test_members(self):
        always, = lists(section(JSON, "DESCRIPTION"))
        others = section(JSON, "WITH OTHER OPTIONS")
        group, write = lists(others)
        with tempfile.TemporaryDirectory() as folder:
            song = os.path.join(folder, "song.ogg")
            subprocess.run(["cp", CLIP, song], check=True)
            plain = json.loads(run("--json", song))
            found = json.loads(run(
                "--json", "--segments", "--embedding", "--tags", "--group", "album",
                "--write", "--dry-run", song))
        self.assertEqual(set(plain), always)
        added = set(found) - set(plain)
        self.assertEqual(added, {"segments", "embedding", "tags", "group", "write"})
        for name in added:
            self.assertRegex(others, rf"\bCm {name}\b|^\.Cm {name}\b")
        self.assertEqual(set(found["group"]), group)
        self.assertEqual(set(found["write"]), write)
        words = re.search(r"Fl -segments(.*?)^\.Pp", others, re.M | re.S)[1]
        words = re.sub(r"\b(Cm|No)\b", "", words)
        self.assertEqual(set(re.findall(r"[a-z]+", words)) - {
            "there", "is", "an", "array", "segments", "of", "objects", "with", "in",
            "seconds", "and"}, set(found["segments"][0]))

    def test_columns(self):
        text = section("src/cli/genreclassify.1", "OUTPUT")
        words = re.search(r"the columns (.*?),? as RFC", text, re.S)[1]
        words = re.split(r",\s+|\s+and\s+", words.replace("\n", " "))
        with tempfile.TemporaryDirectory() as folder:
            cache = os.path.join(folder, "cache")
            labels = list(json.loads(run("--json", "--cache", cache, CLIP))
                          ["probabilities"])
            header = next(csv.reader(run("--cache", cache, "--export", "csv")
                                     .splitlines()))
        at = words.index("one for each label")
        self.assertEqual(words[:at] + labels + words[at + 1:], header)


class Service(unittest.TestCase):
    def test_routes(self):
        """Each one is named in a page with the service's commands, and no other."""
        if not has_command("serve"):
            self.skipTest("the service was not built")
        service = subprocess.Popen([PROGRAM, "serve", "--port=0"],
                                   stdout=subprocess.PIPE, text=True,
                                   stderr=subprocess.DEVNULL)
        try:
            url = service.stdout.readline().strip()
            with urllib.request.urlopen(url + "openapi.json", timeout=60) as answer:
                description = json.load(answer)
        finally:
            service.terminate()
            service.wait(30)
            service.stdout.close()
        routes = {re.sub(r"\{\w+\}", "X", path) for path in description["paths"]}
        text = "\n".join(pages.read(page) for page in pages.markdown_pages()
                         if "127.0.0.1:8080/predict" in pages.read(page))
        named = re.findall(r"127\.0\.0\.1:8080(/[\w./$]*)", text)
        # what stands in a comment behind one, or in the text
        named += [word for comment in re.findall(r":8080.* # ?(.*)", text)
                  for word in re.findall(r"(?<![\w/.:])/[a-z][\w./]+", comment)]
        named += [code for code in pages.in_code(re.sub(r"```.*?```", "", text,
                                                        flags=re.S))
                  if re.fullmatch(r"/[a-z.-]+", code)]
        named = {re.sub(r"(?<=uploads/)\$?\w+|(?<=predict/)\w+", "X", path)
                 for path in named} - {"/"}
        # files of the page, and what a proxy calls the service
        page = pages.read("src/web/page/page.gresource.xml")
        named = {path for path in named
                 if f">{path[1:]}<" not in page and not path.startswith("/genre")}
        self.assertEqual(named, routes)
        # and in the manual page, with its method
        items = re.findall(r"^\.It Cm ([A-Z]+) (.*)", section(SERVE, "REQUESTS"), re.M)
        self.assertEqual(
            {(method, path) for method, paths in items
             for path in re.sub(r" Ns Ar \w+", "X", paths).split(" , ")},
            {(method.upper(), re.sub(r"\{\w+\}", "X", path))
             for path, operations in description["paths"].items()
             for method in operations if method != "parameters"})


class Monitor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not has_command("monitor"):
            raise unittest.SkipTest("the monitor was not built")
        with tempfile.TemporaryDirectory() as folder:
            database, port = os.path.join(folder, "radio.db"), free_port()
            monitor = subprocess.Popen(
                [PROGRAM, "monitor", "--listen", f"127.0.0.1:{port}", "--db",
                 database, "--log", os.path.join(folder, "log"), "--mqtt",
                 "mqtt://127.0.0.1:1/x", "http://127.0.0.1:1/x"],
                stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            try:
                cls.metrics = cls.scrape(port)
                cls.columns = cls.read_columns(database)
            finally:
                monitor.send_signal(signal.SIGTERM)
                monitor.wait(60)

    @staticmethod
    def scrape(port):
        """{its metrics: the names of their labels}"""
        end, text = time.monotonic() + 30, ""
        while not text:
            with contextlib.suppress(OSError), urllib.request.urlopen(
                    f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
                text = answer.read().decode()
            if time.monotonic() > end:
                raise AssertionError("no metrics")
            time.sleep(0.1)
        names = re.findall(r"^# TYPE (\S+)", text, re.M)
        labels = {}
        for name, part in re.findall(r"^(\w+)\{(.*)\}", text, re.M):
            labels[name] = set(re.findall(r'(\w+)="', part))
        return {name: labels.get(name, set()) for name in names}

    @staticmethod
    def read_columns(path):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with contextlib.suppress(sqlite3.Error), \
                    contextlib.closing(sqlite3.connect(path)) as database:
                tables = [name for name, in database.execute(
                    "SELECT name FROM sqlite_schema WHERE type = 'table'")]
                if tables:
                    return {name: [row[1] for row in database.execute(
                        f"PRAGMA table_info({name})")] for name in tables}
            time.sleep(0.1)
        raise AssertionError("there is no database")

    def test_metrics(self):
        text = section(MONITOR, "METRICS")
        named = set(re.findall(r"genreclassify_\w+", text))
        self.assertIn("the same of\n.Cm mqtt\nand\n.Cm history", text)
        named |= {name.replace("_log_", f"_{other}_") for name in named
                  for other in ("mqtt", "history") if "_log_" in name}
        self.assertEqual(sorted(named), sorted(
            name for name in self.metrics if name.startswith("genreclassify_")))
        others = {name for name in self.metrics if name not in named}
        self.assertTrue(all(name.startswith("process_") for name in others), others)

    def test_labels(self):
        for name, labels in re.findall(r"^\.It Cm (genreclassify_\w+) Ns Brq Cm (.*)",
                                       section(MONITOR, "METRICS"), re.M):
            with self.subTest(name):
                self.assertEqual(set(re.findall(r"\w+", labels)),
                                 self.metrics[name] or set(re.findall(r"\w+", labels)))

    def test_metrics_of_the_pages(self):
        for page in pages.markdown_pages():
            for name in re.findall(r"\bgenreclassify_(?:station|process|log_|mqtt)\w*",
                                   pages.read(page)):
                self.assertIn(name, self.metrics, page)

    def test_tables(self):
        with open(ROOT / "src/monitor/record/record.schema.json",
                  encoding="utf-8") as file:
            record = list(json.load(file)["$defs"]["title"]["properties"])
        items = re.findall(r"^\.It Cm (\w+)\n((?:.*\n)*?)(?=\.It|\.El)",
                           section(MONITOR, "DATABASE"), re.M)
        named = {}
        for name, text in items:
            columns = re.match(r"\.Cm ([\w ,]+)", text)[1].replace(",", "").split()
            if "the fields of a title's record" in text:
                columns += [key for key in record
                            if key not in ("type", "station", "name")]
            named[name] = sorted(columns)
        self.assertEqual(named, {name: sorted(columns)
                                 for name, columns in self.columns.items()})


class Options(unittest.TestCase):
    def test_meson(self):
        _, rows = pages.table("option", "what", "needs")
        options = re.findall(r"^option\(\s*'([\w-]+)'",
                             pages.read("meson_options.txt"), re.M)
        self.assertEqual(
            sorted(name for row in rows for name in pages.in_code(row[0])),
            sorted(options))

    def test_beets(self):
        """Names and defaults, of which some are shown as comments."""
        tree = ast.parse(pages.read("src/cli/beets/beetsplug/genreclassify.py"))
        add, = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and
                ast.unparse(node.func) == "self.config.add"]
        labels, = [node.value.value for node in tree.body
                   if isinstance(node, ast.Assign) and
                   ast.unparse(node.targets[0]) == "LABELS"]
        defaults = {key.value: labels if isinstance(value, ast.Name) else value.value
                    for key, value in zip(add.args[0].keys, add.args[0].values)}
        block, = [block for page in pages.markdown_pages()
                  for block in pages.blocks(page)
                  if block.lines and block.lines[0] == "genreclassify:"]
        shown = {}
        for line in block.lines[1:]:
            name, value = re.match(r" +(?:# )?(\w+): +(.*?)(?: +#.*)?$",
                                   line).groups()
            shown[name] = value.strip("'")
        self.assertEqual(sorted(shown), sorted(defaults))
        for name, value in defaults.items():
            if f"# {name}:" in block.text or name == "labels" or value is None:
                continue        # what it is without is said in words
            with self.subTest(name):
                expected = {True: "yes", False: "no"}.get(value, str(value))
                self.assertEqual(shown[name], expected)

    def test_attributes_of_beets(self):
        """The fields that the plugin makes, and no others, are named."""
        source = pages.read("src/cli/beets/beetsplug/genreclassify.py")
        own = re.search(r'PREFIX \+ name for name in \((.*?)\)', source, re.S)[1]
        own = set(re.findall(r'"(\w+)"', own))
        labels = set(re.search(r'LABELS = "(.*)"', source)[1].split())
        page, = [page for page in pages.markdown_pages()
                 if "The flexible attributes are" in pages.read(page)]
        named = set(re.findall(r"`genreclassify_(\w+)`", pages.read(page)))
        self.assertEqual(own - named, set())
        named = {name for name in named if not name.startswith("station")}
        self.assertLessEqual(named, own | labels)

    def options(self):
        """All that anything here takes."""
        found = set()
        for words in ([], ["eval"], ["models"], ["serve"], ["monitor"],
                      ["monitor", "report"], *(["batch", action] for action in (
                          "cancel", "merge", "plan", "run", "slurm", "status"))):
            found |= set(re.findall(r"^ +(?:-.(?:, )?)?(--[a-z0-9-]+)", subprocess.run(
                [PROGRAM, *words, "--help-all"], capture_output=True, text=True,
                timeout=60).stdout, re.M))
        for name in pages.find(".py", "check", ".ci/package"):
            found |= {word for words in re.findall(
                r'"(--[a-z][a-z0-9-]+)"|\b1(--\w+)\)|^ +(--[a-z-]+)\) ',
                pages.read(name), re.M) for word in words if word}
        return found | FOREIGN

    def test_options_in_the_text(self):
        """`--jobs`, and `genreclassify --write`"""
        known = self.options()
        parts = [["serve", "web"], ["monitor", "monitor"]]
        missing = {room for command, room in parts if not has_command(command)}
        for page in pages.markdown_pages():
            if missing:
                continue
            text = re.sub(r"^ *```.*?^ *```|^ {4}.*?$", "", pages.read(page),
                          flags=re.M | re.S)
            for code in pages.in_code(text):
                for option in re.findall(r"(?<!\S)--[a-z][a-z0-9-]*", code):
                    with self.subTest(page, option=option):
                        self.assertTrue(option in known, "there is no such option")

    def test_environment(self):
        """Each variable of ours that is read is named in a page, and the other way."""
        read = set()
        for name in pages.find(".c", ".h"):
            if name.startswith(("src/", "gst/")):
                read |= set(re.findall(r'"(GENRECLASSIFY_[A-Z]+)"', pages.read(name)))
        named = set()
        for page in pages.markdown_pages() + pages.manual_pages():
            named |= set(re.findall(r"\b(GENRECLASSIFY_[A-Z]+)\b", pages.read(page)))
        # the command sets it for the recipe, which calls itself by that name
        self.assertEqual(named, read - {"GENRECLASSIFY_COMMAND"})


class InTheText(unittest.TestCase):
    """Commands between words, and in tables."""

    def codes(self):
        for page in pages.markdown_pages():
            text = re.sub(r"^ *```.*?^ *```|^ {4}.*?$", "", pages.read(page),
                          flags=re.M | re.S)
            for code in pages.in_code(text):
                yield page, " ".join(code.split())

    def try_all(self, pattern, check):
        n = 0
        for page, code in self.codes():
            found = re.match(pattern, code)
            if found:
                n += 1
                with self.subTest(page, code=code):
                    try:
                        check(code[found.end():].split())
                    except SystemExit as error:
                        self.fail(error.code)
        self.assertGreater(n, 0)

    def setUp(self):
        # the stand-ins' way to know the build
        standin.BUILD = Path(BUILD)

    def test_meson_test(self):
        self.try_all("meson test -C \\S+ ", standin.take_tests)

    def test_setups(self):
        self.try_all("(?=--setup=)", standin.take_tests)

    def test_meson_setup(self):
        self.try_all(r"(?:CC=\w+ )?meson setup ", lambda words: standin.take_options(
            [word for word in words if word.startswith("-D")]))

    def test_options_of_meson(self):
        self.try_all("(?=-D[a-z])", lambda words: standin.take_options(
            [word for word in words if "…" not in word and word[2:3] != "_" and
             word[-1] != "="]))

    def test_systemctl(self):
        self.try_all("systemctl (?=.* )", standin.systemctl)

    def test_suites(self):
        """All, and no others, but those of other builds."""
        text = " ".join(pages.read("CONTRIBUTING.md").split())
        named = set(pages.in_code(re.search(r"Suites are (.*?)\. [A-Z]", text)[1]))
        suites = {suite.partition(":")[2] for test in standin.info("tests")
                  for suite in test["suite"]}
        # "programs" is said of tests of others; parts may not be built
        unnamed = {"programs", "soak", "fuzz", "bench"}
        self.assertEqual(suites - named - unnamed, set())
        self.assertEqual({name for name in named if not (
            ROOT / "tests" / name).is_dir()} - {"corpus"}, set())


class Tables(unittest.TestCase):
    # by the first two cells of their headers; those that are compared here, or there
    COMPARED = {("property", "default"), ("field", "type"), ("option", "what"),
                ("", "")}
    # of what was measured, promised, and which test is of what
    SHOWN = r"models/|src/batch/cost|src/genre/docs/versions|SECURITY|tests/"

    def test_all_are_known(self):
        for page in pages.markdown_pages():
            for line, header, _ in pages.tables(page):
                with self.subTest(f"{page}:{line}"):
                    self.assertTrue(
                        header[:2] in self.COMPARED or re.match(self.SHOWN, page) or
                        header[1:2] == ("MP3, AAC",), header)


if __name__ == "__main__":
    unittest.main()
