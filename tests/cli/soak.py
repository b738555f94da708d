# SPDX-License-Identifier: GPL-2.0-or-later
"""genreclassify --write over a library, again and again for ten minutes, or
SOAK_SECONDS: its processes and itself are killed, the disk is full, the cache is
damaged, the library is read-only, there is no memory.  No file is ever half written, all
in it but the genre stays, and in the end --undo brings each back, byte for byte.
Argument: the program."""

import collections
import contextlib
import functools
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import endurance  # noqa: E402

PROGRAM = os.path.abspath(sys.argv[1])
CLIP = os.environ["TEST_CLIP"]
COPIES = 6          # of each file, so that there are a few hundred
N_PARTS = 4         # of a batch
DISK = "96m"
PATIENCE = 600      # s, for one run of the command on a machine that has other work
# MiB of address space: some are too few to begin with
MEMORY = (60, 150, 250, 400, 600)
ENCODERS = {
    "mp3": "-c:a libmp3lame -b:a 64k", "flac": "-c:a flac", "ogg": "-c:a libvorbis",
    "opus": "-c:a libopus -ar 48000 -b:a 48k", "m4a": "-c:a aac -b:a 64k",
    "wav": "-c:a pcm_s16le", "aiff": "-c:a pcm_s16be", "wv": "-c:a wavpack",
    "mka": "-c:a flac", "mp2": "-c:a mp2",
}
LABELS = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal",
          "pop", "reggae", "rock")
# exit statuses of a command that nobody has killed
ENDS = (0, 1, 2)


def ffmpeg(*arguments):
    return subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y",
                           *map(str, arguments)], check=True, capture_output=True).stdout


