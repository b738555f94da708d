# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of web servers that send parts of files, and of servers that do not: the answer
is that of the file itself, or says what is missing."""

import functools
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
CLIP = os.environ["TEST_CLIP"]
ENCODERS = {
    "opus": "audioresample ! opusenc ! oggmux",
    "flac": "flacenc",
    "mp3": "lamemp3enc",
    "end.m4a": "avenc_aac ! mp4mux",
    "start.m4a": "avenc_aac ! mp4mux faststart=true",
}
# more than qtdemux keeps while it waits for the index
LONG = ("audiotestsrc wave=white-noise num-buffers=3300 samplesperbuffer=1024 "
        "! audio/x-raw,rate=48000,channels=2 ! audioconvert ! avenc_alac ! mp4mux")


class Server(http.server.ThreadingHTTPServer):
    """Whether it says that it sends parts (None: nothing of it), and from which byte on
    it does; None: never."""

    daemon_threads = True

    def __init__(self, folder, word, first_part):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.word, self.first_part = folder, word, first_part
        self.is_cut = False  # each answer breaks off
        self.parts = []  # that were asked for


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server, status, headers = self.server, 200, {"Connection": "close"}
        server.parts.append(self.headers.get_all("Range"))
        with open(server.folder + self.path, "rb") as f:
            content = f.read()
        if server.word:
            headers["Accept-Ranges"] = server.word
        part = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if part and server.first_part is not None and int(part[1]) >= server.first_part:
            start, size = int(part[1]), len(content)
            end = int(part[2] or size - 1) + 1
            content, status = content[start:end], 206
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
            if start >= size:
                status, headers["Content-Range"] = 416, f"bytes */{size}"
        headers["Content-Length"] = len(content)
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        try:
            self.wfile.write(content[:len(content) // 2] if server.is_cut else content)
        except ConnectionError:
            pass  # it has seen enough

    def log_message(self, *_):
        pass


def encode(pipeline, path):
    subprocess.run(["gst-launch-1.0", "-q", *pipeline.split(), "!", "filesink",
                    "location=" + path], check=True, timeout=120)


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        os.symlink(CLIP, os.path.join(cls.folder, "clip.ogg"))
        for name, encoder in ENCODERS.items():
            encode(f"filesrc location={CLIP} ! oggdemux ! vorbisdec ! audioconvert "
                   f"! {encoder}", os.path.join(cls.folder, "clip." + name))
        encode(LONG, os.path.join(cls.folder, "long.m4a"))
        cls.names = ["clip.ogg", *("clip." + name for name in ENCODERS)]

    def serve(self, word, first_part):
        server = Server(self.folder, word, first_part)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        for undo in thread.join, server.server_close, server.shutdown:
            self.addCleanup(undo)
        return server

    @functools.cache
    def run_file(self, name, *arguments):
        return self.run_json(name, *arguments)

    def run_json(self, name, *arguments):
        result = subprocess.run([PROGRAM, "--json", *arguments, name], text=True,
                                capture_output=True, timeout=120, cwd=self.folder)
        return json.loads(result.stdout)

    def fetch(self, server, name, *arguments):
        server.parts.clear()
        return self.run_json(f"http://127.0.0.1:{server.server_port}/{name}",
                             *arguments)

    def check_same(self, server, name, most, *arguments, length=0.1):
        """The answer is the file's, for at most so many requests."""
        file = self.run_file(name, *arguments)
        item = self.fetch(server, name, *arguments)
        self.assertIsNone(file["error"])
        self.assertIsNone(item["error"])
        self.assertEqual(item["genre"], file["genre"])
        self.assertAlmostEqual(item["duration"], file["duration"], delta=length)
        self.assertLessEqual(len(server.parts), most, server.parts)
        # one part at a time, and the first one is all
        self.assertEqual(server.parts[0], ["bytes=0-"])
        for part in server.parts:
            self.assertLessEqual(len(part or []), 1)

    def check_failed(self, item, sentence):
        self.assertEqual((item["error_code"], item["retryable"]), ("unreadable", False))
        self.assertIn(sentence, item["error"])

    def test_no_parts(self):
        for word in None, "none":
            server = self.serve(word, None)
            for name in self.names:
                with self.subTest(name, word=word):
                    self.check_same(server, name, 1)

    def test_parts(self):
        """With the first answer or without a word, or of those that are none of it."""
        for word, first_part in ("bytes", 0), ("Bytes", 1), (None, 0):
            server = self.serve(word, first_part)
            for name in [*self.names, "long.m4a"]:
                with self.subTest(name, word=word, first_part=first_part):
                    self.check_same(server, name, 6)

    def test_middle(self):
        """Without parts it is the beginning, and as long."""
        server = self.serve("bytes", 0)
        for name in "clip.flac", "clip.mp3", "clip.end.m4a", "clip.start.m4a":
            with self.subTest(name):
                self.check_same(server, name, 6, "--max-duration=10")
                start, = server.parts[-1]
                self.assertNotEqual(start, "bytes=0-")
        server = self.serve(None, None)
        for name in self.names:
            with self.subTest(name, parts=False):
                self.check_same(server, name, 1, "--max-duration=10", length=0.2)

    def test_empty(self):
        """There is no part of it that could be sent."""
        with open(os.path.join(self.folder, "empty.ogg"), "wb"):
            pass
        file = self.run_json("empty.ogg")
        for first_part in 0, None:
            with self.subTest(first_part):
                server = self.serve("bytes", first_part)
                item = self.fetch(server, "empty.ogg")
                self.assertEqual((item["error_code"], item["retryable"]),
                                 (file["error_code"], False))
                self.assertEqual(len(server.parts), 1)

    def test_index_at_the_end(self):
        """Of more than can be kept until the end is there."""
        server = self.serve(None, None)
        self.check_failed(self.fetch(server, "long.m4a"),
                          "the server does not send parts of files")
        self.assertEqual(len(server.parts), 1)

    def test_broken_promise(self):
        """A server that says that it sends parts, and does not."""
        server = self.serve("bytes", None)
        for name in "clip.ogg", "long.m4a":
            with self.subTest(name):
                self.check_failed(self.fetch(server, name),
                                  "Its server does not send parts of files")
                self.assertLessEqual(len(server.parts), 3)

    def test_cut(self):
        """Then the rest is asked for, but nothing is wrong with the file for good."""
        for word in None, "bytes":
            with self.subTest(word):
                server = self.serve(word, None)
                server.is_cut = True
                item = self.fetch(server, "clip.flac", "--retries=0")
                self.assertEqual((item["error_code"], item["retryable"]),
                                 ("unreachable", True))
                self.assertIn("Its server has stopped sending it", item["error"])


if __name__ == "__main__":
    unittest.main()
