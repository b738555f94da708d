# SPDX-License-Identifier: GPL-2.0-or-later
"""genreclassify batch without a cluster: parts done by hand, in any order, twice, and
after they were killed; what is merged; what Slurm's programs are asked, by stand-ins.
Arguments: the program, and a library that takes its locks away."""

import contextlib
import http.server
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

PROGRAM, NOLOCKS = map(os.path.abspath, sys.argv[1:3])
del sys.argv[1:3]
SMALL_MODEL = os.path.join(os.environ["TEST_SMALL_MODELS"], "crnn.safetensors")
N_FILES, N_PARTS = 12, 3
# of Slurm: each notes its arguments, and prints what the test has put beside it
STAND_IN = """#!/bin/sh
printf '%s\\n' "$0 $*" >> "$(dirname "$0")/calls"
cat "$0.out"
cat "$0.err" >&2 2>/dev/null
exit "$(cat "$0.status" 2>/dev/null || echo 0)"
"""


class Server(http.server.ThreadingHTTPServer):
    """Sends one sound under every name, and holds back what is below /slow/ until it is
    told.  Nothing says when it was changed, so that nothing is kept in a cache."""

    daemon_threads = True

    def __init__(self, sound):
        self.sound, self.asked = sound, threading.Semaphore(0)
        self.release = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def uri(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.send_error(405)

    def do_GET(self):
        if self.path.startswith("/slow/"):
            self.server.asked.release()
            self.server.release.wait()
        with contextlib.suppress(OSError):
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.server.sound)))
            self.end_headers()
            self.wfile.write(self.server.sound)

    def log_message(self, *_):
        pass


