# SPDX-License-Identifier: GPL-2.0-or-later
"""The service on real files: that its answers are those of its description, what it
refuses, and what it survives.

    test_service.py PROGRAM [--requests N] [--bodies N] [unittest's arguments]

--requests and --bodies make test_many and test_mutated longer."""

import argparse
import contextlib
import http.client
import json
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

import jsonschema

from service import Service, children, form, launch, noise, read, wait_until

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--requests", type=int, default=32)
parser.add_argument("--bodies", type=int, default=60)
OPTIONS, sys.argv[1:] = parser.parse_known_args()
CLIP = os.environ["TEST_CLIP"]
Service.program = OPTIONS.program

# the codes after which the same request may succeed
RETRYABLE = {"busy", "internal", "no-space", "overtaken", "slow-client", "timeout"}
ENCODERS = {
    "song.mp3": "lamemp3enc ! id3v2mux",
    "song.flac": "flacenc",
    "song.wav": "wavenc",
    "song.m4a": "avenc_aac ! mp4mux",
    "song.webm": "vorbisenc ! webmmux",
}


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        for name, encoder in ENCODERS.items():
            launch(f"filesrc location={CLIP}", "decodebin", "audioconvert",
                   encoder, f"filesink location={cls.path(name)}")
        noise(cls.path("long.wav"), 1200)
        cls.service = Service("--jobs=2", "--queue=100", "--client-timeout=3")
        cls.description = json.loads(
            cls.service.ask("GET", "/openapi.json").body)

    @classmethod
    def tearDownClass(cls):
        status = cls.service.stop()
        cls.folder.cleanup()
        assert status == 0, status

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder.name, name)

    def run_service(self, *options, **environment):
        service = Service(*options, **environment)
        self.addCleanup(lambda: self.assertEqual(service.stop(), 0))
        return service

    # Agreement with the description

    def resolve(self, thing):
        while "$ref" in thing:
            path = thing["$ref"].removeprefix("#/").split("/")
            thing = self.description
            for key in path:
                thing = thing[key]
        return thing

    def check_schema(self, schema, value):
        jsonschema.Draft202012Validator(
            {**schema, "components": self.description["components"]}
        ).validate(value)

    def check(self, method, path, status, response, code=None):
        """Checks that the answer is as it is described; returns its JSON."""
        operation = self.description["paths"][path][method.lower()]
        self.assertEqual(response.status, status, response.body[:200])
        expected = self.resolve(operation["responses"][str(status)])
        kind = response.headers["Content-Type"].split(";")[0]
        self.assertIn(kind, expected["content"])
        for name, header in expected.get("headers", {}).items():
            self.assertIn(name, response.headers)
        self.assertEqual(response.headers["X-Content-Type-Options"], "nosniff")
        self.assertIn("default-src 'none'",
                      response.headers["Content-Security-Policy"])
        self.assertNotIn("unsafe", response.headers["Content-Security-Policy"])
        if kind != "application/json":
            return response.body
        value = json.loads(response.body)
        self.check_schema(expected["content"][kind]["schema"], value)
        if code:
            self.check_error(value, code)
        return value

    def check_error(self, value, code):
        self.assertEqual(value["error"]["code"], code)
        self.assertEqual(value["error"]["retryable"], code in RETRYABLE)

    def predict(self, *arguments, status=200, code=None, service=None, **more):
        response = (service or self.service).ask(
            "POST", "/predict", *arguments, **more)
        return self.check("POST", "/predict", status, response, code)

    # Answers

    def curl(self, *arguments):
        result = subprocess.run(
            ["curl", "-sS", "--fail-with-body", "-m", "30", *arguments],
            capture_output=True, cwd=self.folder.name)
        self.assertEqual(result.returncode, 0, result)
        return result.stdout

    def test_curl(self):
        """The commands of src/web/README.md."""
        url = self.service.url
        schemas = self.description["components"]["schemas"]
        whole = json.loads(self.curl("-F", "file=@song.mp3", f"{url}predict"))
        self.check_schema(schemas["Prediction"], whole)
        for arguments in (["-F", "file=@song.mp3", f"{url}predict/crnn"],
                          ["-F", "file=@song.mp3", f"{url}predict?model=crnn"],
                          ["--data-binary", "@song.mp3", f"{url}predict"],
                          ["-X", "POST", "-T", "song.mp3", f"{url}predict"],
                          ["-X", "POST", "-T", "-", "-H", "Expect:",
                           f"{url}predict", "--no-progress-meter"]):
            with self.subTest(arguments):
                if "-" in arguments:
                    answer = subprocess.run(
                        ["curl", "-sS", *arguments], capture_output=True,
                        input=read(self.path("song.mp3"))).stdout
                else:
                    answer = self.curl(*arguments)
                self.assertEqual(json.loads(answer), whole)
        picture = self.curl("-F", "file=@song.mp3", f"{url}spectrogram")
        self.assertEqual(picture[:8], b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", picture[16:24])
        self.assertEqual(height, 128)
        self.assertAlmostEqual(width, 36 / 0.0775, delta=3)

    def test_events(self):
        response = self.service.ask("POST", "/predict", read(CLIP),
                                    {"Accept": "text/event-stream"})
        self.assertEqual(response.headers["Content-Type"], "text/event-stream")
        events = [re.fullmatch("event: ([a-z]+)\ndata: (.*)", event)
                  for event in response.body.decode().split("\n\n")[:-1]]
        self.assertEqual([event[1] for event in events],
                         ["segment", "segment", "result"])
        data = [json.loads(event[2]) for event in events]
        schemas = self.description["components"]["schemas"]
        self.check_schema(schemas["Segment"], data[0])
        self.check_schema(schemas["Prediction"], data[2])
        self.assertEqual(data[:2], data[2]["segments"])
        # a failure before the first segment has a status
        self.predict(b"text" * 99, {"Accept": "text/event-stream"}, status=415)
        # a failure after it is an event
        broken = read(self.path("song.flac"))[:2_500_000] + bytes(200_000)
        body = self.service.ask("POST", "/predict", broken,
                                {"Accept": "text/event-stream"}).body
        self.assertRegex(body, rb"^event: segment\n(?s:.*)event: (result|error)")

    def test_formats(self):
        genres = set()
        for name in ENCODERS:
            result = self.predict(*form(read(self.path(name))))
            genres.add(result["genre"])
            self.assertAlmostEqual(result["duration"], 36, delta=0.2)
            self.assertAlmostEqual(sum(result["probabilities"].values()), 1,
                                   delta=1e-4)
        self.assertEqual(len(genres), 1, genres)

    def test_silence(self):
        path = self.path("silence.wav")
        launch("audiotestsrc wave=silence num-buffers=400", "wavenc",
               f"filesink location={path}")
        result = self.predict(read(path))
        self.assertTrue(result["silent"])
        self.assertEqual((result["genre"], result["music"]), (None, 0))
        response = self.service.ask("POST", "/spectrogram", read(path))
        self.check("POST", "/spectrogram", 200, response)

    def test_not_music(self):
        path = self.path("noise.wav")
        noise(path, 10)
        result = self.predict(read(path))
        for part in result, *result["segments"]:
            self.assertEqual((part["genre"], part["confidence"], part["silent"]),
                             (None, 0, False))
            self.assertLess(part["music"], 0.5)

    def test_others(self):
        for path in ("/health", "/models", "/about", "/metrics", "/openapi.json"):
            response = self.service.ask("GET", path)
            self.check("GET", path, 200, response)
            head = self.service.ask("HEAD", path)
            self.assertEqual((head.status, head.body), (200, b""))
        models = json.loads(self.service.ask("GET", "/models").body)
        self.assertIn("crnn", [model["name"] for model in models["models"]])
        audio = self.service.metric("audio_seconds_total")
        self.predict(read(CLIP))
        self.assertAlmostEqual(
            self.service.metric("audio_seconds_total") - audio, 36, delta=0.1)

    def test_about(self):
        """It says what --version --verbose does, and of the page what its SBOM does."""
        about = json.loads(self.service.ask("GET", "/about").body)
        text = subprocess.run([Service.program, "--version", "--verbose"], check=True,
                              capture_output=True, text=True, timeout=60).stdout
        for part in (*about["models"], *about["libraries"], *about["page"]):
            self.assertRegex(text, rf"(?m)^  {re.escape(part['name'])} +"
                             rf"{re.escape(part['version'])} +"
                             rf"{re.escape(part['license'])}")
        for model in about["models"]:
            for words in model["data_summary"].split("; "):
                self.assertIn(f"\n    {words}\n", text)
        self.assertIn(f"\nkernels    {about['kernels']}\n", text)
        self.assertEqual([model["name"] for model in about["models"]], [
            model["name"]
            for model in json.loads(self.service.ask("GET", "/models").body)["models"]])
        sbom = self.service.ask("GET", "/sbom.spdx.json")
        has_page = "page" in about["program"]["features"]
        self.assertEqual(sbom.status, 200 if has_page else 404)
        if not has_page:
            self.assertEqual(about["page"], [])
            return
        self.assertEqual(sbom.headers["Content-Type"], "application/json")
        packages = json.loads(sbom.body)["packages"][1:]
        self.assertEqual(
            [(part["name"], part["version"], part["license"])
             for part in about["page"]],
            [(package["name"], package["versionInfo"], package["licenseDeclared"])
             for package in packages])
        # the text of each licence comes with the page, as the licences ask for
        for part in about["page"]:
            notice = self.service.ask("GET", f"/{part['notice']}").body.decode()
            for line in part["copyright"].splitlines():
                self.assertIn(line, notice)
            self.assertIn("Redistribution", notice)

    # Refusals

    def test_bad_requests(self):
        data = read(CLIP)
        body, headers = form(data)
        multipart = "multipart/form-data"
        for body, headers in (
                (b"", {}),
                (form(b"")),
                (form(data, "fil")),
                (body[:-9], headers),
                (body, {"Content-Type": multipart}),
                (body, {"Content-Type": f"{multipart}; boundary=another"}),
                (body, {"Content-Type": f"{multipart}; boundary={'x' * 71}"}),
                (body[:-11] + body, headers),
                (b"--limit\r\n" + b"x" * 10000, headers),
                (b"--limit?\r\n\r\n\r\n--limit--", headers)):
            with self.subTest(body=body[-30:], headers=headers):
                self.predict(body, headers, status=400, code="bad-request")

    def test_no_music(self):
        self.predict(b"some text\n" * 99, status=415, code="not-audio")
        self.predict(bytes(range(256)) * 99, status=415, code="not-audio")
        video = self.path("video.ogv")
        launch("videotestsrc num-buffers=20", "theoraenc", "oggmux",
               f"filesink location={video}")
        self.predict(read(video), status=415, code="no-audio-stream")
        self.predict(b"x", {"Content-Encoding": "gzip"}, status=415,
                     code="encoded")
        noise(self.path("short.wav"), 2)
        self.predict(read(self.path("short.wav")), status=422, code="too-short")
        self.predict(read(self.path("song.m4a"))[:100_000], status=422,
                     code="decoder-failed")
        response = self.service.ask("POST", "/spectrogram", b"text " * 99)
        self.check("POST", "/spectrogram", 415, response, "not-audio")

    def test_no_such_thing(self):
        for path in ("/predict/nothing", "/predict/crnn/x",
                     "/predict/crnn.safetensors"):
            response = self.service.ask("POST", path, read(CLIP))
            self.check("POST", "/predict/{model}", 404, response,
                       "unknown-model")
        for path in ("/nothing", "/../../etc/passwd", "/predict/", "//",
                     "/%00", "/..%2f..%2fetc%2fpasswd", "/index.html/x"):
            response = self.service.ask("GET", path)
            self.assertIn(response.status, (400, 404))
            if response.status == 404:
                self.check_error(json.loads(response.body), "not-found")
        for method, path, allowed in (("GET", "/predict", "POST"),
                                      ("PUT", "/predict/crnn", "POST"),
                                      ("POST", "/models", "GET, HEAD"),
                                      ("DELETE", "/health", "GET, HEAD")):
            response = self.service.ask(method, path)
            self.assertEqual(response.status, 405)
            self.assertEqual(response.headers["Allow"], allowed)
            error = json.loads(response.body)
            self.check_schema(self.description["components"]["schemas"]["Error"],
                              error)
            self.check_error(error, "method-not-allowed")

    def test_no_space(self):
        service = self.run_service(TMPDIR="/nowhere")
        self.predict(read(CLIP), service=service, status=507, code="no-space")

    def test_size(self):
        service = self.run_service("--max-size=200K")
        self.assertEqual(
            json.loads(service.ask("GET", "/health").body)["max_size"], 204800)
        self.predict(read(CLIP), service=service)
        body, headers = form(bytes(300_000))
        self.predict(body, headers, service=service, status=413,
                     code="too-large")
        # a long body is read to its end before the answer
        for size in (1_000_000, 8_000_000):
            self.predict(bytes(size), service=service, status=413,
                         code="too-large")
        # refused for the headers, before the body is sent
        with service.open() as client:
            client.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"
                           b"Content-Length: 99999999999\r\n"
                           b"Expect: 100-continue\r\n\r\n")
            self.assertIn(b" 413 ", client.recv(1000).splitlines()[0])
        # refused for the body, if the headers do not tell its length
        chunks = (bytes(10_000) for _ in range(30))
        with contextlib.closing(service.connect()) as connection:
            connection.request("POST", "/predict", chunks,
                               encode_chunked=True,
                               headers={"Transfer-Encoding": "chunked"})
            self.assertEqual(connection.getresponse().status, 413)
        # a client that sends without end is cut off
        with service.open() as client, self.assertRaises(ConnectionError):
            client.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"
                           b"Transfer-Encoding: chunked\r\n\r\n")
            for _ in range(1000):
                client.sendall(b"186a0\r\n" + bytes(100_000) + b"\r\n")

    def test_token(self):
        path = self.path("token")
        with open(path, "w") as f:
            f.write("a secret\n")
        service = self.run_service(f"--token-file={path}")
        good = {"Authorization": "Bearer a secret"}
        for headers in ({}, {"Authorization": "Basic a secret"}):
            self.predict(read(CLIP), headers, service=service, status=401,
                         code="unauthorized")
            for path in "/models", "/about":
                self.check("GET", path, 401,
                           service.ask("GET", path, headers=headers))
        for token in ("a secre", "a secret ", "", "A secret"):
            headers = {"Authorization": f"Bearer {token}x"}
            self.predict(read(CLIP), headers, service=service, status=403,
                         code="forbidden-token")
        self.predict(read(CLIP), good, service=service)
        self.assertEqual(service.ask("GET", "/health").status, 200)
        other = self.run_service(GENRECLASSIFY_TOKEN="a secret")
        self.assertEqual(other.ask("GET", "/models").status, 401)
        self.assertEqual(other.ask("GET", "/models", headers=good).status, 200)

    def test_origin(self):
        """Pages of other sites are refused, whatever name they use for the service."""
        own = self.service.address
        clip = read(CLIP)
        for headers in ({"Origin": "http://example.org"}, {"Origin": "null"},
                        {"Origin": f"http://{own}.example.org"},
                        {"Sec-Fetch-Site": "cross-site"},
                        {"Origin": "https://example.org",
                         "X-Forwarded-Host": "example.org"},
                        {"Host": "example.org"},
                        {"Host": "localhost.example.org:80"}):
            with self.subTest(headers):
                self.predict(clip, headers, status=403, code="forbidden")
        for headers in ({"Origin": f"http://{own}"},
                        {"Host": "localhost:80"}, {"Host": "[::1]:80"},
                        {"Sec-Fetch-Site": "same-origin"}):
            with self.subTest(headers):
                self.predict(clip, headers)
        service = self.run_service("--token=secret")
        response = service.ask("GET", "/models", headers={
            "Host": "example.org", "Authorization": "Bearer secret"})
        self.assertEqual(response.status, 200)

    def test_headers(self):
        """The case of media types does not matter, and they may have parameters."""
        body, headers = form(read(CLIP))
        headers = {name: value.replace("multipart/form-data",
                                       "Multipart/Form-Data")
                   for name, value in headers.items()}
        self.predict(body, headers)
        response = self.service.ask(
            "POST", "/predict", read(CLIP),
            {"Accept": "application/json;q=0.5, Text/Event-Stream;q=0.9"})
        self.assertEqual(response.headers["Content-Type"], "text/event-stream")
        with self.service.open() as client:
            client.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"
                           b"Content-Length: -5\r\n\r\n")
            self.assertIn(b" 400 ", client.recv(1000).splitlines()[0])

    def test_one_connection(self):
        """It says that it closes, so that a client that keeps it connects again."""
        with contextlib.closing(self.service.connect()) as connection:
            for _ in range(20):
                connection.request("POST", "/predict", b"text" * 99)
                response = connection.getresponse()
                self.assertEqual(response.status, 415)
                self.assertEqual(response.headers["Connection"], "close")
                response.read()

    def test_options(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            for options, status, word in (
                    (["--port=99999"], 2, "--port"),
                    (["--max-size=12x"], 2, "12x"),
                    (["--max-size=0"], 2, "--max-size"),
                    (["--jobs=0"], 2, "--jobs"),
                    (["--timeout=nan"], 2, "--timeout"),
                    (["--token="], 2, "token"),
                    (["--token-file=/nowhere"], 2, "/nowhere"),
                    (["--frobnicate"], 2, "frobnicate"),
                    (["song.mp3"], 2, "song.mp3"),
                    (["--bind=example.org"], 1, "example.org"),
                    ([f"--port={taken.getsockname()[1]}"], 1, "in use")):
                result = subprocess.run(
                    [OPTIONS.program, "serve", *options], text=True,
                    capture_output=True, timeout=30)
                self.assertEqual(result.returncode, status, result)
                self.assertIn(word, result.stderr)
                self.assertEqual(result.stderr.count("\n"), 1, result.stderr)

    # Too much, too slow, broken

    @contextlib.contextmanager
    def asking(self, service, body):
        """A request whose worker cannot start, because the fork server is stopped."""
        os.kill(service.fork_server, signal.SIGSTOP)
        with ThreadPoolExecutor(1) as pool:
            running = service.metric("workers_running")
            future = pool.submit(service.ask, "POST", "/predict", body)
            try:
                wait_until(
                    lambda: service.metric("workers_running") > running)
                yield future
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(service.fork_server, signal.SIGCONT)

    def test_busy(self):
        service = self.run_service("--jobs=1", "--queue=0")
        with self.asking(service, read(CLIP)) as future:
            response = service.ask("POST", "/predict", read(CLIP))
            self.check("POST", "/predict", 503, response, "busy")
            self.assertGreater(int(response.headers["Retry-After"]), 0)
        self.check("POST", "/predict", 200, future.result())
        self.predict(read(CLIP), service=service)

    def test_busy_client(self):
        """One address cannot fill the queue."""
        service = self.run_service("--jobs=1", "--queue=4")
        data = read(CLIP)

        def ask(address):
            connection = http.client.HTTPConnection(
                service.address, timeout=60, source_address=(address, 0))
            with contextlib.closing(connection):
                connection.request("POST", "/predict", data)
                return connection.getresponse().status

        with ThreadPoolExecutor(4) as pool, self.asking(service, data):
            waiting = []
            for n in range(1, 4):
                waiting.append(pool.submit(ask, "127.0.0.2"))
                wait_until(lambda: service.metric("queue_length") == n)
            self.assertEqual(ask("127.0.0.2"), 503)
            waiting.append(pool.submit(ask, "127.0.0.3"))
            wait_until(lambda: service.metric("queue_length") == 4)
            self.assertEqual(ask("127.0.0.3"), 503)
            os.kill(service.fork_server, signal.SIGCONT)
            self.assertEqual([one.result() for one in waiting], [200] * 4)

    def test_slow_decoder(self):
        service = self.run_service("--timeout=0.5")
        with self.asking(service, read(CLIP)) as future:
            time.sleep(0.6)
        self.check("POST", "/predict", 504, future.result(), "timeout")
        # on a busy machine not every one is done in time
        wait_until(lambda: service.ask("POST", "/predict", read(CLIP)).status == 200,
                   60)

    def test_slow_client(self):
        head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"
        service = self.run_service("--client-timeout=0.5")
        for request in (head, head + b"Content-Length: 10\r\n\r\n12345"):
            with service.open() as client:
                client.sendall(request)
                answer = client.makefile("rb").read()
                self.assertTrue(answer.startswith(b"HTTP/1.1 408 "), answer)
                headers, body = answer.split(b"\r\n\r\n")
                self.assertEqual(int(re.search(rb"Length: (\d+)", headers)[1]),
                                 len(body))
                error = self.resolve(
                    {"$ref": "#/components/responses/SlowClient"})
                self.check_schema(
                    error["content"]["application/json"]["schema"],
                    json.loads(body))
                self.check_error(json.loads(body), "slow-client")
        # the first one has not said what it wants
        for route in ("/", "/predict"):
            self.assertEqual(service.metric(
                f'requests_total{{route="{route}",status="408"}}'), 1)
        self.assertEqual(service.metric('errors_total{code="slow-client"}'), 2)
        # the time limit of a client does not count while its file is analysed
        with self.asking(service, read(CLIP)) as future:
            time.sleep(1)
        self.check("POST", "/predict", 200, future.result())

    def test_steady_client(self):
        """A file may take longer to come in than --client-timeout, if it comes."""
        service = self.run_service("--client-timeout=2")
        data = read(CLIP)
        with service.open() as client:
            client.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"
                           b"Content-Length: %d\r\n\r\n" % len(data))
            for begin in range(0, len(data), len(data) // 6 + 1):
                client.sendall(data[begin:begin + len(data) // 6 + 1])
                time.sleep(0.6)
            self.assertIn(b"HTTP/1.1 200 ", client.recv(100))
        # a client that sends nothing after its answer is just disconnected
        with service.open() as client:
            client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertIn(b'"ok"', client.makefile("rb").read())

    def test_crash(self):
        """A decoder that crashes costs one request."""
        # none that was kept for the next file
        wait_until(lambda: children(self.service.fork_server) == [])
        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(self.service.ask, "POST", "/predict",
                                 read(self.path("long.wav")))
            wait_until(lambda: children(self.service.fork_server))
            os.kill(children(self.service.fork_server)[0], signal.SIGSEGV)
            self.check("POST", "/predict", 422, future.result(),
                       "decoder-crashed")
        self.predict(read(CLIP))

    def test_fork_server_lost(self):
        service = self.run_service()
        with self.asking(service, read(CLIP)) as future:
            os.kill(service.fork_server, signal.SIGKILL)
        self.check("POST", "/predict", 500, future.result(), "internal")
        self.predict(read(CLIP), service=service)
        service.fork_server, = children(service.process.pid)

    def test_one_library(self):
        """The plugin and the program share one libgenre, in the fork server and in
        the workers that are forked from it."""
        maps = read(f"/proc/{self.service.fork_server}/maps").decode()
        self.assertIn("/libgstgenreclassify.so", maps)
        libraries = set(re.findall(r"/\S*libgenre.*", maps))
        self.assertEqual(len(libraries), 1, libraries)

    def test_no_plugin(self):
        """Where nothing could be predicted, the service does not start."""
        result = subprocess.run(
            [OPTIONS.program, "serve", "--port=0"], text=True,
            capture_output=True, timeout=30, env={
                **os.environ, "GST_PLUGIN_LOADING_WHITELIST": "gstreamer",
                "GST_REGISTRY": os.path.join(self.folder.name, "registry")})
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("genreclassify is not installed", result.stderr)

    def test_many_models(self):
        """What models say of themselves may be long, but there is an end to it."""
        with open(os.path.join(os.environ["TEST_SMALL_MODELS"],
                               "crnn.safetensors"), "rb") as f:
            size, = struct.unpack("<Q", f.read(8))
            header, tensors = json.loads(f.read(size)), f.read()
        data = [{"what": "tracks", "file": "x" * 57_000, "sha256": None, "number": 1,
                 "of": {"a": 1}}]
        header["__metadata__"]["data"] = json.dumps(data)
        head = json.dumps(header).encode()
        head += b" " * (-len(head) % 8)
        with tempfile.TemporaryDirectory() as folder:
            first = os.path.join(folder, "m0.safetensors")
            with open(first, "wb") as f:
                f.write(struct.pack("<Q", len(head)) + head + tensors)
            for i in range(1, 40):
                os.link(first, os.path.join(folder, f"m{i}.safetensors"))
            service = Service(GENRECLASSIFY_MODELS=folder)
            models = json.loads(service.ask("GET", "/models").body)["models"]
            self.assertEqual({model["name"] for model in models},
                             {f"m{i}" for i in range(40)})
            self.assertEqual([model["data"] for model in models], [data] * 40)
            self.assertEqual(service.stop(), 0)
            for i in range(40, 300):
                os.link(first, os.path.join(folder, f"m{i}.safetensors"))
            result = subprocess.run(
                [OPTIONS.program, "serve", "--port=0"], text=True,
                capture_output=True, timeout=60,
                env={**os.environ, "GENRECLASSIFY_MODELS": folder})
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertRegex(
                result.stderr, r"models say of themselves is too long: 17\d{6} bytes")

    def test_client_gone(self):
        """The worker is killed if its client goes away."""
        data = read(self.path("long.wav"))
        wait_until(lambda: children(self.service.fork_server) == [])
        with self.service.open() as client:
            client.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"
                           b"Content-Length: %d\r\n\r\n" % len(data) + data)
            wait_until(lambda: children(self.service.fork_server))
            worker = children(self.service.fork_server)[0]
            os.kill(worker, signal.SIGSTOP)  # it would not end by itself
        wait_until(lambda: not os.path.exists(f"/proc/{worker}"))

    def test_sandbox(self):
        result = subprocess.run([OPTIONS.program, "serve", "--self-test"],
                                text=True, capture_output=True, timeout=30)
        self.assertEqual(result.returncode, 0, result)
        lines = result.stdout.splitlines()
        for attempt in ("read /etc/passwd", "open a socket", "write a file",
                        "start a process", "run a program"):
            self.assertIn(f"{attempt}: refused", lines)
        self.assertTrue(all(line.endswith(": refused") for line in lines))

    def test_drain(self):
        service = Service()
        idle = service.connect()
        idle.request("GET", "/health")
        idle.getresponse().read()
        with self.asking(service, read(CLIP)) as future:
            service.process.send_signal(signal.SIGTERM)
            # refused: it listens no more
            wait_until(lambda: self.is_closed(service))
        self.assertEqual(future.result().status, 200)
        self.assertEqual(service.stop(), 0)
        idle.close()

    def test_drain_trickle(self):
        """A very slow client cannot keep the service from ending."""
        service = Service("--client-timeout=1")
        with service.open() as client:
            client.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"
                           b"Content-Length: 1000000\r\n\r\n")
            client.sendall(bytes(500_000))  # it has minutes for the rest
            wait_until(lambda: service.metric("connections") > 1)
            service.process.send_signal(signal.SIGTERM)
            end = time.monotonic() + 10
            while service.process.poll() is None and time.monotonic() < end:
                time.sleep(0.05)
                with contextlib.suppress(OSError):
                    client.sendall(b"x" * 100)
            self.assertIsNotNone(service.process.poll())
        self.assertEqual(service.stop(), 0)

    def test_share(self):
        """One address cannot have all connections, nor all the room for files."""
        service = self.run_service("--max-size=1M")
        with contextlib.ExitStack() as stack:
            def connect(address):
                client = stack.enter_context(socket.socket())
                client.bind((address, 0))
                host, port = service.address.split(":")
                client.connect((host, int(port)))
                client.settimeout(60)
                return client

            def is_open(client):
                with contextlib.suppress(ConnectionError):
                    client.sendall(
                        b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    return client.recv(100).startswith(b"HTTP/1.1 200 ")
                return False

            def upload(address, size):
                client = connect(address)
                client.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"
                               b"Content-Length: 1000000\r\n\r\n")
                client.sendall(bytes(size))
                return client

            held = [upload("127.0.0.2", 999_999) for _ in range(6)]
            last = upload("127.0.0.2", 999_999)
            last.sendall(b"x")
            self.assertIn(b" 503 ", last.recv(1000).splitlines()[0])
            self.assertTrue(is_open(connect("127.0.0.3")))
            self.predict(read(CLIP), service=service)
            many = [connect("127.0.0.4") for _ in range(260)]
            self.assertFalse(is_open(many[-1]))
            self.assertTrue(is_open(connect("127.0.0.3")))

    def is_closed(self, service):
        try:
            service.open().close()
        except ConnectionError:
            return True
        return False

    # Many

    def test_many(self):
        """16 requests at once, more than there are workers: none is lost."""
        body, headers = form(read(self.path("song.mp3")))
        expected = self.predict(body, headers)
        files = self.service.files()
        memory = []

        def ask(_):
            response = self.service.ask("POST", "/predict", body, headers)
            memory.append(self.service.memory())
            return json.loads(response.body)

        start = time.monotonic()
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(ask, range(OPTIONS.requests)))
        seconds = time.monotonic() - start
        self.assertTrue(all(answer == expected for answer in answers))
        wait_until(lambda: self.service.files() <= files)
        # the files of all requests together are 7 MB
        self.assertLess(memory[-1] - memory[0], 8000)
        if OPTIONS.requests > 100:
            print(f"{len(answers)} requests in {seconds:.1f} s; memory from "
                  f"{memory[0]} to {memory[-1]} kB, at most {max(memory)} kB",
                  file=sys.stderr)

    def mutate(self, data, r):
        """@data truncated, or with bytes changed, removed or repeated."""
        data = bytearray(data)
        for _ in range(r.choice((1, 1, 3, 20))):
            at = r.randrange(len(data))
            n = r.choice((1, 4, 100, 5000))
            kind = r.randrange(5)
            if kind == 0:
                del data[max(at, 1):]
            elif kind == 1:
                data[at:at + n] = r.randbytes(n)
            elif kind == 2 and len(data) > n:
                del data[at:at + n]
            elif kind == 3:
                data[at:at] = data[at:at + n]
            else:
                # the headers at the beginning are what parsers read
                data[r.randrange(min(64, len(data)))] = r.randrange(256)
        return bytes(data)

    def test_mutated(self):
        """Damaged files and forms: each is answered, and nothing else happens."""
        names = [self.path(name) for name in ENCODERS] + [CLIP]
        files = [read(name)[:400_000] for name in names]
        service = self.run_service("--timeout=20", "--queue=100")
        before = service.files()

        def ask(seed):
            r = random.Random(seed)
            data = r.choice(files)
            kind = r.randrange(8)
            headers = {}
            if kind == 0:
                data = r.randbytes(r.randrange(1, 20000))
            elif kind <= 2:
                data, headers = form(data[:50_000])
                data = self.mutate(data[:2000] + data[-2000:], r)
            else:
                data = self.mutate(data, r)
            path = r.choice(
                ["/spectrogram", "/waveform", *["/predict"] * 6])
            response = service.ask("POST", path, data, headers)
            if response.status == 200:
                return 200, None
            error = json.loads(response.body)["error"]
            self.assertIn(response.status, (400, 415, 422), (seed, error))
            return response.status, error["message"]

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(ask, range(OPTIONS.bodies)))
        self.assertEqual(service.ask("GET", "/health").status, 200)
        self.assertEqual(children(service.process.pid), [service.fork_server])
        wait_until(lambda: children(service.fork_server) == [])
        wait_until(lambda: service.files() <= before)
        statuses = [status for status, _ in answers]
        self.assertIn(400, statuses)
        self.assertIn(422, statuses)
        if OPTIONS.bodies > 100:
            counts = {answer: answers.count(answer) for answer in set(answers)}
            for answer, n in sorted(counts.items(), key=lambda x: -x[1]):
                print(n, *answer, file=sys.stderr)

    def test_slow_loris(self):
        """100 very slow clients do not stop others."""
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(self.service.open())
                       for _ in range(100)]
            for i, client in enumerate(clients):
                client.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\n")
                if i % 2:
                    client.sendall(b"Content-Length: 100000\r\n\r\n1")
            stop = threading.Event()

            def trickle():
                while not stop.wait(0.1):
                    for client in clients:
                        with contextlib.suppress(OSError):
                            client.sendall(b"a")

            thread = threading.Thread(target=trickle)
            thread.start()
            try:
                self.assertGreater(self.service.metric("connections"), 100)
                for _ in range(3):
                    self.predict(read(CLIP))
                # they are disconnected, however steadily they send
                wait_until(lambda: self.service.metric("connections") < 10, 10)
            finally:
                stop.set()
                thread.join()


if __name__ == "__main__":
    unittest.main()
