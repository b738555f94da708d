# SPDX-License-Identifier: GPL-2.0-or-later
"""HTTP by hand: a client that may break every rule, and reads answers as strictly as
the rules allow."""

import contextlib
import json
import re
import socket
import struct

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Wrong(Exception):
    """An answer that is not right, or none where there must be one."""


class Lost(Wrong):
    """The connection ended before an answer had come whole."""


class Answer:
    """status, headers (a list of pairs), body; what the answer was to in version and
    method."""

    def __init__(self, status, headers, body, interim):
        self.status, self.headers, self.body = status, headers, body
        self.interim = interim   # the statuses 1xx before it

    def get(self, name, default=None):
        values = [v for n, v in self.headers if n.lower() == name.lower()]
        if len(values) > 1:
            raise Wrong(f"the header {name} is there {len(values)} times")
        return values[0] if values else default

    def json(self):
        if self.get("Content-Type") != "application/json":
            raise Wrong(f"status {self.status} with Content-Type "
                        f"{self.get('Content-Type')} instead of JSON")
        try:
            return json.loads(self.body)
        except ValueError:
            raise Wrong(f"no JSON: {self.body[:60]!r}") from None


class Client:
    """One connection to an address."""

    def __init__(self, address, source=None, buffer=None, timeout=120):
        self.socket = socket.socket()
        self.socket.settimeout(timeout)
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        try:
            if source:
                self.socket.bind((source, 0))
            self.socket.connect(address)
        except OSError as error:
            self.socket.close()
            raise Lost(f"not connected: {error.strerror}") from None
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Sends all, or as much as the service wants: it may have answered."""
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(data)

    def half_close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        """Ends the connection as a crashed client does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                               struct.pack("ii", 1, 0))
        self.socket.close()

    def read(self, size=65536):
        """Some bytes more; False at the end."""
        try:
            data = self.socket.recv(size)
        except TimeoutError:
            raise Wrong("no answer in time") from None
        except ConnectionError as error:
            if self.pending:
                raise Lost(f"reset in the answer: {error.strerror}") from None
            raise Lost("reset before the answer") from None
        self.pending += data
        return bool(data)

    def take(self, size):
        while len(self.pending) < size:
            if not self.read():
                raise Lost("the answer is cut off")
        data, self.pending = self.pending[:size], self.pending[size:]
        return data

    def line(self):
        while b"\r\n" not in self.pending:
            if not self.read():
                if self.pending:
                    raise Lost("the answer is cut off")
                raise Lost("closed without an answer")
        line, self.pending = self.pending.split(b"\r\n", 1)
        if b"\n" in line or b"\r" in line:
            raise Wrong("a bare line break in the answer's head")
        return line.decode("latin-1")

    def head(self):
        start = self.line()
        found = re.fullmatch(r"HTTP/1\.[01] ([1-5]\d\d) [\x20-\x7e]*", start)
        if not found:
            raise Wrong(f"a wrong status line: {start[:60]!r}")
        headers = []
        while line := self.line():
            name, colon, value = line.partition(":")
            if not colon or not TOKEN.fullmatch(name):
                raise Wrong(f"a wrong header: {line[:60]!r}")
            headers.append((name, value.strip()))
        return int(found[1]), headers

    def chunked(self):
        body = b""
        while True:
            line = self.line()
            if not re.fullmatch("[0-9a-fA-F]{1,8}", line):
                raise Wrong(f"a wrong chunk size: {line[:20]!r}")
            size = int(line, 16)
            body += self.take(size)
            if self.take(2) != b"\r\n":
                raise Wrong("a chunk without its end")
            if size == 0:
                return body

    def answer(self, method="GET", version="1.1"):
        """The one answer, after which the connection ends."""
        interim = []
        while True:
            status, headers = self.head()
            if status >= 200:
                break
            interim.append(status)
        answer = Answer(status, headers, b"", interim)
        length = answer.get("Content-Length")
        coding = answer.get("Transfer-Encoding")
        if length is not None and not re.fullmatch(r"\d+", length):
            raise Wrong(f"Content-Length {length!r}")
        if method == "HEAD" or status in (204, 304):
            pass
        elif coding:
            if version != "1.1":
                raise Wrong(f"Transfer-Encoding {coding} to HTTP/{version}")
            if length is not None or coding != "chunked":
                raise Wrong(f"Transfer-Encoding {coding}, Content-Length {length}")
            answer.body = self.chunked()
        elif length is not None:
            answer.body = self.take(int(length))
        else:
            while self.read():
                pass
            answer.body, self.pending = self.pending, b""
        with contextlib.suppress(Lost):   # a reset after all of it does no harm
            while not self.pending and self.read():
                pass
        if self.pending:
            raise Wrong(f"bytes after the answer: {self.pending[:40]!r}")
        if answer.get("Connection", "").lower() != "close" and version == "1.1":
            raise Wrong("closed without Connection: close")
        return answer


def head(method, target, headers=(), version="HTTP/1.1"):
    """A request's head; headers are pairs."""
    lines = [f"{method} {target} {version}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def chunks(data, sizes, extension=b""):
    """data in chunks of these sizes, again and again, with the last chunk."""
    out, at, n = [], 0, 0
    while at < len(data):
        piece = data[at:at + sizes[n % len(sizes)]]
        out.append(b"%x%s\r\n%s\r\n" % (len(piece), extension, piece))
        at += len(piece)
        n += 1
    return b"".join(out) + b"0\r\n\r\n"


def form(data, name="file", filename="a file", boundary="limit", more=()):
    """A form's body and its Content-Type; more are pairs of other fields."""
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n'
             f"{value}\r\n".encode() for key, value in more]
    parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; '
                 f'filename="{filename}"\r\n\r\n'.encode() + data)
    return (b"".join(parts) + f"\r\n--{boundary}--\r\n".encode(),
            f"multipart/form-data; boundary={boundary}")
