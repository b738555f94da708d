# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of genreclassify monitor share: the program with its log, music and
speech in the formats of stations, and a server whose stations can be as odd as the
real ones."""

import base64
import contextlib
import functools
import json
import os
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from radio import Radio  # noqa: E402

CLIP = HERE.parent / "data" / "clip.ogg"
PATIENCE = 60       # s, for what takes a few
BURST = 16          # s of audio that a station sends at once


def program(build, *args, **kwargs):
    environment = {
        "GENRECLASSIFY_MODELS": str(Path(build, "models")),
        "GST_PLUGIN_PATH": str(Path(build, "gst")),
        **os.environ, **kwargs.pop("env", {})}
    return subprocess.Popen([str(Path(build, "src", "genreclassify")), *args],
                            env=environment, **kwargs)


# Sound

ENCODERS = {
    "mp3": ["-c:a", "libmp3lame", "-b:a", "128k", "-write_xing", "0",
            "-id3v2_version", "0"],
    "aac": ["-c:a", "aac", "-b:a", "96k", "-f", "adts"],
    "ogg": ["-c:a", "libvorbis"],
    "opus": ["-c:a", "libopus", "-b:a", "96k", "-f", "ogg"],
    "oga": ["-c:a", "flac", "-f", "ogg"],
    "flac": ["-c:a", "flac"],
    "wav": ["-c:a", "pcm_s16le"],
}
TYPES = {"mp3": "audio/mpeg", "aac": "audio/aac", "ogg": "application/ogg",
         "opus": "audio/ogg", "oga": "application/ogg", "flac": "audio/flac",
         "wav": "audio/wav"}

# What is read aloud, slowly: of some texts in a synthetic voice a part is taken for
# music, or for neither it nor speech; of this no 30 s are.
NEWS = """Good morning. Here is the news. The ferry to the island leaves an hour later
than usual, because of the fog. Two schools in the north of the town stay closed until
Thursday. The council has voted for a new library; it will stand beside the old market,
and be open on Sundays, too. The road along the river is free again. A farmer has found
a coin of silver in his field, which is eight hundred years old, and gives it to the
museum. And now the weather: in the morning there is fog in the valleys, later it is
sunny, with some clouds from the west. It is eleven degrees at noon, and four at night.
"""


def encode(source, path, seconds, *options):
    """source: options of ffmpeg's that name its input"""
    subprocess.run(["ffmpeg", "-v", "error", "-y", *source, "-t", str(seconds),
                    "-map_metadata", "-1", *options, path], check=True)
    return path


@functools.lru_cache(maxsize=None)
def sound(kind, source, seconds=36, tags=(), start=0):
    """That much of "music", "speech" or "silence" as bytes."""
    with tempfile.TemporaryDirectory() as folder:
        inputs = {
            "music": ["-stream_loop", "-1", "-ss", str(start), "-i", str(CLIP)],
            "silence": ["-f", "lavfi", "-i", "anullsrc=r=44100:cl=stereo"],
        }
        if source == "speech":
            path = os.path.join(folder, "speech.wav")
            subprocess.run(["espeak-ng", "-s", "130", "-w", path, "--stdin"],
                           input=NEWS, text=True, check=True)
            inputs["speech"] = ["-stream_loop", "-1", "-i", path]
        tags = [part for name, value in tags
                for part in ("-metadata", f"{name}={value}")]
        path = encode(inputs[source], os.path.join(folder, "sound"), seconds,
                      *ENCODERS[kind], "-ac", "2", "-ar",
                      "48000" if kind == "opus" else "44100", *tags,
                      *(["-f", kind] if kind in ("mp3", "flac", "wav", "ogg")
                        else []))
        with open(path, "rb") as file:
            return file.read()


def has_speech():
    return shutil.which("espeak-ng") is not None


# The program

