# SPDX-License-Identifier: GPL-2.0-or-later
"""A programme of radio that is known beforehand, and a server that sends it as fast as
it is taken."""

import http.server
import os
import socketserver
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

BYTES = 16000           # of a second, at 128 kbit/s
SMALL_BYTES = 4000      # at 32 kbit/s
INTERVAL = 4000         # bytes between titles
PATIENCE = 120          # s, for what takes a few
HERE = Path(__file__).resolve().parent
CLIP = HERE.parent / "data" / "clip.ogg"
SENTENCES = (
    "Good morning, and welcome to the news at nine. The council has decided to build "
    "a new bridge across the river, which will be opened in the spring of next year. "
    "The weather will be fine, with some clouds in the afternoon and a light wind "
    "from the west. On the roads there are delays near the old station. ")


@dataclass
class Piece:
    """A part of the programme: of "music", "speech" or "silence"; without a title, the
    last one stays."""
    kind: str
    seconds: float
    data: bytes
    title: str | None = None
    path: str | None = None     # of the music alone
    start: float = 0            # within the programme

    @property
    def end(self):
        return self.start + self.seconds


def run_ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True,
                   timeout=PATIENCE)


def encode(path, *source):
    """An MP3 file whose every second has the same number of bytes: its bytes."""
    run_ffmpeg(*source, "-map_metadata", "-1", "-ar", "44100", "-ac", "2", "-c:a",
               "libmp3lame", "-b:a", "128k", "-write_xing", "0", "-id3v2_version", "0",
               "-f", "mp3", path)
    return Path(path).read_bytes()


def encode_small(path, source, seconds):
    """An MP3 that is fast to decode."""
    run_ffmpeg("-stream_loop", "-1", "-i", source, "-t", seconds, "-map_metadata", "-1",
               "-ar", "16000", "-ac", "1", "-c:a", "libmp3lame", "-b:a", "32k",
               "-write_xing", "0", "-id3v2_version", "0", "-f", "mp3", path)
    return Path(path).read_bytes()


def music(folder, number, source, seconds, title, tempo=1.0):
    path = os.path.join(folder, f"music{number}.mp3")
    data = encode(path, "-stream_loop", "-1", "-i", source, "-t", seconds, "-af",
                  f"atempo={tempo}")
    return Piece("music", len(data) / BYTES, data, title, path)


def silence(folder, seconds, title=None):
    data = encode(os.path.join(folder, "silence.mp3"), "-f", "lavfi", "-i",
                  f"anullsrc=r=44100:cl=stereo:d={seconds}")
    return Piece("silence", len(data) / BYTES, data, title)


def speech(folder, seconds, title=None, voice="rms"):
    text = (SENTENCES * (1 + int(seconds) // 12)).replace(",", "")
    data = encode(os.path.join(folder, "speech.mp3"), "-f", "lavfi", "-i",
                  f"flite=voice={voice}:text='{text}'", "-t", seconds)
    return Piece("speech", len(data) / BYTES, data, title)


class Programme:
    """Pieces one after the other."""

    def __init__(self, pieces):
        self.pieces = pieces
        start = 0
        for piece in pieces:
            piece.start = start
            start += piece.seconds
        self.seconds = start

    def titles(self):
        """(title, start, end, the piece that it begins with) of each."""
        found = []
        for piece in self.pieces:
            if piece.title:
                found.append([piece.title, piece.start, piece.end, piece])
            elif found:
                found[-1][2] = piece.end
        return found

    def share(self, kind):
        return sum(p.seconds for p in self.pieces if p.kind == kind) / self.seconds

    def stream(self, begin, end):
        """The bytes of the pieces begin to end, with titles in between."""
        data = b"".join(p.data for p in self.pieces[begin:end])
        changes, at, last = {}, 0, None
        for piece in self.pieces[:begin]:
            last = piece.title or last
        for piece in self.pieces[begin:end]:
            if piece.title or (at == 0 and last):
                # with the first block that begins at or behind it
                changes[-(-at // INTERVAL)] = piece.title or last
            at += len(piece.data)
        parts = []
        for block in range(0, -(-len(data) // INTERVAL)):
            part = data[block * INTERVAL:(block + 1) * INTERVAL]
            if block in changes and parts:
                # it stands behind the block before
                parts[-1] = parts[-1][:INTERVAL] + metadata(changes[block])
            parts.append(part if len(part) < INTERVAL else part + b"\0")
        if 0 in changes:
            # that of the first block comes behind it, too
            parts[0] = parts[0][:INTERVAL] + metadata(changes[0])
        return b"".join(parts)


def metadata(title):
    text = f"StreamTitle='{title}';".encode()
    text += b"\0" * (-len(text) % 16)
    return bytes([len(text) // 16]) + text


class Server:
    """Answers each request by answer(handler)."""

    def __init__(self):
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                try:
                    owner.answer(self)
                except OSError:
                    pass    # nobody listens any more

            def log_message(self, *arguments):
                pass

        class Threaded(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True

        self.server = Threaded(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self.server.server_port}/radio"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def begin(self, handler, **headers):
        handler.send_response(200)
        handler.send_header("Content-Type", "audio/mpeg")
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class FastServer(Server):
    """Sends the programme; the connection breaks before the pieces of these numbers,
    and the next one goes on there.  After the last there is nothing to connect to."""

    def __init__(self, programme, breaks=()):
        bounds = [0, *breaks, len(programme.pieces)]
        self.parts = [programme.stream(a, b) for a, b in zip(bounds, bounds[1:])]
        self.n_requests = 0
        super().__init__()

    def answer(self, handler):
        number = self.n_requests
        self.n_requests += 1
        if number >= len(self.parts):
            handler.send_error(404)
            return
        self.begin(handler, icy_metaint=INTERVAL)
        handler.wfile.write(self.parts[number])


class LoopServer(Server):
    """Sends the data so many times."""

    def __init__(self, data, n):
        self.data = data
        self.n = n
        super().__init__()

    def answer(self, handler):
        self.begin(handler)
        for _ in range(self.n):
            handler.wfile.write(self.data)
