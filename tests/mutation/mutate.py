#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Do the tests notice mistakes?  Lines of the C code are drawn by chance, one thing is
changed in each, and the tests of its room run until one fails.

    tests/mutation/mutate.py [--folder FOLDER] [--lines N] [--seed N] [--copies N]
                             [--limit SECONDS] [--again | --report | --list]

  --folder   where it works, by default genreclassify-mutation in the folder for
             temporary files; about 1 GB.  The sources are copied to there, and never
             changed where they are.  What is known is kept in state.json there: the
             same command goes on where the last one ended.
  --lines    how many lines (60)
  --seed     which ones (1): the same of the same sources
  --copies   how many lines at a time, each in a build of its own (2)
  --limit    seconds for one line; after that what no test noticed survives (900)
  --again    runs the survivors once more, with the tests as they are now
  --report   says what is known, and ends
  --list     says which lines would be drawn, and the first change of each

The lines are those of functions in gst/, src/genre, src/tags and src/web in which
something can be changed as mull, mutmut and universalmutator do it (mutations.py): a
relation (< and <=, == and !=), arithmetic (+ and -), logic (&& and ||), a constant (0,
1, one more or less), a condition is negated, a call or what is returned is taken away,
two arguments are swapped.  What is written for debugging, assertions and the freeing of
memory is left alone.  What does not compile, or compiles to the same code as before, is
no mistake that a test could notice, and the next change of that line is tried; where
there is none, the next line.

First the room's own fast tests run for all lines, the ones that noticed most in the
least time first; then for those that survive the slow ones, and those of other rooms
that use it.  A test notices if it fails with the change and not, right after that,
without; the ones of whole programs have to fail twice.  One that takes four times as
long as usual has noticed as well.  Tests that fail or are skipped without a change are
not used, and named.