class Monitor:
    """genreclassify monitor, with all that it logs on its standard output."""

    def __init__(self, build, *args, env=None, **kwargs):
        # no file: the processes that decode may write none
        self.process = program(
            build, "monitor", *args, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=env or {}, **kwargs)
        self.records, self.changed = [], threading.Condition()
        self.errors = []
        self.threads = [threading.Thread(target=read, daemon=True)
                        for read in (self.read, self.read_errors)]
        for thread in self.threads:
            thread.start()

    def read(self):
        for line in self.process.stdout:
            record = json.loads(line)
            record["at"] = time.monotonic()
            with self.changed:
                self.records.append(record)
                self.changed.notify_all()

    def read_errors(self):
        for line in self.process.stderr:
            self.errors.append(line)

    def of(self, station, kind=None, **fields):
        """The records of that station, in their order."""
        return [r for r in list(self.records)
                if r["station"] == station and r["type"] == (kind or r["type"]) and
                all(r.get(name) == value for name, value in fields.items())]

    def titles(self, station, **fields):
        return self.of(station, "title", **fields)

    def states(self, station):
        return [r["state"] for r in self.of(station, "state")]

    def wait(self, condition, what, patience=PATIENCE):
        end = time.monotonic() + patience
        with self.changed:
            while not condition():
                if time.monotonic() > end or self.process.poll() is not None:
                    raise AssertionError(f"no {what}: {self.describe()}")
                self.changed.wait(0.2)

    def wait_for_state(self, station, state, n=1, patience=PATIENCE):
        self.wait(lambda: self.states(station).count(state) >= n,
                  f"{n} x {state} of {station}", patience)

    def describe(self):
        lines = [f"status {self.process.poll()}"]
        for r in list(self.records)[-60:]:
            lines.append(" ".join(str(r.get(name)) for name in (
                "station", "type", "state", "reason", "artist", "title", "ended",
                "continues", "seconds", "music") if r.get(name) is not None))
        return "\n".join(lines) + "\n" + self.get_errors()[-2000:]

    def get_errors(self):
        return "".join(self.errors)

    def get_elements(self):
        """Of GStreamer that were made, if GST_DEBUG has GST_ELEMENT_FACTORY:4."""
        return {line.split('creating element "')[1].split('"')[0]
                for line in self.errors if 'creating element "' in line}

    # Processes

    def children(self, kind):
        """Numbers of its processes: "decoder" or "fetcher"."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if int(parent) == self.process.pid and \
                        f"--monitor-{kind}".encode() in words:
                    found.append(int(entry.name))
        return sorted(found)

    def signal_children(self, kind, number):
        numbers = self.children(kind)
        for child in numbers:
            os.kill(child, number)
        return numbers

    def cpu_seconds(self, kind):
        """That its processes have used so far."""
        ticks = 0
        for child in self.children(kind):
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2]
                ticks += sum(map(int, fields.split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def stop(self, number=signal.SIGTERM, patience=PATIENCE):
        """Its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(patience)
        self.join()
        return status

    def join(self):
        for thread in self.threads:
            thread.join(PATIENCE)

    def clean(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.join()
        self.process.stdout.close()
        self.process.stderr.close()


def connections(process):
    """How many of TCP it has."""
    inodes = {line.split()[9] for name in ("tcp", "tcp6")
              for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]}
    held = set()
    for entry in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(OSError):
            held.add(os.readlink(entry).removeprefix("socket:[").rstrip("]"))
    return len(held & inodes)


# Servers

class Request:
    """A listener, and what is sent to it."""

    def __init__(self, connection, path, headers):
        self.connection, self.path, self.headers = connection, path, headers
        self.at = time.monotonic()

    def send(self, data):
        self.connection.sendall(data)

    def head(self, kind="mp3", status="HTTP/1.0 200 OK", interval=0, **headers):
        lines = [status, f"Content-Type: {TYPES.get(kind, kind)}"]
        if interval:
            lines.append(f"icy-metaint: {interval}")
        lines += [f"{name.replace('_', '-')}: {value}"
                  for name, value in headers.items()]
        self.send("\r\n".join([*lines, "", ""]).encode())

    def answer(self, body, kind, status="200 OK", **headers):
        self.head(kind, f"HTTP/1.1 {status}", connection="close",
                  content_length=len(body), **headers)
        self.send(body)

    def play(self, data, seconds, burst=BURST, until=None, wrap=bytes):
        """Sends it at the pace of its audio, after a burst, again and again; until
        that event, if any, or until the listener goes away."""
        start, sent = time.monotonic(), 0
        while not (until and until.is_set()):
            size = len(data) // (2 * seconds)
            place = sent * size % (len(data) - size)
            self.send(wrap(data[place:place + size]))
            sent += 1
            wait = start + sent / 2 - burst - time.monotonic()
            if wait > 0:
                time.sleep(wait)


