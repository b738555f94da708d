# SPDX-License-Identifier: GPL-2.0-or-later
"""What a worker process takes from its parent: options by their names and
requests, in messages of a kind, a size and bytes.  Arguments: the program, and a library
that refuses threads."""

import json
import os
import re
import struct
import subprocess
import sys
import unittest

PROGRAM, NOTHREADS = sys.argv[1:3]
del sys.argv[1:3]
CLIP = os.environ["TEST_CLIP"]
NO_THREAD = 76  # WORKER_NO_THREAD of src/cli/worker.h
# WireKind of src/analysis/wire.h
OPTIONS, LOOK, STAMP, REQUEST, ALIVE, SEGMENT, RESULT, CHANGE = range(8)


def pack(*messages):
    return b"".join(struct.pack("=II", kind, len(data)) + data
                    for kind, data in messages)


def unpack(stream):
    messages = []
    while stream:
        kind, size = struct.unpack_from("=II", stream)
        messages.append((kind, stream[8:8 + size]))
        stream = stream[8 + size:]
    return messages


def run(stream, parent=None, **environment):
    result = subprocess.run(
        [PROGRAM, "--worker", str(parent or os.getpid())], input=stream,
        capture_output=True, timeout=60, env={**os.environ, **environment})
    return result.returncode, unpack(result.stdout), result.stderr.decode()


def request(**members):
    """Of an earlier result, so that nothing is analysed."""
    return REQUEST, json.dumps({
        "file": CLIP, "model": "small 1", "probabilities": {"pop": 1},
        "duration": 30, "tag": None, "error": None, "skipped": False,
        **members}).encode()


