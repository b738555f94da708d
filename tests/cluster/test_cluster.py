# SPDX-License-Identifier: GPL-2.0-or-later
"""A library on a cluster of two nodes, and what clusters do: tasks are requeued,
killed, sent again by hand, lose their node or find no room.  In the end every file is
there once, and the results are those of one machine, byte by byte."""

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cluster import Cluster

PROGRAM = os.path.abspath(sys.argv.pop(1))
SKIPPED = 77        # meson's
FILES, PARTS = 120, 12
RATE = 16000        # of the sounds, per second
FULL = 4096         # bytes: the least of a tmpfs

CLUSTER = None


def numbers(parts):
    """Of "0-3,7": 0, 1, 2, 3, 7."""
    found = []
    for word in parts.split(","):
        first, _, last = word.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


# The library

def make_sound(path, number):
    """A square wave that is not that of another number, of 5.5 to 8.5 s."""
    half = 10 + number
    level = (2000 + 100 * number).to_bytes(2, "little", signed=True)
    period = level * half + bytes(2) * half
    seconds = 5.5 + number % 7 / 2
    with wave.open(path, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(period * int(seconds * RATE / (2 * half)))


def make_library(folder):
    """FILES sounds, some with odd names, one of them broken."""
    odd = {7: "a name of words.wav", 8: "two\nlines.wav", 9: "Gr\u00fc\u00dfe.wav",
           10: "'\"$(exit 1)`\\.wav", 11: "-j.wav", 12: "\udcff.wav"}
    for number in range(FILES):
        album = folder / f"album {number % 5}"
        album.mkdir(exist_ok=True)
        path = album / odd.get(number, f"{number:03}.wav")
        with open(path, "wb") as file:
            if number == 60:
                file.write(b"no sound" * 100)
            else:
                make_sound(file, number)


class Gate:
    """Whoever opens the file stops there as long as this lasts, up to 45 s.  (It is a
    lease of the file: Linux asks its holder first.)"""

    def __init__(self, path):
        self.file = open(path, "rb")
        fcntl.fcntl(self.file, fcntl.F_SETLEASE, fcntl.F_WRLCK)

    def is_reached(self):
        return fcntl.fcntl(self.file, fcntl.F_GETLEASE) != fcntl.F_WRLCK

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()


class Batch:
    """A folder of genreclassify batch."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def run(self, *arguments, **options):
        return CLUSTER.run(PROGRAM, "batch", *arguments, **options)

    def submit(self, *arguments):
        """The number of the job, or None; and what the command said."""
        before = array_jobs()
        done = self.run("slurm", *arguments, "--out", self.folder)
        if done.returncode != 0:
            raise AssertionError(f"{arguments}: {done}")
        new = array_jobs() - before
        if len(new) > 1:
            raise AssertionError(f"{arguments}: it has submitted {new}")
        job = new.pop() if new else None
        if job and not re.search(rf"\b{job}\b", done.stdout):
            raise AssertionError(f"no number {job}: {done.stdout}")
        return job, done

    def resume(self):
        return self.submit("--resume")[0]

    def merge(self):
        return self.run("merge", self.folder)

    def status(self):
        """{"whole": "0-3,7"}: the parts that stand so."""
        done = self.run("status", self.folder, "--json")
        return {name: value["parts"] for name, value in json.loads(done.stdout).items()
                if isinstance(value, dict) and value["n"] > 0}

    def names(self, part):
        names = (self.folder / "lists" / f"{part:05}").read_bytes()
        return [os.fsdecode(name) for name in names.split(b"\0")[:-1]]

    def gate(self, part, number=FILES // PARTS // 2):
        """At a file in the middle of the part, or at that one."""
        return Gate(LIBRARY / self.names(part)[number])

    def result(self, part):
        return self.folder / "parts" / f"{part:05}.jsonl"

    def describe(self):
        """What there is, and what the tasks have said."""
        lines = [self.run("status", self.folder).stdout]
        for log in sorted((self.folder / "logs").glob("*")):
            text = log.read_text(errors="replace").strip()
            if text:
                lines.append(f"{log.name}: {text[-400:]}")
        lines += sorted(path.name for path in (self.folder / "parts").iterdir())
        return "\n".join(lines)


def array_jobs():
    return {name.partition("_")[0] for name in CLUSTER.jobs()}


def processes_of(job, part):
    """The PIDs of genreclassify in that task, its first one first."""
    wanted = {f"SLURM_ARRAY_JOB_ID={job}".encode(),
              f"SLURM_ARRAY_TASK_ID={part}".encode()}
    pids = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (wanted <= set((folder / "environ").read_bytes().split(b"\0")) and
                    os.path.samefile(folder / "exe", PROGRAM)):
                pids.append(int(folder.name))
        except OSError:
            pass        # it has ended
    return sorted(pids)


def sorted_lines(data):
    return b"".join(sorted(data.splitlines(keepends=True)))


class ClusterTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=FOLDER)
        self.addCleanup(folder.cleanup)
        self.batch = Batch(Path(folder.name, "50 %A of \"ours\", $(exit) #1's"))
        self.addCleanup(CLUSTER.run, "scancel", "--user=root")

    def submit(self):
        job, _ = self.batch.submit("--parts", str(PARTS), LIBRARY)
        self.assertIsNotNone(job)
        return job

    @contextlib.contextmanager
    def stopped(self, part):
        """The number of a job whose task for that part has come half way, and waits
        there as long as this lasts."""
        CLUSTER.let_jobs_start(False)
        try:
            job = self.submit()
            gate = self.batch.gate(part)
        finally:
            CLUSTER.let_jobs_start(True)
        with gate:
            CLUSTER.wait_for(gate.is_reached, f"task {part}")
            yield job

    def run_to_the_end(self, job, **expected):
        """expected: {"_7": "FAILED"}; the other tasks of the job are COMPLETED."""
        states = CLUSTER.wait_for_jobs(job)
        self.assertEqual(
            {name: state for name, state in states.items() if state != "COMPLETED"},
            {f"{job}{task}": state for task, state in expected.items()},
            self.batch.describe())
        return states

    def assert_whole(self):
        """It can be merged, and that is what one machine says."""
        self.assertEqual(self.batch.status(), {"whole": f"0-{PARTS - 1}"})
        done = self.batch.merge()
        self.assertEqual(done.returncode, 0,
                         f"{done.stdout}{done.stderr}{self.batch.describe()}")
        results = (self.batch.folder / "results.jsonl").read_bytes()
        self.assertEqual(sorted_lines(results), EXPECTED)
        for name in "cache.db", "report.txt":
            self.assertGreater((self.batch.folder / name).stat().st_size, 0, name)

    def assert_gap(self, part):
        """It is not merged: the part is missing, and only that."""
        done = self.batch.merge()
        self.assertEqual(done.returncode, 1, done)
        self.assertRegex(done.stderr, rf"\b0*{part}\b")
        self.assertFalse((self.batch.folder / "results.jsonl").exists())

    def assert_resumed(self, *parts):
        """These are submitted again, no others, and then all is well."""
        job = self.batch.resume()
        self.assertEqual(set(self.run_to_the_end(job)),
                         {f"{job}_{part}" for part in parts})
        self.assert_whole()

    def test_peace(self):
        """Nothing happens but a broken file, which is no failure of its task."""
        job = self.submit()
        after = CLUSTER.submit(f"--dependency=afterok:{job}", "--output=/dev/null",
                               "--kill-on-invalid-dep=yes", "--wrap=true")
        states = self.run_to_the_end(job)
        self.assertEqual(set(states), {f"{job}_{part}" for part in range(PARTS)})
        self.assertEqual(CLUSTER.wait_for_jobs(after), {after: "COMPLETED"})
        self.assert_whole()
        self.assertIsNone(self.batch.resume(), "it submits what is whole")

    def test_dry_run(self):
        """A user can adapt the script: nothing is submitted."""
        job, done = self.batch.submit("--dry-run", "--parts", str(PARTS),
                                      "--sbatch", "--comment=two words", LIBRARY)
        self.assertIsNone(job)
        self.assertTrue(done.stdout.startswith("#!"), done)
        self.assertRegex(done.stdout, r"(?m)^#SBATCH --array=0-11\b")
        script = self.batch.folder / "job.sh"
        self.assertEqual(script.read_text(), done.stdout)
        script.write_text(done.stdout.replace("\nexec ", "\necho adapted\nexec "))
        job = self.batch.resume()
        self.run_to_the_end(job)
        self.assert_whole()
        self.assertEqual(set(CLUSTER.must(
            "squeue", "--noheader", "--states=all", f"--jobs={job}", "--format=%k"
        ).splitlines()), {"two words"})
        for log in (self.batch.folder / "logs").glob("*_*.out"):
            self.assertIn("adapted\n", log.read_text())

    def test_resumes_at_once(self):
        """Several people have the same thought."""
        self.batch.submit("--dry-run", "--parts", str(PARTS), LIBRARY)
        CLUSTER.let_jobs_start(False)
        self.addCleanup(CLUSTER.let_jobs_start, True)
        before = array_jobs()
        # a slow one: all others ask what is missing before it has an answer
        slow = self.batch.folder.with_name("sbatch")
        slow.write_text(f'#!/bin/sh\nsleep 0.5\nexec {shutil.which("sbatch")} "$@"\n')
        slow.chmod(0o755)
        path = f"{slow.parent}:{CLUSTER.environment['PATH']}"
        with ThreadPoolExecutor() as pool:
            resumes = [pool.submit(self.batch.run, "slurm", "--resume", "--out",
                                   self.batch.folder, env={"PATH": path})
                       for _ in range(3)]
        self.assertEqual([r.result().returncode for r in resumes], [0] * 3)
        self.assertEqual(len(array_jobs() - before), 1)

    def test_requeued(self):
        """A task starts anew in mid-run.  What runs or waits is not sent again."""
        with self.stopped(2) as job:
            CLUSTER.must("scontrol", "requeue", f"{job}_2")
            self.assertNotIn("failed", self.batch.status())
            self.assertIsNone(self.batch.resume(), "it submits what runs")
            self.assertEqual(self.batch.merge().returncode, 1)
        self.run_to_the_end(job)
        self.assert_whole()

    def test_killed(self):
        """The command is killed in mid-run, as for its memory.  What it has done is
        not done again."""
        with self.stopped(1) as job:
            self.assertIn(1, numbers(self.batch.status()["running"]))
            os.kill(processes_of(job, 1)[0], signal.SIGKILL)
            self.run_to_the_end(job, _1="FAILED")
        self.assertEqual(self.batch.status(), {"failed": "1", "whole": "0,2-11"})
        self.assert_gap(1)
        with self.batch.gate(1, number=0) as gate:
            self.assert_resumed(1)
            self.assertFalse(gate.is_reached())

    def test_worker_killed(self):
        """Only the process that decodes is killed: that file is tried again."""
        with self.stopped(1) as job:
            workers = processes_of(job, 1)[1:]
            self.assertTrue(workers)
            for worker in workers:
                os.kill(worker, signal.SIGKILL)
        self.run_to_the_end(job)
        self.assert_whole()

    def test_twice(self):
        """An index is sent again by hand while its task runs."""
        with self.stopped(2) as job:
            again = CLUSTER.submit("--array=2", self.batch.folder / "job.sh")
            CLUSTER.wait_for(lambda: CLUSTER.jobs(again) != {f"{again}_2": "PENDING"},
                             "second task 2")
        self.run_to_the_end(job)
        self.run_to_the_end(again)
        self.assert_whole()

    def test_node(self):
        """A node loses its power while it has three tasks, and comes back."""
        with self.stopped(0) as job:
            node = CLUSTER.names.index(CLUSTER.must(
                "squeue", "--noheader", f"--jobs={job}_0", "--format=%N").strip())
            CLUSTER.kill_node(node)
        CLUSTER.wait_for(lambda: CLUSTER.jobs(job)[f"{job}_0"] != "RUNNING",
                         "loss of the node")
        CLUSTER.revive_node(node)
        CLUSTER.wait_for_node(node, "IDLE", "MIXED", "ALLOCATED")
        self.run_to_the_end(job)
        self.assert_whole()

    def test_alone(self):
        """One index is sent again by hand, and once more though it is whole."""
        self.run_to_the_end(self.submit())
        self.batch.result(3).unlink()
        self.assert_gap(3)
        for _ in range(2):
            job = CLUSTER.submit("--array=3", self.batch.folder / "job.sh")
            self.run_to_the_end(job)
            self.assert_whole()

    def test_full_disk(self):
        """One task has no room for its results."""
        self.run_to_the_end(self.submit())
        parts = self.batch.folder / "parts"
        for path in parts.glob("00007*"):
            path.unlink()
        # the disk is full in one task only; what the task has left there is kept
        script, log = (self.batch.folder.with_name(f"full.{kind}")
                       for kind in ("sh", "log"))
        script.write_text(f"""#!/bin/sh
exec unshare --mount sh -c '
  mkdir left || exit 0
  mount -t tmpfs -o size={FULL} full parts || exit 0
  sh job.sh
  status=$?
  cp -a parts/. left
  umount parts && cp -a left/. parts || exit 0
  exit $status'
""")
        job = CLUSTER.submit("--array=7", f"--chdir={self.batch.folder}",
                             f"--output={log}", script)
        self.run_to_the_end(job, _7="FAILED")
        self.assertRegex(log.read_text(), "No space|disk is full|disk I/O")
        self.assert_gap(7)
        self.assert_resumed(7)


def main():
    global CLUSTER, EXPECTED, FOLDER, LIBRARY
    # a gate's holder is told of who waits, which ends who does not expect it
    signal.signal(signal.SIGIO, lambda *_: None)
    try:
        with Cluster() as CLUSTER, tempfile.TemporaryDirectory() as FOLDER:
            LIBRARY = Path(FOLDER, "library")
            LIBRARY.mkdir()
            make_library(LIBRARY)
            alone = subprocess.run([PROGRAM, "--json", LIBRARY], capture_output=True)
            EXPECTED = sorted_lines(alone.stdout)
            if EXPECTED.count(b"\n") != FILES:
                sys.exit(f"One machine does not do it: {alone}")
            unittest.main()
    except unittest.SkipTest as reason:
        print("skipped:", reason)
        sys.exit(SKIPPED)


if __name__ == "__main__":
    main()
