# SPDX-License-Identifier: GPL-2.0-or-later
"""The manual page and the shells' completions have the options that there are, and
no others; limits and defaults are the same in the help, in the manual and in the
element."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

PROGRAM, FOLDER = map(os.path.abspath, sys.argv[1:3])
del sys.argv[1:3]
BASH = os.path.join(FOLDER, "completions", "genreclassify.bash")
MONITOR = "../monitor/genreclassify-monitor.1"
JSON = "../analysis/genreclassify-json.7"
BATCH = "../batch/genreclassify-batch.1"
LEARN = "genreclassify-learn.1"
SERVE = "../web/genreclassify-serve.1"
PAGES = ["genreclassify.1", "genreclassify-queues.7", JSON,
         "../tags/genreclassify-tags.7", MONITOR, BATCH, LEARN, SERVE]
ACTIONS = [["batch", action] for action in (
    "cancel", "merge", "plan", "run", "slurm", "status")]


def read(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as f:
        return f.read()


def options_of(*command):
    """{"--jobs": "-j", "--json": None, ...}, without the groups' own helps"""
    # those that are programs in Python have no groups
    shows = "--help" if command in (("learn",), ("train",)) else "--help-all"
    text = subprocess.run([PROGRAM, *command, shows],
                          capture_output=True, check=True, text=True,
                          timeout=60).stdout
    return {long: short or None for short, long in
            re.findall(r"^  (?:(-.), )?(--[a-z0-9-]+)", text, re.M)
            if long == "--help-all" or not long.startswith("--help-")}


def options_of_manual(text):
    """The same of a part of a manual page."""
    found = {}
    for item in re.findall(r"^\.It Fl (.*)", text, re.M):
        short, long = re.match(r"(?:(.) , Fl )?-([a-z0-9-]+)", item).groups()
        found["--" + long] = short and "-" + short
    return found


def has_command(*command):
    """Whether it was built."""
    return subprocess.run([PROGRAM, *command, "--help"], capture_output=True,
                          timeout=60).returncode == 0


def help_of(option):
    """The numbers in an option's line of --help-all."""
    text = subprocess.run([PROGRAM, "--help-all"], capture_output=True,
                          check=True, text=True, timeout=60).stdout
    line, = re.findall(rf"^ +(?:-., )?{option}[= ].*", text, re.M)
    return [float(n) for n in re.findall(r"[0-9.]*[0-9]", line)]


def manual_of(option):
    """The numbers in an option's paragraph of the manual."""
    item = re.search(rf"^\.It Fl (?:. , Fl )?{option[1:]}\b.*\n((?:[^.].*\n|"
                     r"\.Ar .*\n)*)", read("genreclassify.1"), re.M)
    return [float(n) for n in re.findall(r"[0-9.]*[0-9]", item[1])]


def limits_of(option):
    """The numbers in what the program says of a value that is too low."""
    run = subprocess.run([PROGRAM, "--write", "--dry-run", option, "-1", "x"],
                         capture_output=True, text=True, timeout=60)
    assert run.returncode == 2, run
    return [float(n) for n in re.findall(r"[0-9.]*[0-9]", run.stderr)]


def property_of_element(name):
    """(lowest value, highest value, default) by gst-inspect-1.0."""
    text = subprocess.run(["gst-inspect-1.0", "genreclassify"],
                          capture_output=True, check=True, text=True,
                          timeout=60).stdout
    found = re.search(rf"^  {name} +:.*\n.*\n.*Range: +(\S+) - +(\S+) "
                      r"+Default: +(\S+)", text, re.M)
    return [float(n) for n in found.groups()]


def complete(*words):
    """What bash offers for the last of the words."""
    script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))\n' \
        "compopt() { :; }; _genreclassify; printf '%s\\n' \"${COMPREPLY[@]}\""
    result = subprocess.run(["bash", "-c", script, "bash", BASH,
                             PROGRAM, *words], capture_output=True,
                            check=True, text=True, timeout=60)
    assert result.stderr == "", result.stderr
    return result.stdout.split()


