# SPDX-License-Identifier: GPL-2.0-or-later
"""genreclassify monitor for ten minutes, or SOAK_SECONDS: stations that die, stall and
send what is no sound, and somebody who kills its processes, fills its disk, takes its
log away and changes its list.  It goes on, and what it writes is whole.
Argument: the build folder."""

import collections
import datetime
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import monitoring
from monitoring import BURST, Hls, Server, Titles, sound, title

import endurance
from radio import free_port

BUILD = sys.argv[1]
METAINT = 4000      # bytes
SOUND = 12          # s of the sounds
TURN = 6            # s that a title lasts
# s until a station without troubles of its own is heard again, after crashes of the
# process that has it, one after the other: the longest delay there is
BACK = 300
# s until all are heard when trouble has ended: a station may have failed four times
CALM = 180
END = 30            # s until it ends
# Processes come and go with the stations that are suspected of crashes, of which 16 have
# one of their own; each has 8 MiB.  The monitor itself has about 10.
GROWTH = endurance.Sample(100_000, 3000, 16, 6, 16)
PEAK = endurance.Sample(600_000, 60_000, 100, 20, 45)
KINDS = ("mp3", "aac", "ogg", "opus", "oga", "flac")


class EndlessHls(Hls):
    """It begins anew when its segments end."""

    def get_list(self):
        n = 3 + int((time.monotonic() - self.start) / self.LENGTH)
        first, size = max(n - 6, 0), len(self.names)
        lines = [*self.head, f"#EXT-X-MEDIA-SEQUENCE:{first}",
                 f"#EXT-X-DISCONTINUITY-SEQUENCE:{first // size}"]
        for i in range(first, n):
            if i % size == 0:
                lines.append("#EXT-X-DISCONTINUITY")
            lines += [f"#EXTINF:{self.LENGTH}.0,", self.names[i % size]]
        return "\n".join([*lines, ""]).encode()


def get_chain(kind):
    """Two songs in Ogg."""
    return b"".join(sound(kind, "music", 12, start=6 * n, tags=(
        ("title", f"Song {name}"), ("artist", "Chain"))) for n, name in enumerate("AB"))


def make_sounds():
    """Before many ask for the same at once."""
    for kind in "mp3", "aac", "flac":
        sound(kind, "music", SOUND)
    for kind in "ogg", "opus", "oga":
        get_chain(kind)


