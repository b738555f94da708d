# SPDX-License-Identifier: GPL-2.0-or-later
"""The service when the system gives it no more: no descriptor, process or thread.  Who
asks then is told to come again, and the file is not blamed.

    test_scarce.py PROGRAM NOTHREADS [unittest's arguments]

NOTHREADS is a library that refuses threads."""

import itertools
import json
import os
import resource
import subprocess
import sys
import unittest

from service import Service, read, wait_until

Service.program, NOTHREADS = sys.argv[1:3]
del sys.argv[1:3]
CLIP = read(os.environ["TEST_CLIP"])
PATHS = "/predict", "/spectrogram", "/waveform"
# threads that a worker has at most
MAX_THREADS = 12


class Test(unittest.TestCase):
    def run_service(self, *options, **environment):
        service = Service(*options, **environment)
        self.addCleanup(lambda: self.assertEqual(service.stop(), 0))
        service.files_at_rest = service.files()
        return service

    def check_busy(self, response):
        self.assertEqual(response.status, 503, response.body)
        self.assertGreater(int(response.headers["Retry-After"]), 0)
        error = json.loads(response.body)["error"]
        self.assertEqual((error["code"], error["retryable"]), ("busy", True))
        self.assertRegex(error["message"], r"please try again later\.$")

    def leave_descriptors(self, pid, n):
        """Lets it open so many more."""
        used = {int(fd) for fd in os.listdir(f"/proc/{pid}/fd")}
        free = (fd for fd in itertools.count() if fd not in used)
        limit = next(itertools.islice(free, n, None))
        hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, hard))

    def allow_all(self, pid):
        hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))

    def ask_with(self, service, pid, n, path="/predict"):
        # nothing is left of the last request: no connection, and no worker
        wait_until(lambda: service.files() <= service.files_at_rest)
        self.leave_descriptors(pid, n)
        try:
            return service.ask("POST", path, CLIP)
        finally:
            self.allow_all(pid)

    def test_descriptors(self):
        """Of the service itself: for the connection, the file and the worker."""
        service = self.run_service()
        pid = service.process.pid
        self.assertEqual(service.ask("POST", "/predict", CLIP).status, 200)
        for n in range(1, 6):
            with self.subTest(n):
                self.check_busy(self.ask_with(service, pid, n))
        self.assertEqual(self.ask_with(service, pid, 12).status, 200)
        for n in 1, 2:
            with self.subTest("upload", n=n):
                self.check_busy(self.ask_with(service, pid, n, "/uploads"))

    def test_descriptors_of_fork_server(self):
        service = self.run_service()
        self.check_busy(self.ask_with(service, service.fork_server, 0))
        self.assertEqual(service.ask("POST", "/predict", CLIP).status, 200)

    def starts(self, n):
        """Whether the service does so, if each of its processes has @n threads."""
        result = subprocess.run(
            [Service.program, "serve", "--self-test"], text=True, capture_output=True,
            timeout=60, env={**os.environ, "LD_PRELOAD": NOTHREADS,
                             "TEST_THREADS": str(n)})
        if result.returncode == 0:
            return True
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"^genreclassify: .*can start no thread.*\n$")
        return False

    def test_threads(self):
        """A worker that has so many threads and no more ends; GStreamer would wait."""
        self.assertFalse(self.starts(0))
        first = next(n for n in range(1, MAX_THREADS) if self.starts(n))
        statuses = []
        for n in range(first, MAX_THREADS):
            service = Service("--jobs=1", LD_PRELOAD=NOTHREADS, TEST_THREADS=str(n))
            for path in PATHS:
                with self.subTest(path, n=n):
                    # of a proxy: one that was kept has its threads already
                    response = service.ask("POST", path, CLIP, {"Via": "x"})
                    if response.status != 200:
                        self.check_busy(response)
                    statuses.append(response.status)
            self.assertEqual(service.stop(), 0)
        self.assertEqual(statuses[:len(PATHS)], [503] * len(PATHS))
        self.assertEqual(statuses[-len(PATHS):], [200] * len(PATHS))


if __name__ == "__main__":
    unittest.main()
