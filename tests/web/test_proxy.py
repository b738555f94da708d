# SPDX-License-Identifier: GPL-2.0-or-later
"""The service behind proxies, at the sockets that it may listen at, and over restarts.

    test_proxy.py PROGRAM README [--requests N] [unittest's arguments]

README is src/web/README.md, with whose block nginx runs.  --requests makes the load of
the restarts' tests heavier."""

import argparse
import contextlib
import http.client
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
import wave
from concurrent.futures import ThreadPoolExecutor

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("readme")
parser.add_argument("--requests", type=int, default=320)
OPTIONS, sys.argv[1:] = parser.parse_known_args()
CLIP = os.environ["TEST_CLIP"]
HOST = "music.example.org"


def read(path):
    with open(path, "rb") as f:
        return f.read()


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(child) for child in f.read().split()]


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not happen in time")
        time.sleep(0.01)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


def ask(target, method, path, body=None, headers={}, source=None):
    """@target: "host:port", or the path of a Unix socket."""
    connection = (
        UnixConnection(target) if target.startswith("/") else
        http.client.HTTPConnection(
            target, timeout=60, source_address=source and (source, 0)))
    with contextlib.closing(connection):
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.body = response.read()
        return response


class Service:
    """The program, serving.  @sockets are given to it as systemd does it."""

    def __init__(self, *options, sockets=(), port="--port=0"):
        self.folder = tempfile.TemporaryDirectory()
        self.errors = open(os.path.join(self.folder.name, "errors"), "w+")
        command = [OPTIONS.program, "serve", *([port] if port else []), *options]
        environment = {**os.environ, "TMPDIR": self.folder.name}
        if sockets:
            # the shell becomes the program, and has its process id
            moves = " ".join(f"{3 + i}<&{s.fileno()}" for i, s in enumerate(sockets))
            command = ["bash", "-c", f'exec {moves}; LISTEN_PID=$$ exec "$@"',
                       "bash", *command]
            environment["LISTEN_FDS"] = str(len(sockets))
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.errors,
            pass_fds=[s.fileno() for s in sockets], env=environment)
        self.urls = self.read_urls()
        self.address = urllib.parse.urlsplit("".join(self.urls[:1])).netloc

    def read_urls(self):
        """The lines that it prints when it serves; none if it does not."""
        output, text = self.process.stdout.fileno(), b""
        while not text.endswith(b"\n") or select.select([output], [], [], 0.1)[0]:
            more = os.read(output, 65536)
            if not more:
                break
            text += more
        return text.decode().splitlines()

    def ask(self, *arguments, **more):
        return ask(self.address, *arguments, **more)

    def log(self):
        """The lines of the log so far."""
        self.errors.seek(0)
        return [json.loads(line) for line in self.errors if line.startswith("{")]

    def line_of(self, response):
        """The line of the log that belongs to @response."""
        found = []

        def look():
            found[:] = [line for line in self.log()
                        if line.get("id") == response.headers["X-Request-Id"]]
            return found
        wait_until(look)
        line, = found
        return line

    def hang_up(self):
        """Restarts it by SIGHUP; returns when the new program serves."""
        self.process.send_signal(signal.SIGHUP)
        return self.read_urls()

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        status = self.process.wait(30)
        self.process.stdout.close()
        self.errors.close()
        self.folder.cleanup()
        return status


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def serve(self, *options, **more):
        service = Service(*options, **more)
        self.addCleanup(lambda: self.assertEqual(service.stop(), 0))
        return service

    def fails(self, *options, sockets=()):
        """The message with which the program does not start."""
        service = Service(*options, sockets=sockets, port=None)
        service.process.wait(30)
        self.assertEqual(service.urls, [])
        self.assertIn(service.process.returncode, (1, 2))
        message = read(service.errors.name).decode()
        service.process.stdout.close()
        service.errors.close()
        service.folder.cleanup()
        return message

    def listen(self, family=socket.AF_INET, address=("127.0.0.1", 0)):
        listener = socket.socket(family)
        self.addCleanup(listener.close)
        listener.bind(address)
        listener.listen(1024)
        return listener


