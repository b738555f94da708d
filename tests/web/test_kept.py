# SPDX-License-Identifier: GPL-2.0-or-later
"""Uploads that are kept for several requests, and the waveform: what they answer, who
may have them, how much there is of them, and that nothing is left.

    test_kept.py PROGRAM [unittest's arguments]"""

import base64
import contextlib
import http.client
import json
import math
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import unittest
import wave
from concurrent.futures import ThreadPoolExecutor

import jsonschema

from service import Service, form, launch, noise, read, wait_until

Service.program = sys.argv.pop(1)
CLIP = os.environ["TEST_CLIP"]
MAX_CLIENT_FILES = 64
SMALL = b"no audio, but this is not looked at"


def ask_as(service, client, method, path, body=None, headers={}):
    """Asks from the address @client."""
    host, port = service.address.split(":")
    connection = http.client.HTTPConnection(
        host, int(port), timeout=60, source_address=(client, 0))
    with contextlib.closing(connection):
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.body = response.read()
        return response


def disk(service):
    """Bytes of the temporary files that the service has open."""
    total, seen = 0, set()
    folder = f"/proc/{service.process.pid}/fd"
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):
            path = os.path.join(folder, name)
            info = os.stat(path)
            if os.readlink(path).startswith(service.folder.name) and (
                    info.st_ino not in seen):
                seen.add(info.st_ino)
                total += info.st_size
    return total