class Test(unittest.TestCase):
    def test_options(self):
        segments = [{"start": 0, "duration": 30, "silent": False,
                     "probabilities": {"pop": 1}}]
        for options, n in (b"{}", None), (b"{'parts': <uint32 1>}", 1):
            status, ((kind, data),), errors = run(
                pack((OPTIONS, options), request(segments=segments)))
            self.assertEqual((status, kind, errors), (0, RESULT, ""))
            answer = json.loads(data)
            self.assertEqual(answer["file"], CLIP)
            self.assertEqual(answer["genre"], "pop")
            self.assertEqual(len(answer.get("segments", [])) or None, n)

    def test_change(self):
        """A result is followed by a change if it is to be written."""
        status, messages, _ = run(pack(
            (OPTIONS, b"{'write': <true>, 'min-confidence': <0.5>}"),
            request(probabilities={"pop": 0.25}),
            request(probabilities={"pop": 0.4996}),
            request(probabilities={"pop": 0.4999999999})))
        self.assertEqual(status, 0)
        self.assertEqual([kind for kind, _ in messages], [RESULT, CHANGE] * 3)
        # what is said to be less looks less
        for (_, change), (found, least) in zip(messages[1::2], (
                ("0.25", "0.50"), ("0.4996", "0.5000"),
                ("0.4999999999", "0.5000000000"))):
            self.assertEqual(json.loads(change)["note"],
                             f"The confidence, {found}, is below {least}.")

    def test_look(self):
        """There is no server, which is no failure; a question that is none is one."""
        nowhere = b"10000 http://127.0.0.1:1/song.ogg"
        self.assertEqual(run(pack((OPTIONS, b"{}"), (LOOK, nowhere), (LOOK, nowhere))),
                         (0, [(STAMP, b"")] * 2, ""))
        for data in (b"", b"http://127.0.0.1:1/", b"0 http://h/", b"1",
                     b"10001 http://h/"):
            with self.subTest(data):
                status, messages, _ = run(pack((OPTIONS, b"{}"), (LOOK, data)))
                self.assertEqual((status, messages), (1, []))

    def test_analysis(self):
        """Each segment of a file whose genre is not known is a sign of life."""
        status, messages, _ = run(pack(
            (OPTIONS, b"{'window': <uint64 10000000000>}"),
            request(probabilities=None)))
        self.assertEqual(status, 0)
        kinds = [kind for kind, _ in messages]
        self.assertGreaterEqual(len(kinds), 4)
        self.assertEqual(kinds, [ALIVE] * (len(kinds) - 1) + [RESULT])

    def test_no_threads(self):
        """As without memory for their stacks: it ends, where GStreamer would wait for
        one that could not be started."""
        stream = pack((OPTIONS, b"{}"), request(probabilities=None))
        ends = []
        for n in range(12):
            with self.subTest(n):
                status, _, errors = run(stream, LD_PRELOAD=NOTHREADS,
                                        TEST_THREADS=str(n))
                ends.append(status)
                self.assertIn(status, (0, NO_THREAD), errors)
        self.assertIn(NO_THREAD, ends)
        self.assertEqual(ends[-1], 0)

    def test_scarce_threads(self):
        """The command says that it is the machine, whatever it has got, and tries the
        file again."""
        blamed = re.compile(r"(no|No) thread")
        ends = []
        for n in range(16):
            with self.subTest(n):
                result = subprocess.run(
                    [PROGRAM, "--jobs=1", "--max-duration=5", CLIP],
                    capture_output=True, text=True, timeout=120, check=False,
                    env={**os.environ, "LD_PRELOAD": NOTHREADS,
                         "TEST_THREADS": str(n)})
                ends.append(result.returncode)
                if result.returncode:
                    self.assertRegex(result.stderr, blamed)
                    self.assertEqual(result.stdout, "")
        self.assertEqual({1, 2}, set(ends[:6]), ends)
        self.assertEqual(ends[-1], 0, ends)

    def test_one_library(self):
        """The program and the plugin that it has loaded share one libgenre."""
        with subprocess.Popen([PROGRAM, "--worker", str(os.getpid())],
                              stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as worker:
            worker.stdin.write(pack((OPTIONS, b"{}"),
                                    request(probabilities=None)))
            worker.stdin.flush()
            kind = None
            while kind != RESULT:
                kind, size = struct.unpack("=II", worker.stdout.read(8))
                worker.stdout.read(size)
            with open(f"/proc/{worker.pid}/maps") as f:
                maps = f.read()
            worker.stdin.close()
        self.assertIn("/libgstgenreclassify.so", maps)
        libraries = set(re.findall(r"/\S*libgenre.*", maps))
        self.assertEqual(len(libraries), 1, libraries)
        # nor is there a copy inside of the program; stripped, it has no symbols
        symbols = subprocess.run(["nm", PROGRAM], check=True, text=True,
                                 capture_output=True).stdout
        self.assertEqual(re.findall(r" [tT] (genre_\w+)", symbols), [])

    def test_refused(self):
        for options, sentence in (
                (b"{'windows': <uint64 1>}", 'has no option "windows"'),
                (b"{'window': <1.5>}", "is of type d, expected t"),
                (b"no options", "genreclassify: ")):
            with self.subTest(options):
                status, messages, errors = run(
                    pack((OPTIONS, options), request()))
                self.assertEqual((status, messages), (2, []))
                self.assertIn(sentence, errors)
        # nothing is taken without options, or a second time
        self.assertEqual(run(pack(request()))[:2], (2, []))
        self.assertEqual(run(pack((OPTIONS, b"{}"),
                                  (OPTIONS, b"{}")))[:2], (1, []))
        # a request that is cut off, or none
        whole = pack((OPTIONS, b"{}"), request())
        self.assertEqual(run(whole[:-1])[:2], (1, []))
        self.assertEqual(run(pack((OPTIONS, b"{}"),
                                  (REQUEST, b"{}")))[:2], (1, []))
        # the parent is another process
        self.assertEqual(run(whole, parent=1)[:2], (1, []))


if __name__ == "__main__":
    unittest.main()
