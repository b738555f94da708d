# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the service share: the program while it serves, and what is sent to
it."""

import atexit
import contextlib
import http.client
import os
import random
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse
import wave


def launch(*pipeline):
    subprocess.run(["gst-launch-1.0", "-q", *" ! ".join(pipeline).split()],
                   check=True)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def form(data, field="file"):
    """The body of a form and its headers."""
    head = (f'--limit\r\nContent-Disposition: form-data; name="{field}"; '
            'filename="a file"\r\n\r\n')
    return (b'--limit\r\nContent-Disposition: form-data; name="other"\r\n\r\n'
            b"not this\r\n" + head.encode() + data + b"\r\n--limit--\r\n",
            {"Content-Type": "multipart/form-data; boundary=limit"})


def noise(path, seconds, rate=8000):
    with wave.open(path, "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(rate)
        f.writeframes(random.Random(1).randbytes(2 * rate * seconds))


def children(pid):
    """The processes that @pid has started; none if it has ended."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(child) for child in f.read().split()]
    except FileNotFoundError:
        return []


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not happen in time")
        time.sleep(0.01)


def described_errors(description):
    """{(status, code)} of all errors in what /openapi.json says: each answer's, and
    those that its texts name, as "405 `method-not-allowed`"."""
    responses = description["components"]["responses"]
    found = set()
    for operations in description["paths"].values():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            for status, response in operation["responses"].items():
                if status.isdigit() and "$ref" in response:
                    response = responses[response["$ref"].rpartition("/")[2]]
                    schema = response["content"]["application/json"]["schema"]
                    error = schema["allOf"][1]["properties"]["error"]
                    found |= {(int(status), code) for code in
                              error["properties"]["code"]["enum"]}
    for text in (description["info"]["description"],
                 responses["Refused"]["description"]):
        found |= {(int(status), code) for status, code in
                  re.findall(r"\b(\d{3}) `([a-z-]+)`", text)}
    return found


class Service:
    """The program, serving."""

    program = None  # its path

    def __init__(self, *options, **environment):
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            [self.program, "serve", "--port=0", *options], text=True,
            stdout=subprocess.PIPE,
            env={**os.environ, "TMPDIR": self.folder.name, **environment})
        # a test that fails before it is ready to stop it: meson waits for whoever has
        # its output
        atexit.register(self.process.kill)
        self.url = self.process.stdout.readline().strip()
        self.address = urllib.parse.urlsplit(self.url).netloc
        self.fork_server, = children(self.process.pid)

    def connect(self):
        return http.client.HTTPConnection(self.address, timeout=60)

    def open(self):
        host, port = self.address.split(":")
        return socket.create_connection((host, int(port)), timeout=60)

    def ask(self, method, path, body=None, headers={}):
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            response.body = response.read()
            return response

    def metric(self, name):
        text = self.ask("GET", "/metrics").body.decode()
        return float(re.search(rf"^genreclassify_{re.escape(name)} (.*)$", text, re.M)[1])

    def memory(self):
        """kB of memory that the two lasting processes have."""
        return sum(int(re.search(r"^VmRSS:\s+(\d+)", read(
            f"/proc/{pid}/status").decode(), re.M)[1])
            for pid in (self.process.pid, self.fork_server))

    def files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self):
        """Ends the service, which must leave nothing; returns its exit status."""
        workers = children(self.fork_server)
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        self.process.stdout.close()
        for pid in (self.fork_server, *workers):
            wait_until(lambda: not os.path.exists(f"/proc/{pid}"))
        assert os.listdir(self.folder.name) == []
        self.folder.cleanup()
        return status
