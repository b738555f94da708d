# SPDX-License-Identifier: GPL-2.0-or-later
"""What the service logs, and its metrics.

    test_log.py PROGRAM README [unittest's arguments]"""

import contextlib
import json
import os
import re
import socket
import time
import unittest
from datetime import datetime, timezone

from prometheus_client.parser import text_string_to_metric_families

from test_proxy import CLIP, Case, ask, read, wait_until

FIELDS = {"time", "id", "client", "method", "path", "status", "bytes_in", "bytes_out",
          "waiting", "working", "total", "model", "error"}


def form(data, name):
    return (b'--limit\r\nContent-Disposition: form-data; name="file"; filename="'
            + name.encode() + b'"\r\n\r\n' + data + b"\r\n--limit--\r\n",
            {"Content-Type": "multipart/form-data; boundary=limit"})


class Test(Case):
    def send(self, service, data):
        host, port = service.address.split(":")
        client = socket.create_connection((host, int(port)), timeout=60)
        self.addCleanup(client.close)
        client.sendall(data)
        return client

    def test_json(self):
        service = self.serve()
        body, headers = form(read(CLIP), "My secret song.mp3")
        before = datetime.now(timezone.utc)
        answer = service.ask("POST", "/predict/crnn", body, headers)
        self.assertEqual(answer.status, 200)
        self.assertRegex(answer.headers["X-Request-Id"], "^[0-9a-f]{16}$")
        line = service.line_of(answer)
        self.assertEqual(set(line), FIELDS)
        self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertLess(abs((datetime.fromisoformat(line["time"]) - before)
                            .total_seconds()), 60)
        self.assertEqual(
            {key: line[key] for key in ("client", "method", "path", "status", "model",
                                        "error", "bytes_in", "bytes_out")},
            {"client": "127.0.0.1", "method": "POST", "path": "/predict/crnn",
             "status": 200, "model": "crnn", "error": None, "bytes_in": len(body),
             "bytes_out": len(answer.body)})
        self.assertGreater(line["working"], 0)
        self.assertGreaterEqual(line["waiting"], 0)
        self.assertGreaterEqual(line["total"] + 2e-3, line["waiting"] + line["working"])
        self.assertNotIn("secret", read(service.errors.name).decode())

    def test_each_has_one(self):
        """Every request has its line, with the id of its answer, and only one."""
        service = self.serve("--client-timeout=1")
        many = [("GET", "/", None, 200), ("GET", "/nothing", None, 404),
                ("HEAD", "/health", None, 200), ("PUT", "/predict", b"x", 405),
                ("POST", "/predict", b"text" * 99, 415), ("POST", "/predict", b"", 400),
                ("POST", "/predict/none", b"x", 404)]
        for method, path, body, status in many:
            answer = service.ask(method, path, body)
            self.assertIn(answer.status, (status, 404))
            line = service.line_of(answer)
            self.assertEqual((line["method"], line["path"], line["status"]),
                             (method, path, answer.status))
            self.assertEqual(line["bytes_out"], len(answer.body))
            if status >= 400:
                error = json.loads(answer.body)["error"]
                self.assertEqual(error["request_id"], line["id"])
                self.assertEqual(error["code"], line["error"])
        # too slow: with headers, and without
        for data, method in ((b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"
                              b"Content-Length: 100\r\n\r\nabc", "POST"), (b"GET", None),
                             (b"GET / HTTP/1.1\r\nHost: localhost\r\n", None)):
            client = self.send(service, data)
            client.settimeout(20)
            answer = client.recv(10000).decode()
            self.assertIn(" 408 ", answer.splitlines()[0])
            number = re.search(r"(?i)^X-Request-Id: (.*?)\r?$", answer, re.M)[1]
            wait_until(lambda: number in read(service.errors.name).decode())
            client.close()
            line, = [line for line in service.log() if line["id"] == number]
            self.assertEqual((line["method"], line["status"], line["error"]),
                             (method, 408, "slow-client"))
            self.assertIn(number, answer.split("\r\n\r\n")[1])
        self.assertEqual(len(service.log()), len(many) + 3)
        ids = [line["id"] for line in service.log()]
        self.assertEqual(len(set(ids)), len(ids))

    def test_aborted(self):
        """A client that goes away is in the log as well."""
        service = self.serve()
        self.send(service, b"POST /predict HTTP/1.1\r\nHost: localhost\r\n"
                           b"Content-Length: 1000\r\n\r\n" + b"x" * 10).close()
        wait_until(service.log)
        line, = service.log()
        self.assertEqual((line["method"], line["path"], line["bytes_in"]),
                         ("POST", "/predict", 10))
        self.assertNotEqual(line["status"], 200)

    def test_query(self):
        """Values of a query are nobody's business, but for the model."""
        service = self.serve()
        for path, logged in (
                ("/health?file=secret", "/health?..."),
                ("/health?model=gru&upload=secret&secret", "/health?model=gru&...&..."),
                ("/secret?model=secret2&", "/secret?model=secret2&...")):
            answer = service.ask("GET", path)
            self.assertEqual(service.line_of(answer)["path"], logged)

    def test_odd_texts(self):
        """Whatever a client sends, a line is one line of JSON."""
        service = self.serve("--log-file-names")
        for path in ("/%0A%22%5C", "/\xe4\xff", "/" + "x" * 5000, "/%00", "/\"'"):
            client = self.send(service, b"GET " + path.encode("latin-1")
                               + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                while client.recv(65536):
                    pass
        for name, logged in (("a song.mp3", "a song.mp3"), ("söng.mp3", "söng.mp3"),
                             ("a\tb", "a\tb")):
            body, headers = form(b"text" * 99, name)
            line = service.line_of(service.ask("POST", "/predict", body, headers))
            self.assertEqual(line["file"], logged)
        self.assertIsNone(service.line_of(
            service.ask("POST", "/predict", b"text" * 99))["file"])
        for line in read(service.errors.name).splitlines():
            self.assertLess(len(json.loads(line).get("path") or ""), 600)

    def test_text(self):
        service = self.serve("--log-format=text", "--log-file-names")
        body, headers = form(b"text" * 99, "a song")
        answer = service.ask("POST", "/predict", body, headers)
        wait_until(lambda: os.path.getsize(service.errors.name))
        line, = read(service.errors.name).decode().splitlines()
        self.assertRegex(
            line, r"^\S+Z 127\.0\.0\.1 POST /predict 415 in=%d out=%d waiting=[0-9.]+ "
            r"working=[0-9.]+ total=[0-9.]+ model=\S+ error=not-audio "
            r"file=a\\u0020song id=%s$" % (
                len(body), len(answer.body), answer.headers["X-Request-Id"]))

    def test_none(self):
        service = self.serve("--log-format=none")
        answer = service.ask("GET", "/nothing")
        self.assertRegex(answer.headers["X-Request-Id"], "^[0-9a-f]{16}$")
        self.assertEqual(read(service.errors.name), b"")
        self.assertIn("--log-format", self.fails("--log-format=xml"))

    def test_messages(self):
        """What the program itself says is JSON, too."""
        service = self.serve()
        with open(f"/proc/{service.process.pid}/task/{service.process.pid}/children") as f:
            os.kill(int(f.read()), 9)
        wait_until(service.log)
        line = service.log()[0]
        self.assertEqual(set(line), {"time", "message"})
        self.assertIn("fork server", line["message"])
        wait_until(lambda: service.ask("POST", "/predict", b"text" * 99).status == 415)

    # Metrics

    def metrics(self, service):
        answer = service.ask("GET", "/metrics")
        families = list(text_string_to_metric_families(answer.body.decode()))
        names = [family.name for family in families]
        self.assertEqual(len(set(names)), len(names), names)
        for family in families:
            self.assertNotIn(family.type, ("unknown", "untyped"), family.name)
            self.assertTrue(family.documentation, family.name)
            # one value for each set of labels
            keys = [(sample.name, tuple(sorted(sample.labels.items())))
                    for sample in family.samples]
            self.assertEqual(len(set(keys)), len(keys))
        return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
                for family in families for sample in family.samples}

    def check_histogram(self, values, name, labels):
        buckets = [(float(dict(key[1])["le"]), value) for key, value in values.items()
                   if key[0] == f"{name}_bucket"
                   and set(labels) <= set(key[1])]
        self.assertEqual(buckets, sorted(buckets))
        counts = [value for _, value in buckets]
        self.assertEqual(counts, sorted(counts))
        self.assertEqual(buckets[-1], (float("inf"), values[f"{name}_count", labels]))
        return values[f"{name}_count", labels], values[f"{name}_sum", labels]

    def test_metrics(self):
        start = time.time()
        service = self.serve()
        self.assertEqual(service.ask("POST", "/predict", read(CLIP)).status, 200)
        for _ in range(3):
            service.ask("GET", "/health")
        # the lines are written when they are counted
        wait_until(lambda: len(service.log()) == 4)
        values = self.metrics(service)
        route = (("route", "/health"),)
        self.assertEqual(self.check_histogram(
            values, "genreclassify_request_seconds", route)[0], 3)
        count, total = self.check_histogram(
            values, "genreclassify_request_seconds", (("route", "/predict"),))
        line = next(line for line in service.log() if line["path"] == "/predict")
        self.assertEqual(count, 1)
        self.assertAlmostEqual(total, line["total"], places=5)
        count, working = self.check_histogram(
            values, "genreclassify_analysis_seconds", ())
        self.assertEqual(count, 1)
        self.assertAlmostEqual(working, line["working"], places=5)
        self.assertEqual(
            values["genreclassify_requests_total", route + (("status", "200"),)], 3)

        own = {name: values[f"process_{name}", ()] for name in (
            "cpu_seconds_total", "resident_memory_bytes", "open_fds", "max_fds",
            "start_time_seconds")}
        pid = service.process.pid
        with open(f"/proc/{pid}/status") as f:
            memory = 1024 * int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])
        self.assertLess(abs(own["resident_memory_bytes"] / memory - 1), 0.3)
        self.assertLess(abs(own["open_fds"] - len(os.listdir(f"/proc/{pid}/fd"))), 4)
        self.assertLess(abs(own["start_time_seconds"] - start), 30)
        self.assertTrue(0 < own["cpu_seconds_total"] < 60)
        (build,) = [key for key in values if key[0] == "genreclassify_build_info"]
        self.assertRegex(dict(build[1])["version"], r"^\d")
        self.assertEqual(values[build], 1)


if __name__ == "__main__":
    unittest.main()
