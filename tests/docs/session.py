# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the commands of a page in a home, as a shell in which they are typed would."""

import contextlib
import dataclasses
import json
import os
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

import rules
from pages import Command, blocks

LIMIT = 100     # s that a command may take on a machine that does much else
SCRIPT = """cd {cwd}
[ ! -f {state} ] || . {state}
set -ao pipefail
{{
{command}
}}
status=$?
export -p >{state}
printf 'cd %q\\n' "$PWD" >>{state}
exit $status
"""


@dataclasses.dataclass
class Result:
    command: Command
    kind: str               # "ran", "stood in", "looked at" or "skipped"
    problem: str = ""       # what is wrong
    reason: str = ""
    seconds: float = 0


class Running:
    """A process, whose output goes into files."""

    def __init__(self, home, script, number, stdin):
        self.folder = home.root / ".standins" / f"run{number}"
        self.folder.mkdir()
        (self.folder / "script").write_text(script)
        (self.folder / "stdin").write_text(stdin)
        with open(self.folder / "stdin") as given, \
                open(self.folder / "out", "w") as out, \
                open(self.folder / "err", "w") as err:
            self.process = subprocess.Popen(
                ["bash", self.folder / "script"], stdin=given, stdout=out, stderr=err,
                env=home.environment(), cwd=home.root, start_new_session=True)

    def read(self, name="out"):
        return (self.folder / name).read_text(encoding="utf-8", errors="replace")

    def end(self, number=signal.SIGTERM):
        """All of it; the exit status."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            return "none within 20 s"


class Session:
    def __init__(self, home, page):
        self.home, self.page = home, page
        self.background, self.before, self.number = {}, set(), 0
        self.results, self.last_output = [], ""
        home.undo_log = home.upload = "unknown"

    def run(self):
        try:
            self.run_blocks()
        finally:
            for rule in list(self.background):
                self.end(rule)
        return self.results

    def run_blocks(self):
        for block in blocks(self.page):
            (self.home.root / ".standins/state").unlink(missing_ok=True)
            if block.language == "yaml":
                self.configure_beets(block.text)
            elif block.language != "commands":
                self.save(block)
            for command in block.commands:
                start = time.monotonic()
                self.results.append(self.take(command))
                self.results[-1].seconds = time.monotonic() - start

    def save(self, block):
        """Data that the words before it give a name, as a file of that name."""
        for name in re.findall(r"`([\w-]+\.\w+)`", block.before):
            path = self.home.root / name
            if not path.exists():
                path.write_text(self.substitute(block.text))

    def configure_beets(self, text):
        """What stands in the page is what the configuration has."""
        path = self.home.root / ".config/beets/config.yaml"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"directory: {self.home.root}/beets\n")
        if re.match(r"(pluginpath|plugins|genreclassify):", text):
            text = re.sub(r"^ +labels:.*\n?", "", text, flags=re.M)
            with open(path, "a") as file:
                file.write(self.substitute(text))

    # One command

    def substitute(self, text):
        names = {"home": self.home.root, "service": self.home.service_port,
                 "station": self.home.station.port, "broker": self.home.broker_port,
                 "metrics": self.home.metrics_port}
        for pattern, new, _ in rules.SUBSTITUTIONS:
            if callable(new):
                text = re.sub(pattern, lambda m: str(new(m, self.home)), text)
            else:
                text = re.sub(pattern, new.format(**names), text)
        return text

    def take(self, command):
        missing = [need.format(*match.groups()) for pattern, need in rules.NEEDS
                   for match in re.finditer(pattern, command.text)
                   if rules.is_missing(need.format(*match.groups()), self.home)]
        if missing:
            return Result(command, "skipped", reason=f"needs {', '.join(missing)}")
        text = self.substitute(command.text)
        for pattern, check, reason in rules.LOOKED_AT:
            if re.match(pattern, command.text):
                check = check.format(last=text.split()[-1], command=text)
                return Result(command, "looked at", self.try_to(check), reason)
        for pattern, first, _ in rules.BEFORE:
            if re.match(pattern, command.text) and pattern not in self.before:
                self.before.add(pattern)
                problem = self.try_to(first)
                if problem:
                    return Result(command, "ran", problem)
        for rule in rules.BACKGROUND:
            if re.match(rule[0], command.text):
                return self.start_in_background(rule, command, text)
        calls = len(self.home.calls())
        problem = self.try_to(text, command)
        kind = "ran"
        if len(self.home.calls()) > calls:
            kind = "stood in"
        return Result(command, kind, problem, self.home.calls()[-1]
                      if kind == "stood in" else "")

    def start(self, text, stdin=""):
        self.number += 1
        return Running(self.home, SCRIPT.format(
            cwd=shlex.quote(str(self.home.root)), command=text,
            state=shlex.quote(str(self.home.root / ".standins/state"))),
            self.number, stdin)

    def typed(self, command):
        """What is typed into it: names, by which its answers are shown."""
        if "--files-from -" not in command.text or "|" in command.text:
            return ""
        names = [line for line in command.shown if not line.startswith("{")]
        return "".join(f"{self.substitute(name)}\n" for name in names) or \
            (self.home.root / "names.txt").read_text()

    def expected(self, command):
        return next((status for page, pattern, status, _ in rules.STATUSES
                     if re.fullmatch(page, command.page) and
                     re.match(pattern, command.text, re.S)), 0)

    def try_to(self, text, command=None):
        """Runs it to its end; what is wrong, or ""."""
        running = self.start(text, self.typed(command) if command else "")
        try:
            status = running.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            running.end(signal.SIGKILL)
            status = f"none within {LIMIT} s"
        expected = self.expected(command) if command else 0
        if status != expected:
            return f"{text}\nexit status {status} instead of {expected}\n" \
                f"{running.read()[-1500:]}{running.read('err')[-1500:]}"
        self.last_output = running.read() + running.read("err")
        self.remember()
        return self.compare(command, self.last_output) if command else ""

    def remember(self):
        """What the next commands are to name."""
        log = re.search(r"--undo (\S+)", self.last_output)
        if log:
            self.home.undo_log = log[1]
        upload = re.search(r'"id": ?"([^"]+)"', self.last_output)
        if upload:
            self.home.upload = upload[1]

    # In the background

    def start_in_background(self, rule, command, text):
        if rule in self.background:
            self.end(rule)
        text = re.sub(r" &$", "", text)
        if "mqtt" in text or "mosquitto" in text:
            self.home.start_broker()
        running = self.start("exec " + re.sub(r"^(\w+=\S* )", r"env \1", text))
        result = Result(command, "ran")
        self.background[rule] = running, result, rule[2]
        end = time.monotonic() + LIMIT
        while not self.is_ready(rule[1], running, command):
            if running.process.poll() is not None or time.monotonic() > end:
                result.problem = f"{text}\nended, or is not ready\n" + \
                    self.compare(command, running.read() + running.read("err")) + \
                    running.read()[-1000:] + running.read("err")[-2000:]
                break
            time.sleep(0.2)
        return result

    def is_ready(self, how, running, command):
        if how == "port":
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", self.home.service_port)) == 0
        if how == "output":
            return running.read() != ""
        if how == "shown":
            return self.compare(command, running.read() + running.read("err")) == ""
        # a monitor knows what its stations have played
        database = re.search(r"--db (\S+)", command.text)
        if database:
            return has_titles(self.home.root / database[1])
        log = re.search(r"--log (\S+)", command.text)
        text = Path(self.home.root, log[1]) if log else running.folder / "out"
        return text.exists() and text.read_text().count('"type":"title"') >= 2

    def end(self, rule):
        running, result, expected = self.background.pop(rule)
        status = running.process.poll()
        if status is None:
            status = running.end()
        if status != expected and not result.problem:
            result.problem = f"{result.command.text}\nexit status {status} instead of " \
                f"{expected} after SIGTERM\n{running.read('err')[-2000:]}"

    # What is shown

    def compare(self, command, output):
        """Whether each line that is shown is one of the output, but for numbers, genres
        and what is left out."""
        for line in command.shown:
            if line.strip() in ("", "…") or not output and line.startswith(">>>"):
                continue
            if line.startswith("{"):
                keys = set(re.findall(r'"(\w+)":', line))
                if not any(keys <= set(found) for found in objects(output)):
                    return f"no object has the keys {sorted(keys)} in\n{output[-3000:]}"
            elif line in self.typed(command) or self.substitute(
                    line) in self.typed(command):
                continue
            elif not re.search(f"^{self.form(line)}$", output, re.M):
                return f"no line as this one is printed:\n{line}\nbut\n{output[-3000:]}"
        return ""

    def form(self, line):
        """A regular expression of lines like it."""
        line = self.substitute(line)
        for pattern in rules.LEFT_OUT:
            line = re.sub(pattern, "", line)
        line = line.replace(str(self.home.root / "genreclassify"), str(self.home.root))
        form = re.escape(line).replace("…", ".*")
        form = re.sub(r"[█▉▊▋▌▍▎▏]+", "[█▉▊▋▌▍▎▏]*", form)
        form = re.sub(r"(\\ )+", r"\\s+", form)
        form = re.sub(r"\d+", r"\\d+", form)
        for words in rules.WORDS.values():
            form = re.sub(rf"\b({words})\b", f"({words})", form)
        return form


def has_titles(database):
    """Of both stations."""
    if not database.exists():
        return False
    with contextlib.closing(sqlite3.connect(database)) as connection:
        try:
            return connection.execute(
                "SELECT count(DISTINCT station) FROM titles").fetchone()[0] == 2
        except sqlite3.OperationalError:    # there are no tables yet
            return False


def objects(output):
    for line in output.splitlines():
        with contextlib.suppress(ValueError):
            found = json.loads(line)
            if isinstance(found, dict):
                yield found
