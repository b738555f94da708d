# SPDX-License-Identifier: GPL-2.0-or-later
"""What programs are told of a failure: error_code and retryable, for every way
in which a file can fail."""

import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PROGRAM = sys.argv.pop(1)
CLIP = os.environ["TEST_CLIP"]
SMALL_MODEL = os.path.join(os.environ["TEST_SMALL_MODELS"],
                           "crnn.safetensors")


def launch(pipeline):
    subprocess.run(["gst-launch-1.0", "-q", *pipeline.split()], check=True)


class Handler(http.server.BaseHTTPRequestHandler):
    """The path is the status of the answer; 200 stops in the middle of it."""

    def do_GET(self):
        self.send_response(int(self.path[1:]))
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self.close_connection = True

    def log_message(self, *_):
        pass


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.song = cls.path("song.flac")
        launch("audiotestsrc wave=pink-noise num-buffers=300 ! flacenc ! "
               f"filesink location={cls.song}")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def path(cls, name, content=None):
        path = os.path.join(cls.folder.name, name)
        if content is not None:
            with open(path, "wb") as f:
                f.write(content)
        return path

    def run_json(self, *arguments, **environment):
        """The one object that is printed."""
        result = subprocess.run(
            [PROGRAM, "--json", *arguments], capture_output=True, timeout=60,
            env={**os.environ, **environment})
        self.assertEqual(result.returncode, 1, result.stderr)
        return json.loads(result.stdout)

    def check(self, item, code, retryable=False):
        self.assertEqual((item["error_code"], item["retryable"]),
                         (code, retryable), item["error"])
        self.assertTrue(item["error"])

    def check_code(self, code, *arguments, retryable=False, **environment):
        self.check(self.run_json(*arguments, **environment), code, retryable)

    def test_none(self):
        result = subprocess.run([PROGRAM, "--json", self.song], check=True,
                                capture_output=True, timeout=60)
        item = json.loads(result.stdout)
        self.assertEqual((item["error"], item["error_code"],
                          item["retryable"]), (None, None, False))

    def test_not_found(self):
        self.check_code("not-found", self.path("missing.mp3"))
        self.check_code("not-found", "file://" + self.path("missing.mp3"))
        link = self.path("link.mp3")
        os.symlink("nowhere.mp3", link)
        self.check_code("not-found", link)

    def test_unreadable(self):
        fifo = self.path("fifo.mp3")
        os.mkfifo(fifo)
        self.check_code("unreadable", fifo)
        self.check_code("unreadable", "fd://0")
        for url in ("http://", "http:///song.mp3", "https://:80/", "http://[::1/x",
                    "http://host:port/"):
            with self.subTest(url):
                self.check_code("unreadable", url)

    def test_server(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        uri = f"http://127.0.0.1:{server.server_port}/"
        for status, code, retryable in ((404, "not-found", False),
                                        (410, "not-found", False),
                                        (403, "unreadable", False),
                                        (503, "unreachable", True),
                                        (200, "unreachable", True)):
            with self.subTest(status):
                self.check_code(code, f"{uri}{status}", retryable=retryable)
        server.shutdown()
        server.server_close()

    def test_unreachable(self):
        """Nobody listens there."""
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
            self.check_code("unreachable", f"http://127.0.0.1:{port}/",
                            retryable=True)

    def test_not_audio(self):
        self.check_code("not-audio", self.path("text.mp3", b"some text\n" * 99))
        self.check_code("not-audio",
                        self.path("noise.mp3", bytes(range(256)) * 99))
        self.check_code("not-audio", self.path("empty.mp3", b""))

    def test_no_audio_stream(self):
        picture = self.path("picture.jpg")
        launch("videotestsrc num-buffers=1 ! jpegenc ! "
               f"filesink location={picture}")
        self.check_code("no-audio-stream", picture)

    def test_too_short(self):
        short = self.path("short.wav")
        launch(f"audiotestsrc num-buffers=50 ! wavenc ! filesink location={short}")
        self.check_code("too-short", short)

    def test_decoder_missing(self):
        self.check_code(
            "decoder-missing", self.song,
            GST_PLUGIN_FEATURE_RANK="flacdec:NONE,avdec_flac:NONE")
        self.check_code("decoder-missing", "nothing-takes-this://x")

    def test_decoder_failed(self):
        """decodebin may swallow the demuxer's reason."""
        song = self.path("whole.m4a")
        launch("audiotestsrc num-buffers=300 ! avenc_aac ! mp4mux ! "
               f"filesink location={song}")
        with open(song, "rb") as f:
            content = f.read()
        self.check_code("decoder-failed",
                        self.path("cut.m4a", content[:len(content) // 2]))

    def check_signal(self, number, code, retryable):
        """What the process gets in which the file is decoded."""
        long = self.path("silence.flac")
        if not os.path.exists(long):
            launch("audiotestsrc wave=silence num-buffers=600 "
                   "samplesperbuffer=48000 ! audio/x-raw,rate=8000 ! flacenc ! "
                   f"filesink location={long}")
        process = subprocess.Popen(
            [PROGRAM, "--json", "--timeout", "1", "--retries", "0", long],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        children = f"/proc/{process.pid}/task/{process.pid}/children"
        workers = []
        # GStreamer may look for new plugins in another program
        while not workers:
            time.sleep(0.01)
            with open(children) as f:
                workers = [worker for worker in f.read().split()
                           if os.path.realpath(f"/proc/{worker}/exe") ==
                           os.path.realpath(PROGRAM)]
        os.kill(int(workers[0]), number)
        output, _ = process.communicate(timeout=60)
        self.check(json.loads(output), code, retryable)

    def test_decoder_crashed(self):
        self.check_signal(signal.SIGSEGV, "decoder-crashed", False)

    def test_timeout(self):
        self.check_signal(signal.SIGSTOP, "timeout", True)

    def test_bad_model(self):
        """It was whole when the command looked at it."""
        model = self.path("model.safetensors")
        fifo = self.path("list")
        shutil.copy(SMALL_MODEL, model)
        os.mkfifo(fifo)
        process = subprocess.Popen(
            [PROGRAM, "--json", "--model", model, "--files-from", fifo],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        # opening waits for the command, which has loaded the model by then
        with open(fifo, "w") as f:
            with open(model, "wb") as m:
                m.write(b"no weights")
            f.write(self.song + "\n")
        output, _ = process.communicate(timeout=60)
        self.check(json.loads(output), "bad-model")

    def test_plugin_missing(self):
        """Of GStreamer's own plugins there is none."""
        self.check_code(
            "plugin-missing", self.song, GST_PLUGIN_SYSTEM_PATH_1_0="",
            GST_REGISTRY=self.path("registry.bin"))

    def test_plot_failed(self):
        self.check_code("plot-failed", "--plot",
                        self.path("nowhere/plot.svg"), self.song)

    def test_skipped(self):
        """The code does not depend on who named the file."""
        folder = self.path("folder")
        os.mkdir(folder)
        with open(os.path.join(folder, "notes.txt"), "wb") as f:
            f.write(b"some text\n" * 99)
        result = subprocess.run([PROGRAM, "--json", folder], check=True,
                                capture_output=True, timeout=60)
        item = json.loads(result.stdout)
        self.assertTrue(item["skipped"])
        self.check(item, "not-audio")

    def test_skipped_unreadable(self):
        """Found in a folder, such a file is skipped only if all that is known of it
        is its name: what cannot be read on the way may have been audio."""
        unreadable = "/sys/class/net/lo/duplex"  # which only reading shows
        try:
            with open(unreadable, "rb") as f:
                f.read()
        except FileNotFoundError as e:
            self.skipTest(e)
        except OSError:
            pass
        folder = self.path("disk")
        os.mkdir(folder)
        os.symlink(unreadable, os.path.join(folder, "take 1"))
        item = self.run_json(folder)
        self.assertFalse(item["skipped"])
        self.check(item, "unreadable")


if __name__ == "__main__":
    unittest.main()