class Nginx:
    """nginx with that block of README, which passes on to @address."""

    def __init__(self, address, folder, change=lambda block: block):
        block, = re.findall(r"```nginx\n(.*?)```", read(OPTIONS.readme).decode(), re.S)
        block = change(block.replace("127.0.0.1:8080", address))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        paths = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in (
            "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        path = os.path.join(folder, "nginx.conf")
        with open(path, "w") as f:
            f.write(f"daemon off;\nmaster_process off;\npid {folder}/pid;\n"
                    f"error_log {folder}/nginx.log;\n"
                    "events { worker_connections 1024; }\n"
                    f"http {{ access_log off; {paths}\nserver {{\n"
                    f"listen 127.0.0.1:{port};\n{block}\n}}\n}}\n")
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self.process = subprocess.Popen(
            [program, "-p", folder, "-c", path, "-e", f"{folder}/nginx.log"])
        wait_until(self.is_there)

    def is_there(self):
        with contextlib.suppress(OSError):
            host, port = self.address.split(":")
            socket.create_connection((host, int(port))).close()
            return True

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


class TestNginx(Case):
    OPTIONS = ("--public-host", HOST, "--base-path", "/genre",
               "--trusted-proxy", "127.0.0.1")

    def run_nginx(self, address, change=lambda block: block):
        nginx = Nginx(address, self.folder, change)
        self.addCleanup(nginx.stop)
        return nginx.address

    def check(self, service, proxy):
        def through(method, path, body=None, headers={}, **more):
            return ask(proxy, method, f"/genre{path}", body,
                       {"Host": HOST, **headers}, **more)

        # the page and all that it names, if the program was built with it
        has_page = service.ask("GET", "/").status == 200
        seen, waiting = set(), {"/genre/"} if has_page else set()
        while waiting:
            url = waiting.pop()
            seen.add(url)
            answer = ask(proxy, "GET", url, headers={"Host": HOST})
            self.assertEqual(answer.status, 200, url)
            text = answer.body.decode(errors="replace")
            names = re.findall(r"(?:src|href)=\"([^\"#]*)\"", text) if url.endswith(
                "/") else re.findall(r"from '(\.[^']*)'", text)
            waiting |= {urllib.parse.urljoin(url, name) for name in names
                        if "://" not in name and not name.startswith("data:")} - seen
        self.assertEqual(ask(proxy, "GET", "/genre", headers={"Host": HOST}).status
                         // 100, 3)
        description = through("GET", "/openapi.json")
        server = json.loads(description.body)["servers"][0]["url"]
        self.assertEqual(urllib.parse.urljoin("/genre/openapi.json", server + "/predict"),
                         "/genre/predict")

        # who may ask: the scheme is that in which nginx was asked
        for headers, status in (
                ({}, 200),
                ({"Origin": f"http://{HOST}"}, 200),
                ({"Origin": f"https://{HOST}"}, 403),
                ({"Origin": "http://example.org"}, 403),
                ({"Origin": "http://example.org", "X-Forwarded-Host": "example.org"}, 403),
                ({"Origin": "http://example.org", "Forwarded": "host=example.org"}, 403),
                ({"Host": "example.org"}, 403),
                ({"Host": "example.org", "X-Forwarded-Host": HOST}, 403),
                ({"Host": f"{HOST}.example.org"}, 403),
                ({"Host": "localhost"}, 200)):
            with self.subTest(headers):
                answer = through("GET", "/models", headers=headers)
                self.assertEqual(answer.status, status, answer.body)

        # more than nginx's limit of 1 MiB
        path = self.path("noise.wav")
        with wave.open(path, "wb") as f:
            f.setparams((1, 2, 48000, 0, "NONE", None))
            f.writeframes(os.urandom(48000 * 2 * 30))
        answer = through("POST", "/predict", read(path), {"Origin": f"http://{HOST}"},
                         source="127.0.0.2")
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(service.line_of(answer)["client"], "127.0.0.2")
        self.assertRegex(answer.headers["X-Request-Id"], "^[0-9a-f]{32}$")
        # a client cannot say that it is another one
        for headers in ({"X-Forwarded-For": "192.0.2.9"}, {"Forwarded": "for=192.0.2.9"},
                        {"X-Real-IP": "192.0.2.9"}, {"X-Request-Id": "mine"}):
            answer = through("GET", "/health", headers=headers, source="127.0.0.3")
            self.assertEqual(service.line_of(answer)["client"], "127.0.0.3")
            self.assertNotEqual(answer.headers["X-Request-Id"], "mine")

        # an upload passes through while it comes in, an answer while it is made
        data = read(CLIP)
        host, port = proxy.split(":")
        with socket.create_connection((host, int(port)), timeout=60) as client:
            client.sendall(b"POST /genre/predict HTTP/1.1\r\nHost: %s\r\n"
                           b"Accept: text/event-stream\r\nConnection: close\r\n"
                           b"Content-Length: %d\r\n\r\n" % (HOST.encode(), len(data))
                           + data[:-1])
            wait_until(lambda: re.search(
                r"^genreclassify_connections 2$", service.ask(
                    "GET", "/metrics").body.decode(), re.M))
            client.sendall(data[-1:])
            answer = b""
            while more := client.recv(65536):
                answer += more
        self.assertRegex(answer, b"(?s)event: segment.*event: result")

    def test_readme(self):
        service = self.serve(*self.OPTIONS)
        self.check(service, self.run_nginx(service.address))

    def test_prefix_removed(self):
        service = self.serve(*self.OPTIONS)
        self.check(service, self.run_nginx(service.address, lambda block: re.sub(
            r"proxy_pass (\S+);", r"proxy_pass \1/;", block)))

    def test_unix(self):
        """The same by a Unix socket."""
        path = self.path("socket")
        service = self.serve(*self.OPTIONS, "--trusted-proxy=unix",
                             f"--bind=unix:{path}", port=None)
        proxy = self.run_nginx(f"unix:{path}:", lambda block: block.replace(
            f"http://unix:{path}:", f"http://unix:{path}"))
        answer = ask(proxy, "POST", "/genre/predict", read(CLIP),
                     {"Host": HOST, "Origin": f"http://{HOST}"}, "127.0.0.2")
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(service.line_of(answer)["client"], "127.0.0.2")


class TestForwarded(Case):
    def test_client(self):
        """Who is the client, by what proxies say."""
        service = self.serve("--trusted-proxy=127.0.0.1", "--trusted-proxy=10.0.0.0/8",
                             "--trusted-proxy=2001:db8:1::/48")
        for headers, client in (
                ({}, "127.0.0.1"),
                ({"X-Forwarded-For": "192.0.2.1"}, "192.0.2.1"),
                ({"X-Forwarded-For": "192.0.2.9, 192.0.2.1"}, "192.0.2.1"),
                ({"X-Forwarded-For": "192.0.2.1,10.1.2.3 ,\t10.0.0.1"}, "192.0.2.1"),
                ({"X-Forwarded-For": "192.0.2.9, 192.0.2.1, 10.0.0.1"}, "192.0.2.1"),
                ({"X-Forwarded-For": "10.0.0.2, 10.0.0.1"}, "10.0.0.2"),
                ({"X-Forwarded-For": "192.0.2.1:1234"}, "192.0.2.1"),
                ({"X-Forwarded-For": "[2001:db8::1]:1234"}, "2001:db8::1"),
                ({"X-Forwarded-For": "2001:db8::1"}, "2001:db8::1"),
                ({"X-Forwarded-For": "192.0.2.1, 2001:db8:1::7"}, "192.0.2.1"),
                ({"X-Forwarded-For": "::ffff:192.0.2.1"}, "192.0.2.1"),
                ({"X-Forwarded-For": "192.0.2.1, ::ffff:10.0.0.1"}, "192.0.2.1"),
                # what cannot be read ends at the proxy that has said it
                ({"X-Forwarded-For": "unknown"}, "127.0.0.1"),
                ({"X-Forwarded-For": ""}, "127.0.0.1"),
                ({"X-Forwarded-For": "192.0.2.1, rubbish, 10.0.0.1"}, "10.0.0.1"),
                ({"X-Forwarded-For": "192.0.2.1,"}, "127.0.0.1"),
                ({"X-Forwarded-For": "192.0.2.1:"}, "127.0.0.1"),
                ({"X-Forwarded-For": "[2001:db8::1"}, "127.0.0.1"),
                # RFC 7239, 4 and 6
                ({"Forwarded": "for=192.0.2.60;proto=http;by=203.0.113.43"}, "192.0.2.60"),
                ({"Forwarded": 'For="[2001:db8:cafe::17]:4711"'}, "2001:db8:cafe::17"),
                ({"Forwarded": "for=192.0.2.43, for=198.51.100.17"}, "198.51.100.17"),
                ({"Forwarded": "for=192.0.2.43, for=10.51.100.17;by=10.1.1.1"},
                 "192.0.2.43"),
                ({"Forwarded": 'for=192.0.2.43, for="10.5.1.17:80" ; proto = https'},
                 "127.0.0.1"),
                ({"Forwarded": 'for="_gazonk"'}, "127.0.0.1"),
                ({"Forwarded": "for=unknown, for=10.0.0.1"}, "10.0.0.1"),
                ({"Forwarded": 'for="192.0.2.1\\", for=1.2.3.4"'}, "127.0.0.1"),
                ({"Forwarded": 'for="192.0.2.1'}, "127.0.0.1"),
                ({"Forwarded": "for=192.0.2.1;for=192.0.2.2"}, "127.0.0.1"),
                ({"Forwarded": "proto=https"}, "127.0.0.1"),
                # both: the one that the proxy does not know is the client's own
                ({"Forwarded": "for=192.0.2.1", "X-Forwarded-For": "192.0.2.1"},
                 "192.0.2.1"),
                ({"Forwarded": "for=192.0.2.1", "X-Forwarded-For": "192.0.2.2"},
                 "127.0.0.1")):
            with self.subTest(headers):
                answer = service.ask("GET", "/health", headers=headers)
                self.assertEqual(answer.status, 200)
                self.assertEqual(service.line_of(answer)["client"], client)
        # nobody else is believed
        for headers in ({"X-Forwarded-For": "192.0.2.1"}, {"Forwarded": "for=192.0.2.1"},
                        {"X-Request-Id": "abc"}):
            answer = service.ask("GET", "/health", headers=headers, source="127.0.0.2")
            self.assertEqual(service.line_of(answer)["client"], "127.0.0.2")

    def test_request_id(self):
        service = self.serve("--trusted-proxy=127.0.0.1")
        for given, kept in (("abc.DEF_1-2", True), ("x" * 64, True), ("x" * 65, False),
                            ("a b", False), ("", False), ('a"b', False)):
            answer = service.ask("GET", "/nothing", headers={"X-Request-Id": given})
            own = answer.headers["X-Request-Id"]
            self.assertEqual(json.loads(answer.body)["error"]["request_id"], own)
            if kept:
                self.assertEqual(own, given)
            else:
                self.assertRegex(own, "^[0-9a-f]{16}$")

    def test_origin(self):
        """Which pages may ask, by what a trusted proxy says, and by whom else not."""
        service = self.serve("--trusted-proxy=127.0.0.1", "--public-host", HOST,
                             f"--public-host={HOST}:8443")
        page = f"https://{HOST}"
        for source, headers, status in (
                (None, {"Origin": page}, 200),
                (None, {"Origin": page, "X-Forwarded-Proto": "https"}, 200),
                (None, {"Origin": page, "X-Forwarded-Proto": "https, http"}, 403),
                (None, {"Origin": page, "X-Forwarded-Proto": "http"}, 403),
                (None, {"Origin": f"http://{HOST}", "X-Forwarded-Proto": "https"}, 403),
                (None, {"Origin": f"{page}:8443"}, 200),
                (None, {"Origin": f"{page}:9443"}, 403),
                (None, {"Origin": f"{page}:9443", "X-Forwarded-Host": f"{HOST}:9443"}, 200),
                (None, {"Origin": page, "Forwarded": f"host={HOST};proto=https"}, 200),
                (None, {"Origin": page, "Forwarded": f"host={HOST};proto=http"}, 403),
                (None, {"Forwarded": "host=example.org"}, 403),
                (None, {"X-Forwarded-Host": "example.org"}, 403),
                (None, {"Host": "example.org", "X-Forwarded-Host": HOST}, 200),
                ("127.0.0.2", {"Host": "example.org", "X-Forwarded-Host": HOST}, 403),
                ("127.0.0.2", {"Origin": f"{page}:9443",
                               "X-Forwarded-Host": f"{HOST}:9443"}, 403),
                ("127.0.0.2", {"Host": HOST}, 200)):
            with self.subTest(source=source, headers=headers):
                answer = service.ask("GET", "/models", headers=headers, source=source)
                self.assertEqual(answer.status, status, answer.body)

    def test_quota(self):
        """The limit of connections is each person's, and not the proxy's."""
        service = self.serve("--trusted-proxy=127.0.0.1", "--client-timeout=60")
        host, port = service.address.split(":")
        with contextlib.ExitStack() as stack:
            def connect(person):
                client = stack.enter_context(
                    socket.create_connection((host, int(port)), timeout=60))
                client.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"
                               b"X-Forwarded-For: %s\r\nContent-Length: 9\r\n\r\n"
                               % person.encode())
                return client

            def answer(client):
                client.sendall(b"x" * 9)
                return client.recv(1000).split()[1]

            # before their headers are there, nobody knows whose they are
            many = [stack.enter_context(socket.create_connection(
                (host, int(port)), timeout=60)) for _ in range(300)]
            many[-1].sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertEqual(many[-1].recv(1000).split()[1], b"200")
            # one /64 of IPv6 is one person
            first = [connect(f"2001:db8::{i:x}") for i in range(1, 251)]
            others = [connect("192.0.2.2") for _ in range(100)]
            self.assertEqual(answer(connect("2001:db8::ffff")), b"503")
            self.assertEqual(answer(connect("2001:db8:0:1::1")), b"415")
            self.assertEqual(answer(others[-1]), b"415")
            self.assertEqual(answer(first[-1]), b"415")

    def test_base_path(self):
        service = self.serve("--base-path=/a/genre/")
        self.assertTrue(service.urls[0].endswith("/a/genre/"), service.urls)
        for path in ("/a/genre/health", "/health", "/a/genre/openapi.json"):
            self.assertEqual(service.ask("GET", path).status, 200, path)
        for path in ("/a/genrehealth", "/genre/health", "/a/genre//health", "/a"):
            self.assertEqual(service.ask("GET", path).status, 404, path)
        answer = service.ask("GET", "/a/genre")
        self.assertEqual((answer.status, answer.headers["Location"]), (308, "genre/"))
        for path in ("genre", "/a//b", "/a?b", "/../a", "/models", "/predict", "/ä", ""):
            self.assertIn("--base-path: ", self.fails(f"--base-path={path}"))

    def test_options(self):
        for option, message in (
                ("--trusted-proxy=10.0.0.1/8", "10.0.0.1/8"),
                ("--trusted-proxy=example.org", "neither"),
                ("--public-host=http://example.org", "it is not a name"),
                ("--socket-mode=rw", "0660"), ("--socket-mode=1777", "0660"),
                ("--bind=unix:socket", "absolute"),
                (f"--bind=unix:/{'x' * 107}", "107"),
                ("--bind=192.0.2.1", "192.0.2.1"), ("--port=-2", "--port")):
            with self.subTest(option):
                self.assertIn(message, self.fails(option))


class TestSockets(Case):
    def test_localhost(self):
        service = self.serve("--bind=localhost")
        hosts = [urllib.parse.urlsplit(url) for url in service.urls]
        self.assertIn("127.0.0.1", [host.hostname for host in hosts])
        if os.path.exists("/proc/net/if_inet6") and read("/proc/net/if_inet6"):
            self.assertIn("::1", [host.hostname for host in hosts])
        self.assertEqual(len({host.port for host in hosts}), 1)
        for host in hosts:
            self.assertEqual(ask(host.netloc, "GET", "/health").status, 200)
            self.assertEqual(ask(host.netloc, "GET", "/health", headers={
                "Host": "example.org"}).status, 403)

    def test_several(self):
        path = self.path("socket")
        service = self.serve("--bind=127.0.0.2", "--bind=127.0.0.3", f"--bind=unix:{path}")
        self.assertEqual(len(service.urls), 3)
        for target in (*(urllib.parse.urlsplit(url).netloc for url in service.urls[:2]),
                       path):
            self.assertEqual(ask(target, "GET", "/health").status, 200)
        taken = urllib.parse.urlsplit(service.urls[0])
        self.assertIn("in use", self.fails(f"--bind={taken.hostname}",
                                           f"--port={taken.port}"))

    def test_unix(self):
        path = self.path("socket")
        service = Service(f"--bind=unix:{path}", port=None)
        self.assertEqual(service.urls, [f"unix:{path}"])
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o660)
        answer = ask(path, "POST", "/predict", read(CLIP))
        self.assertEqual(answer.status, 200)
        self.assertEqual(service.line_of(answer)["client"], f"unix:{os.getuid()}")
        # it is in use
        self.assertIn("somebody listens there", self.fails(f"--bind=unix:{path}"))
        self.assertEqual(ask(path, "GET", "/health").status, 200)
        # it stays over a restart, and is removed at the end
        self.assertEqual(service.hang_up(), [f"unix:{path}"])
        self.assertEqual(ask(path, "GET", "/health").status, 200)
        self.assertEqual(service.stop(), 0)
        self.assertFalse(os.path.exists(path))

    def test_unix_stale(self):
        path = self.path("socket")
        service = Service(f"--bind=unix:{path}", "--socket-mode=0600", port=None)
        service.process.kill()
        service.stop()
        self.assertTrue(os.path.exists(path))
        service = self.serve(f"--bind=unix:{path}", "--socket-mode=0606", port=None)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o606)
        self.assertEqual(ask(path, "GET", "/health").status, 200)

    def test_unix_others(self):
        """Files that are no sockets stay; so does a socket that is another's."""
        path = self.path("file")
        with open(path, "w") as f:
            f.write("x")
        self.assertIn("another file", self.fails(f"--bind=unix:{path}"))
        self.assertEqual(read(path), b"x")
        self.assertIn("No such file", self.fails(f"--bind=unix:{self.path('no')}/socket"))
        path = self.path("socket")
        service = Service(f"--bind=unix:{path}", port=None)
        os.rename(path, self.path("moved"))
        self.listen(socket.AF_UNIX, path)
        self.assertEqual(service.stop(), 0)
        self.assertTrue(os.path.exists(path))

    def test_given(self):
        """Sockets as systemd gives them."""
        path = self.path("socket")
        sockets = [self.listen(), self.listen(socket.AF_UNIX, path)]
        service = Service(sockets=sockets, port=None)
        host, port = sockets[0].getsockname()
        self.assertEqual(service.urls, [f"http://{host}:{port}/", f"unix:{path}"])
        for target in (f"{host}:{port}", path):
            self.assertEqual(ask(target, "GET", "/health").status, 200)
        # its workers do not have them
        fork_server, = children(service.process.pid)
        own = os.stat(f"/proc/{service.process.pid}/fd/3").st_ino
        self.assertNotIn(own, [os.stat(f"/proc/{fork_server}/fd/{fd}").st_ino
                               for fd in os.listdir(f"/proc/{fork_server}/fd")])
        self.assertNotIn(b"LISTEN_", read(f"/proc/{fork_server}/environ"))
        self.assertEqual(service.stop(), 0)
        self.assertTrue(os.path.exists(path))  # it is the manager's

    def test_given_wrong(self):
        listener = self.listen()
        host, port = listener.getsockname()
        self.assertIn("--bind", self.fails("--port=0", sockets=[listener]))
        self.assertIn("--bind", self.fails("--bind=::1", sockets=[listener]))
        connected = socket.create_connection((host, port))
        self.addCleanup(connected.close)
        datagrams = socket.socket(type=socket.SOCK_DGRAM)
        self.addCleanup(datagrams.close)
        for wrong in (connected, datagrams):
            self.assertIn("descriptor 3", self.fails(sockets=[wrong]))
        self.assertIn("descriptor 4", self.fails(sockets=[listener, connected]))

    def test_activate(self):
        """systemd's own program starts it for the first client."""
        program = shutil.which("systemd-socket-activate")
        if not program:
            self.skipTest("there is no systemd-socket-activate")
        path = self.path("socket")
        with subprocess.Popen(
                [program, "-l", path, *(f"-E{name}" for name in os.environ),
                 os.path.abspath(OPTIONS.program), "serve"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            wait_until(lambda: os.path.exists(path))
            self.assertEqual(ask(path, "GET", "/health").status, 200)
            process.terminate()
        self.assertEqual(process.returncode, 0)


class TestRestart(Case):
    def load(self, target, restart, times):
        """32 clients at once ask all the time while restart() is called so many
        times; what they were answered."""
        requests = [("GET", "/health", None, 200), ("POST", "/predict", b"text" * 99, 415),
                    ("GET", "/nothing", None, 404), ("POST", "/predict", b"", 400)]
        clip = read(CLIP)
        done = threading.Event()
        counts = {}
        lock = threading.Lock()
        faults = []

        def client(number):
            n = 0
            while not done.is_set() or n < OPTIONS.requests // 32:
                method, path, body, status = requests[(n + number) % len(requests)]
                if number == 0 and n % 20 == 0:
                    method, path, body, status = "POST", "/predict", clip, 200
                n += 1
                try:
                    got = ask(target, method, path, body).status
                except (OSError, http.client.HTTPException) as fault:
                    got = repr(fault)
                with lock:
                    counts[got] = counts.get(got, 0) + 1
                if got != status:
                    faults.append((method, path, status, got))
                time.sleep(0.01)

        with ThreadPoolExecutor(32) as pool:
            clients = [pool.submit(client, number) for number in range(32)]
            try:
                for _ in range(times):
                    time.sleep(0.5)
                    restart()
                time.sleep(0.5)
            finally:
                done.set()
            for future in clients:
                future.result()
        self.assertEqual(faults, [], counts)
        self.assertEqual(set(counts), {200, 400, 404, 415})
        self.assertGreaterEqual(sum(counts.values()), OPTIONS.requests)

    def check_hang_up(self, service, target):
        pid = service.process.pid

        def files():
            return len(os.listdir(f"/proc/{pid}/fd"))

        service.hang_up()
        before = files()
        self.load(target, service.hang_up, 4)
        service.hang_up()
        self.assertLessEqual(files(), before)
        # the same process; its old fork servers are gone, and reaped
        self.assertEqual(len(children(pid)), 1)

    def test_own(self):
        service = self.serve("--queue=100")
        self.check_hang_up(service, service.address)

    def test_own_unix(self):
        path = self.path("socket")
        service = self.serve("--queue=100", f"--bind=unix:{path}", port=None)
        self.check_hang_up(service, path)

    def test_given(self):
        listener = self.listen()
        service = self.serve("--queue=100", sockets=[listener], port=None)
        self.check_hang_up(service, service.address)

    def test_ended_and_started(self):
        """What systemctl restart does: the socket stays."""
        listener = self.listen()
        services = [Service("--queue=100", sockets=[listener], port=None)]

        def restart():
            self.assertEqual(services.pop().stop(), 0)
            services.append(Service("--queue=100", sockets=[listener], port=None))

        try:
            self.load(services[0].address, restart, 4)
        finally:
            services[0].stop()

    def test_answered(self):
        """A client that has its answer and stays does not keep it waiting."""
        service = self.serve("--client-timeout=600", "--max-size=100K")
        host, port = service.address.rsplit(":", 1)
        for body in (b"Content-Length: x\r\n\r\n",
                     b"Content-Length: 99999999999\r\n\r\n" + bytes(600_000)):
            with socket.create_connection((host, int(port)), timeout=60) as client:
                client.sendall(b"POST /nothing HTTP/1.1\r\nHost: localhost\r\n" + body)
                self.assertIn(b"HTTP/1.1 40", client.recv(100))
                service.hang_up()

    def test_drained(self):
        """A file that is being analysed is answered, and who comes waits."""
        service = self.serve()
        with ThreadPoolExecutor(2) as pool:
            fork_server, = children(service.process.pid)
            first = pool.submit(service.ask, "POST", "/predict", read(CLIP))
            wait_until(lambda: children(fork_server))
            service.process.send_signal(signal.SIGHUP)
            second = pool.submit(service.ask, "GET", "/health")
            service.process.send_signal(signal.SIGHUP)  # nothing more to do
            self.assertEqual(first.result().status, 200)
            self.assertEqual(second.result().status, 200)

    def test_signals(self):
        """SIGHUP at any time does not end it, and SIGTERM does over a SIGHUP."""
        service = Service()
        for _ in range(30):
            service.process.send_signal(signal.SIGHUP)
            time.sleep(0.03)
        self.assertEqual(service.ask("GET", "/health").status, 200)
        host, port = service.address.split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"
                           b"Content-Length: 100\r\n\r\n")
            wait_until(lambda: b"_connections 2" in service.ask("GET", "/metrics").body)
            service.process.send_signal(signal.SIGHUP)
            time.sleep(0.2)
            service.process.send_signal(signal.SIGTERM)
            wait_until(lambda: self.is_refused(host, int(port)))
            client.sendall(b"x" * 100)
            self.assertIn(b" 415 ", client.recv(1000).splitlines()[0])
        self.assertEqual(service.stop(), 0)

    def is_refused(self, host, port):
        try:
            socket.create_connection((host, port), timeout=60).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:  # it is just being closed
            pass
        return False

    def test_just_connected(self):
        """A client that has connected, and has not asked yet, is answered."""
        service = Service()
        host, port = service.address.split(":")
        with socket.create_connection((host, int(port)), timeout=60) as client:
            wait_until(lambda: b"_connections 2" in service.ask("GET", "/metrics").body)
            service.process.send_signal(signal.SIGTERM)
            wait_until(lambda: self.is_refused(host, int(port)))
            client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertIn(b" 200 ", client.recv(1000).splitlines()[0])
        self.assertEqual(service.stop(), 0)

    def test_new_token(self):
        path = self.path("token")
        with open(path, "w") as f:
            f.write("one\n")
        service = self.serve(f"--token-file={path}")

        def status(token):
            return service.ask("GET", "/models", headers={
                "Authorization": f"Bearer {token}"}).status

        self.assertEqual(status("one"), 200)
        with open(path, "w") as f:
            f.write("two\n")
        service.hang_up()
        self.assertEqual(status("two"), 200)
        self.assertNotEqual(status("one"), 200)

    def test_terminal(self):
        """When its terminal is closed it ends."""
        reader, writer = os.pipe()
        pid, terminal = pty.fork()
        if pid == 0:
            # whoever runs the tests may be under nohup, with which it would go on
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            os.dup2(writer, 1)
            os.execv(OPTIONS.program, [OPTIONS.program, "serve", "--port=0"])
        os.close(writer)
        with open(reader) as output:
            self.assertIn("http://", output.readline())
            os.kill(pid, signal.SIGHUP)  # this is still a restart
            self.assertIn("http://", output.readline())
            os.close(terminal)
            self.assertEqual(os.waitpid(pid, 0)[1], 0)


if __name__ == "__main__":
    unittest.main()