class Titles:
    """Puts titles between the audio.  What next() gives is the next one, bytes that
    are sent as they are, or None if there is no other."""

    def __init__(self, interval, text):
        self.interval, self.text, self.pending = interval, text, b""

    def __call__(self, data):
        self.pending += data
        parts = []
        while len(self.pending) >= self.interval:
            text = self.text() or b""
            n = min((len(text) + 15) // 16, 255)
            parts += [self.pending[:self.interval], bytes([n]),
                      text[:16 * n].ljust(16 * n, b"\0")]
            self.pending = self.pending[self.interval:]
        return b"".join(parts)


def title(text):
    data = text if isinstance(text, bytes) else text.encode()
    return b"StreamTitle='" + data + b"';"


def each(seconds, *texts, block=0.25):
    """The titles for so many seconds of audio each, in turn, where there is room for
    one after each `block`.  Each is told once only."""
    state = {"n": 0}

    def text():
        n, state["n"] = state["n"], state["n"] + 1
        turn, rest = divmod(n, round(seconds / block))
        if rest:
            return None
        told = texts[turn % len(texts)]
        told = told if isinstance(told, bytes) else told.encode()
        return told if told.startswith(b"Stream") else title(told)
    return text


class Server:
    """Answers each request for a path in a thread of its own, by what `paths` has for
    it: a function that takes the Request."""

    def __init__(self, port=0):
        owner = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError):     # the listener went away
                    owner.serve(self.request)

        class Listener(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True
            request_queue_size = 64

        self.paths, self.requests, self.connections = {}, [], set()
        self.server = Listener(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def serve(self, connection):
        connection.settimeout(4 * PATIENCE)
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(4096)
            if not data:
                return
            head += data
        lines = head.decode("latin-1").split("\r\n")
        path = lines[0].split()[1].lstrip("/")
        headers = dict(line.lower().split(": ", 1)
                       for line in lines[1:] if ": " in line)
        request = Request(connection, path, headers)
        self.requests.append(request)
        handler = self.paths.get(path) or self.paths.get(path.partition("?")[0])
        self.connections.add(connection)
        try:
            if handler:
                handler(request)
            else:
                request.answer(b"Not here.", "text/plain", "404 Not Found")
        finally:
            self.connections.discard(connection)

    def times(self, path):
        """When it was asked for."""
        return [r.at for r in self.requests if r.path == path]

    def uri(self, path):
        return f"http://127.0.0.1:{self.port}/{path}"

    def cut(self):
        """Ends all connections."""
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.cut()


class Hls:
    """Segments of 2 s, and lists of them."""

    LENGTH = 2

    def __init__(self, folder, *options, seconds=70, video=False):
        os.makedirs(folder)
        inputs = ["-stream_loop", "-1", "-i", str(CLIP)]
        if video:
            inputs += ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=10"]
            options = ["-map", "0:a", "-map", "1:v", "-c:v", "libx264", "-g", "20",
                       "-preset", "ultrafast", "-pix_fmt", "yuv420p", *options]
        subprocess.run(
            ["ffmpeg", "-v", "error", *inputs, "-t", str(seconds), "-map_metadata",
             "-1", "-c:a", "aac", "-b:a", "96k", "-f", "hls", "-hls_time",
             str(self.LENGTH), "-hls_list_size", "0", *options, "all.m3u8"],
            cwd=folder, check=True)
        self.folder = Path(folder)
        lines = (self.folder / "all.m3u8").read_text().splitlines()
        first = next(n for n, line in enumerate(lines) if line.startswith("#EXTINF"))
        self.head = [line for line in lines[:first] if "MEDIA-SEQUENCE" not in line]
        self.names = [line for line in lines if line and line[0] != "#"]
        self.start = time.monotonic()
        self.suffix = ""        # behind the segments' names

    def get_list(self):
        """Of the last segments so far."""
        n = 3 + int((time.monotonic() - self.start) / self.LENGTH)
        n = min(n, len(self.names))
        first = max(n - 6, 0)
        lines = [*self.head, f"#EXT-X-MEDIA-SEQUENCE:{first}"]
        for name in self.names[first:n]:
            lines += [f"#EXTINF:{self.LENGTH}.0,", name + self.suffix]
        return "\n".join([*lines, ""]).encode()

    def answer_list(self, request, kind="application/vnd.apple.mpegurl"):
        request.answer(self.get_list(), kind)

    def add_to(self, server, place, kind="application/vnd.apple.mpegurl"):
        """Serves it below that path; the list's URI."""
        def answer_file(request):
            name = request.path.partition("?")[0].rpartition("/")[2]
            if not request.path.endswith(self.suffix):
                request.answer(b"", "text/plain", "403 Forbidden")
                return
            request.answer((self.folder / name).read_bytes(),
                           "application/octet-stream")
        for path in self.folder.iterdir():
            server.paths[f"{place}/{path.name}"] = answer_file
        server.paths[f"{place}/live.m3u8"] = \
            lambda request: self.answer_list(request, kind)
        return server.uri(f"{place}/live.m3u8")


class Icecast(Radio):
    """A real server with many mounts, each fed by a thread."""

    def __init__(self, folder, sources):
        super().__init__(folder, sources)
        self.wait()
        self.is_over = False

    def mount(self, name, kind, *parts):
        """The parts, each (data, seconds), one after the other again and again."""
        threading.Thread(target=self.feed, args=(name, kind, parts),
                         daemon=True).start()
        return f"http://127.0.0.1:{self.port}/{name}"

    def feed(self, name, kind, parts):
        secret = base64.b64encode(b"source:secret").decode()
        start, played = time.monotonic(), 0
        with contextlib.suppress(OSError), \
                socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(
                f"PUT /{name} HTTP/1.0\r\nAuthorization: Basic {secret}\r\n"
                f"Content-Type: {TYPES[kind]}\r\nIce-Name: {name}\r\n\r\n".encode())
            while not self.is_over:
                for data, seconds in parts:
                    n = seconds * 4
                    for i in range(n):
                        connection.sendall(
                            data[len(data) * i // n:len(data) * (i + 1) // n])
                        played += 0.25
                        wait = start + played - time.monotonic()
                        if wait > 0:
                            time.sleep(wait)

    def wait_for_mount(self, name):
        """Until it can be given a title, which this does."""
        end = time.monotonic() + PATIENCE
        while not self.set_title("Ana - First", f"/{name}"):
            if time.monotonic() > end:
                raise TimeoutError("no mount")
            time.sleep(0.1)

    def stop(self):
        self.is_over = True
        super().stop()
