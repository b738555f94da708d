# SPDX-License-Identifier: GPL-2.0-or-later
"""How the service speaks HTTP: requests as bytes, through a socket, and what becomes of
malformed ones, of clients that go away, and of clients that do not take their answers.

    test_http.py PROGRAM UNIT [--mutants N] [unittest's arguments]

UNIT is systemd's file.  --mutants makes test_mutated longer."""

import argparse
import contextlib
import http.client
import json
import os
import random
import resource
import select
import signal
import socket
import struct
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

import jsonschema

from service import (
    Service, children, described_errors, form, noise, read, wait_until)

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("unit")
parser.add_argument("--mutants", type=int, default=400)
OPTIONS, sys.argv[1:] = parser.parse_known_args()
Service.program = OPTIONS.program
CLIP = read(os.environ["TEST_CLIP"])

HOST = b"Host: localhost\r\n"
GET = b"GET /health HTTP/1.1\r\n" + HOST
POST = b"POST /predict HTTP/1.1\r\n" + HOST
LENGTH = b"Content-Length: %d\r\n\r\n" % len(CLIP)
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
ROUTES = ("/health", "/models", "/about", "/metrics", "/openapi.json")


def chunks(data, size=10_000):
    return b"".join(b"%x\r\n%s\r\n" % (len(data[at:at + size]), data[at:at + size])
                    for at in range(0, len(data), size))