The exit status is 1 if something survived."""

import argparse
import difflib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import mutations

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ["gst", "src/genre", "src/tags", "src/web"]
# the suites of a room, and the suites or tests for what they do not notice
FIRST = {"gst": ["gst"], "src/genre": ["genre"], "src/tags": ["tags"],
         "src/web": ["web"]}
SECOND = {
    "gst": ["analysis", "cli"],
    "src/genre": ["gst", "models", "corpus", "cli"],
    "src/tags": ["corpus", "cli/write", "cli/undo", "cli/containers",
                 "cli/truncated", "cli/vocabulary", "cli/group"],
    "src/web": ["process"],
}
SETUP = ["-Ddebug=false", "-Dcli=enabled", "-Dtests=enabled", "-Dweb=enabled",
         "-Dmonitor=disabled", "-Dintrospection=auto", "-Dpage=disabled",
         "-Ddocs=disabled", "-Dplayers=disabled"]
# arguments of other types are no mistake that lives for long
CFLAGS = ("-Werror=incompatible-pointer-types -Werror=int-conversion"
          " -Werror=discarded-qualifiers")
SKIPPED = 77
FAST = 40           # s
# a loop without an end shall not fill the machine: of one process, and on the disk
MEMORY = 6 << 30
SPARE = 4 << 30
RUNNING = set()     # the tests' process groups
ending = False      # they are killed, and what becomes of them says nothing


def say(*words):
    print(time.strftime("%H:%M:%S"), *words, flush=True)


def limits():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


def end(signal_number, frame):
    global ending
    ending = True
    for group in list(RUNNING):
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            pass
    os._exit(128 + signal_number)


class Copy:
    """The sources, and a build of them."""

    def __init__(self, folder, name):
        self.name = name
        self.folder = (folder / name).resolve()
        self.tree = self.folder / "tree"
        self.build = self.folder / "build"
        self.objects = {}

    def prepare(self, like=None):
        """Copies and builds what is not there yet; like is a copy that is built."""
        if not self.tree.exists():
            partial = self.folder / "partial"
            shutil.rmtree(partial, ignore_errors=True)
            if like:
                shutil.copytree(like.tree, partial)
            else:
                copy_files(tracked(), partial)
            partial.rename(self.tree)
        if not (self.build / "build.ninja").exists():
            run_or_end(["meson", "setup", str(self.build), str(self.tree)] + SETUP,
                       dict(os.environ, CC="cc", CFLAGS=CFLAGS))
            if like:
                self.take_objects(like)
        if like:
            # the code is the same wherever it is built; what is changed is built later
            self.objects = {self.build / path.relative_to(like.build): code
                            for path, code in like.objects.items()}
            return
        if not self.make():
            sys.exit(f"{self.build}: the sources do not build; see {self.log}")
        self.objects = {path: path.read_bytes() for path in self.build.rglob("*.c.o")}

    def take_objects(self, like):
        """Most commands name no folder but from the build's own: ninja finds what
        they made there as it would be made here."""
        for path in like.build.rglob("*"):
            own = self.build / path.relative_to(like.build)
            if path.is_file() and (path.name in (".ninja_log", ".ninja_deps") or
                                   not own.exists() or
                                   own.read_bytes() == path.read_bytes()):
                own.parent.mkdir(parents=True, exist_ok=True)
                own.unlink(missing_ok=True)
                shutil.copy2(path, own, follow_symlinks=False)

    @property
    def log(self):
        return self.folder / "ninja.log"

    def make(self, targets=()):
        """All of it, or only these files."""
        with open(self.log, "w") as log:
            return subprocess.run(
                ["ninja", "-C", str(self.build)] +
                [os.path.relpath(target, self.build) for target in targets],
                stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True).returncode == 0

    def make_changed(self, name):
        """Compiles the file.  False if it does not, or is what it was before."""
        objects = [path for path in self.objects if path.name.endswith(f"{name}.o")]
        return self.make(objects) and any(path.read_bytes() != self.objects[path]
                                          for path in objects)

    def run(self, test, limit):
        """The exit status, None if the time was not enough, and the seconds."""
        temporary = tempfile.mkdtemp(prefix="t", dir=self.folder)
        os.chmod(temporary, 0o1777)     # some programs become somebody else
        env = dict(os.environ, MALLOC_PERTURB_="165", TMPDIR=temporary)
        env.update(test["env"])
        began = time.monotonic()
        with open(os.path.join(temporary, "output"), "w+b") as output:
            process = subprocess.Popen(
                test["cmd"], env=env, cwd=test["workdir"] or self.build,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True, preexec_fn=limits)
            RUNNING.add(process.pid)
            status = None
            while status is None and time.monotonic() - began < limit:
                try:
                    status = process.wait(1)
                except subprocess.TimeoutExpired:
                    if shutil.disk_usage(self.folder).free < SPARE:
                        break
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
            while ending:
                time.sleep(1)
            RUNNING.discard(process.pid)
            output.seek(max(0, output.seek(0, 2) - 3000))
            self.output = output.read().decode(errors="replace")
        shutil.rmtree(temporary, ignore_errors=True)
        return status, time.monotonic() - began

    def introspect(self, what):
        return json.loads(subprocess.run(
            ["meson", "introspect", f"--{what}", str(self.build)],
            stdout=subprocess.PIPE, check=True).stdout)

    def tests(self):
        """{suite/name: test}"""
        found = {}
        files = {target["id"]: target["filename"]
                 for target in self.introspect("targets")}
        for test in self.introspect("tests"):
            suites = [suite.split(":")[-1] for suite in test["suite"]]
            # the first of its cases that fails is enough
            if any(os.path.basename(word).startswith("test_") and word.endswith(".py")
                   for word in test["cmd"]):
                test["cmd"].append("--failfast")
            test["suites"] = suites
            # the others look into the build for what they need
            test["targets"] = [] if {"models", "cli"} & set(suites) else [
                path for target in test["depends"] for path in files[target]]
            found[f"{suites[0]}/{test['name'].split(' / ')[-1]}"] = test
        return found


def tracked(*paths):
    names = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z", "--"] +
                           list(paths), stdout=subprocess.PIPE, check=True).stdout
    return [name for name in names.decode().split("\0")
            if name and (ROOT / name).is_file()]


def copy_files(names, to):
    for name in names:
        path = to / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = (ROOT / name).read_bytes()
        if not path.exists() or path.read_bytes() != new:
            shutil.copy(ROOT / name, path)


def run_or_end(command, env=None):
    ran = subprocess.run(command, env=env, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT)
    if ran.returncode:
        sys.exit(f"{' '.join(command)}:\n{ran.stdout.decode(errors='replace')[-2000:]}")


def draw(tree, seed):
    """All lines that can be changed, as (room, file, [Mutation]), in the order in
    which they are drawn."""
    lines = []
    for room in ROOMS:
        for path in sorted((tree / room).rglob("*.c")):
            found = mutations.find(path.read_text())
            lines += [(room, str(path.relative_to(tree)), found[number])
                      for number in sorted(found)]
    rng = random.Random(seed)
    rng.shuffle(lines)
    for _, _, of_line in lines:
        # each kind is as likely as another, of how many there may be
        kinds = sorted({mutation.operator for mutation in of_line})
        rng.shuffle(kinds)
        rng.shuffle(of_line)
        of_line.sort(key=lambda mutation: kinds.index(mutation.operator))
    return lines


def apply(text, mutation):
    lines = text.split("\n")
    lines[mutation.line:mutation.line + len(mutation.new)] = mutation.new
    return "\n".join(lines)


def diff(file, text, changed):
    return "".join(difflib.unified_diff(
        text.splitlines(True), changed.splitlines(True), file, file, n=3))


def survives(line):
    return "refused" not in line and not line["noticed"]


class Mutator:
    def __init__(self, options):
        self.options = options
        self.folder = Path(options.folder)
        self.lock = threading.Lock()
        self.path = self.folder / "state.json"
        self.state = {"seed": options.seed, "tests": {}, "lines": []}
        if self.path.exists():
            self.state = json.loads(self.path.read_text())
        if self.state["seed"] != options.seed:
            sys.exit(f"{self.path} is about the seed {self.state['seed']}, not about"
                     f" {options.seed}: give another --folder.")
        self.clean = Copy(self.folder, "clean")
        self.measuring = {}

    def save(self):
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(self.state, indent=1))
        partial.rename(self.path)

    # Tests

    def usual(self, name):
        """Seconds that the test takes without a change; None if it is no use."""
        with self.lock:
            lock = self.measuring.setdefault(name, threading.Lock())
        with lock:
            known = self.state["tests"].get(name)
            if not known:
                test = self.clean_tests[name]
                limit = 3 * test["timeout"]
                status, seconds = self.clean.run(test, limit)
                if status not in (0, SKIPPED):
                    status, seconds = self.clean.run(test, limit)
                known = {"status": status, "seconds": round(seconds, 1), "noticed": {}}
                if status not in (0, SKIPPED):
                    say(f"{name} fails without a change: {self.clean.output[-500:]}")
                with self.lock:
                    self.state["tests"][name] = known
                    self.save()
        return known["seconds"] if known["status"] == 0 else None

    def of_c(self, test):
        return test["cmd"][0].startswith(str(self.clean.build))

    def order(self, room, wanted, tried, fast):
        """The names of the tests of these suites that were not tried, best first;
        only fast ones?"""
        found = []
        for name, test in self.clean_tests.items():
            if name in tried or not (name in wanted or set(test["suites"]) & wanted):
                continue
            known = self.state["tests"].get(name)
            if known:
                seconds, noticed = known["seconds"], known["noticed"].get(room, 0)
            else:
                # until it has run
                seconds = 3 if self.of_c(test) else test["timeout"] / 4
                noticed = 0
            if not fast or seconds <= FAST:
                found.append(((noticed + 0.5) / (seconds + 0.5), name))
        return [name for _, name in sorted(found, reverse=True)]

    def notices(self, copy, name):
        """Does the test fail with the change in this copy, because of it?"""
        usual = self.usual(name)
        if usual is None:
            return False
        limit = 20 + 4 * usual
        test = copy.all_tests[name]
        if not copy.make(test["targets"]):
            say(f"{name} cannot be built: {copy.log.read_text()[-500:]}")
            return False
        for _ in range(2):
            status, _ = copy.run(test, limit)
            if status in (0, SKIPPED):
                return False
            output = copy.output
            clean, _ = self.clean.run(self.clean_tests[name], limit)
            if clean != 0:
                say(f"{name} fails without a change as well: once more")
                continue
            whole = ("gst" in test["suites"] or
                     not self.of_c(self.clean_tests[name]))
            if status is not None and whole:
                status, _ = copy.run(test, limit)
                if status in (0, SKIPPED):
                    say(f"{name} fails only sometimes")
                    return False
                output = copy.output
            copy.output = output if status is not None else "too slow\n" + output
            return True
        return False

    # Lines

    def try_line(self, copy, room, file, of_line, before=None):
        """What comes of the line: a dictionary; None if nothing in it can be
        changed.  before is what came of it when fewer tests ran."""
        path = copy.tree / file
        text = (self.clean.tree / file).read_text()
        began = time.monotonic()
        try:
            for number, mutation in enumerate(of_line):
                if before and number != before["change"]:
                    continue
                changed = apply(text, mutation)
                path.write_text(changed)
                if not copy.make_changed(path.name):
                    continue
                result = {"room": room, "file": file, "line": mutation.line + 1,
                          "operator": mutation.operator, "change": number,
                          "diff": diff(file, text, changed), "noticed": None,
                          "tried": list(before["tried"]) if before else []}
                wanted = set(FIRST[room] + (SECOND[room] if before else []))
                for name in self.order(room, wanted, result["tried"], not before):
                    if time.monotonic() - began > self.options.limit:
                        result["limit"] = True
                        break
                    if self.notices(copy, name):
                        result["noticed"] = name
                        result["output"] = copy.output[-1500:]
                        break
                    result["tried"].append(name)
                    if before:
                        with self.lock:
                            before["tried"] = result["tried"]
                            self.save()
                result["seconds"] = round(time.monotonic() - began)
                return result
        finally:
            path.write_text(text)
        return None

    def finish(self, index, result):
        with self.lock:
            entry = result or {"refused": True}
            entry["index"] = index
            self.state["lines"] = [line for line in self.state["lines"]
                                   if line["index"] != index] + [entry]
            self.state["lines"].sort(key=lambda line: line["index"])
            if result and result["noticed"]:
                noticed = self.state["tests"][result["noticed"]]["noticed"]
                noticed[result["room"]] = noticed.get(result["room"], 0) + 1
            self.save()
        if result:
            left = "SURVIVES" if result.get("all") else "the fast tests do not notice"
            say(f"{index}: {result['file']}:{result['line']} {result['operator']}:"
                f" {result['noticed'] or left}, {result['seconds']} s")
        else:
            say(f"{index}: nothing to change, the next line instead")

    def next_line(self):
        """(index, what came of it before) of the next line to try; None if there are
        enough.  First all lines with the fast tests, then with all tests those that
        survived."""
        with self.lock:
            done = {line["index"]: line for line in self.state["lines"]}
            if self.options.again:
                wanted = [(index, dict(line, tried=[], again=True))
                          for index, line in done.items() if survives(line)]
            else:
                refused = sum("refused" in line for line in done.values())
                wanted = [(index, None) for index in range(self.options.lines + refused)
                          if index not in done]
                wanted += [(index, line) for index, line in done.items()
                           if survives(line) and not line.get("all")]
            for index, before in wanted:
                if (index, bool(before)) not in self.running:
                    self.running.add((index, bool(before)))
                    return index, before
        return None

    def work(self, copy, lines):
        try:
            while True:
                following = self.next_line()
                if following is None:
                    return
                index, before = following
                result = self.try_line(copy, *lines[index], before)
                if before:
                    result["all"] = True
                    if before.get("again") or before.get("survived"):
                        result["survived"] = True
                self.finish(index, result)
        except BaseException as error:
            self.errors.append(error)
            raise

    def run(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        copies = [Copy(self.folder, str(number + 1))
                  for number in range(self.options.copies)]
        everyone = [self.clean] + copies
        say(f"seed {self.options.seed}, {self.options.lines} lines, {self.folder}")
        if self.options.again:
            for copy in everyone:
                if copy.tree.exists():
                    copy_files(tracked("tests"), copy.tree)
        self.clean.prepare()
        self.clean_tests = self.clean.tests()
        for copy in copies:
            # what the last run left
            for room in ROOMS:
                for path in (copy.tree / room).rglob("*.c"):
                    text = (self.clean.tree / path.relative_to(copy.tree)).read_text()
                    if path.read_text() != text:
                        path.write_text(text)
            copy.prepare(self.clean)
            copy.all_tests = copy.tests()
        lines = draw(self.clean.tree, self.options.seed)
        say(f"{len(lines)} lines can be changed")

        self.running, self.errors, threads = set(), [], []
        for copy in copies:
            threads.append(threading.Thread(target=self.work, args=(copy, lines)))
            threads[-1].start()
        for thread in threads:
            thread.join()
        if self.errors:
            sys.exit(f"ended: {self.errors[0]!r}")

    # What is known

    def report(self):
        tried = [line for line in self.state["lines"] if "refused" not in line]
        survivors = [line for line in tried if survives(line)]
        for line in survivors:
            print(f"\n{line['index']}: {line['file']}:{line['line']}"
                  f" ({line['operator']}) survives"
                  f"{', there was no time for all tests' if 'limit' in line else ''}")
            print(line["diff"])
        unused = [name for name, test in self.state["tests"].items()
                  if test["status"] != 0]
        if unused:
            print("Not used, as they are skipped or fail without a change:",
                  ", ".join(sorted(unused)))
        for room in ROOMS:
            of_room = [line for line in tried if line["room"] == room]
            if of_room:
                print(f"{room}: {sum(bool(line['noticed']) for line in of_room)}"
                      f" of {len(of_room)} noticed")
        if tried:
            noticed = len(tried) - len(survivors)
            print(f"all, seed {self.state['seed']}: {noticed} of {len(tried)} noticed,"
                  f" {100 * noticed / len(tried):.0f} %")
            before = sum("survived" in line or not line["noticed"] for line in tried)
            if before != len(survivors):
                print(f"before --again: {len(tried) - before} of {len(tried)}")
        return 1 if survivors else 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].strip(),
                                     add_help=False)
    parser.add_argument("--folder", default=os.path.join(
        tempfile.gettempdir(), "genreclassify-mutation"))
    parser.add_argument("--lines", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--copies", type=int, default=2)
    parser.add_argument("--limit", type=float, default=900)
    what = parser.add_mutually_exclusive_group()
    for name in "again", "report", "list":
        what.add_argument(f"--{name}", action="store_true")
    options = parser.parse_args()

    if options.list:
        for room, file, of_line in draw(ROOT, options.seed)[:options.lines]:
            print(diff(file, (ROOT / file).read_text(),
                       apply((ROOT / file).read_text(), of_line[0])))
        return 0
    mutator = Mutator(options)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    if not options.report:
        mutator.run()
    return mutator.report()


if __name__ == "__main__":
    sys.exit(main())