class Test(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.options = options_of()
        assert len(cls.options) > 10, cls.options

    def test_help_fits_a_screen(self):
        text = subprocess.run([PROGRAM, "--help"], capture_output=True,
                              check=True, text=True, timeout=60).stdout
        lines = text.splitlines()
        self.assertLessEqual(len(lines), 24)
        self.assertLessEqual(max(map(len, lines)), 80)

    def test_manual(self):
        self.assertEqual(options_of_manual(read("genreclassify.1")), self.options)

    def test_manual_of_the_monitor(self):
        if not has_command("monitor"):
            self.skipTest("the monitor was not built")
        monitor, report = read(MONITOR).split("\n.Sh REPORT\n")
        self.assertEqual(options_of_manual(monitor), options_of("monitor"))
        self.assertEqual(options_of_manual(report), options_of("monitor", "report"))
        self.check_defaults(monitor, "monitor")

    def test_manual_of_the_service(self):
        if not has_command("serve"):
            self.skipTest("the service was not built")
        text = read(SERVE)
        self.assertEqual(options_of_manual(text), options_of("serve"))
        self.check_defaults(text, "serve")

    def check_defaults(self, manual, command):
        """The manual has those that the command's help has."""
        text = subprocess.run([PROGRAM, command, "--help-all"], check=True,
                              capture_output=True, text=True, timeout=60).stdout
        defaults = re.findall(r"^ +(?:-., )?(--[a-z-]+)[= ].* \((\S+)\)$", text, re.M)
        self.assertGreater(len(defaults), 5)
        for option, default in defaults:
            item = re.search(rf"^\.It Fl (?:. , Fl )?{option[1:]}\b.*\n(?:.*\n)*?"
                             r"(?=\.It |\.El)", manual, re.M)[0]
            self.assertRegex(re.sub(r"\n(?:\.Cm )?", " ", item),
                             rf" {re.escape(default)}(?![\w-])", option)

    def test_manual_of_batches(self):
        text = read(BATCH)
        items = set(options_of_manual(text))
        self.assertEqual(items | {"--help"},
                         set().union(*(options_of(*action) for action in ACTIONS)))

    def test_manual_of_learning(self):
        self.assertEqual(options_of_manual(read(LEARN)), options_of("learn"))
        # and the completion of what has too many options for a page asks for them
        options = options_of("train")
        self.assertGreater(len(options), 30)
        self.assertEqual(set(complete("train", "-")), set(options))

    def test_records_in_the_manual_of_the_monitor(self):
        """Each key, each state and each reason for an end."""
        with open(os.path.join(FOLDER, "../monitor/record/record.schema.json"),
                  encoding="utf-8") as file:
            types = json.load(file)["$defs"]
        words = set(re.findall(r"[a-z_]+", read(MONITOR)))
        for kind in "title", "state":
            properties = types[kind]["properties"]
            self.assertLessEqual(set(properties), words)
            for values in properties.values():
                self.assertLessEqual(set(values.get("enum", ())), words)

    @unittest.skipIf(os.environ.get("TEST_STATIC_PLUGIN"), "gst-inspect-1.0 "
                     "cannot load a plugin that is linked into the command")
    def test_numbers_of_the_element(self):
        """The help needs no GStreamer, so that it has numbers of its own."""
        window = [ns / 1e9 for ns in property_of_element("window")]
        self.assertEqual(help_of("--window"), window)
        self.assertEqual(manual_of("--window"), window)
        self.assertEqual(limits_of("--window"), window[:2])
        self.assertEqual(limits_of("--hop")[1], window[1])
        confidence = property_of_element("min-confidence")
        self.assertEqual(help_of("--min-confidence"), confidence[2:])
        self.assertEqual(manual_of("--min-confidence"), confidence[2:])
        self.assertEqual(limits_of("--min-confidence"), confidence[:2])
        # a shorter file has no genre
        self.assertEqual(limits_of("--max-duration")[0],
                         property_of_element("min-window")[2] / 1e9)

    def test_numbers_of_the_command(self):
        for option in "--timeout", "--retries":
            with self.subTest(option):
                default, = help_of(option)
                self.assertEqual(manual_of(option), [default])

    def test_numbers_of_the_audio(self):
        """The least audio that has a genre."""
        least = property_of_element("min-window")[2] / 1e9
        found = re.findall(r"(\d+) seconds(?: of audio|\b.*too-short)?",
                           read("genreclassify.1"))
        self.assertGreaterEqual(found.count(f"{least:g}"), 2, found)

    def run_array(self, script, folder, task, **environment):
        """The files that a task of the array has done."""
        run = subprocess.run(
            ["sh", "-c", script], capture_output=True, text=True, timeout=60,
            cwd=folder, env={**os.environ, "SLURM_ARRAY_TASK_ID": str(task),
                             "PATH": f"{folder}:{os.environ['PATH']}",
                             **environment})
        # all files fail, as there are none
        self.assertEqual(run.returncode, 1, run.stderr)
        with open(os.path.join(folder, f"genres.{task}.jsonl"),
                  encoding="utf-8") as file:
            return [json.loads(line)["file"] for line in file]

    def test_slurm(self):
        """The jobs of the example do all files, each once; and one that is done again,
        alone, does its own."""
        block, = re.findall(r"^\.Bd .*\n(#!/bin/sh\n#SBATCH(?:.*\n)*?)\.Ed$",
                            read("genreclassify.1"), re.M)
        script = block.replace("\\e\n", "\\\n")
        self.assertEqual(script.count(" /srv/Music "), 1)
        script = script.replace(" /srv/Music ", " --files-from names ")
        first, last = map(int, re.search(r"--array=(\d+)-(\d+)", script).groups())
        names = [f"/nowhere/{i}.mp3" for i in range(200)]
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(PROGRAM, os.path.join(folder, "genreclassify"))
            with open(os.path.join(folder, "names"), "w", encoding="utf-8") as file:
                file.write("\n".join(names))
            done = [self.run_array(script, folder, task, SLURM_ARRAY_TASK_COUNT=str(
                        last - first + 1)) for task in range(first, last + 1)]
            self.assertEqual(sorted(sum(done, [])), sorted(names))
            for task in first, last:
                self.assertEqual(self.run_array(
                    script, folder, task, SLURM_ARRAY_TASK_COUNT="1",
                    SLURM_ARRAY_TASK_MIN=str(task), SLURM_ARRAY_TASK_MAX=str(task)),
                    done[task - first])

    def test_codes(self):
        """The page has each code of an error, and whether that may pass.  (Its members
        are compared in tests/docs/test_tables.py.)"""
        page = read(JSON)
        codes = re.findall(r"^\.It Cm (\S+)( No \*)?$",
                           page[page.index(".Sh ERROR CODES"):], re.M)
        with open(os.path.join(FOLDER, "../analysis/reason.c"),
                  encoding="utf-8") as file:
            text = file.read()
        expected = re.findall(r'^ +\[REASON_\w+\] = \{ "([a-z-]+)", (\w+) \}', text,
                              re.M)
        self.assertEqual(sorted((code, "TRUE" if star else "FALSE")
                                for code, star in codes), sorted(expected))

    def test_pages_name_each_other(self):
        """The command's page names the others, and each of them the command's."""
        for page in PAGES:
            text = read(page)
            title, section = re.search(r"^\.Dt (\S+) (\d)$", text, re.M).groups()
            also = text[text.index(".Sh SEE ALSO"):]
            with self.subTest(page):
                if page == PAGES[0]:
                    first = also
                else:
                    self.assertRegex(also, r"\.Xr genreclassify 1\b")
                    self.assertIn(f".Xr {title.lower()} {section}", first)

    def test_sections_are_there(self):
        """Those that a page refers to, in itself or in another."""
        pages = {}
        for page in PAGES:
            text = read(page)
            title, section = re.search(r"^\.Dt (\S+) (\d)$", text, re.M).groups()
            pages[f"{title.lower()} {section}"] = text
        for name, text in pages.items():
            for section, other in re.findall(
                    r"^\.Sx ([A-Z ]+?)(?: [.,;)].*)?\n(?:in\n\.Xr (\S+ \d))?",
                    text, re.M):
                with self.subTest(name, section=section):
                    self.assertRegex(pages[other or name],
                                     rf"(?m)^\.S[hs] {section}$")

    def test_exit_status(self):
        """The manual has every one."""
        text = read("genreclassify.1")
        text = text[text.index(".Sh EXIT STATUS"):text.index(".Sh EXAMPLES")]
        expected = {0, 1, 2, 3} | {128 + number for number in (
            signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGTERM)}
        self.assertLessEqual(expected, set(map(int, re.findall(r"\d+", text))))

    def test_manual_is_valid(self):
        if not shutil.which("mandoc"):
            self.skipTest("mandoc is not installed")
        for page in PAGES:
            result = subprocess.run(
                ["mandoc", "-Tlint", "-Wwarning", os.path.join(FOLDER, page)],
                capture_output=True, text=True, timeout=60)
            self.assertEqual(result.stdout + result.stderr, "")

    def test_bash(self):
        self.assertEqual(set(complete("-")), set(self.options))
        self.assertEqual(complete("--export", "c"), ["csv"])
        self.assertEqual(complete("--shard", "a"), ["auto"])
        self.assertEqual(complete("--jobs", ""), [])
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.safetensors")
            for name in (path, os.path.join(folder, "x.mp3")):
                open(name, "w").close()
            self.assertEqual(complete("--model", path[:-13]), [path])
            self.assertEqual(len(complete(path[:-12])), 2)
        self.assertIn("eval", complete("ev"))

    def test_bash_models(self):
        names = subprocess.run([PROGRAM, "models", "--names"], check=True,
                               capture_output=True, text=True).stdout.split()
        self.assertIn("crnn", names)
        self.assertEqual(names, sorted(
            name[:-len(".safetensors")] for name in
            os.listdir(os.environ["GENRECLASSIFY_MODELS"])
            if name.endswith(".safetensors")))
        for words in (["--model"], ["-m"], ["--json", "--model", "="],
                      ["eval", "--model"], ["eval", "-m"]):
            for typed in "", "c", "cr":
                self.assertEqual(
                    [word for word in complete(*words, typed) if word in names],
                    [name for name in names if name.startswith(typed)])

    def test_zsh(self):
        text = read("completions/genreclassify.zsh")
        text = text[text.index("    *)"):]
        found = {}
        for short, long in re.findall(
                r"^ +(?:\{(-.)\+?,|')(--[a-z0-9-]+)", text, re.M):
            found[long] = short or None
        self.assertEqual(found, self.options)

    def test_fish(self):
        """Each line is of all commands, of files, of those that are named, or of all
        but them."""
        commands = {"files": (), "eval": ("eval",), "models": ("models",),
                    "learn": ("learn",), "serve": ("serve",), "monitor": ("monitor",),
                    "monitor-report": ("monitor", "report"),
                    **{"-".join(action): action for action in ACTIONS}}
        found = {name: {} for name in commands}
        for condition, short, long in re.findall(
                r"^complete -c genreclassify (?:-n (\S+|'.*?') )?(?:-s (.) )?"
                r"-l ([a-z0-9-]+)", read("completions/genreclassify.fish"), re.M):
            words = condition.strip("'").split()
            if condition == "__genreclassify_is_files":
                names = {"files"}
            elif words[:1] == ["__genreclassify_is"]:
                names = set(words[1:])
            else:
                self.assertIn(words[:2], ([], ["not", "__genreclassify_is"]))
                names = set(commands) - set(words[2:])
            for name in names:
                found[name]["--" + long] = short and "-" + short or None
        for name, command in commands.items():
            if name == "files" or has_command(*command):
                with self.subTest(name):
                    self.assertEqual(found[name], options_of(*command))

    def test_commands(self):
        for command in (["eval"], ["learn"], ["models"], ["serve"], ["monitor"],
                        ["monitor", "report"], *ACTIONS):
            if not has_command(*command):
                continue
            options = set(options_of(*command))
            self.assertEqual(set(complete(*command, "-")), options)
            zsh = read("completions/genreclassify.zsh")
            part = re.search(rf"^    {'-'.join(command)}\)(.*?);;", zsh,
                             re.M | re.S)[1]
            self.assertEqual(set(re.findall(r"[',*](--[a-z0-9-]+)", part)), options)

    def test_bash_monitor(self):
        self.assertIn("report", complete("monitor", "re"))
        self.assertNotIn("report", complete("monitor", "x.m3u", "re"))
        self.assertEqual(complete("monitor", "report", "--day", "t"), ["today"])
        self.assertEqual(complete("monitor", "report", ""), [])


if __name__ == "__main__":
    unittest.main()