@contextlib.contextmanager
def use(service, upload, client="127.0.0.1", task="predict"):
    """Begins a use of @upload: a request whose body, of no bytes, does not end before
    the block does.  Gives a function that ends it and returns the status."""
    host, port = service.address.split(":")
    with socket.create_connection((host, int(port)), 60, (client, 0)) as stream:
        stream.sendall(f"POST /{task}?upload={upload} HTTP/1.1\r\n"
                       f"Host: {service.address}\r\nExpect: 100-continue\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n".encode())
        # the headers were read
        first = stream.recv(4096)
        assert first.startswith(b"HTTP/1.1 100 "), first

        def end():
            stream.sendall(b"0\r\n\r\n")
            response = http.client.HTTPResponse(stream)
            response.begin()
            response.read()
            return response.status

        yield end


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        noise(cls.path("long.wav"), 3600)
        noise(cls.path("wide.wav"), 60)
        cls.service = Service("--jobs=2", "--queue=100")
        cls.description = json.loads(cls.service.ask("GET", "/openapi.json").body)

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

    def resolve(self, thing):
        while "$ref" in thing:
            found = self.description
            for key in thing["$ref"].removeprefix("#/").split("/"):
                found = found[key]
            thing = found
        return thing

    def check(self, method, path, response, status, code=None):
        """Checks that the answer is as it is described; returns its JSON."""
        operation = self.description["paths"][path][method.lower()]
        self.assertEqual(response.status, status, response.body[:200])
        described = self.resolve(operation["responses"][str(status)])
        for name in described.get("headers", {}):
            self.assertIn(name, response.headers)
        if not response.body:
            return None
        content = described["content"]["application/json"]
        value = json.loads(response.body)
        jsonschema.Draft202012Validator(
            {**content["schema"], "components": self.description["components"]}
        ).validate(value)
        if code:
            self.assertEqual(value["error"]["code"], code)
        return value

    def keep(self, data, headers={}, service=None, client="127.0.0.1"):
        """Has @data kept; returns its id."""
        response = ask_as(service or self.service, client, "POST", "/uploads",
                          data, headers)
        answer = self.check("POST", "/uploads", response, 201)
        self.assertEqual(response.headers["Location"], f"uploads/{answer['id']}")
        return answer["id"]

    def delete(self, upload, service=None):
        response = (service or self.service).ask("DELETE", f"/uploads/{upload}")
        if response.status == 204:
            self.assertEqual(response.body, b"")
            return True
        self.check("DELETE", "/uploads/{id}", response, 404, "no-upload")
        return False

    # Uses

    def test_several_answers(self):
        """One upload has the answers that three have, all at once."""
        data = read(CLIP)
        paths = ["/predict", "/predict/crnn", "/embed", "/spectrogram",
                 "/waveform?points=100", "/predict?model=crnn"]
        expected = {path: self.service.ask("POST", path, data).body for path in paths}
        for body, headers in ((data, {}), form(data)):
            response = self.service.ask("POST", "/uploads", body, headers)
            answer = self.check("POST", "/uploads", response, 201)
            self.assertEqual((answer["size"], answer["expires"]), (len(data), 60))
            upload = answer["id"]

            def ask(path):
                mark = "&" if "?" in path else "?"
                return path, self.service.ask("POST", f"{path}{mark}upload={upload}")

            with ThreadPoolExecutor(10) as pool:
                for path, response in pool.map(ask, paths * 3):
                    self.assertEqual(response.status, 200, response.body[:200])
                    self.assertEqual(response.body, expected[path])
            self.assertTrue(self.delete(upload))

    def test_events(self):
        """The first segment is sent while the rest is analysed."""
        upload = self.keep(read(self.path("long.wav")))
        with contextlib.closing(self.service.connect()) as connection:
            connection.request("POST", f"/predict?upload={upload}", headers={
                "Accept": "text/event-stream"})
            response = connection.getresponse()
            self.assertEqual(response.readline(), b"event: segment\n")
            # an hour of audio is not through yet
            self.assertEqual(self.service.metric("workers_running"), 1)
            names = re.findall(rb"^event: (\w+)$", response.read(), re.M)
        self.assertGreater(len(names), 100)
        self.assertEqual(names[-1], b"result")
        self.assertTrue(self.delete(upload))

    def test_expiry(self):
        """An upload is gone so long after its last use, and not while it is used."""
        service = self.run_service("--keep-uploads=1")
        used = self.keep(read(CLIP), service=service)
        with use(service, used) as end:
            unused = self.keep(SMALL, service=service)
            wait_until(lambda: service.metric("kept_uploads") == 1)
            response = service.ask("POST", f"/predict?upload={unused}")
            self.check("POST", "/predict", response, 404, "no-upload")
            self.assertFalse(self.delete(unused, service))
            # its own time is over as well, and begins anew now
            self.assertEqual(end(), 200)
        wait_until(lambda: service.metric("kept_uploads") == 0)
        self.assertEqual(disk(service), 0)
        self.assertFalse(self.delete(used, service))

    def test_renewal(self):
        """The time begins anew with each use."""
        service = self.run_service("--keep-uploads=3600")
        host = "127.0.0.2"
        uploads = [self.keep(SMALL, service=service, client=host)
                   for _ in range(MAX_CLIENT_FILES)]
        # the first is not the one that was unused for longest any more
        self.check("POST", "/predict",
                   service.ask("POST", f"/predict?upload={uploads[0]}"), 415)
        self.keep(SMALL, service=service, client=host)
        self.assertFalse(self.delete(uploads[1], service))
        self.assertTrue(self.delete(uploads[0], service))

    # Who may

    def test_ids(self):
        """They are long, and one tells nothing about another."""
        ids = [self.keep(SMALL, client=client)
               for client in ("127.0.0.1", "127.0.0.2") for _ in range(32)]
        numbers = [int.from_bytes(base64.urlsafe_b64decode(i), "big") for i in ids]
        for bit in range(192):
            self.assertEqual({number >> bit & 1 for number in numbers}, {0, 1})
        self.assertEqual(len({i[k:k + 6] for i in ids for k in (0, 13, 26)}), 3 * 64)
        one = ids[0]
        for guess in (one[:-1], one + "A", one.swapcase(), one[::-1], "", "A" * 32,
                      one[:31] + ("B" if one[31] == "A" else "A"), f"../{one}",
                      "x" * 5000):
            response = self.service.ask("POST", f"/predict?upload={guess}")
            self.check("POST", "/predict", response, 404, "no-upload")
            if guess:
                response = self.service.ask("DELETE", f"/uploads/{guess}")
                self.assertEqual(response.status, 404, guess)
        for guess in "%00", f"{one}%00", f"{one}%00x":
            response = self.service.ask("POST", f"/predict?upload={guess}")
            self.assertEqual(response.status, 400, guess)
            self.assertEqual(self.service.ask("DELETE", f"/uploads/{guess}").status, 400)
        self.assertEqual([self.delete(i) for i in ids], [True] * len(ids))

    def test_access(self):
        """The token and the rules for other sites are those of other requests."""
        service = self.run_service("--token=word")
        bearer = {"Authorization": "Bearer word"}
        upload = self.keep(read(CLIP), bearer, service)
        for method, path in (("POST", "/uploads"), ("DELETE", f"/uploads/{upload}"),
                             ("POST", f"/predict?upload={upload}"),
                             ("POST", f"/waveform?upload={upload}")):
            self.assertEqual(service.ask(method, path, b"").status, 401)
            for name, value in (("Origin", "http://other.example"),
                                ("Sec-Fetch-Site", "cross-site")):
                response = service.ask(method, path, b"", {**bearer, name: value})
                self.assertEqual(response.status, 403, (method, path, name))
        response = service.ask("DELETE", f"/uploads/{upload}", headers=bearer)
        self.assertEqual(response.status, 204)

    def test_bad_requests(self):
        upload = self.keep(read(CLIP))
        for body, headers in ((b"x", {}), (form(b"")),
                              (iter([b"x"]), {})):  # chunked
            response = self.service.ask(
                "POST", f"/predict?upload={upload}", body, headers)
            self.check("POST", "/predict", response, 400, "bad-request")
        for points in ("99", "4001", "-100", "1e3", "100.5", "", "x", " 100", "+100",
                       "18446744073709551716"):
            path = f"/waveform?upload={upload}&points={points.replace(' ', '%20')}"
            self.check("POST", "/waveform", self.service.ask("POST", path), 400,
                       "bad-request")
        self.check("POST", "/uploads", self.service.ask("POST", "/uploads"), 400)
        self.check("POST", "/uploads", self.service.ask(
            "POST", "/uploads", b"x", {"Content-Encoding": "gzip"}), 415, "encoded")
        for method, path, allowed in (("GET", "/uploads", "POST"),
                                      ("GET", f"/uploads/{upload}", "DELETE"),
                                      ("POST", f"/uploads/{upload}", "DELETE"),
                                      ("DELETE", "/uploads", "POST")):
            response = self.service.ask(method, path)
            self.assertEqual((response.status, response.headers["Allow"]),
                             (405, allowed))
        self.assertTrue(self.delete(upload))

    def test_body_to_come(self):
        """Nobody is asked to send a body that is refused."""
        upload = self.keep(read(CLIP))
        host, port = self.service.address.split(":")
        with socket.create_connection((host, int(port)), 60) as stream:
            stream.sendall(f"POST /predict?upload={upload} HTTP/1.1\r\n"
                           f"Host: {self.service.address}\r\nContent-Length: 1\r\n"
                           "Expect: 100-continue\r\n\r\n".encode())
            self.assertTrue(stream.recv(4096).startswith(b"HTTP/1.1 400 "))
        self.assertTrue(self.delete(upload))

    def test_off(self):
        service = self.run_service("--keep-uploads=0")
        response = service.ask("POST", "/uploads", SMALL)
        self.check("POST", "/uploads", response, 404, "not-found")
        self.check("POST", "/waveform",
                   service.ask("POST", "/waveform?upload=x"), 404, "no-upload")
        health = json.loads(service.ask("GET", "/health").body)
        self.assertEqual(health["keep_uploads"], 0)

    # How much

    def test_deleted(self):
        """A file that was deleted takes no room; a job that has it ends well."""
        service = self.run_service("--jobs=1")
        size = os.path.getsize(self.path("long.wav"))
        upload = self.keep(read(self.path("long.wav")), service=service)
        self.assertEqual(disk(service), size)
        self.assertEqual(service.metric("kept_uploads_bytes"), size)
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(
                service.ask, "POST", f"/waveform?upload={upload}")
            wait_until(lambda: service.metric("workers_running") == 1)
            self.assertTrue(self.delete(upload, service))
            self.assertFalse(self.delete(upload, service))
            self.assertEqual(service.metric("kept_uploads_bytes"), 0)
            result = self.check("POST", "/waveform", answer.result(), 200)
        self.assertEqual(result["duration"], 3600)
        wait_until(lambda: disk(service) == 0)

    def test_too_large(self):
        service = self.run_service("--max-size=1K")
        self.check("POST", "/uploads", service.ask("POST", "/uploads", bytes(1025)),
                   413, "too-large")
        self.keep(bytes(1024), service=service)
        self.assertEqual(service.metric("kept_uploads"), 1)

    def test_number(self):
        """One client can have so many; the one that is unused for longest goes."""
        service = self.run_service("--jobs=1")
        other = self.keep(SMALL, service=service, client="127.0.0.3")
        uploads = [self.keep(SMALL, service=service, client="127.0.0.2")
                   for _ in range(MAX_CLIENT_FILES + 2)]
        self.assertEqual(service.metric("kept_uploads"), MAX_CLIENT_FILES + 1)
        self.assertEqual([self.delete(i, service) for i in uploads],
                         [False, False] + [True] * MAX_CLIENT_FILES)
        self.assertTrue(self.delete(other, service))

    def test_number_of_all(self):
        service = self.run_service("--jobs=1")
        uploads = [self.keep(SMALL, service=service, client=f"127.0.0.{i}")
                   for i in range(2, 8) for _ in range(50)]
        # the last client's own have gone
        self.assertEqual(service.metric("kept_uploads"), 256)
        self.assertFalse(self.delete(uploads[250], service))
        self.keep(SMALL, service=service, client="127.0.0.9")
        self.keep(SMALL, service=service, client="127.0.0.9")
        self.assertEqual([self.delete(i, service) for i in uploads[:2]],
                         [False, True])

    def test_bytes(self):
        """Kept files have the room that uploads have, and leave it to them unless they
        are in use."""
        service = self.run_service("--max-size=1M", "--client-timeout=60")
        # of this service's 8 MiB, a client may have 6 MiB
        big = bytes(1_000_000)
        other = self.keep(big, service=service, client="127.0.0.3")
        mine = [self.keep(big, service=service, client="127.0.0.2") for _ in range(9)]
        self.assertEqual(service.metric("kept_uploads_bytes"), 7_000_000)
        self.assertEqual(disk(service), 7_000_000)
        self.assertEqual([self.delete(i, service) for i in mine[:3]], [False] * 3)
        with contextlib.ExitStack() as stack:
            ends = [stack.enter_context(use(service, i, "127.0.0.2"))
                    for i in mine[3:]]
            for path in ("/uploads", "/predict"):
                response = ask_as(service, "127.0.0.2", "POST", path, big)
                self.check("POST", path, response, 503, "busy")
            # a client's own goes first, and what others keep if it has none
            third = [self.keep(big, service=service, client="127.0.0.4")
                     for _ in range(2)]
            self.assertFalse(self.delete(third[0], service))
            fourth = self.keep(big, service=service, client="127.0.0.5")
            self.assertFalse(self.delete(other, service))
            self.check("POST", "/predict", ask_as(
                service, "127.0.0.6", "POST", "/predict", read(self.path("wide.wav"))),
                200)
            self.assertFalse(self.delete(third[1], service))
            self.assertTrue(self.delete(fourth, service))
            self.assertEqual([end() for end in ends], [415] * 6)
        self.assertEqual([self.delete(i, service) for i in mine[3:]], [True] * 6)
        wait_until(lambda: disk(service) == 0)
        # the quota has all of it back
        for client in ("127.0.0.2", "127.0.0.3"):
            for _ in range(6):
                self.keep(big, service=service, client=client)
        self.assertEqual(service.metric("kept_uploads"), 8)

    def test_drain(self):
        """When the service is to end, what it keeps is gone at once."""
        service = Service()
        upload = self.keep(read(CLIP), service=service)
        self.keep(SMALL, service=service)
        with use(service, upload) as end:
            service.process.send_signal(signal.SIGTERM)
            wait_until(lambda: disk(service) == os.path.getsize(CLIP))
            self.assertEqual(end(), 200)
        self.assertEqual(service.stop(), 0)

    def test_many(self):
        """Everything at once, in any order: nothing is left."""
        service = self.run_service("--jobs=2", "--queue=1000")
        files = service.files()
        data = read(CLIP)
        ids = [self.keep(data, service=service) for _ in range(4)]

        def act(seed):
            r = random.Random(seed)
            kind = r.randrange(8)
            upload = r.choice(ids)
            if kind == 0:
                ids[r.randrange(4)] = self.keep(data, service=service)
                return 201
            if kind == 1:
                return service.ask("DELETE", f"/uploads/{upload}").status
            if kind == 2:
                # a client that goes away
                with contextlib.closing(service.connect()) as connection:
                    connection.request("POST", f"/waveform?upload={upload}")
                return 499
            task = r.choice(("predict", "spectrogram", "waveform"))
            return service.ask("POST", f"/{task}?upload={upload}").status

        with ThreadPoolExecutor(12) as pool:
            statuses = list(pool.map(act, range(120)))
        self.assertEqual(set(statuses), {200, 201, 204, 404, 499})
        # some are still there, and are not known any more: so many go for others
        for _ in range(MAX_CLIENT_FILES):
            self.keep(SMALL, service=service)
        wait_until(lambda: disk(service) == MAX_CLIENT_FILES * len(SMALL))
        wait_until(lambda: service.files() <= files + MAX_CLIENT_FILES)

    # The embedding

    def test_embedding(self):
        """It is the command's, and another one for another model; silence has none."""
        def embed(data, query=""):
            return self.check("POST", "/embed", self.service.ask(
                "POST", f"/embed{query}", data), 200)
        run = subprocess.run([Service.program, "--json", "--embedding", CLIP],
                             capture_output=True, check=True)
        command, answer = json.loads(run.stdout), embed(read(CLIP))
        for key in "model", "duration", "embedding":
            self.assertEqual(answer[key], command[key])
        self.assertAlmostEqual(sum(x * x for x in answer["embedding"]), 1, places=4)
        other = embed(read(CLIP), "?model=cnn")
        self.assertNotEqual(other["model"], answer["model"])
        self.assertNotEqual(other["embedding"], answer["embedding"])
        self.assertIsNone(embed(self.wav([0] * 60_000))["embedding"])
        self.check("POST", "/embed", self.service.ask(
            "POST", "/embed?model=x", read(CLIP)), 404, "unknown-model")
        self.check("POST", "/embed", self.service.ask("POST", "/embed", b"x" * 999),
                   415)

    # The waveform

    def waveform(self, data, points=1000):
        response = self.service.ask("POST", f"/waveform?points={points}", data)
        answer = self.check("POST", "/waveform", response, 200)
        self.assertEqual(len(answer["peaks"]), points)
        return answer

    def wav(self, samples, rate=8000, channels=1):
        path = self.path("some.wav")
        with wave.open(path, "wb") as f:
            f.setnchannels(channels)
            f.setsampwidth(2)
            f.setframerate(rate)
            f.writeframes(struct.pack(f"<{len(samples)}h", *samples))
        return read(path)

    def float_wav(self, samples, rate=8000):
        data = struct.pack(f"<{len(samples)}f", *samples)
        return (b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " +
                struct.pack("<IHHIIHH", 16, 3, 1, rate, 4 * rate, 4, 32) +
                b"data" + struct.pack("<I", len(data)) + data)

    def test_waveform(self):
        """Each peak is the largest sample of its part."""
        r = random.Random(1)
        samples = [r.randrange(-32768, 32768) if r.random() < 0.01 else 0
                   for _ in range(60_000)]
        for points in (100, 1000, 4000):
            n = len(samples) // points
            answer = self.waveform(self.wav(samples), points)
            self.assertEqual(answer["duration"], 7.5)
            for i, peak in enumerate(answer["peaks"]):
                part = samples[i * n:(i + 1) * n]
                self.assertAlmostEqual(peak, max(map(abs, part)) / 32768, delta=1e-4)
        self.assertEqual(len(json.loads(self.service.ask(
            "POST", "/waveform", read(CLIP)).body)["peaks"]), 1000)

    def test_long_waveform(self):
        """In a long file the edges of the parts are true to an eighth of one."""
        with wave.open(self.path("long.wav")) as f:
            samples = struct.unpack("<2000000h", f.readframes(2_000_000))
        samples = [x if i // 20_000 % 3 else x // 8 for i, x in enumerate(samples)]
        points = 4000
        answer = self.waveform(self.wav(samples), points)
        n = len(samples) // points
        for i, peak in enumerate(answer["peaks"]):
            inside = samples[i * n:(i + 1) * n]
            around = samples[max(i * n - n // 8, 0):(i + 1) * n + n // 8]
            self.assertGreaterEqual(peak, max(map(abs, inside)) / 32768 - 1e-4)
            self.assertLessEqual(peak, max(map(abs, around)) / 32768 + 1e-4)

    def test_odd_waveforms(self):
        # a channel does not cancel another
        tone = [int(20000 * math.sin(i)) for i in range(50_000)]
        both = [x for sample in tone for x in (sample, -sample)]
        peaks = self.waveform(self.wav(both, channels=2))["peaks"]
        self.assertGreater(min(peaks), 0.6)
        # silence, what is no number, and what is too loud
        self.assertEqual(set(self.waveform(self.wav([0] * 50_000))["peaks"]), {0})
        odd = [math.nan, math.inf, -math.inf, 0.25] * 10_000
        self.assertEqual(set(self.waveform(self.float_wav(odd))["peaks"]), {0.25})
        self.assertEqual(set(self.waveform(self.float_wav([-7.0] * 40_000))["peaks"]),
                         {1})
        # fewer frames than parts
        few = self.waveform(self.wav([16384] * 40 + [8192] * 40), 4000)
        self.assertEqual((few["duration"], few["peaks"][:2000], few["peaks"][2000:]),
                         (0.01, [0.5] * 2000, [0.25] * 2000))
        response = self.service.ask("POST", "/waveform", b"text" * 99)
        self.check("POST", "/waveform", response, 415, "not-audio")

    def test_changing_rate(self):
        """A chained file: the second half has another rate."""
        data = b""
        for rate, volume in ((44100, 0.1), (8000, 0.8), (48000, 0.4)):
            path = self.path(f"{rate}.ogg")
            launch(f"audiotestsrc num-buffers=500 samplesperbuffer={rate // 100} "
                   f"volume={volume}", f"audio/x-raw,rate={rate},channels=1",
                   "vorbisenc quality=0.9", "oggmux", f"filesink location={path}")
            data += read(path)
        answer = self.waveform(data, 150)
        self.assertAlmostEqual(answer["duration"], 15, delta=0.1)
        for first, volume in ((0, 0.1), (50, 0.8), (100, 0.4)):
            for peak in answer["peaks"][first + 3:first + 47]:
                self.assertAlmostEqual(peak, volume, delta=0.1)


if __name__ == "__main__":
    unittest.main()
