#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stands for the programs in STANDINS, by whose names it is called, when the commands of
the pages are run: it checks what it is asked, notes it, and does nothing to the machine.
DOCS_HOME is the home, DOCS_BUILD the build."""

import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

STANDINS = {
    "sudo": "asks for a password; what it is to run is run, if that is a stand-in",
    "apt": "changes the machine",
    "apt-get": "changes the machine",
    "apt-install": "of .ci, changes the machine",
    "package": "of .ci, takes minutes",
    "git": "here is no repository",
    "ldconfig": "changes the machine",
    "meson": "takes minutes; its options, suites and tests are compared with what is",
    "npm": "needs the network",
    "systemctl": "changes the machine; the unit must be one that is installed",
    "journalctl": "there may be no systemd; the unit must be one that is installed",
    "sbatch": "needs a cluster (tests/cluster has one); does the parts one after another",
    "squeue": "as sbatch",
    "sacct": "as sbatch",
    "scancel": "as sbatch",
}
HOME, BUILD = Path(os.environ.get("DOCS_HOME", ".")), Path(
    os.environ.get("DOCS_BUILD", "."))
ROOT = Path(__file__).resolve().parents[2]


def info(name):
    return json.loads((BUILD / "meson-info" / f"intro-{name}.json").read_text())


def need(condition, text):
    if not condition:
        sys.exit(f"{Path(sys.argv[0]).name}: {text}")


def sudo(words):
    while words and words[0].startswith("-"):
        words = words[1:]
    need(words and words[0] in STANDINS, f"{words} has no stand-in")
    os.execvp(words[0], words)


def apt_get(words):
    need(set(words) & {"install", "update", "remove", "build-dep"}, f"{words}?")
    for word in words:
        need("/" not in word or Path(word).exists(), f"there is no {word}")


def package(words):
    """Of what it makes no more than that it is there."""
    Path("build-package").mkdir(exist_ok=True)
    Path("build-package/genreclassify_1_all.deb").touch()


def git(words):
    """git worktree add DIR COMMIT, git clone URL DIR"""
    if words[:2] == ["worktree", "add"]:
        Path(words[2]).mkdir()
    else:
        need(words[:1] == ["clone"], f"{words}?")
        Path(words[-1].rstrip("/").rpartition("/")[2].removesuffix(".git")).mkdir(
            exist_ok=True)


def npm(words):
    need(words[:1] in (["ci"], ["install"], ["run"]), f"{words}?")


# Meson

def take_options(words):
    """["-Dcli=disabled", ...]: that there are such options, with such values"""
    options = {option["name"]: option for option in info("buildoptions")}
    for word in words:
        name, _, value = word.removeprefix("-D").partition("=")
        need(name in options, f"no option {name}")
        option = options[name]
        values = option.get("choices") or {
            "feature": ["auto", "enabled", "disabled"],
            "boolean": ["true", "false"]}.get(option["type"])
        if option["type"] == "boolean":
            values = ["true", "false"]
        if values and name != "b_sanitize":
            need(value in values, f"{name} is one of {values}, not {value}")


def take_tests(words):
    """The suites, setups and tests that are named."""
    tests = info("tests")
    suites = {suite.partition(":")[2] or suite for test in tests
              for suite in test["suite"]}
    suites |= {"fuzz"}          # of a build with -Dfuzz=true
    names = {test["name"].split(" / ")[-1] for test in tests}
    setups = re.findall(r"^add_test_setup\(\s*'(\w+)'",
                        (ROOT / "tests/meson.build").read_text(), re.M)
    i = 0
    while i < len(words):
        word, _, value = words[i].partition("=")
        if word in ("--suite", "--no-suite", "--setup"):
            if not value:
                i += 1
                value = words[i]
            known = setups if word == "--setup" else suites
            need(value in known, f"{word} {value}: there are {sorted(known)}")
        elif not word.startswith("-"):
            need(word in names, f"no test {word}")
        i += 1


def meson(words):
    need(words[:1] and words[0] in ("setup", "compile", "test", "install", "configure"),
         f"{words}?")
    command, words, folder = words[0], words[1:], "."
    options = [word for word in words if word.startswith("-D")]
    words = [word for word in words if not word.startswith("-D")]
    take_options(options)
    if command == "setup":
        places = [word for word in words if not word.startswith("-")]
        need(places, "no folder")
        Path(places[0]).mkdir(parents=True, exist_ok=True)
        (Path(places[0]) / "build.ninja").touch()
        return
    if "-C" in words:
        at = words.index("-C")
        folder, words = words[at + 1], words[:at] + words[at + 2:]
    need(Path(folder, "build.ninja").exists(), f"{folder} was not set up")
    if command == "test":
        take_tests(words)
        logs = Path(folder, "meson-logs")
        logs.mkdir(exist_ok=True)
        (logs / "testlog.json").write_text('{"name": "one", "result": "OK"}\n')


# Systemd

def systemctl(words):
    units = [Path(path).name for path in info("installed").values()
             if path.endswith((".service", ".socket"))]
    named = [word for word in words[1:] if not word.startswith("-")]
    need(words[0] in ("enable", "disable", "start", "stop", "restart", "reload",
                      "status", "edit", "daemon-reload"), f"{words}?")
    for name in named:
        need(name in units or name + ".service" in units, f"{name}: there are {units}")


def journalctl(words):
    systemctl(["status", *(re.sub(r"^-u=?|^--unit=", "", word) for word in words
                           if word not in ("-u", "-f", "-e"))])


# Slurm: the parts are done before sbatch returns.

def parts_of(text):
    """"0-3,7%2" """
    for part in text.partition("%")[0].split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def sbatch(words):
    if "--test-only" in words:
        return
    script = next(word for word in words if not word.startswith("-"))
    given = re.findall(r"^#SBATCH \"?(--.*?)\"?$", Path(script).read_text(), re.M)
    options = dict(word[2:].partition("=")[::2]
                   for word in given + words if word.startswith("--"))

    def run(part):
        subprocess.run(["sh", script], cwd=options.get("chdir", "."), check=True,
                       stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                       env={**os.environ, "SLURM_ARRAY_TASK_ID": str(part),
                            "SLURM_ARRAY_JOB_ID": "1", "SLURM_JOB_ID": str(2 + part)})
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, parts_of(options["array"])))
    print("1")


def nothing(words):
    pass


def main():
    name = Path(sys.argv[0]).name
    with open(HOME / ".standins" / "calls", "a", encoding="utf-8") as file:
        print(time.time(), name, *sys.argv[1:], file=file)
    {"sudo": sudo, "apt": apt_get, "apt-get": apt_get,
     "package": package, "git": git, "npm": npm, "meson": meson,
     "systemctl": systemctl, "journalctl": journalctl, "sbatch": sbatch}.get(
         name, nothing)(sys.argv[1:])


if __name__ == "__main__":
    main()