class Test(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.TemporaryDirectory()
        cls.library = Path(cls.root.name, "library")
        cls.library.mkdir()
        first = cls.library / "0.flac"
        subprocess.run(
            ["gst-launch-1.0", "-q", "audiotestsrc", "wave=pink-noise",
             "samplesperbuffer=22050", "num-buffers=6", "!",
             "audio/x-raw,rate=22050,channels=1", "!", "flacenc", "!", "filesink",
             f"location={first}"], check=True)
        for i in range(1, N_FILES - 2):
            shutil.copy(first, cls.library / f"{i}.flac")
        (cls.library / "damaged.mp3").write_bytes(b"no music" * 99)
        (cls.library / "cover.txt").write_text("no music, and skipped")

    @classmethod
    def tearDownClass(cls):
        cls.root.cleanup()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.out = self.folder / "a plan"
        self.environment = {
            name: value for name, value in os.environ.items()
            if not name.startswith(("SLURM", "AWS_BATCH", "JOB_COMPLETION"))}

    def start(self, *arguments, **options):
        return subprocess.Popen(
            [PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, cwd=self.folder,
            env=self.environment, **options)

    def run_program(self, *arguments, status=0, **options):
        process = self.start(*arguments, **options)
        output, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, status, errors)
        return output, errors

    def batch(self, *arguments, **options):
        return self.run_program("batch", *arguments, **options)

    def plan(self, *names, parts=N_PARTS, options=()):
        return self.batch("plan", "--parts", parts, "--out", self.out, *names,
                          *(["--", *options] if options else []))

    def plan_list(self, *names, **more):
        path = self.folder / "list"
        path.write_text("\n".join(map(str, names)))
        return self.plan(path, **more)

    def results(self):
        return (self.out / "results.jsonl").read_text().splitlines()

    def standing(self):
        """{"whole": "0-2", ...} without what no part is."""
        status = json.loads(self.batch("status", "--json", self.out)[0])
        return {name: value["parts"] for name, value in status.items()
                if isinstance(value, dict) and value["n"] > 0}

    def one_machine(self, *arguments):
        process = self.start("--json", *arguments)
        return sorted(process.communicate(timeout=120)[0].splitlines())

    # The whole way

    def test_parts(self):
        self.plan(self.library)
        self.assertEqual(self.standing(), {"not_begun": "0-2"})
        # a part reads its own list, and no other
        (self.out / "lists").rename(self.out / "all")
        (self.out / "lists").mkdir()
        shutil.copy(self.out / "all/00001", self.out / "lists")
        self.batch("run", "--part", 1, self.out)
        shutil.rmtree(self.out / "lists")
        (self.out / "all").rename(self.out / "lists")
        self.assertEqual(self.standing(), {"not_begun": "0,2", "whole": "1"})
        for variable, part in (("AWS_BATCH_JOB_ARRAY_INDEX", "0"),
                               ("JOB_COMPLETION_INDEX", "2")):
            self.environment[variable] = part
            # a scheduler that does one part again says that there is one
            self.environment["SLURM_ARRAY_TASK_COUNT"] = "1"
            self.batch("run", self.out)
            del self.environment[variable]
        report, _ = self.batch("merge", self.out)
        self.assertEqual(sorted(self.results()), self.one_machine(self.library))
        self.assertEqual(len(self.results()), N_FILES)
        self.assertEqual(report, (self.out / "report.txt").read_text())
        for text in ("damaged.mp3", "not-audio", f"{N_FILES} files in 3 parts"):
            self.assertIn(text, report)
        failed, = (self.out / "failed.jsonl").read_text().splitlines()
        self.assertTrue(json.loads(failed)["file"].endswith("damaged.mp3"))
        # all is in the one cache, of which the parts' options are not asked
        self.assertEqual(
            self.one_machine("--cache", self.out / "cache.db", self.library),
            sorted(self.results()))
        rows, _ = self.run_program("--cache", self.out / "cache.db", "--export", "json")
        self.assertEqual(len(rows.splitlines()), N_FILES)

    def test_again(self):
        """What is whole is not done again."""
        self.plan(self.library)
        for _ in range(2):
            _, errors = self.batch("run", "--part", 0, self.out)
        self.assertIn("part 0 was done before", errors)

    def test_options(self):
        self.plan(self.library,
                  options=["--segments", "--jobs=2", "--max-failures", "0"])
        statuses = []
        for part in range(N_PARTS):
            process = self.start("batch", "run", "--part", part, self.out)
            process.communicate(timeout=120)
            statuses.append(process.returncode)
        # the part with the damaged file is whole as well, and stays what it is
        self.assertEqual(sorted(statuses), [0, 0, 1])
        self.batch("run", "--part", statuses.index(1), self.out, status=1)
        self.assertEqual(self.standing(), {"whole": "0-2"})
        self.batch("merge", self.out)
        process = self.start("--json", "--segments", self.library)
        self.assertEqual(sorted(process.communicate(timeout=120)[0].splitlines()),
                         sorted(self.results()))

    def test_write(self):
        library = self.folder / "copy"
        shutil.copytree(self.library, library)
        before = {path.name: path.read_bytes() for path in library.iterdir()}
        self.plan(library, options=["--write", "--min-confidence", "0"])
        # machines that only work have no homes
        self.environment.update(HOME="/proc/nothing", XDG_STATE_HOME="/proc/nothing")
        self.batch("run", "--part", 0, self.out)
        # as if it had been killed at the end: nothing is left to write
        (self.out / "parts/00000.jsonl").unlink()
        for part in range(N_PARTS):
            self.batch("run", "--part", part, self.out)
        self.assertRegex(self.batch("merge", self.out)[0], "tags written +10 ")
        self.assertNotEqual(
            before, {path.name: path.read_bytes() for path in library.iterdir()})
        for log in sorted((self.out / "logs").glob("*.undo.jsonl")):
            self.run_program("--undo", log)
        genres = [json.loads(line)["tag"] for line in self.one_machine(library)]
        self.assertEqual(set(genres), {None})

    # Ends

    def slow_part(self):
        """A plan of one part, of which all but the last file is done at once; and the
        server."""
        server = Server((self.library / "0.flac").read_bytes())
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.addCleanup(server.release.set)
        self.plan_list(*(self.library / f"{i}.flac" for i in range(4)),
                       server.uri("slow/9.flac"), parts=1)
        return server

    def test_killed(self):
        server = self.slow_part()
        for number, status, words in (
                (signal.SIGKILL, -9, "It was ended without a chance"),
                (signal.SIGTERM, 143, "It was ended by a signal: Terminated.")):
            process = self.start("batch", "run", "--part", "0", self.out)
            server.asked.acquire()
            self.assertEqual(self.standing(), {"running": "0"})
            process.send_signal(number)
            process.communicate(timeout=60)
            self.assertEqual(process.returncode, status)
            self.assertEqual(self.standing(), {"failed": "0"})
            self.assertIn(words, self.batch("status", self.out)[0])
        # what was done is in the cache
        left, = self.out.glob("parts/00000.cache.*.tmp")
        rows, _ = self.run_program("--cache", left, "--export", "json")
        self.assertEqual(len(rows.splitlines()), 4)
        server.release.set()
        self.batch("run", "--part", "0", self.out)
        self.batch("merge", self.out)
        self.assertEqual(len(self.results()), 5)
        self.assertEqual(list(self.out.glob("parts/*.tmp*")), [])

    def test_twice_at_a_time(self):
        server = self.slow_part()
        first = self.start("batch", "run", "--part", "0", self.out)
        server.asked.acquire()
        second = self.start("batch", "run", "--part", "0", self.out)
        self.assertIn("Another process does part 0", second.stderr.readline())
        server.release.set()
        self.assertIn("part 0 is done", first.communicate(timeout=60)[1])
        self.assertIn("was done before", second.communicate(timeout=60)[1])
        self.assertEqual((first.returncode, second.returncode), (0, 0))
        # and the second one goes on where the first one has ended
        server.release.clear()
        (self.out / "parts/00000.jsonl").unlink()
        first = self.start("batch", "run", "--part", "0", self.out)
        server.asked.acquire()
        second = self.start("batch", "run", "--part", "0", self.out)
        self.assertIn("Another process does part 0", second.stderr.readline())
        first.kill()
        first.communicate(timeout=60)
        server.release.set()
        self.assertIn("part 0 is done", second.communicate(timeout=60)[1])
        self.batch("merge", self.out)
        self.assertEqual(len(self.results()), 5)

    def test_workers_have_no_lock(self):
        """Or one that is stuck would keep the part when its parent has died."""
        server = self.slow_part()
        process = self.start("batch", "run", "--part", "0", self.out)
        server.asked.acquire()
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        workers = children.read_text().split()
        self.assertNotEqual(workers, [])
        for pid in workers:
            files = [os.path.realpath(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()]
            self.assertEqual([f for f in files if f.startswith(str(self.out))], [])
        server.release.set()
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)

    def test_full_disk(self):
        self.plan(self.library, parts=1)

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        _, errors = self.batch("run", "--part", 0, self.out, status=2,
                               preexec_fn=limit)
        self.assertRegex(errors, "cannot be written|full|too large|I/O error")
        self.assertEqual(self.standing(), {"failed": "0"})
        self.batch("merge", self.out, status=1)
        self.batch("run", "--part", 0, self.out)
        self.batch("merge", self.out)
        self.assertEqual(sorted(self.results()), self.one_machine(self.library))
        before = set(self.out.iterdir())
        _, errors = self.batch("merge", self.out, status=1, preexec_fn=limit)
        self.assertRegex(errors, "cannot be written|full|too large|I/O error")
        self.assertLessEqual(set(self.out.glob("*.jsonl*")), before)

    def test_no_locks(self):
        """As some file systems of networks have none: of two at a time one is done."""
        server = self.slow_part()
        self.environment["LD_PRELOAD"] = NOLOCKS
        first = self.start("batch", "run", "--part", "0", self.out)
        server.asked.acquire()
        second = self.start("batch", "run", "--part", "0", self.out)
        server.asked.acquire()
        server.release.set()
        errors = [process.communicate(timeout=60)[1] for process in (first, second)]
        for text in errors:
            self.assertIn("cannot be locked (No locks available)", text)
        self.assertEqual((first.returncode, second.returncode), (2, 0), errors)
        self.assertIn("has removed what this one has done", errors[0])
        self.batch("merge", self.out)
        del self.environment["LD_PRELOAD"]
        self.assertEqual(len(self.results()), 5)
        rows, _ = self.run_program("--cache", self.out / "cache.db", "--export", "json")
        self.assertEqual(len(rows.splitlines()), 4)

    def test_damaged_cache(self):
        """What an attempt has left is of no use."""
        self.plan(self.library, parts=1)
        (self.out / "parts/00000.cache.elsewhere-1.tmp").write_bytes(b"x" * 5000)
        _, errors = self.batch("run", "--part", 0, self.out)
        self.assertIn("begins anew", errors)
        self.batch("merge", self.out)
        self.assertEqual(len(self.results()), N_FILES)

    def test_another_user(self):
        """Who may only read what runs can see that it does."""
        if os.geteuid() != 0:
            self.skipTest("only root can be another user")
        server = self.slow_part()
        self.folder.chmod(0o755)
        process = self.start("batch", "run", "--part", "0", self.out)
        server.asked.acquire()
        status, _ = self.batch("status", "--json", self.out,
                               preexec_fn=lambda: os.setuid(65534))
        self.assertEqual(json.loads(status)["running"]["n"], 1)
        process.kill()
        process.communicate(timeout=60)

    def test_disk_not_mounted(self):
        library = self.folder / "mounted"
        shutil.copytree(self.library, library)
        self.plan(library)
        library.rename(self.folder / "away")
        _, errors = self.batch("run", "--part", 0, self.out, status=2)
        self.assertIn("4 of 4 files are not there: is their disk mounted", errors)
        self.assertEqual(self.standing(), {"failed": "0", "not_begun": "1-2"})
        (self.folder / "away").rename(library)
        self.batch("run", "--part", 0, self.out)
        self.assertEqual(self.standing(), {"whole": "0", "not_begun": "1-2"})
        # its results are removed: it is to be done again
        (self.out / "parts/00000.jsonl").unlink()
        self.assertEqual(self.standing(), {"not_begun": "0-2"})

    def test_names_that_are_not_there(self):
        """They were not when the plan was made, which is said."""
        _, errors = self.plan_list(self.library / "0.flac", "a.mp3", "b.mp3",
                                   "http://127.0.0.1:9/c.mp3", parts=1)
        self.assertIn("2 names are not there now, such as ", errors)
        self.batch("run", "--part", 0, self.out)
        self.assertEqual(self.standing(), {"whole": "0"})

    def test_dangling_links(self):
        """Of a folder they were not there when the plan was made either."""
        library = self.folder / "links"
        library.mkdir()
        shutil.copy(self.library / "0.flac", library)
        for name in "a.mp3", "b.mp3", "c.mp3":
            (library / name).symlink_to(self.folder / "nowhere" / name)
        _, errors = self.plan(library, parts=1)
        self.assertIn("3 names are not there now, such as ", errors)
        self.batch("run", "--part", 0, self.out)
        self.assertEqual(self.standing(), {"whole": "0"})

    def test_failed_without_slurm(self):
        """Which is not asked, and what is to be done again is not done."""
        library = self.folder / "half"
        shutil.copytree(self.library, library)
        self.plan(library, parts=2)
        away = sorted(library.iterdir())
        for path in away:
            path.unlink()
        self.batch("run", "--part", 0, self.out, status=2)
        text, _ = self.batch("status", self.out)
        self.assertRegex(text, r"\n0 of \d+ files done \(0\.0 %\)")
        self.assertNotIn("Slurm", text)

    # What is wrong

    def test_gaps_and_doubles(self):
        self.plan(self.library)
        self.batch("run", "--part", 0, self.out)
        _, errors = self.batch("merge", self.out, status=1)
        self.assertIn("2 of 3 parts are not whole, such as part 1", errors)
        for part in 1, 2:
            self.batch("run", "--part", part, self.out)
        path = self.out / "parts/00001.jsonl"
        lines = path.read_text().splitlines(keepends=True)
        others = (self.out / "parts/00002.jsonl").read_text().splitlines(
            keepends=True)
        for wrong in (lines[:-1], [*lines, lines[-1]], [lines[0], *lines],
                      [*lines[:-1], others[0]], [*lines[:-1], lines[-1][:-9]],
                      [*lines[:-1], "{}\n"], [lines[1], lines[0], *lines[2:]], []):
            path.write_text("".join(wrong))
            _, errors = self.batch("merge", self.out, status=1)
            self.assertIn("00001.jsonl, line ", errors)
            self.assertFalse(list(self.out.glob("results*")))
        path.write_text("".join(lines))
        # names that were lost, and a cache
        names = self.out / "lists/00001"
        whole = names.read_bytes()
        names.write_bytes(b"".join(part + b"\0" for part in whole.split(b"\0")[:-2]))
        path.write_text("".join(lines[:-1]))
        self.assertIn("lists/00001 has 3 names, but the plan has 4",
                      self.batch("merge", self.out, status=1)[1])
        names.write_bytes(whole)
        path.write_text("".join(lines))
        cache = self.out / "parts/00001.cache"
        cache.rename(self.out / "away")
        self.assertIn("--no-cache", self.batch("merge", self.out, status=1)[1])
        self.assertFalse(cache.exists())
        self.batch("merge", "--no-cache", self.out)
        (self.out / "away").rename(cache)
        # several at a time
        merges = [self.start("batch", "merge", self.out) for _ in range(4)]
        self.assertEqual([(process.communicate(timeout=60)[1], process.returncode)
                          for process in merges], 4 * [("", 0)])
        self.assertEqual(len(self.results()), N_FILES)
        rows, _ = self.run_program("--cache", self.out / "cache.db", "--export", "json")
        self.assertEqual(len(rows.splitlines()), N_FILES)

    def test_refused(self):
        for options, words in (
                (["--cache", "x"], "of its own"), (["--files-from=x"], "of its own"),
                (["a.mp3"], "before \"--\""),
                (["--shard", "1/2"], "--shard"), (["--unordered"], "--unordered"),
                (["--log", "x", "--write"], "--log"), (["--errors", "x"], "--errors"),
                (["--window", "1"], "--window"), (["--model", "none"], "none"),
                (["--export", "json"], "analyse files"), (["--nothing"], "--nothing"),
                (["--strict"], "--strict"), (["--help"], "--help")):
            _, errors = self.batch("plan", "--parts", 2, "--out", self.out,
                                   self.library, "--", *options, status=2)
            self.assertIn(words, errors)
            self.assertFalse(self.out.exists())
        for arguments, words in (
                (["plan", "--parts", 2, self.library], "--out"),
                (["plan", "--out", self.out, self.library], "--parts"),
                (["plan", "--parts", 0, "--out", self.out, self.library],
                 "--parts is to be 1"),
                (["plan", "--parts", 2, "--out", self.library / "x", self.library],
                 "outside of it"),
                (["plan", "--parts", 2, "--out", self.library / "0.flac", "x"],
                 "is a file"),
                (["slurm", "--parts", 2, "--at-once", 0, "--out", self.out,
                  self.library], "--at-once"),
                (["plan", "--parts", 2, "--out", self.out, self.library, "--tags"],
                 'after "--"'),
                ([], "No action"),
                (["plan", "--parts", 2, "--out", self.out], "needs a list"),
                (["plan", "--parts", 99, "--out", self.out, self.library], "99 parts"),
                (["plan", "--parts", 2, "--out", self.out, "no"], "no cannot be read"),
                (["run", self.folder], "no plan"), (["status"], "one name"),
                (["merge", self.out, self.out], "one name"),
                (["frob"], "no action of batch called frob"),
                (["slurm", "--resume", "--out", self.out, self.library], "--resume"),
                (["slurm", "--parts", 2, "--out", "a\\b", self.library], "backslash")):
            _, errors = self.batch(*arguments, status=2)
            self.assertIn(words, errors)
        self.plan(self.library)
        for given in "3", "-1", "x", "":
            _, errors = self.batch("run", f"--part={given}", self.out, status=2)
            self.assertIn("0 to 2", errors)
        _, errors = self.batch("run", self.out, status=2)
        self.assertIn("SLURM_ARRAY_TASK_ID", errors)
        self.environment["SLURM_ARRAY_TASK_ID"] = "3"
        _, errors = self.batch("run", self.out, status=2)
        self.assertIn("the parts are 0 to 2", errors)

    def test_another_model(self):
        model = self.folder / "crnn.safetensors"
        shutil.copy(SMALL_MODEL, model)
        self.plan(self.library, options=["--model", "crnn.safetensors"])
        self.batch("run", "--part", 0, self.out)
        with open(model, "rb+") as file:
            file.seek(-4, os.SEEK_END)
            file.write(bytes(4))
        _, errors = self.batch("run", "--part", 1, self.out, status=2)
        self.assertIn("not the one that the plan was made for", errors)

    # Slurm

    def stand_in(self, **printed):
        """Programs that print this, and end with status 1 if it is an Exception."""
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        for name, text in printed.items():
            path = folder / name
            path.write_text(STAND_IN)
            path.chmod(0o755)
            failed = isinstance(text, Exception)
            (folder / f"{name}.out").write_text("" if failed else text)
            (folder / f"{name}.err").write_text(f"{text}\n" if failed else "")
            (folder / f"{name}.status").write_text("1" if failed else "0")
        self.environment["PATH"] = f"{folder}:{os.environ['PATH']}"
        with contextlib.suppress(FileNotFoundError):
            (folder / "calls").unlink()

    def calls(self, program):
        text = (self.folder / "bin/calls").read_text()
        return [line for line in text.splitlines()
                if line.partition(" ")[0].endswith("/" + program) and
                "--test-only" not in line]

    def test_slurm(self):
        self.stand_in(sbatch="77;main\n", squeue="")
        out, _ = self.batch("slurm", "--parts", 3, "--out", self.out,
                            "--sbatch=--time=1:00", "--sbatch=--comment=a b",
                            self.library, "--", "-j2")
        self.assertEqual(out, "77\n")
        script = self.out / "job.sh"
        call, = self.calls("sbatch")
        self.assertIn("--array=0-2 ", call)
        self.assertTrue(call.endswith(str(script)))
        self.assertIn("--test-only", (self.folder / "bin/calls").read_text())
        text = script.read_text()
        for line in ("--array=0-2", "--cpus-per-task=2", "--time=1:00",
                     '"--comment=a b"'):
            self.assertIn(f"#SBATCH {line}\n", text)
        # what the script runs is a part
        self.environment["SLURM_ARRAY_TASK_ID"] = "1"
        subprocess.run(["sh", script], check=True, cwd="/", env=self.environment,
                       capture_output=True)
        self.assertEqual(self.standing(), {"not_begun": "0,2", "whole": "1"})
        # one waits already: only the other one is submitted
        self.stand_in(sbatch="78\n", squeue="0|PENDING\n12|RUNNING\nN/A|RUNNING\n")
        self.assertEqual(self.standing(),
                         {"not_begun": "2", "whole": "1", "waiting": "0"})
        script.write_text(text + "# adapted\n")
        self.batch("slurm", "--resume", "--out", self.out, "--sbatch=--mem=1G")
        call, = self.calls("sbatch")
        self.assertIn("--array=2 ", call)
        self.assertIn("--mem=1G", call)
        self.assertTrue(script.read_text().endswith("# adapted\n"))
        self.stand_in(squeue="0|PENDING\n2|RUNNING\n")
        _, errors = self.batch("slurm", "--resume", "--out", self.out)
        self.assertIn("No part is missing: 1 of 3 are whole, 1 run, and 1 wait",
                      errors)

    def test_slurm_by_another_path(self):
        """The jobs are the plan's, wherever it is."""
        self.stand_in(sbatch="1\n", squeue="", scancel="")
        self.batch("slurm", "--parts", 3, "--out", self.out, "--at-once", 2,
                   self.library)
        self.assertIn("--array=0-2%2 ", self.calls("sbatch")[0])
        link = self.folder / "link"
        link.symlink_to(self.out)
        self.environment.update(SQUEUE_STATES="all", SQUEUE_FORMAT="%i")
        (self.folder / "bin/squeue").write_text(
            "#!/bin/sh\nenv | grep SQUEUE_ && exit 1\nprintf '%s\\n' \"$0 $*\" >> "
            f"{self.folder}/bin/calls; echo '0|PENDING'; echo '1|FAILED'\n")
        self.assertEqual(self.standing(), {"waiting": "0", "not_begun": "1-2"})
        self.batch("slurm", "--resume", "--out", link)
        self.batch("cancel", link)
        first, second = self.calls("sbatch")
        self.assertIn("--array=1-2 ", second)
        name, = {word for word in first.split() if word.startswith("--job-name=")}
        self.assertIn(name, second)
        for program in "squeue", "scancel":
            self.assertIn(name.replace("--job-name", "--name"), self.calls(program)[-1])
        for argument in "--array=0-5%1", "-a1", "--job-name=mine":
            _, errors = self.batch("slurm", "--resume", "--out", link,
                                   f"--sbatch={argument}", status=2)
            self.assertIn("--at-once", errors)

    def test_slurm_fails(self):
        self.stand_in(sbatch=Exception("Invalid job array specification"), squeue="")
        _, errors = self.batch("slurm", "--parts", 3, "--out", self.out, self.library,
                               status=2)
        self.assertIn("MaxArraySize", errors)
        self.assertIn("Invalid job array", errors)
        self.assertFalse(self.out.exists())
        self.plan(self.library)
        _, errors = self.batch("slurm", "--resume", "--out", self.out, status=2)
        self.assertIn("Invalid job array", errors)
        self.assertIn("--resume", errors)
        # nobody knows what is in the queue: nothing is submitted
        self.stand_in(sbatch="1\n", squeue=Exception("Unable to contact controller"))
        _, errors = self.batch("slurm", "--resume", "--out", self.out, status=2)
        self.assertIn("Unable to contact controller", errors)
        self.assertFalse(self.calls("sbatch"))
        self.assertIn("Unable to contact", self.batch("status", self.out)[0])

    def test_slurm_accounts(self):
        server = self.slow_part()
        process = self.start("batch", "run", "--part", "0", self.out)
        server.asked.acquire()
        process.kill()
        process.communicate(timeout=60)
        self.stand_in(squeue="", sacct="5_0|TIMEOUT\n6_0|OUT_OF_MEMORY\n6_9|FAILED\n")
        # nobody has made it one for Slurm yet
        self.assertNotIn("OUT_OF_MEMORY", self.batch("status", self.out)[0])
        self.batch("slurm", "--resume", "--out", self.out, "--dry-run")
        self.assertIn("OUT_OF_MEMORY", self.batch("status", self.out)[0])
        self.stand_in(scancel="")
        self.batch("cancel", self.out)
        name, = {line.split("--job-name=")[1] for line in self.batch(
            "slurm", "--resume", "--out", self.out, "--dry-run")[0].splitlines()
            if "--job-name=" in line}
        self.assertIn(f"--name={name}", self.calls("scancel")[0])

    def test_dry_run(self):
        self.stand_in(sbatch="1\n", squeue="")
        script, errors = self.batch("slurm", "--parts", 3, "--out", self.out, "-n",
                                    self.library)
        self.assertEqual(script, (self.out / "job.sh").read_text())
        self.assertIn("--resume --out", errors)
        self.assertFalse((self.folder / "bin/calls").exists())


if __name__ == "__main__":
    unittest.main()