def stream(request, data, seconds, until, wrap=bytes):
    """All of it at the pace of its audio, after a burst, again and again: unlike
    Request.play() it leaves nothing out at the end, as Ogg does not go on then."""
    start, played = time.monotonic(), 0
    while not until.is_set():
        n = 2 * seconds
        for i in range(n):
            request.send(wrap(data[len(data) * i // n:len(data) * (i + 1) // n]))
            played += 0.5
            wait = start + played - BURST - time.monotonic()
            if until.is_set():
                break
            if wait > 0:
                time.sleep(wait)


class Until:
    """What ends stream(): the time, unless there is to be calm."""

    def __init__(self, soak, seconds):
        self.soak, self.end = soak, time.monotonic() + seconds

    def is_set(self):
        return time.monotonic() > self.end and not self.soak.calm.is_set()


def noise(request, r):
    request.head("mp3")
    for _ in range(r.randrange(40)):
        request.send(r.randbytes(16_000))
        time.sleep(0.1)


def noise_in_ogg(request, r):
    request.head("ogg")
    for _ in range(10):
        request.send(b"OggS\0" + r.randbytes(8000))
        time.sleep(0.1)


def says_no(request, r):
    status = r.choice(("404 Not Found", "503 Service Unavailable", "500 Oh",
                       "401 Unauthorized", "403 Server Full"))
    request.answer(b"<html>no</html>", "text/html", status)


def no_answer(request, r):
    del r
    request.connection.recv(1)


def stops_in_head(request, r):
    del r
    request.send(b"HTTP/1.0 200 OK\r\nContent-Type: au")
    request.connection.recv(1)


def nothing(request, r):
    request.head(r.choice(KINDS))


def page(request, r):
    del r
    request.head("mp3")
    request.send(b"<!DOCTYPE html><title>Radio</title>" + b"<p>x" * 9999)


def circle(request, r):
    del r
    request.answer(b"", "text/html", "302 Found", location="/" + request.path)


def reset(request, r):
    request.head("mp3")
    request.send(sound("mp3", "music", SOUND)[:r.randrange(60_000)])
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                  struct.pack("ii", 1, 0))


def long_titles(request, r):
    """As many and as long ones as there can be."""
    request.head("mp3", interval=100)
    data = sound("mp3", "music", SOUND)
    for at in range(0, 200_000, 100):
        request.send(data[at:at + 100] + b"\xff" + r.randbytes(4080))


def flood(request, r):
    """Faster than it is heard."""
    request.head("mp3")
    request.connection.settimeout(10)
    for _ in range(r.randrange(1, 20)):
        request.send(sound("mp3", "music", SOUND))


TROUBLES = (noise, noise_in_ogg, says_no, no_answer, stops_in_head, nothing, page, circle,
            reset, long_titles, flood)


class Station:
    """One whose every connection is another chance.  A steady one has no trouble."""

    def __init__(self, soak, name, kinds, is_steady=False):
        self.soak, self.name, self.kinds, self.is_steady = soak, name, kinds, is_steady
        self.r = random.Random(f"{soak.seed}-{name}")
        self.n_bad = self.n_title = self.n_block = 0

    def __call__(self, request):
        r = self.r
        self.soak.counts["connections"] += 1
        calm = self.is_steady or self.soak.calm.is_set()
        if not calm and self.n_bad < 2 and r.random() < 0.5:
            self.n_bad += 1
            self.soak.counts["troubles"] += 1
            r.choice(TROUBLES)(request, r)
            return
        self.n_bad = 0
        self.play(request, r.choice(self.kinds),
                  Until(self.soak, 1e9 if self.is_steady else r.uniform(15, 70)))
        what = r.randrange(4)
        if what == 0:
            request.connection.recv(1)      # it stalls until the listener goes
        elif what == 1:
            request.send(r.randbytes(200_000))
        elif what == 2:
            request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                          struct.pack("ii", 1, 0))

    def play(self, request, kind, until):
        if kind in ("mp3", "aac"):
            request.head(kind, interval=METAINT)
            stream(request, sound(kind, "music", SOUND), SOUND, until,
                   Titles(METAINT, self.text))
            return
        request.head(kind)
        if kind == "flac":
            stream(request, sound(kind, "music", SOUND), SOUND, until)
        else:
            stream(request, get_chain(kind), 24, until)

    def text(self):
        """Each title has a number.  A new connection goes on where the last one was."""
        self.n_block += 1
        if self.n_block % (4 * TURN) == 1:
            self.n_title += 1
        return title(f"{self.name} - Song {self.n_title}")


class Soak:
    def __init__(self, folder, has_disks):
        self.folder, self.counts = folder, collections.Counter()
        self.r, self.seed = endurance.make_chance()
        self.faults = []
        self.calm = threading.Event()
        self.server = Server()
        self.disk = endurance.Disk(folder / "disk", "24m") if has_disks else None
        self.place = folder / "disk"
        self.place.mkdir(exist_ok=True)
        self.logs = self.place / "log"
        self.logs.mkdir()
        self.log, self.history = self.logs / "log.jsonl", self.place / "history.db"
        self.list = folder / "list.m3u"
        self.old = 0
        self.make_stations()

    def make_stations(self):
        make_sounds()
        self.stations, self.steady = {}, []
        for n in range(6):
            self.add(f"steady{n}", Station(
                self, f"steady{n}", (("mp3", "aac")[n % 2],), True))
        self.steady = list(self.stations)
        for n in range(8):
            self.add(f"titled{n}", Station(self, f"titled{n}", ("mp3", "aac")))
        for n in range(5):
            self.add(f"mixed{n}", Station(self, f"mixed{n}", KINDS))
        hls = EndlessHls(self.folder / "hls", seconds=40)
        self.stations["hls"] = hls.add_to(self.server, "hls")
        # nobody is there: a port that is taken, and not listened at
        self.closed = socket.socket()
        self.closed.bind(("127.0.0.1", 0))
        self.stations["closed"] = f"http://127.0.0.1:{self.closed.getsockname()[1]}/"

    def add(self, name, station):
        self.server.paths[name] = station
        self.stations[name] = self.server.uri(name)

    def write_list(self, names):
        lines = "".join(f"#EXTINF:-1,{name}\n{self.stations[name]}\n" for name in names)
        new = self.list.with_suffix(".new")
        new.write_text("#EXTM3U\n" + lines)
        new.replace(self.list)

    def start(self):
        self.write_list(self.stations)
        self.port = free_port()
        self.errors = open(self.folder / "errors", "w+", encoding="utf-8")
        self.process = monitoring.program(
            BUILD, "monitor", "--window=5s", "--min-title=1s", "--every=20s",
            "--patience=6", "--per-process=8", f"--log={self.log}", "--rotate=200K",
            f"--db={self.history}", f"--listen=127.0.0.1:{self.port}", str(self.list),
            stdout=subprocess.DEVNULL, stderr=self.errors)

    def said(self):
        return (self.folder / "errors").read_text("utf-8", "replace")

    # What is done to it

    def sleep(self, most):
        time.sleep(self.r.uniform(most / 4, most))

    def pick_child(self):
        kind = self.r.choice((b"--monitor-decoder", b"--monitor-fetcher"))
        found = sorted(p for p in endurance.offspring(self.process.pid)
                       if kind in endurance.words(p))
        return self.r.choice(found) if found else None

    def kill(self):
        child = self.pick_child()
        if child and endurance.kill(child, self.r.choice(endurance.ENDS)):
            self.counts["kills"] += 1

    def kill_all(self):
        for child in endurance.offspring(self.process.pid):
            self.counts["kills"] += endurance.kill(child, signal.SIGKILL)

    def stop_for_a_while(self):
        child = self.pick_child()
        if child and endurance.kill(child, signal.SIGSTOP):
            self.counts["stops"] += 1
            self.sleep(24)
            endurance.kill(child, signal.SIGCONT)

    def rotate(self):
        """As logrotate does it."""
        self.old += 1
        if self.log.exists():
            self.log.rename(self.place / f"rotated{self.old}.jsonl")
        self.process.send_signal(signal.SIGHUP)
        self.counts["rotations"] += 1

    def move_logs(self):
        """The folder gets another name, and for a while there is none."""
        self.old += 1
        self.logs.rename(self.place / f"log{self.old}")
        self.process.send_signal(signal.SIGHUP)
        self.sleep(10)
        self.logs.mkdir()
        self.counts["folders_gone"] += 1

    def make_read_only(self):
        """Where it opens its log again nothing can be written, even by root."""
        if not self.disk:
            return
        subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "soak", str(self.logs)],
                       check=True)
        self.process.send_signal(signal.SIGHUP)
        self.sleep(10)
        subprocess.run(["umount", "-l", str(self.logs)], check=True)
        self.counts["read_only"] += 1

    def fill(self):
        if not self.disk:
            return
        # a record may fit in part, or nothing does
        self.disk.fill(free=self.r.choice((0, 0, 300, 4096)))
        self.sleep(20)
        self.disk.clear()
        self.counts["full_disks"] += 1

    def change_list(self):
        names = list(self.stations)
        others = [name for name in names if name not in self.steady]
        what = self.r.randrange(4)
        if what == 0:
            self.list.unlink()
        elif what == 1:
            self.list.write_bytes(self.r.randbytes(5000))
        else:
            kept = self.steady + self.r.sample(others, len(others) * 2 // 3)
            self.r.shuffle(kept)
            self.write_list(kept)
        self.process.send_signal(signal.SIGHUP)
        self.sleep(8)
        self.write_list(names)
        self.process.send_signal(signal.SIGHUP)
        self.counts["lists"] += 1

    def cut(self):
        self.server.cut()
        self.counts["cuts"] += 1

    def read_report(self):
        done = monitoring.program(BUILD, "monitor", "report", f"--db={self.history}",
                                  "--json", stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        output, errors = done.communicate(timeout=endurance.PATIENCE)
        if done.returncode:
            self.faults.append(f"report: {errors.decode()}")
        else:
            json.loads(output)
        self.counts["reports"] += 1

    def metrics(self):
        """{name and labels: value}"""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics",
                                    timeout=endurance.PATIENCE) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, _, value in (
            line.rpartition(" ") for line in lines if line[:1] != "#")}

    def disturb(self):
        deeds = [(self.kill, 14), (self.kill_all, 1), (self.stop_for_a_while, 3),
                 (self.rotate, 2), (self.move_logs, 1), (self.make_read_only, 1),
                 (self.fill, 3), (self.change_list, 2), (self.cut, 1),
                 (self.read_report, 1)]
        functions, weights = zip(*deeds)
        end = time.monotonic() + endurance.SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            self.sleep(3)
            self.r.choices(functions, weights)[0]()

    # The judgement

    def wait(self, condition, seconds, fault):
        """The seconds that it took."""
        begun = time.monotonic()
        while not condition():
            if self.process.poll() is not None:
                return 0
            if time.monotonic() - begun > seconds:
                self.faults.append(fault())
                break
            time.sleep(0.5)
        return time.monotonic() - begun

    def not_up(self):
        now = self.metrics()
        return [name for name in self.stations if name != "closed" and
                now.get(f'genreclassify_station_up{{station="{name}"}}') != 1]

    def read_records(self):
        """All whole lines; in the order of their times, as files follow one another."""
        records = []
        for path in sorted(self.place.rglob("*.jsonl*")):
            for line in path.read_bytes().splitlines(True):
                try:
                    if not line.endswith(b"\n"):
                        raise ValueError("no end")
                    record = json.loads(line)
                except ValueError as error:
                    self.faults.append(f"{path.name}: {error}: {line[-60:]!r}")
                    continue
                for key in "start", "end", "time":
                    if key in record:
                        record[key] = datetime.datetime.fromisoformat(
                            record[key].replace("Z", "+00:00")).timestamp()
                records.append(record)
        return sorted(records, key=lambda r: r.get("end", r.get("time")))

    def judge_titles(self, station, titles):
        """They do not overlap, and their numbers go up."""
        ordered = sorted(titles, key=lambda r: (r["start"], r["end"]))
        for one, other in zip(ordered, ordered[1:]):
            if other["start"] < one["end"] - 0.002:
                self.faults.append(
                    f"{station}: {one['title']} ends {one['end']:.3f}, "
                    f"{other['title']} starts {other['start']:.3f}")
        for record in ordered:
            if record["end"] < record["start"]:
                self.faults.append(f"{station}: {record['title']} ends before it starts")
            if record["artist"] == station and record["music"] < 0.5 and \
                    record["genre"] and record["seconds"] > 5:
                self.faults.append(f"{station}: {record['title']} is no music")
        if station in self.steady:
            numbers = [int(r["title"].split()[1]) for r in ordered if r["title"]]
            if numbers != sorted(numbers):
                self.faults.append(f"{station}: titles {numbers}")
            if not numbers:
                self.faults.append(f"{station} has no title")

    def judge_losses(self, station, states):
        """The longest time that it was lost."""
        longest, lost = 0, None
        for record in states:
            if record["state"] == "lost" and lost is None:
                lost = record["time"]
            elif record["state"] != "lost" and lost is not None:
                longest, lost = max(longest, record["time"] - lost), None
        if station in self.steady and longest > BACK:
            self.faults.append(f"{station} was lost for {longest:.0f} s")
        return longest

    def judge_records(self):
        records = self.read_records()
        of = collections.defaultdict(list)
        for record in records:
            of[record["station"], record["type"]].append(record)
        longest = 0
        for name in self.stations:
            self.judge_titles(name, of[name, "title"])
            lost = self.judge_losses(name, of[name, "state"])
            if name in self.steady:
                longest = max(longest, lost)
        print(f"{len(records)} records; a steady station was lost for {longest:.1f} s "
              "at most")
        self.counts["records"] = len(records)
        self.judge_history(records)

    def judge_history(self, records):
        """It has the same titles as the log."""
        with sqlite3.connect(self.history) as database:
            (answer,), *_ = database.execute("PRAGMA integrity_check")
            if answer != "ok":
                self.faults.append(f"the history: {answer}")
            kept = collections.Counter(database.execute(
                "SELECT station, start, title FROM titles"))
        logged = collections.Counter(
            (r["station"], round(1000 * r["start"]), r["title"])
            for r in records if r["type"] == "title")
        for what, more in (("the history", kept - logged), ("the log", logged - kept)):
            if more:
                self.faults.append(f"only {what} has {sum(more.values())} titles: "
                                   f"{sorted(more, key=str)[:3]}")
        for key, n in (logged + kept).items():
            if n > 2:
                self.faults.append(f"{key} is there twice")

    def run(self):
        self.start()
        gauge = endurance.Gauge(lambda: self.process.pid)
        # until each has been connected, or has told why not
        self.wait(lambda: self.log.exists() and self.log.stat().st_size > 3000,
                  endurance.PATIENCE, lambda: "no records")
        self.disturb()
        gauge.stop()
        self.calm.set()
        took = self.wait(lambda: not self.not_up(), CALM,
                         lambda: f"not heard after {CALM} s: {self.not_up()}")
        print(f"all were heard {took:.1f} s after the end of trouble")
        last = {}
        if self.process.poll() is None:
            last = self.metrics()
        for name, value in last.items():
            if "records_lost" in name and value:
                self.faults.append(f"{name} {value:g}")
        self.counts["crashes_told"] = int(last.get(
            "genreclassify_process_crashes_total", 0))
        self.finish()
        self.faults += gauge.judge(GROWTH, PEAK)
        self.judge_records()

    def finish(self):
        begun = time.monotonic()
        if self.process.poll() is not None:
            self.faults.append(f"it has ended: {self.process.returncode}, "
                               f"{self.said()[-500:]}")
        else:
            self.process.send_signal(signal.SIGTERM)
            try:
                status = self.process.wait(END)
                if status:
                    self.faults.append(f"its exit status is {status}")
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                self.faults.append(f"it does not end within {END} s")
        print(f"it ended in {time.monotonic() - begun:.1f} s")
        self.faults += [f"a process is left: {left}"
                        for left in endurance.left_below(patience=10)]
        self.faults += [f"it says: {line}" for line in self.said().splitlines()
                        if "CRITICAL" in line or "WARNING" in line][:5]


def main():
    endurance.adopt()
    has_disks = endurance.has_disks()
    if not has_disks:
        print("left out: a full and a read-only disk, which need root")
    folder = Path(tempfile.mkdtemp())
    soak = Soak(folder, has_disks)
    try:
        soak.run()
    finally:
        if soak.process.poll() is None:
            soak.process.kill()
            soak.process.wait()
        if soak.faults:
            print(soak.said()[-3000:])
        if soak.disk:
            soak.disk.close()
        if not os.environ.get("SOAK_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)
    return endurance.report(soak.faults, **soak.counts)


if __name__ == "__main__":
    sys.exit(main())