def receive(client, method="GET"):
    """The answer; the body is read to its end."""
    response = http.client.HTTPResponse(client, method=method)
    response.begin()
    response.body = response.read()
    return response


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # a client that is not answered at once fails the test, not this
        cls.service = Service("--jobs=2", "--client-timeout=600")
        cls.description = json.loads(cls.service.ask("GET", "/openapi.json").body)
        cls.folder = tempfile.TemporaryDirectory()

    @classmethod
    def tearDownClass(cls):
        status = cls.service.stop()
        cls.folder.cleanup()
        assert status == 0, status

    def run_service(self, *options):
        service = Service(*options)
        self.addCleanup(lambda: self.assertEqual(service.stop(), 0))
        return service

    def send(self, data, end=False, method="GET", service=None):
        with (service or self.service).open() as client:
            # the service may have answered already, and read no more
            with contextlib.suppress(ConnectionError):
                client.sendall(data)
                if end:
                    client.shutdown(socket.SHUT_WR)
            return receive(client, method)

    def check_headers(self, response):
        self.assertEqual(response.headers["Connection"], "close")
        self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
        self.assertIn("default-src 'none'",
                      response.headers["Content-Security-Policy"])
        self.assertIn("Date", response.headers)

    def check_error(self, response, status, code):
        self.check_headers(response)
        self.assertEqual(response.status, status, response.body)
        self.assertEqual(response.headers["Content-Type"], "application/json")
        value = json.loads(response.body)
        jsonschema.Draft202012Validator(
            {**self.description["components"]["schemas"]["Error"],
             "components": self.description["components"]}).validate(value)
        self.assertEqual(value["error"]["code"], code, value)
        self.assertIn((status, code), described_errors(self.description))

    def count(self, status, route="/predict", service=None):
        try:
            return (service or self.service).metric(
                f'requests_total{{route="{route}",status="{status}"}}')
        except TypeError:  # there was none yet
            return 0

    def need_page(self):
        response = self.service.ask("GET", "/")
        if response.status == 404:
            self.skipTest("the program was built without its page")
        return response

    # What libsoup does by itself

    def test_ranges(self):
        page = self.need_page()
        self.assertEqual(page.headers["Accept-Ranges"], "bytes")
        size = len(page.body)
        for value, part in (("bytes=0-9", slice(0, 10)), ("bytes=5-", slice(5, size)),
                            ("bytes=-7", slice(size - 7, size)),
                            (f"bytes=10-{size + 99}", slice(10, size))):
            with self.subTest(value):
                response = self.service.ask("GET", "/", headers={"Range": value})
                self.assertEqual(response.status, 206)
                self.assertEqual(response.body, page.body[part])
                self.assertEqual(response.headers["Content-Range"],
                                 f"bytes {part.start}-{part.stop - 1}/{size}")
        for value in (f"bytes={size}-", "bytes=-0"):
            response = self.service.ask("GET", "/", headers={"Range": value})
            self.check_error(response, 416, "range")
            self.assertEqual(response.headers["Content-Range"], f"bytes */{size}")
        # more than one range, or none that means anything: all of it
        for headers in ({"Range": "bytes=0-1,3-4"}, {"Range": "bytes=0-,0-"},
                        {"Range": "bytes=4-3"}, {"Range": "bytes=-"},
                        {"Range": "bytes=a-b"}, {"Range": "lines=0-1"},
                        {"Range": "bytes=0-0", "If-Range": '"x"'}):
            with self.subTest(headers):
                response = self.service.ask("GET", "/", headers=headers)
                self.assertEqual((response.status, response.body),
                                 (200, page.body))
        head = self.service.ask("HEAD", "/", headers={"Range": "bytes=0-1"})
        self.assertEqual((head.status, head.headers["Content-Length"]),
                         (200, str(size)))

    def test_no_ranges(self):
        for path in (*ROUTES, "/nothing"):
            whole = self.service.ask("GET", path)
            for value in ("bytes=0-1", "bytes=0-,0-", "bytes=999999-"):
                response = self.service.ask("GET", path, headers={"Range": value})
                self.assertEqual(response.status, whole.status)
                self.assertNotIn("Content-Range", response.headers)
                self.assertGreaterEqual(len(response.body), len(whole.body) - 50)
        response = self.service.ask("POST", "/predict", CLIP, {"Range": "bytes=0-1"})
        self.assertEqual(json.loads(response.body)["model"].split()[0], "crnn")

    @unittest.skipIf("ASAN_OPTIONS" in os.environ, "what is freed is kept for a while")
    def test_many_ranges(self):
        """Requests for thousands of ranges neither end the service nor let it grow."""
        service = self.run_service()
        # so much more memory than it has now would be too much
        with open(f"/proc/{service.process.pid}/statm") as f:
            now = int(f.read().split()[0]) * resource.getpagesize()
        resource.prlimit(service.process.pid, resource.RLIMIT_AS,
                         (now + (300 << 20), now + (300 << 20)))
        before = service.memory()
        for n in (7_000, 12_000):
            value = b"Range: bytes=" + b",".join([b"0-"] * n) + b"\r\n\r\n"
            for path in (b"/openapi.json", b"/health", b"/", b"/app.js"):
                request = b"GET " + path + b" HTTP/1.1\r\n" + HOST + value
                with contextlib.ExitStack() as stack:
                    clients = [stack.enter_context(service.open())
                               for _ in range(25)]
                    for client in clients:
                        client.sendall(request)
                    for client in clients:
                        response = receive(client)
                        self.assertIn(response.status,
                                      (200, 404) if n < 10_000 else (431,))
                        self.assertLess(len(response.body), 1_000_000)
        self.assertLess(service.memory() - before, 30_000)

    def test_conditions(self):
        always = {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT",
                  "If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT",
                  "If-Match": '"x"', "If-None-Match": "*"}
        for path in ROUTES:
            for name, value in always.items():
                response = self.service.ask("GET", path, headers={name: value})
                self.assertEqual(response.status, 200, (path, name))
        page = self.need_page()
        tag = page.headers["ETag"]
        for value in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            response = self.service.ask("GET", "/", headers={
                "If-None-Match": value, "Range": "bytes=0-1"})
            self.assertEqual((response.status, response.body), (304, b""))
            self.assertNotIn("Content-Length", response.headers)
            self.assertEqual(response.headers["ETag"], tag)
        response = self.service.ask("GET", "/", headers={"If-None-Match": '"x"'})
        self.assertEqual(response.body, page.body)

    def test_unread_page(self):
        """Of clients that wait to be told to send their body, and do not read: they
        are let go, and others are answered meanwhile."""
        self.need_page()
        service = self.run_service("--client-timeout=2")
        host, port = service.address.split(":")
        for _ in range(3):
            client = socket.socket()
            self.addCleanup(client.close)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            client.connect((host, int(port)))
            client.sendall(b"GET /sample.ogg HTTP/1.1\r\n" + HOST +
                           b"Content-Length: 1\r\nExpect: 100-continue\r\n\r\n")
        wait_until(lambda: service.metric("connections") == 1)
        self.assertNotIn("408", service.ask("GET", "/metrics").body.decode())

    def test_head(self):
        for path in ("/health", "/models", "/openapi.json", "/nothing", "/"):
            response = self.service.ask("GET", path)
            head = self.service.ask("HEAD", path)
            self.check_headers(head)
            self.assertEqual(head.status, response.status)
            self.assertEqual(head.headers["Content-Length"],
                             str(len(response.body)))
            with self.service.open() as client:
                client.sendall(b"HEAD " + path.encode() + b" HTTP/1.1\r\n" + HOST +
                               b"\r\n")
                self.assertTrue(
                    client.makefile("rb").read().endswith(b"\r\n\r\n"))
        self.check_error(self.service.ask("POST", "/health"), 405,
                         "method-not-allowed")

    def test_refused_head(self):
        """What is refused before libsoup sees it has no body, either."""
        for request, status in ((b"HEAD /..%2f.. HTTP/1.1\r\n" + HOST + b"\r\n", 400),
                                (b"\r\nHEAD / HTTP/1.1\r\n\r\n", 400),
                                (b"HEAD / HTTP/3.0\r\n" + HOST + b"\r\n", 505),
                                (b"HEAD /" + b"a" * 40_000, 414)):
            with self.subTest(request[:40]), self.service.open() as client:
                with contextlib.suppress(ConnectionError):
                    client.sendall(request)
                    client.shutdown(socket.SHUT_WR)
                answer = client.makefile("rb").read()
                self.assertEqual(int(answer.split()[1]), status)
                self.assertTrue(answer.endswith(b"\r\n\r\n"), answer[-60:])
                self.assertEqual(answer.count(b"\r\n\r\n"), 1)

    def test_methods(self):
        for line, status, code in (
                (b"OPTIONS * HTTP/1.1", 501, "not-implemented"),
                (b"CONNECT localhost:80 HTTP/1.1", 501, "not-implemented"),
                (b"GET * HTTP/1.1", 400, "bad-request"),
                (b"OPTIONS /predict HTTP/1.1", 405, "method-not-allowed"),
                (b"TRACE /health HTTP/1.1", 405, "method-not-allowed"),
                (b"BREW /health HTTP/1.1", 405, "method-not-allowed"),
                (b"get /health HTTP/1.1", 405, "method-not-allowed")):
            with self.subTest(line):
                response = self.send(line + b"\r\n" + HOST + b"\r\n")
                self.check_error(response, status, code)
                self.assertEqual("Allow" in response.headers, status == 405)

    def test_upgrade(self):
        """What is only of the one connection changes nothing."""
        for lines in (b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
                      b"Sec-WebSocket-Version: 13\r\n"
                      b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
                      b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                      b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n",
                      b"TE: trailers\r\n", b"TE: gzip\r\nConnection: TE\r\n",
                      b"Trailer: X\r\n", b"Keep-Alive: timeout=600\r\n",
                      b"Connection: Host, Content-Type, keep-alive\r\n"):
            with self.subTest(lines):
                response = self.send(GET + lines + b"\r\n")
                self.assertEqual(response.status, 200)
                self.check_headers(response)
        response = self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self.check_error(response, 505, "http-version")

    # Malformed requests: each is answered at once, though its client waits

    def test_malformed(self):
        both = b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        long = b"x" * 40_000
        for request, status, code in (
                # how long the body is
                (POST + b"Content-Length: -1\r\n\r\n", 400, ""),
                (POST + b"Content-Length: +1\r\n\r\n", 400, ""),
                (POST + b"Content-Length: 1 2\r\n\r\n", 400, ""),
                (POST + b"Content-Length: 0x10\r\n\r\n", 400, ""),
                (POST + b"Content-Length:\r\n\r\n", 400, ""),
                (POST + b"Content-Length: 5, 5\r\n\r\n", 400, ""),
                (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400, ""),
                (POST + b"Content-Length: 5\r\ncontent-length: 5\r\n\r\n", 400, ""),
                (POST + both, 400, ""),
                (POST + b"Transfer-Encoding: gzip\r\n\r\n", 400, ""),
                (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 400, ""),
                (POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n", 400, ""),
                (POST + b"Transfer-Encoding: identity\r\n\r\n", 400, ""),
                (POST + b"Transfer-Encoding: xchunked\r\n\r\n", 400, ""),
                (POST + b"Transfer-Encoding:\r\n\r\n", 400, ""),
                (POST + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n", 400, ""),
                (CHUNKED.replace(b"1.1", b"1.0"), 400, ""),
                (POST + b"Content-Length: 99999999999999999999\r\n\r\n", 413,
                 "too-large"),
                (POST + b"Content-Length: 99999999999999\r\n"
                 b"Expect: 100-continue\r\n\r\n", 413, "too-large"),
                # lines
                (GET + b"A: b\r\n c\r\n\r\n", 400, ""),
                (GET + b" A: b\r\n\r\n", 400, ""),
                (GET + b"A: b\rc\r\n", 400, ""),
                (GET + b"A: b\n", 400, ""),
                (b"GET /health HTTP/1.1\n", 400, ""),
                (GET + b"A: \0\r\n", 400, ""),
                (GET + b"A: \x7f\r\n", 400, ""),
                (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, ""),
                (GET + b"A : b\r\n\r\n", 400, ""),
                (GET + b": b\r\n\r\n", 400, ""),
                (GET + b"A b\r\n\r\n", 400, ""),
                (GET + b"A(): b\r\n\r\n", 400, ""),
                # who is asked for what
                (b"GET /health HTTP/1.1\r\n\r\n", 400, ""),
                (GET + HOST + b"\r\n", 400, ""),
                (b"GET /health HTTP/1.1\r\nHost:\r\n\r\n", 400, ""),
                (b"GET /health HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, ""),
                (b"GET /health HTTP/1.1\r\nHost: a@b\r\n\r\n", 400, ""),
                (b"GET /health HTTP/1.1\r\nHost: a b\r\n\r\n", 400, ""),
                (b"GET /health HTTP/1.1\r\nHost: a:b\r\n\r\n", 400, ""),
                (b"GET /health HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, ""),
                (b"GET health HTTP/1.1\r\n" + HOST + b"\r\n", 400, ""),
                (b"GET ftp://localhost/ HTTP/1.1\r\n" + HOST + b"\r\n", 400, ""),
                (b"GET /%zz HTTP/1.1\r\n" + HOST + b"\r\n", 400, ""),
                (b"GET /%00 HTTP/1.1\r\n" + HOST + b"\r\n", 400, ""),
                (b"POST /predict?model=%zz HTTP/1.1\r\n" + HOST + b"\r\n", 400, ""),
                (b"GET /%2e%2e%2f%2e%2e/ HTTP/1.1\r\n" + HOST + b"\r\n", 400, ""),
                (b"GET /\xc3\xa4 HTTP/1.1\r\n" + HOST + b"\r\n", 400, ""),
                (b"GET /# HTTP/1.1\r\n" + HOST + b"\r\n", 400, ""),
                (b"GET  /health HTTP/1.1\r\n" + HOST + b"\r\n", 400, ""),
                (b"GET /health  HTTP/1.1\r\n" + HOST + b"\r\n", 400, ""),
                (b"GET /health\r\n\r\n", 400, ""),
                (b"GET /health HTTP/1.1 \r\n" + HOST + b"\r\n", 400, ""),
                (b"GET /health http/1.1\r\n" + HOST + b"\r\n", 400, ""),
                (b"G(T /health HTTP/1.1\r\n" + HOST + b"\r\n", 400, ""),
                (b"GET /health HTTP/1.2\r\n" + HOST + b"\r\n", 505, "http-version"),
                (b"GET /health HTTP/3.0\r\n" + HOST + b"\r\n", 505, "http-version"),
                # others
                (GET + b"Expect: tea\r\n\r\n", 417, "expectation-failed"),
                (GET + b"A: " + long + b"\r\n\r\n", 431, "headers-too-large"),
                (GET + b"A: b\r\n" * 6_000 + b"\r\n", 431, "headers-too-large"),
                (b"GET /" + long + b" HTTP/1.1\r\n\r\n", 414, "uri-too-long"),
                (b"\r\n" * 20_000, 414, "uri-too-long")):
            with self.subTest(request[:90]):
                before = self.count(status, "/"), self.count(status)
                response = self.send(request)
                self.check_error(response, status, code or "bad-request")
                # it is counted once
                self.assertEqual(self.count(status, "/") + self.count(status),
                                 sum(before) + 1)

    def test_unusual(self):
        """What is rare but right is understood."""
        for request in (b"\r\n" + GET + b"\r\n",
                        GET + b"A:b\r\nB:\t c \t\r\nC:\r\n\r\n",
                        GET + b"A: \xe9\xff\r\n\r\n",
                        GET + b"Expect: 100-Continue\r\n\r\n",
                        GET + b"Content-Length: 5\r\n\r\n12345",
                        GET + b"A: " + b"x" * 30_000 + b"\r\n\r\n",
                        b"GET /%68ealth HTTP/1.1\r\n" + HOST + b"\r\n",
                        b"GET http://localhost/health HTTP/1.1\r\n" + HOST + b"\r\n",
                        b"GET HTTP://127.0.0.1:99/health HTTP/1.1\r\n" + HOST +
                        b"\r\n",
                        b"GET /health HTTP/1.0\r\n\r\n",
                        b"GET /health HTTP/1.1\r\nhost:[::1]:80\r\n\r\n"):
            with self.subTest(request[:90]):
                self.assertEqual(self.send(request).status, 200)
        # the authority of the target counts
        response = self.send(
            b"GET http://example.org/health HTTP/1.1\r\n" + HOST + b"\r\n")
        self.check_error(response, 403, "forbidden")

    def test_cut_anywhere(self):
        request = POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(
            b"no music" * 9, 7) + b"0\r\n\r\n"
        with self.service.open() as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(len(request)):
                client.send(request[at:at + 1])
            self.check_error(receive(client), 415, "not-audio")

    def test_chunks(self):
        expected = self.service.ask("POST", "/predict", CLIP).body
        body = chunks(CLIP)
        for good in (CHUNKED + body + b"0\r\n\r\n",
                     CHUNKED + chunks(CLIP, 200) + b"000\r\n\r\n",
                     CHUNKED + body.replace(b"2710\r\n", b"002710;a=b;c=\"d\"\r\n") +
                     b"0;x\r\nTrailer: x\r\nB: c\r\n\r\n",
                     CHUNKED.replace(b"chunked", b"Chunked") + body + b"0\r\n\r\n" +
                     b"and more"):
            self.assertEqual(self.send(good).body, expected)
        for bad in (b"xyz\r\n", b"0x1\r\nZ\r\n", b"1these\r\nZ\r\n", b"-5\r\n",
                    b"\r\n", b" 5\r\n", b"5\nhello\r\n", b"5\r\nhelloworld\r\n",
                    b"5\r\nhello\n", b"10000000000000005\r\nhello\r\n", b"0_0\r\n",
                    b"5;\0\r\n", b"5;a\rb\r\n", b"5;" + b"a" * 9000, b"\r0\r\n",
                    b"0\r\nA: \0\r\n", b"0\r\nA: b\n", b"0\r\n" + b"A: b\r\n" * 2000,
                    b"0\r\n: b\r\n\r\n", b"0\r\nno trailer\r\n\r\n",
                    b"0\r\nA : b\r\n\r\n", b"0\r\nA: b\r\n c\r\n\r\n",
                    (b"1;" + b"a" * 4000 + b"\r\nx\r\n") * 20):
            with self.subTest(bad[:30]):
                before = self.count(400)
                response = self.send(CHUNKED + body + bad)
                self.check_error(response, 400, "bad-request")
                # when the service has seen that the client is gone
                wait_until(lambda: self.count(400) == before + 1)

    def test_truncated(self):
        """A request that ends too early is no shorter request."""
        body = chunks(CLIP)
        for request in (CHUNKED + body, CHUNKED + body[:50_000], CHUNKED + b"27",
                        CHUNKED + body + b"0\r\n", CHUNKED + body + b"0\r\nA: b\r\n",
                        POST + LENGTH + CLIP[:-1], POST + LENGTH, POST[:40], GET):
            with self.subTest(request[-30:]):
                response = self.send(request, end=True)
                self.check_error(response, 400, "bad-request")
        with self.service.open() as client:
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(client.recv(100), b"")

    def long_request(self, service, head, reads):
        """The answer to a request of 1 MB, or of one without end if its client @reads
        while it sends."""
        chunk = b"x" * 10_000
        if b"Length" not in head:
            head += b"Transfer-Encoding: chunked\r\n"
            chunk = chunks(chunk)
        with service.open() as client:
            client.sendall(head + b"\r\n")
            for _ in range(600 if reads else 100):
                client.sendall(chunk)
                if reads and select.select([client], [], [], 0)[0]:
                    break
            else:
                if reads:
                    self.fail("it is not answered before the end")
                if chunk[:1] != b"x":
                    client.sendall(b"0\r\n\r\n")
            return receive(client)

    def check_long(self, service, head, status, code):
        for reads in False, True:
            # a length that is too large comes before what is no matter of the headers
            for length in (b"", b"Content-Length: 99999999\r\n")[
                    :1 if code in ("busy", "no-upload") else 2]:
                with self.subTest(head=head, reads=reads, length=length):
                    response = self.long_request(service, head + length, reads)
                    self.check_error(response, status, code)
                    self.assertEqual("Allow" in response.headers, status == 405)
                    self.assertEqual("Retry-After" in response.headers, status == 503)

    def test_long_refused(self):
        """A refusal reaches its client although the body is not read to its end."""
        service = self.run_service("--max-size=100K", "--jobs=1", "--queue=0",
                                   "--client-timeout=600")
        post = POST.split(b" ", 2)[2]
        for line, status, code in (
                (b"POST /predict?modle=gru", 400, "unknown-parameter"),
                (b"POST /waveform?points=x", 400, "bad-request"),
                (b"POST /predict/nothing", 404, "unknown-model"),
                (b"POST /predict?upload=nothing", 404, "no-upload"),
                (b"POST /nothing", 404, "not-found"),
                (b"PUT /predict", 405, "method-not-allowed"),
                (b"POST /predict", 413, "too-large"),
                (b"GET /health", 413, "too-large")):
            self.check_long(service, line + b" " + post, status, code)
        for header, status, code in (
                (b"Content-Encoding: gzip", 415, "encoded"),
                (b"Origin: http://example.org", 403, "forbidden")):
            self.check_long(service, POST + header + b"\r\n", status, code)
        small = b"x" * 1000
        self.work(service, POST + b"Content-Length: 1000\r\n\r\n" + small)
        self.check_long(service, POST, 503, "busy")
        os.kill(service.fork_server, signal.SIGCONT)
        # nobody went away before the answer; the small file is no audio, either
        wait_until(lambda: self.count(415, service=service) == 5)
        wait_until(lambda: self.count(503, service=service) == 2)
        self.assertEqual(self.count(499, service=service), 0)
        self.assertEqual(self.count(500, service=service), 0)
        # one that goes on and on is let go
        with service.open() as client, self.assertRaises(ConnectionError):
            client.sendall(CHUNKED)
            for _ in range(1000):
                client.sendall(chunks(b"x" * 100_000))

    # Clients that go, and those that stay

    def work(self, service, request, end=False):
        """A client whose request a worker has, for as long as the test likes, since
        its fork server is stopped."""
        os.kill(service.fork_server, signal.SIGSTOP)
        client = service.open()
        self.addCleanup(client.close)
        client.sendall(request)
        if end:
            client.shutdown(socket.SHUT_WR)
        wait_until(lambda: service.metric("workers_running") == 1)
        return client

    def test_half_close(self):
        service = self.run_service()
        expected = service.ask("POST", "/predict", CLIP).body
        for request in (POST + LENGTH + CLIP, CHUNKED + chunks(CLIP) + b"0\r\n\r\n",
                        POST.replace(b"1.1", b"1.0") + LENGTH + CLIP,
                        POST + LENGTH + CLIP + b"surplus"):
            self.assertEqual(self.send(request, end=True, service=service).body,
                             expected)
            # however long it takes
            client = self.work(service, request, end=True)
            os.kill(service.fork_server, signal.SIGCONT)
            self.assertEqual(receive(client).body, expected)
        events = POST + b"Accept: text/event-stream\r\n" + LENGTH + CLIP
        response = self.send(events, end=True, service=service)
        self.assertEqual(response.body.count(b"event: segment\n"), 2)
        self.assertTrue(response.body.endswith(expected + b"\n\n"))
        for path in ROUTES:
            response = self.send(b"GET " + path.encode() + b" HTTP/1.1\r\n" + HOST +
                                 b"\r\n", end=True, service=service)
            self.assertEqual(response.status, 200)

    def test_gone(self):
        """The work for a client that has closed its socket is ended."""
        service = self.run_service("--jobs=1")
        cut = struct.pack("ii", 1, 0)  # what SO_LINGER makes a reset
        for request in (POST + LENGTH + CLIP, POST + LENGTH + CLIP + b"surplus",
                        POST + b"Accept: text/event-stream\r\n" + LENGTH + CLIP):
            for reset in (False, True):
                before = self.count(499, service=service)
                client = self.work(service, request)
                if reset:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, cut)
                client.close()
                wait_until(lambda: self.count(499, service=service) == before + 1)
                os.kill(service.fork_server, signal.SIGCONT)
                wait_until(lambda: service.metric("workers_running") == 0)
        self.assertEqual(self.count(500, service=service), 0)
        self.assertEqual(self.count(200, service=service), 0)

    def test_aborted(self):
        """An upload whose client goes away is no fault of the service."""
        service = self.run_service()
        body, headers = form(CLIP)
        multipart = POST + b"Content-Type: %s\r\n" % headers["Content-Type"].encode()
        n = 0
        for request in (POST + LENGTH + CLIP[:10_000], POST + LENGTH,
                        CHUNKED + chunks(CLIP)[:15_000],
                        multipart + LENGTH + body[:30_000]):
            for reset in (False, True):
                with service.open() as client:
                    client.sendall(request)
                    wait_until(lambda: service.metric("connections") == 2)
                    if reset:
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                          struct.pack("ii", 1, 0))
                n += 1
                wait_until(lambda: self.count(499, service=service) == n)
                wait_until(lambda: service.metric("connections") == 1)
        self.assertEqual(self.count(500, service=service), 0)
        self.assertEqual(self.count(400, service=service), 0)

    def test_old_clients(self):
        """HTTP/1.0 knows no chunks and no interim answers."""
        expected = self.service.ask("POST", "/predict", CLIP)
        old = POST.replace(b"1.1", b"1.0")
        for lines in (b"", b"Expect: 100-continue\r\n", b"Connection: keep-alive\r\n"):
            response = self.send(old + lines + LENGTH + CLIP)
            self.assertEqual(response.body, expected.body)
            self.assertNotIn("Transfer-Encoding", response.headers)
        with self.service.open() as client:
            client.sendall(old + b"Accept: text/event-stream\r\n" + LENGTH + CLIP)
            answer = client.makefile("rb").read()
        head, body = answer.split(b"\r\n\r\n", 1)
        self.assertNotIn(b"transfer-encoding", head.lower())
        self.assertTrue(head.startswith(b"HTTP/1.0 200 "))
        self.assertTrue(body.startswith(b"event: segment\n"))
        self.assertTrue(body.endswith(b"event: result\ndata: " + expected.body +
                                      b"\n\n"))

    def test_one_request(self):
        """What follows a request is not taken for another one."""
        for request in (GET + b"\r\n", POST + LENGTH + CLIP,
                        CHUNKED + chunks(CLIP) + b"0\r\n\r\n"):
            with self.service.open() as client:
                client.sendall(request + GET + b"\r\n")
                self.assertEqual(client.makefile("rb").read().count(b"HTTP/1.1 "), 1)

    # Parameters and the token

    def test_model(self):
        answers = {}
        for name in ("crnn", "gru", "cnn"):
            response = self.service.ask("POST", f"/predict?model={name}", CLIP)
            self.assertEqual(response.status, 200)
            answers[name] = response.body
            self.assertEqual(
                response.body,
                self.service.ask("POST", f"/predict/{name}", CLIP).body)
        self.assertEqual(len(set(answers.values())), 3)
        self.assertEqual(answers["gru"],
                         self.service.ask("POST", "/predict?model=%67ru", CLIP).body)
        for name in ("nothing", "", "crnn%20", "../crnn"):
            response = self.service.ask("POST", f"/predict?model={name}", CLIP)
            self.check_error(response, 404, "unknown-model")

    def test_unknown_parameters(self):
        for method, path in (
                ("POST", "/predict?modell=gru"), ("POST", "/predict?Model=gru"),
                ("POST", "/predict?model=gru&x=1"), ("POST", "/predict?x"),
                ("POST", "/predict?model=gru&model=cnn"), ("POST", "/predict?model"),
                ("POST", "/predict?&"), ("POST", "/predict?model=%ff"),
                ("POST", "/predict/gru?model=gru"),
                ("POST", "/spectrogram?x=1"), ("GET", "/health?verbose=1"),
                ("GET", "/models?x="), ("HEAD", "/metrics?x=1"),
                ("GET", "/openapi.json?v=2")):
            with self.subTest(path):
                response = self.service.ask(method, path, b"x")
                self.assertEqual(response.status, 400)
                if method != "HEAD":
                    self.check_error(response, 400, "unknown-parameter")
        self.assertEqual(self.service.ask("GET", "/health?").status, 200)
        # links to the page have all kinds of them
        self.assertEqual(self.service.ask("GET", "/?utm_source=x").status,
                         self.service.ask("GET", "/").status)

    def test_token(self):
        service = self.run_service("--token=right")
        for value, status, code in (
                (None, 401, "unauthorized"), ("Basic cmlnaHQ=", 401, "unauthorized"),
                ("Bearer wrong", 403, "forbidden-token"),
                ("Bearer righ", 403, "forbidden-token"),
                ("bearer rightx", 403, "forbidden-token")):
            headers = {"Authorization": value} if value else {}
            response = service.ask("POST", "/predict", CLIP, headers)
            self.check_error(response, status, code)
            self.assertEqual(response.headers["WWW-Authenticate"],
                             "Bearer" if status == 401 else None)
        response = service.ask("GET", "/models",
                               headers={"Authorization": "bearer right"})
        self.assertEqual(response.status, 200)
        # nobody knows which of two counts
        right, wrong = b"Authorization: Bearer right\r\n", b"authorization: Bearer x\r\n"
        models = b"GET /models HTTP/1.1\r\n" + HOST
        self.assertEqual(self.send(models + right + b"\r\n", service=service).status, 200)
        for two in right + wrong, wrong + right, right + right:
            response = self.send(models + two + b"\r\n", service=service)
            self.check_error(response, 400, "bad-request")

    # Memory, and what is lost

    @unittest.skipIf("ASAN_OPTIONS" in os.environ, "what is freed is kept for a while")
    def test_answers_not_taken(self):
        """Clients that do not take their answers cannot have all the memory."""
        path = os.path.join(self.folder.name, "long.wav")
        noise(path, 400)
        data = read(path)
        service = self.run_service("--client-timeout=600", "--queue=100")
        picture = service.ask("POST", "/spectrogram", data).body
        before = service.memory()
        request = (POST.replace(b"predict", b"spectrogram") +
                   b"Content-Length: %d\r\n\r\n" % len(data) + data)
        # a quarter more than one client may have
        n = (20 << 20) // len(picture)

        def ask(address):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.bind((address, 0))
            host, port = service.address.split(":")
            client.connect((host, int(port)))
            client.settimeout(60)
            self.addCleanup(client.close)
            client.sendall(request)
            # the answer has begun
            client.recv(1, socket.MSG_PEEK)
            return client

        other = ask("127.0.0.3")
        with ThreadPoolExecutor(4) as pool:
            clients = list(pool.map(ask, ["127.0.0.2"] * n))
        self.assertLess(service.memory() - before, 30_000)
        whole = 0
        for client in clients:
            with contextlib.suppress(OSError, http.client.HTTPException):
                whole += receive(client).body == picture
        # the last ones have it, the first ones were given up
        self.assertGreater(whole, 0)
        self.assertLess(whole, n)
        self.assertGreaterEqual(self.count(499, "/spectrogram", service), n - whole)
        # and the one of another address was left alone
        self.assertEqual(receive(other).body, picture)

    def test_fork_server(self):
        """The service starts another fork server, as often as it must."""
        service = self.run_service()
        expected = service.ask("POST", "/predict", CLIP).body
        for number in (signal.SIGKILL, signal.SIGSEGV):
            os.kill(service.fork_server, number)
            wait_until(lambda: children(service.process.pid) not in
                       ([], [service.fork_server]))
            service.fork_server, = children(service.process.pid)
            self.assertEqual(service.ask("POST", "/predict", CLIP).body, expected)

    def test_unit(self):
        """systemd starts the service again, however often it ended."""
        lines = read(OPTIONS.unit).decode().splitlines()
        for line in ("Restart=on-failure", "StartLimitIntervalSec=0",
                     "OOMPolicy=continue"):
            self.assertIn(line, lines)

    # Many

    def test_mutated(self):
        """Damaged requests are answered, and the service goes on."""
        requests = [GET + b"Range: bytes=0-5\r\nTE: x\r\n\r\n",
                    b"GET /?a=b HTTP/1.1\r\nHost: [::1]:80\r\nExpect: x\r\n\r\n",
                    POST + b"Content-Length: 20\r\n\r\n" + b"x" * 20,
                    CHUNKED + chunks(b"x" * 50, 9) + b"0\r\nA: b\r\n\r\n",
                    b"POST /predict?model=gru HTTP/1.0\r\nConnection: x\r\n"
                    b"Content-Length: 3\r\n\r\nabc"]
        pieces = [b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"\0", b"0", b"f", b",",
                  b"%", b"/", b"Host: a\r\n", b"Content-Length: 1\r\n", b"\xff", b"*"]
        files = self.service.files()

        def ask(seed):
            r = random.Random(seed)
            data = bytearray(r.choice(requests))
            for _ in range(r.choice((1, 1, 2, 5))):
                at = r.randrange(len(data))
                kind = r.randrange(3)
                if kind == 0:
                    del data[at:at + r.choice((1, 2, 9))]
                elif kind == 1:
                    data[at:at] = r.choice(pieces)
                else:
                    data[at:at + 1] = r.choice(pieces)
                if not data:
                    data += b"x"
            response = self.send(bytes(data), end=True)
            if response.status >= 400 and not data.startswith(b"HEAD"):
                self.check_headers(response)
                self.assertTrue(json.loads(response.body)["error"]["code"], seed)
            return response.status

        with ThreadPoolExecutor(4) as pool:
            statuses = set(pool.map(ask, range(OPTIONS.mutants)))
        self.assertTrue({200, 400, 415} <= statuses, statuses)
        self.assertFalse(statuses & {500, 408}, statuses)
        wait_until(lambda: self.service.files() <= files)


if __name__ == "__main__":
    unittest.main()
