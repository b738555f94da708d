# SPDX-License-Identifier: GPL-2.0-or-later
"""The service under clients that send much work: others wait for a moment only, and
nobody loses what is not taken by somebody else.

    test_fairness.py PROGRAM IDLE [unittest's arguments]

IDLE is a library that has the machine look idle: how long a worker has worked the
service guesses from its load."""

import contextlib
import http.client
import json
import os
import resource
import signal
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

import crafted
from test_service import CLIP, Service, children, noise, read, wait_until

FLOOD, OTHER, THIRD = "127.0.0.1", "127.0.0.2", "127.0.0.3"
# files that one process plays
MAX_FILES = 32
# bytes of address space that each process of the service may have
MEMORY = 3 << 30
# a file that takes long has that long where many others work as well
LONG = "--timeout=3000"
IDLE = sys.argv.pop(1)


def state(pid):
    """The letter of the process in /proc, "T" if it is stopped; None if it has
    ended."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0]


class Client:
    """One address; its requests are cut off in the end."""

    def __init__(self, service, address):
        self.service, self.address = service, address
        self.connections = []
        self.pool = ThreadPoolExecutor(16)

    def ask(self, body, path="/predict", headers={}):
        connection = http.client.HTTPConnection(
            self.service.address, timeout=400, source_address=(self.address, 0))
        self.connections.append(connection)
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        response.body = response.read()
        connection.close()
        return response

    def begin(self, body):
        """The answer, later."""
        return self.pool.submit(self.ask, body)

    def leave(self):
        for connection in self.connections:
            if connection.sock:
                with contextlib.suppress(OSError):
                    connection.sock.shutdown(2)
        self.pool.shutdown()


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.clip = read(CLIP)
        cls.long = crafted.opus_silence(10)
        with tempfile.NamedTemporaryFile(suffix=".wav") as file:
            noise(file.name, 20)
            cls.cut = read(file.name)[:250000]

    def run_service(self, *options, **environment):
        limits = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, limits[1]))
        try:
            service = Service(*options, **environment)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, limits)
        self.addCleanup(lambda: self.assertEqual(service.stop(), 0))
        return service

    def client(self, service, address):
        client = Client(service, address)
        self.addCleanup(client.leave)
        return client

    def check_error(self, response, status, code):
        self.assertEqual(response.status, status, response.body[:200])
        self.assertEqual(json.loads(response.body)["error"]["code"], code)

    # Taking turns

    def check_flood(self, jobs):
        service = self.run_service(f"--jobs={jobs}", LONG)
        other = self.client(service, OTHER)
        alone = other.ask(self.clip)
        flood = self.client(service, FLOOD)
        answers = [flood.begin(self.long) for _ in range(jobs + 3)]
        # while nobody else comes, it has all workers
        wait_until(lambda: service.metric("workers_running") == jobs and
                   service.metric("queue_length") == 3)
        for _ in range(3):
            response = other.ask(self.clip)
            self.assertEqual((response.status, response.body),
                             (200, alone.body))
            # it did not wait for the end of one of them
            self.assertFalse(any(answer.done() for answer in answers))
        # and again
        self.assertEqual(service.metric("workers_running"), jobs)

    def test_flood(self):
        self.check_flood(2)

    def test_flood_of_one_worker(self):
        self.check_flood(1)

    def test_full(self):
        """Nobody takes the last quarter of the queue alone, and nobody gets more."""
        service = self.run_service("--jobs=1", "--queue=4")
        flood, other, third = (self.client(service, address)
                               for address in (FLOOD, OTHER, THIRD))
        os.kill(service.fork_server, signal.SIGSTOP)    # no worker comes to its end
        self.addCleanup(os.kill, service.fork_server, signal.SIGCONT)
        answers = [flood.begin(self.clip)]
        wait_until(lambda: service.metric("workers_running") == 1)
        for client, length in (flood, 1), (flood, 2), (flood, 3), (other, 4):
            answers.append(client.begin(self.clip))
            wait_until(lambda: service.metric("queue_length") == length)
            if length == 3:
                self.check_error(flood.ask(self.clip), 503, "busy")
        self.check_error(third.ask(self.clip), 503, "busy")
        os.kill(service.fork_server, signal.SIGCONT)
        self.assertEqual([answer.result().status for answer in answers], [200] * 5)

    def test_goes_on(self):
        """Who has made room for others loses nothing but time."""
        service = self.run_service("--jobs=1")
        body = crafted.opus_silence(0.5)
        flood, other = (self.client(service, address) for address in (FLOOD, OTHER))
        alone = flood.ask(body)
        answer = flood.begin(body)
        while not answer.done():
            self.assertEqual(other.ask(self.clip).status, 200)
        self.assertEqual(answer.result().status, 200)
        self.assertEqual(answer.result().body, alone.body)

    def test_overtaken(self):
        """When too many stand still, one that has worked long gives up."""
        service = self.run_service("--jobs=1", LONG, LD_PRELOAD=IDLE)
        first, second, third = (self.client(service, address)
                                for address in (FLOOD, OTHER, THIRD))
        answers = [first.begin(self.long)]
        wait_until(lambda: service.metric("workers_running") == 1)
        answers.append(second.begin(self.long))
        # both are under way: one works, and one stands still
        wait_until(lambda: len(children(service.fork_server)) == 2)
        while not any(answer.done() for answer in answers):
            self.assertEqual(third.ask(self.clip).status, 200)
        # none has come to its end meanwhile
        for answer in answers:
            if answer.done():
                self.check_error(answer.result(), 503, "overtaken")
                self.assertGreater(int(answer.result().headers["Retry-After"]), 0)

    def test_songs(self):
        """Songs wait for each other, and none is ended for that."""
        service = self.run_service("--jobs=1")
        song = crafted.opus_silence(0.2)
        answers = [self.client(service, f"127.0.0.{n}").begin(song)
                   for n in range(1, 9)]
        self.assertEqual([answer.result().status for answer in answers], [200] * 8)

    def test_gone_while_paused(self):
        service = self.run_service("--jobs=1")
        first, second = (self.client(service, address) for address in (FLOOD, OTHER))
        first.begin(self.long)
        wait_until(lambda: service.metric("workers_running") == 1)
        second.begin(self.long)
        wait_until(lambda: len(children(service.fork_server)) == 2)
        # the one that is paused stands still
        wait_until(lambda: "T" in map(state, children(service.fork_server)))
        first.leave()
        wait_until(lambda: len(children(service.fork_server)) == 1)

    # One worker for several files

    def worker_after(self, service, client, body):
        """The process that is kept after a file."""
        self.assertEqual(client.ask(body).status, 200)
        # one that is not kept may not have ended yet
        wait_until(lambda: len(children(service.fork_server)) < 2)
        worker, = children(service.fork_server)
        return worker

    def test_next_file(self):
        """Who sends clean files has them played by one process, and nobody else."""
        service = self.run_service("--jobs=1")
        client, other = (self.client(service, address) for address in (FLOOD, OTHER))
        worker = self.worker_after(service, client, self.clip)
        self.assertEqual(self.worker_after(service, client, self.clip), worker)
        # only one may be kept: another client's takes its place
        another = self.worker_after(service, other, self.clip)
        self.assertNotEqual(another, worker)
        # whoever comes by a proxy that is not known may be anybody
        for name in ("X-Forwarded-For", "Forwarded", "Via"):
            self.assertEqual(other.ask(self.clip, headers={name: "x"}).status, 200)
            self.assertEqual(self.worker_after(service, other, self.clip), another)
        # nothing is kept for long
        wait_until(lambda: children(service.fork_server) == [])

    def test_last_file(self):
        """After some files, or one that is odd, a process gets no other one."""
        service = self.run_service("--jobs=1")
        client = self.client(service, FLOOD)
        worker = self.worker_after(service, client, self.clip)
        for _ in range(MAX_FILES - 2):
            self.assertEqual(self.worker_after(service, client, self.clip), worker)
        client.ask(self.clip)
        for body, status, path in ((b"text" * 99, 415, "/predict"),
                                   (self.cut, 200, "/predict"),
                                   (self.clip, 200, "/waveform")):
            with self.subTest(status=status, path=path):
                # not the one that had the odd file, or enough of them
                last, worker = worker, self.worker_after(service, client, self.clip)
                self.assertNotEqual(worker, last)
                self.assertEqual(client.ask(body, path).status, status)
        self.assertNotEqual(self.worker_after(service, client, self.clip), worker)

    def test_killed(self):
        """A process that dies of its second file costs nobody anything."""
        service = self.run_service("--jobs=1")
        client = self.client(service, FLOOD)
        body = crafted.opus_silence(0.5)
        alone = client.ask(body).body
        for number in (signal.SIGSEGV, signal.SIGKILL):
            worker = self.worker_after(service, client, self.clip)
            answer = client.begin(body)
            wait_until(lambda: service.metric("workers_running") == 1)
            os.kill(worker, number)
            self.assertEqual((answer.result().status, answer.result().body),
                             (200, alone))
        # one that dies between two files is no matter at all
        worker = self.worker_after(service, client, self.clip)
        os.kill(worker, signal.SIGKILL)
        self.assertEqual(client.ask(self.clip).status, 200)
        # but a file that kills a fresh process as well is given up
        worker = self.worker_after(service, client, self.clip)
        answer = client.begin(self.long)
        wait_until(lambda: service.metric("workers_running") == 1)
        os.kill(worker, signal.SIGSEGV)
        wait_until(lambda: children(service.fork_server) not in ([], [worker]))
        os.kill(children(service.fork_server)[0], signal.SIGSEGV)
        self.check_error(answer.result(), 422, "decoder-crashed")

    # Files that are too much

    def test_memory(self):
        """A worker that gets no more memory is no crash."""
        service = self.run_service()
        client = self.client(service, OTHER)
        size = int(read(f"/proc/{service.fork_server}/statm").split()[0]) * 4096
        limit = size + (4 << 20)
        resource.prlimit(service.fork_server, resource.RLIMIT_AS, (limit, limit))
        self.check_error(client.ask(self.clip), 422, "out-of-memory")

    def test_low_rate(self):
        client = self.client(self.run_service(), OTHER)
        for path in "/predict", "/spectrogram":
            response = client.ask(crafted.slow_wav(), path)
            self.check_error(response, 422, "low-rate")
            self.assertIn("1 Hz", json.loads(response.body)["error"]["message"])

    def test_no_numbers(self):
        client = self.client(self.run_service(), OTHER)
        for value in "nan", "inf":
            for path in "/predict", "/spectrogram":
                response = client.ask(crafted.floats(value), path)
                self.check_error(response, 422, "no-numbers")

    def test_many_channels(self):
        client = self.client(self.run_service(), OTHER)
        for path in "/predict", "/spectrogram":
            self.assertEqual(client.ask(crafted.many_channels(), path).status, 200)


if __name__ == "__main__":
    unittest.main()
