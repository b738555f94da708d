# SPDX-License-Identifier: GPL-2.0-or-later
"""test_exporter.py DRIVER: the metrics of the monitor, as Prometheus reads them, and
clients that are none of its kind."""

import contextlib
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import unittest

try:
    from prometheus_client.parser import text_string_to_metric_families as parse
except ImportError:
    parse = None

DRIVER = ""
TIMEOUT = 60
MAX_CLIENTS = 32


def free_port(address="127.0.0.1", family=socket.AF_INET):
    with socket.socket(family) as s:
        s.bind((address, 0))
        return s.getsockname()[1]


class Driver:
    def __init__(self, n, host="127.0.0.1"):
        while True:
            self.port = free_port()
            self.process = subprocess.Popen(
                [DRIVER, f"{host}:{self.port}", str(n)], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            if self.process.stdout.readline():
                break
            # somebody else has taken the port
            assert "in use" in self.process.stderr.read()
            self.end()

    def tick(self):
        self.process.stdin.write(".")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def request(self, method="GET", path="/metrics", host="127.0.0.1", **options):
        connection = http.client.HTTPConnection(host, self.port, timeout=TIMEOUT)
        connection.request(method, path, **options)
        response = connection.getresponse()
        return response, response.read().decode()

    def page(self):
        return self.request()[1]

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT)

    def n_descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self):
        with open(f"/proc/{self.process.pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def end(self):
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()
        return self.process.wait()


def read_all(client):
    data = b""
    with contextlib.suppress(ConnectionError):
        while more := client.recv(65536):
            data += more
    client.close()
    return data


class Test(unittest.TestCase):
    def driver(self, *args, **options):
        driver = Driver(*args, **options)
        self.addCleanup(lambda: self.assertEqual(driver.end(), 0))
        return driver

    def test_page(self):
        response, page = self.driver(9).request()
        self.assertEqual(response.status, 200)
        self.assertEqual(response.getheader("Content-Type"),
                         "text/plain; version=0.0.4; charset=utf-8")
        values = dict(line.rsplit(" ", 1) for line in page.splitlines()
                      if not line.startswith("#"))
        for name, value in {
                'station_up{station="station-0"}': "0",      # waiting
                'station_up{station="station-2"}': "1",      # connected
                'station_up{station="station-3"}': "0",      # lost
                'station_up{station="station-4"}': "1",      # silent
                'station_state{station="station-6",state="music"}': "1",
                'station_state_start_time_seconds{station="station-0"}':
                    "1700000000.123",
                'station_seconds_total{station="station-8",kind="music"}': "70",
                'station_seconds_total{station="station-8",kind="speech"}': "20",
                'station_seconds_total{station="station-8",kind="silence"}': "5",
                'station_seconds_total{station="station-8",kind="other"}': "5",
                'station_titles_total{station="station-0"}': "3",
                'station_connects_total{station="station-0"}': "2",
                'station_losses_total{station="station-0"}': "1",
                'station_segments_total{station="station-0"}': "40",
                'station_segments_dropped_total{station="station-0"}': "4",
                'station_inference_seconds_total{station="station-0"}':
                    "0.333333333333333",
                'station_info{station="station-0",name="A \\"name\\" with \\\\ and'
                '\\nlines, \ufffd and ü"}': "1",
                'stations{state="waiting"}': "2",
                'stations{state="connecting"}': "2",
                'stations{state="music"}': "1",
                "processes": "4", "process_crashes_total": "1",
                "log_records_lost_total": "2", "log_records_waiting": "3",
                "mqtt_connected": "1", "mqtt_records_waiting": "5",
                "mqtt_records_lost_total": "1125899906842624",
                "history_records_waiting": "0",
                "history_records_lost_total": "0"}.items():
            with self.subTest(name):
                self.assertEqual(values.get(f"genreclassify_{name}"), value)
        self.assertEqual(values["process_start_time_seconds"], "1700000000.5")
        self.assertGreater(float(values["process_resident_memory_bytes"]), 1 << 20)
        self.assertIn("process_cpu_seconds_total", values)
        self.assertNotIn("secret", page)
        self.assertNotIn("history", self.driver(1).page())

    def test_format(self):
        """Each name has its help and type, once, before its values, and no value is
        there twice: Prometheus drops a page in which that is not so."""
        page = self.driver(9).page()
        self.assertTrue(page.endswith("\n"))
        seen, names = set(), []
        for line in page.splitlines():
            if line.startswith("# HELP"):
                names.append(line.split()[2])
                self.assertGreater(len(line.split()), 3)
            elif line.startswith("# TYPE"):
                self.assertEqual(line.split()[2], names[-1])
                kind = line.split()[3]
                self.assertEqual(kind == "counter", names[-1].endswith("_total"))
            else:
                key = line.rsplit(" ", 1)[0]
                self.assertEqual(re.match(r"\w+", key)[0], names[-1])
                self.assertNotIn(key, seen)
                seen.add(key)
        self.assertEqual(len(names), len(set(names)))

    @unittest.skipUnless(parse, "needs the module prometheus_client")
    def test_parser(self):
        families = list(parse(self.driver(9).page()))
        labels = [sample.labels for family in families for sample in family.samples
                  if sample.name == "genreclassify_station_info"]
        self.assertEqual(len(labels), 9)
        self.assertEqual(labels[0]["name"],
                         'A "name" with \\ and\nlines, \ufffd and ü')
        self.assertNotIn("unknown", [family.type for family in families])

    @unittest.skipUnless(shutil.which("promtool"), "needs the program promtool")
    def test_promtool(self):
        result = subprocess.run(
            ["promtool", "check", "metrics"], input=self.driver(9).page(),
            capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout, result.stderr),
                         (0, "", ""))

    def test_counters_grow(self):
        driver = self.driver(2)
        last = {}
        for _ in range(4):
            counters = dict(line.rsplit(" ", 1) for line in driver.page().splitlines()
                            if re.match(r"\w+_total\b", line))
            for name, value in last.items():
                self.assertGreaterEqual(float(counters[name]), float(value), name)
            last = counters
            driver.tick()

    def test_requests(self):
        driver = self.driver(1)
        response, body = driver.request("HEAD")
        self.assertEqual((response.status, body), (200, ""))
        self.assertGreater(int(response.getheader("Content-Length")), 1000)
        for method, path, status in (
                ("GET", "/", 404), ("GET", "/metricsx", 404), ("GET", "/metrics/", 404),
                ("HEAD", "/x", 404), ("POST", "/x", 404), ("GET", "/metrics?a=b", 200),
                ("GET", "http://a/metrics", 200), ("GET", "http://a", 404),
                ("POST", "/metrics", 405), ("DELETE", "/metrics", 405),
                ("get", "/metrics", 405)):
            with self.subTest(f"{method} {path}"):
                response = driver.request(method, path)[0]
                self.assertEqual(response.status, status)
                if status == 405:
                    self.assertEqual(response.getheader("Allow"), "GET, HEAD")
        # a body is not read, and does not destroy the answer
        response, _ = driver.request("POST", body=b"x" * 300_000)
        self.assertEqual(response.status, 405)

    def test_nonsense(self):
        driver = self.driver(1)
        for data, status in (
                (b"GET /metrics HTTP/1.0\n\n", b"200"),
                (b"GET /metrics HTTP/1.1\r\nA: " + b"x" * 7000 + b"\r\n\r\n", b"200"),
                (b"GET /metrics HTTP/1.1\r\nA: " + b"x" * 9000, b"431"),
                (b"GET /metrics\r\n\r\n", b"400"), (b"\r\n\r\n", b"400"),
                (b"GET  HTTP/1.1\r\n\r\n", b"400"), (b"\n\n", b"400"),
                (b"GET /metrics FTP/1.0\r\n\r\n", b"400"),
                (b"GET /\0metrics HTTP/1.1\r\n\r\n", b"400"),
                (b"\x16\x03\x01\x02\0\x01", b"400"),   # TLS
                (b"GET /metrics HTTP/1.1\r\nA: b\r\n\r\nGET / HTTP/1.1\r\n\r\n",
                 b"200")):
            with self.subTest(data[:40]):
                client = driver.connect()
                client.sendall(data)
                answer = read_all(client)
                self.assertEqual(answer.split(b" ")[1], status)
                self.assertEqual(answer.count(b"HTTP/1.1 "), 1)

    def test_pieces(self):
        driver = self.driver(1)
        client = driver.connect()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n":
            client.sendall(bytes([byte]))
            time.sleep(0.001)
        self.assertIn(b"200 OK", read_all(client))

    def test_idle_clients(self):
        """Clients that send nothing, or that do not take their answer, are let go when
        others come."""
        driver = self.driver(300)
        before = driver.n_descriptors()
        idle = [driver.connect() for _ in range(4 * MAX_CLIENTS)]
        for client in idle[::2]:
            with contextlib.suppress(OSError):
                client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        self.assertEqual(driver.request()[0].status, 200)
        self.assertLessEqual(driver.n_descriptors(), before + MAX_CLIENTS + 1)
        self.assertLess(driver.memory(), 200 << 20)
        # and all of them, in time
        for client in idle:
            read_all(client)
        self.assertLessEqual(driver.n_descriptors(), before + 1)

    def test_thousand_stations(self):
        driver = self.driver(1000)
        for size in 1000, 1000, 1000:
            start = time.monotonic()
            page = driver.page()
            self.assertLess(time.monotonic() - start, 5)
        self.assertEqual(page.count("genreclassify_station_up{"), size)

    def test_addresses(self):
        for address in ("", "9155", ":", ":0", ":65536", ":-1", "a b:80", "::1:80",
                        "[::1]", "[::1]80", "[]:80", "[a]:80", "http://h:80",
                        "192.0.2.1:80", "nowhere.invalid:80", "[::1:80"):
            result = subprocess.run([DRIVER, address, "1"], capture_output=True,
                                    text=True, stdin=subprocess.DEVNULL)
            with self.subTest(address):
                self.assertEqual(result.returncode, 2)
                self.assertTrue(result.stderr.startswith(
                    f"genreclassify: {address}: It "), result.stderr)
        for host in "", "localhost":
            driver = self.driver(1, host=host)
            self.assertEqual(driver.request()[0].status, 200)
        with contextlib.suppress(OSError):
            free_port("::1", socket.AF_INET6)
            driver = self.driver(1, host="[::1]")
            self.assertEqual(driver.request(host="::1")[0].status, 200)
        # an address that is in use
        result = subprocess.run([DRIVER, f"127.0.0.1:{self.driver(1).port}", "1"],
                                capture_output=True, text=True)
        self.assertIn("in use", result.stderr)


if __name__ == "__main__":
    DRIVER = sys.argv.pop(1)
    unittest.main(verbosity=1)