def make_samples(folder, r):
    """{name: bytes} of good, odd and damaged files."""
    samples = {}
    for kind, options in ENCODERS.items():
        for tagged in True, False:
            path = folder / f"song.{kind}"
            tags = ["-metadata", "title=Söng", "-metadata", "artist=One; Two",
                    "-metadata", "comment=kept"] if tagged else ["-id3v2_version", 0]
            if kind != "mp3" and not tagged:
                tags = []
            ffmpeg("-i", CLIP, "-t", 6, "-ac", 1, "-ar", 22050, *options.split(),
                   "-map_metadata", -1, *tags, path)
            samples[f"{'tagged' if tagged else 'plain'}.{kind}"] = path.read_bytes()
    for kind in "mp3", "flac", "ogg", "m4a", "wav":
        data = samples[f"tagged.{kind}"]
        samples[f"truncated.{kind}"] = data[:len(data) * 9 // 10]
        samples[f"head.{kind}"] = data[:r.randrange(10, 300)]
        damaged = bytearray(data)
        for _ in range(20):
            damaged[r.randrange(len(damaged))] ^= 255
        samples[f"damaged.{kind}"] = bytes(damaged)
    samples["noise.mp3"] = r.randbytes(9000)
    samples["text.mp3"] = b"no music\n" * 99
    samples["empty.flac"] = b""
    samples["cover.jpg"] = b"\xff\xd8\xff\xe0" + bytes(999)
    return samples


def digest(data):
    return hashlib.sha256(data).hexdigest()


def without_genre(thing):
    """What ffprobe has told, but for that.  An object that has nothing else is none."""
    if isinstance(thing, list):
        return [without_genre(value) for value in thing]
    if not isinstance(thing, dict):
        return thing
    left = {key: without_genre(value) for key, value in thing.items()
            if key.lower() not in ("genre", "genreclassify")}
    return {key: value for key, value in left.items() if value is not None} or None


class Library:
    """Its files, and what each was."""

    def __init__(self, folder, state, samples):
        self.folder, self.state, self.samples = folder, state, samples
        self.music = folder / "music"
        self.original = {}      # path: name of the sample
        self.rest = {}          # digest: what is_same() has found
        for n in range(COPIES):
            album = self.music / f"album {n}"
            album.mkdir(parents=True, exist_ok=True)
            for name in samples:
                self.original[album / name] = name
        self.renew()

    def renew(self):
        for path, name in self.original.items():
            if not path.exists() or path.read_bytes() != self.samples[name]:
                path.write_bytes(self.samples[name])

    @functools.lru_cache(maxsize=None)
    def essence(self, kind, data_digest):
        """The packets, and all tags but the genre."""
        path = self.state / f"look.{kind}"
        path.write_bytes(self.contents[data_digest])
        found = subprocess.run(
            ["ffprobe", "-v", "quiet", "-of", "json", "-show_data_hash", "md5",
             "-show_entries", "packet=stream_index,pts,duration,data_hash:format_tags:"
             "stream_tags:stream=codec_name", path], capture_output=True).stdout
        path.unlink()
        return json.dumps(without_genre(json.loads(found or "{}")))

    contents = {}

    def is_same(self, path, data):
        """Whether it is the file that it was, but for the genre."""
        old = self.samples[self.original[path]]
        one, other = digest(old), digest(data)
        if one == other:
            return True
        self.contents.update({one: old, other: data})
        kind = path.suffix[1:]
        same = self.essence(kind, one) == self.essence(kind, other)
        del self.contents[other]
        return same

    def look(self):
        """Faults, and how many files are not as in the beginning."""
        faults, n_changed = [], 0
        for path, name in self.original.items():
            try:
                data = path.read_bytes()
            except OSError as error:
                faults.append(f"{path}: {error}")
                continue
            if data == self.samples[name]:
                continue
            n_changed += 1
            if not self.is_same(path, data):
                faults.append(f"{path.relative_to(self.music)} is another file")
        return faults, n_changed

    def strange(self):
        """Files that nobody has put there."""
        return [path for path in self.music.rglob("*")
                if path.is_file() and path not in self.original]


class Soak:
    def __init__(self, folder, state, disk):
        self.r, self.seed = endurance.make_chance()
        self.folder, self.state, self.disk = folder, state, disk
        self.faults, self.counts = [], collections.Counter()
        self.library = Library(folder, state, make_samples(state, self.r))
        self.cache, self.log = state / "cache.db", state / "log.jsonl"
        self.map = state / "map"
        self.memory = []        # kB at most, of each undisturbed run

    # Running

    def start(self, *arguments, **options):
        self.output = open(self.state / "output", "w+b")
        self.errors = open(self.state / "errors", "w+b")
        return subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=self.output,
                                stderr=self.errors, cwd=self.state, **options)

    def command(self):
        options = ["--write", "--json", "--force", "--min-confidence=0", "--jobs=2",
                   f"--cache={self.cache}", f"--log={self.log}"]
        if self.r.random() < 0.7:
            # another name each time, so that there is something to write
            name = self.r.choice(("Musique concrète; Pop", "x" * 300))
            self.map.write_text("".join(f"{label} = {name}\n" for label in LABELS))
            options += ["--overwrite", f"--genre-map={self.map}"]
        return [*options, self.library.music]

    def wait(self, process):
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.faults.append(f"it hangs: {process.args}")
            process.kill()
            return process.wait()

    def said(self):
        return (self.state / "errors").read_bytes().decode(errors="replace")

    def results(self):
        """The objects of the output; each file has at most one."""
        lines = (self.state / "output").read_bytes().splitlines(True)
        found = []
        for line in lines:
            try:
                found.append(json.loads(line))
            except ValueError:
                self.faults.append(f"no line of JSON: {line[-80:]!r}")
        names = collections.Counter(item["file"] for item in found)
        self.faults += [f"{name} is there {n} times" for name, n in names.items()
                        if n > 1]
        return found

    def check_whole(self, results):
        """There is a result for each file that is music."""
        names = {item["file"] for item in results}
        missing = [path for path, name in self.library.original.items()
                   if str(path) not in names and name != "cover.jpg"]
        if missing:
            self.faults.append(f"{len(missing)} files have no result, {missing[0]}")

    def judge(self, what, status=None):
        faults, n_changed = self.library.look()
        if status is not None and status not in ENDS:
            faults.append(f"exit status {status}: {self.said()[-300:]}")
        self.faults += [f"{what}: {fault}" for fault in faults]
        self.counts["files_looked_at"] += len(self.library.original)
        return n_changed

    def no_leftovers(self, what):
        self.faults += [f"{what}: {path.name} is left"
                        for path in self.library.strange()][:5]

    # What is done

    def finish(self, what="a run"):
        """One that nothing disturbs."""
        process = self.start(*self.command())
        peak = 0
        while process.poll() is None:
            peak = max(peak, sum(map(endurance.pss, [
                process.pid, *endurance.offspring(process.pid)])))
            time.sleep(0.2)
        status = self.wait(process)
        self.memory.append(peak)
        results = self.results()
        self.check_whole(results)
        self.judge(what, status)
        self.no_leftovers(what)
        # all that can be written is
        bad = [item for item in results if (item.get("write") or {}).get("error_code") in
               ("no-space", "busy", "write-failed", "read-only", "changed-meanwhile")]
        if bad:
            self.faults.append(f"{what}: {bad[0]['file']}: {bad[0]['write']['error']}")
        self.counts["runs"] += 1

    def kill_workers(self):
        process = self.start(*self.command())
        # a file fails only if it is hit twice
        n, most = 0, self.r.randrange(5, 60)
        while process.poll() is None and n < most:
            time.sleep(self.r.uniform(0.02, 0.6))
            children = sorted(endurance.offspring(process.pid))
            if children and endurance.kill(
                    self.r.choice(children), self.r.choice(endurance.ENDS)):
                n += 1
        self.counts["workers_killed"] += n
        status = self.wait(process)
        results = self.results()
        if status != 2:
            self.check_whole(results)
        self.judge("workers killed", status)

    def kill_command(self, *arguments, what="killed"):
        """In the middle, with or without its workers."""
        process = self.start(*(arguments or self.command()), start_new_session=True)
        time.sleep(self.r.uniform(0.05, 4))
        with contextlib.suppress(ProcessLookupError):
            if self.r.random() < 0.5:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        status = process.wait()
        self.counts["commands_killed"] += status < 0
        left = endurance.left_below()
        self.faults += [f"{what}: a process goes on: {p}" for p in left]
        self.judge(what)

    def fill_disk(self):
        if not self.disk:
            return
        process = self.start(*self.command())
        while process.poll() is None:
            self.disk.fill(free=self.r.choice((0, 0, 10_000, 300_000)))
            time.sleep(self.r.uniform(0.2, 2))
            if self.r.random() < 0.3:
                self.disk.clear()
                time.sleep(self.r.uniform(0, 0.5))
        status = self.wait(process)
        self.disk.clear()
        self.counts["full_disks"] += 1
        self.results()
        self.judge("full disk", status)
        self.no_leftovers("full disk")

    def damage_cache(self):
        data = bytearray(self.cache.read_bytes()) if self.cache.exists() else bytearray()
        what = self.r.randrange(4)
        if what == 0:
            data = data[:self.r.randrange(len(data) + 1)]
        elif what == 1:
            data = bytearray(self.r.randbytes(5000))
        else:
            for _ in range(self.r.randrange(1, 2000)):
                if data:
                    data[self.r.randrange(100 if what == 2 else 0, len(data))] = \
                        self.r.randrange(256)
        for path in self.state.glob("cache.db-*"):
            path.unlink()
        self.cache.write_bytes(data)
        status = self.wait(self.start(*self.command()))
        self.counts["caches_damaged"] += 1
        self.counts["caches_refused"] += status == 2
        self.results()
        self.judge("damaged cache", status)
        for path in self.state.glob("cache.db*"):
            path.unlink()

    def make_read_only(self):
        if not self.disk:
            return
        mount = ["mount", "-o"]
        subprocess.run([*mount, "remount,ro", self.folder], check=True)
        status = self.wait(self.start(*self.command()))
        subprocess.run([*mount, "remount,rw", self.folder], check=True)
        self.counts["read_only"] += 1
        written = [item for item in self.results()
                   if (item.get("write") or {}).get("written")]
        if written:
            self.faults.append(f"read-only, and {written[0]['file']} is written")
        self.judge("read-only", status)

    def take_memory(self):
        size = self.r.choice(MEMORY) << 20
        # a few, as each one ends a process, and is tried again
        songs = self.r.sample(sorted(self.library.original), 5)
        process = self.start(*self.command()[:-1], *songs, preexec_fn=lambda:
                             resource.setrlimit(resource.RLIMIT_AS, (size, size)))
        status = self.wait(process)
        self.counts["out_of_memory"] += status != 0
        # a library may end it that gets no memory
        if status in (-signal.SIGABRT, -signal.SIGTRAP, 127):
            self.counts["ended_by_it"] += 1
            status = None
        self.faults += [f"no memory: a process goes on: {p}"
                        for p in endurance.left_below()]
        self.judge("no memory", status)

    def undo(self):
        """All of it, killed on the way or not."""
        if not self.log.exists():
            return
        for _ in range(self.r.randrange(3)):
            self.kill_command("--undo", self.log, what="undo killed")
        status = self.wait(self.start("--undo", self.log))
        n_changed = self.judge("undo", status)
        if n_changed:
            changed = [path for path, name in self.library.original.items()
                       if path.read_bytes() != self.library.samples[name]]
            self.faults.append(f"undo: {n_changed} files are not as they were, "
                               f"{changed[0].name}: {self.said()[-300:]}")
            self.library.renew()
        self.no_leftovers("undo")
        self.log.unlink()
        self.counts["undone"] += 1

    def batch(self):
        plan = self.state / "plan"
        shutil.rmtree(plan, ignore_errors=True)
        self.wait(self.start("batch", "plan", f"--parts={N_PARTS}", f"--out={plan}",
                             self.library.music))
        for part in range(N_PARTS):
            run = ["batch", "run", f"--part={part}", plan]
            for _ in range(self.r.randrange(3)):
                self.kill_command(*run, what="batch killed")
            status = self.wait(self.start(*run))
            if status:
                self.faults.append(f"part {part}: {status}: {self.said()[-300:]}")
        status = self.wait(self.start("batch", "merge", plan))
        if status:
            self.faults.append(f"merge: {status}: {self.said()[-300:]}")
            return
        (merged,) = [path for path in plan.glob("*.jsonl")
                     if "fail" not in path.name and "error" not in path.name]
        names = collections.Counter(json.loads(line)["file"]
                                    for line in merged.read_bytes().splitlines())
        wrong = [name for name, n in names.items() if n != 1]
        if wrong or len(names) < len(self.library.original) - COPIES:
            self.faults.append(f"merged: {len(names)} names, {wrong[:2]}")
        self.counts["batches"] += 1
        self.judge("batch")

    def run(self):
        deeds = [self.kill_workers, self.kill_command, self.fill_disk, self.damage_cache,
                 self.make_read_only, self.take_memory]
        end = time.monotonic() + endurance.SECONDS
        while time.monotonic() < end:
            for deed in self.r.sample(deeds, 3):
                begun = time.monotonic()
                n = len(self.faults)
                deed()
                print(f"{time.monotonic() - begun:6.1f} s  {deed.__name__}",
                      *self.faults[n:n + 3], flush=True)
                if time.monotonic() > end:
                    break
            self.finish()
            self.undo()
            if self.r.random() < 0.4 or not self.counts["batches"]:
                self.batch()
            self.counts["rounds"] += 1
        left = endurance.left_below(patience=10)
        self.faults += [f"a process is left: {p}" for p in left]
        print("memory of an undisturbed run at most:",
              " ".join(f"{kb // 1024}" for kb in self.memory), "MiB")


def main():
    endurance.adopt()
    has_disks = endurance.has_disks()
    if not has_disks:
        print("left out: a full and a read-only disk, which need root")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        state = folder / "state"
        state.mkdir()
        disk = endurance.Disk(folder / "disk", DISK) if has_disks else None
        (folder / "disk").mkdir(exist_ok=True)
        soak = Soak(folder / "disk", state, disk)
        print(f"{len(soak.library.original)} files, "
              f"{sum(map(len, soak.library.samples.values())) * COPIES >> 20} MiB",
              flush=True)
        try:
            soak.run()
        finally:
            if disk:
                disk.close()
    return endurance.report(soak.faults, **soak.counts)


if __name__ == "__main__":
    sys.exit(main())
