# SPDX-License-Identifier: GPL-2.0-or-later
"""The command on a whole library: every file is accounted for once, whatever it
is, and processes that crash, hang or are told to end take nothing with them."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = sys.argv.pop(1)
CLIP = os.environ["TEST_CLIP"]

SECONDS = 6
AUDIO = {
    "wav": "wavenc",
    "flac": "flacenc",
    "ogg": "vorbisenc ! oggmux",
    "opus": "audioresample ! opusenc ! oggmux",
    "mp3": "lamemp3enc ! id3v2mux",
    "m4a": "avenc_aac ! mp4mux",
    "wv": "wavpackenc",
    "mka": "flacenc ! matroskamux",
}
SHORT = "It is too short: at least 5 s of audio are needed."
UNKNOWN = "It is not a file of audio that GStreamer knows."


def encode(path, encoder, seconds=SECONDS, rate=44100, channels=1,
           wave="saw"):
    """Starts to make a file."""
    return subprocess.Popen(["gst-launch-1.0", "-q", *(
        f"audiotestsrc wave={wave} samplesperbuffer={rate} "
        f"num-buffers={seconds} ! audio/x-raw,rate={rate},channels={channels} ! "
        f"audioconvert ! {encoder} ! filesink location={path}").split()])


def run(*arguments, **options):
    return subprocess.run([PROGRAM, *arguments], capture_output=True,
                          timeout=120, **options)


def read_file(path):
    with open(path, "rb") as f:
        return f.read()


def read(output):
    return [json.loads(line) for line in output.decode().splitlines()]


def name_of(item):
    return item["file"]


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.samples = os.path.join(cls.folder.name, "samples")
        os.mkdir(cls.samples)
        makers = [encode(cls.sample(f"plain.{name}"), encoder)
                  for name, encoder in AUDIO.items()]
        makers += [
            encode(cls.sample("six.flac"), AUDIO["flac"], channels=6),
            encode(cls.sample("eight.wav"), AUDIO["wav"], rate=8000),
            encode(cls.sample("second.ogg"), AUDIO["ogg"], seconds=1),
            encode(cls.sample("silence.flac"), AUDIO["flac"], rate=8000,
                   seconds=3 * 3600, wave="silence"),
            subprocess.Popen(["gst-launch-1.0", "-q", *(
                "matroskamux name=mux ! filesink "
                f"location={cls.sample('video.mkv')} "
                "videotestsrc num-buffers=150 ! "
                "video/x-raw,width=64,height=48,framerate=25/1 ! jpegenc ! mux. "
                "audiotestsrc wave=saw num-buffers=300 ! vorbisenc ! "
                "mux.").split()]),
            subprocess.Popen(["gst-launch-1.0", "-q", *(
                "videotestsrc num-buffers=1 ! jpegenc ! filesink "
                f"location={cls.sample('cover.jpg')}").split()]),
            subprocess.Popen(["gst-launch-1.0", "-q", *(
                "videotestsrc num-buffers=20 ! theoraenc ! oggmux ! filesink "
                f"location={cls.sample('mute.ogv')}").split()]),
        ]
        for maker in makers:
            if maker.wait() != 0:
                raise RuntimeError(maker.args)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def sample(cls, name):
        return os.path.join(cls.samples, name)

    def make_folder(self):
        path = tempfile.mkdtemp(dir=self.folder.name)
        return path

    def make_songs(self, n, name="song%03d.wav"):
        folder = self.make_folder()
        for i in range(n):
            os.link(self.sample("plain.wav"), os.path.join(folder, name % i))
        return folder

    def make_library(self):
        """Gives the folder, and what is to be said of each file: the genres, or
        a reason."""
        root = self.make_folder()
        expected = {}

        def add(name, sample=None, content=None, reason=None, skipped=False):
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if sample:
                shutil.copy(self.sample(sample), path)
            elif content is not None:
                with open(path, "wb") as file:
                    file.write(content)
            expected[path] = reason, skipped
            return path

        with open(self.sample("plain.m4a"), "rb") as file:
            m4a = file.read()
        with open(self.sample("plain.mp3"), "rb") as file:
            mp3 = file.read()
        add("Zoë – 音楽/tränen 😀.flac", "plain.flac")
        add("new\nline.mp3", "plain.mp3")
        add("  spaces\t.ogg", "plain.ogg")
        add("-n.wav", "plain.wav")
        add("Intro: Song.opus", "plain.opus")
        add("100%25.wv", "plain.wv")
        add("no-name-of-audio", "plain.mp3")
        add("wrong.txt", "plain.flac")
        add("six.flac", "six.flac")
        add("eight.wav", "eight.wav")
        add("video.mkv", "video.mkv")
        add("silence.flac", "silence.flac")
        add("second.ogg", "second.ogg", reason=SHORT, skipped=True)
        add("empty.mp3", content=b"", reason="It is empty.")
        add("empty", content=b"", reason="It is empty.", skipped=True)
        add("text.mp3", content=b"some text\n" * 99,
            reason="This appears to be a text file")
        add("list.cue", content=b"some text\n" * 99,
            reason="This appears to be a text file", skipped=True)
        add("cover.jpg", "cover.jpg", reason="There is no audio in it.",
            skipped=True)
        add("cover.mp3", "cover.jpg", reason="There is no audio in it.")
        add("mute.ogv", "mute.ogv", reason="There is no audio in it.",
            skipped=True)
        add("._song.mp3", content=bytes(range(256)) * 9, reason=UNKNOWN,
            skipped=True)
        add("noise.wav", content=bytes(range(256)) * 9, reason=UNKNOWN)
        # decodebin may swallow the demuxer's reason
        add("cut.m4a", content=m4a[:len(m4a) // 2], reason="*")
        add("cut.mp3", content=mp3[:len(mp3) // 4], reason=SHORT, skipped=True)
        os.mkfifo(add("fifo.mp3", reason="It is a FIFO, not a file."))
        server = socket.socket(socket.AF_UNIX)
        server.bind(add("socket", reason="It is a socket, not a file.",
                        skipped=True))
        server.close()
        os.symlink("nowhere.mp3", add(
            "dangling.mp3", reason="It is a symbolic link to nowhere.mp3, "
            "which does not exist."))
        os.symlink("somebody@machine", add(
            ".#notes.txt", reason="It is a symbolic link to somebody@machine, "
            "which does not exist.", skipped=True))
        os.symlink("..", os.path.join(root, "Zoë – 音楽", "up"))
        for i in range(300 - len(expected)):
            name = list(AUDIO)[i % len(AUDIO)]
            add(f"{i % 7}/{i % 5}/{i:03}.{name}", f"plain.{name}")
        self.assertEqual(len(expected), 300)
        return root, expected

    def check_library(self, items, expected):
        self.assertEqual(sorted(map(name_of, items)), sorted(expected))
        for item in items:
            reason, skipped = expected[item["file"]]
            with self.subTest(item["file"]):
                self.assertEqual(item["skipped"], skipped, item["error"])
                if reason == "*":
                    self.assertTrue(item["error"])
                else:
                    self.assertEqual(item["error"], reason)
                self.assertEqual(
                    item["genre"] is None,
                    bool(reason) or item["file"].endswith("/silence.flac"))
        silence = [item for item in items
                   if item["file"].endswith("/silence.flac")][0]
        self.assertTrue(silence["silent"])
        self.assertAlmostEqual(silence["duration"], 3 * 3600, places=3)

    def test_library(self):
        root, expected = self.make_library()
        errors = os.path.join(self.folder.name, "errors")
        result = run("--json", "--errors", errors, root)
        self.assertEqual(result.returncode, 1)
        items = read(result.stdout)
        self.check_library(items, expected)
        failed = [item for item in items
                  if item["error"] and not item["skipped"]]
        with open(errors, "rb") as file:
            self.assertEqual(read(file.read()), failed)
        messages = result.stderr.decode().splitlines()
        self.assertEqual(len(messages), len(failed) + 1)
        for item, message in zip(failed, messages):
            name = item["file"].replace("\n", "\\n")
            self.assertEqual(message,
                             f"genreclassify: {name}: {item['error']}")
        self.assertRegex(messages[-1], "^genreclassify: 300 files: ")

        # in parts, which together are the whole
        names = []
        for k in "1/3", "2/3", "3/3":
            result = run("--json", "--shard", k, "--max-duration", "5", root)
            part = list(map(name_of, read(result.stdout)))
            self.assertTrue(60 < len(part) < 140, len(part))
            self.assertEqual(part, [item["file"] for item in items
                                    if item["file"] in part])
            names += part
        self.assertEqual(sorted(names), sorted(expected))

    def test_order(self):
        folder = self.make_songs(20)
        shutil.copy(self.sample("silence.flac"), os.path.join(folder, "a.flac"))
        one = run("--json", "--jobs", "1", folder)
        three = run("--json", "--jobs", "3", folder)
        self.assertEqual(one.stdout, three.stdout)
        self.assertEqual([os.path.basename(item["file"])
                          for item in read(one.stdout)],
                         ["a.flac"] + [f"song{i:03}.wav" for i in range(20)])

    def test_lists(self):
        folder = self.make_songs(3, "line\n%d.wav")
        names = [os.path.join(folder, f"line\n{i}.wav") for i in (2, 0, 1)]
        file = os.path.join(folder, "list")
        with open(file, "w") as f:
            f.write("\0".join(names))
        for arguments, text in ((["--files-from", file], None),
                                (["-"], "\0".join(names) + "\0"),
                                (["--files-from", "-", "--null"],
                                 "\0".join(names))):
            result = run("--json", *arguments,
                         input=text.encode() if text else None)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(list(map(name_of, read(result.stdout))), names)
        plain = [CLIP, self.sample("plain.ogg")]
        result = run("--json", "-", input="\n\n".join(plain).encode())
        self.assertEqual(list(map(name_of, read(result.stdout))), plain)
        result = run("-", input=b"")
        self.assertEqual((result.returncode, result.stdout), (0, b""))
        result = run("--files-from", os.path.join(folder, "nothing"))
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"nothing cannot be read: No such file", result.stderr)

    def test_bytes(self):
        folder = os.fsencode(self.make_folder())
        shutil.copy(self.sample("plain.wav"), folder + b"/\xff%41.wav")
        item, = read(run("--json", folder).stdout)
        self.assertEqual(item["error"], None)
        self.assertTrue(item["file_bytes"].endswith("/%FF%2541.wav"))

    # Processes

    def start(self, *arguments):
        # without a buffer, which communicate() would not look into
        return subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, bufsize=0)

    def find_workers(self, process):
        with open(f"/proc/{process.pid}/task/{process.pid}/children") as f:
            children = map(int, f.read().split())
        # GStreamer may look for new plugins in another program
        return [child for child in children
                if os.path.realpath(f"/proc/{child}/exe") ==
                os.path.realpath(PROGRAM)]

    def catches_sigterm(self, pid):
        status = read_file(f"/proc/{pid}/status").decode()
        caught, = re.findall(r"^SigCgt:\s*(\w+)$", status, re.MULTILINE)
        return int(caught, 16) >> (signal.SIGTERM - 1) & 1

    def find_worker(self, process):
        """The first process that it has started, a copy of itself; both have begun
        to work."""
        for _ in range(1000):
            workers = self.find_workers(process)
            if workers and all(map(self.catches_sigterm,
                                   [process.pid, workers[0]])):
                return workers[0]
            time.sleep(0.01)
        self.fail("there is no worker")

    def check_one_worker(self, environment):
        process = subprocess.Popen(
            [PROGRAM, "--json", "--jobs", "4", "--files-from", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
            env=environment)
        process.stdin.write(self.sample("plain.wav").encode() + b"\n")
        self.assertIsNone(json.loads(process.stdout.readline())["error"])
        worker, = self.find_workers(process)
        self.assertNotIn(b"--worker", read_file(f"/proc/{worker}/cmdline"))
        process.stdin.write(self.sample("plain.mp3").encode() + b"\n")
        self.assertIsNone(json.loads(process.stdout.readline())["error"])
        self.assertEqual(self.find_workers(process), [worker])
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)

    def test_one_worker_for_one_file(self):
        """However many there may be: it is the copy, and no other is started."""
        environment = dict(os.environ)
        self.check_one_worker(environment)
        # now the command starts GStreamer before it is copied
        environment.pop("GST_REGISTRY_FORK", None)
        self.check_one_worker(environment)

    def check_lost(self, signal_number, reason):
        """A worker that is hit loses one file, or none if it is tried again."""
        names = [self.sample("silence.flac"), self.sample("plain.wav"),
                 self.sample("plain.mp3")]
        for retries in 0, 1:
            process = self.start("--json", "--jobs", "1", "--timeout", "2",
                                 "--retries", str(retries), *names)
            os.kill(self.find_worker(process), signal_number)
            output, _ = process.communicate(timeout=60)
            items = read(output)
            self.assertEqual(process.returncode, 0 if retries else 1)
            self.assertEqual(list(map(name_of, items)), names)
            error = items.pop(0)["error"]
            self.assertEqual(error, None if retries else reason)
            self.assertEqual([item["error"] for item in items], [None, None])

    def test_crash(self):
        self.check_lost(signal.SIGSEGV,
                        "Its decoder crashed: Segmentation fault.")

    def test_hang(self):
        self.check_lost(signal.SIGSTOP,
                        "It was given up after 2 s without progress.")

    def test_signals(self):
        folder = self.make_songs(200)
        cache = os.path.join(self.folder.name, "cache")
        for number, status in ((signal.SIGTERM, 143), (signal.SIGINT, 130),
                               (signal.SIGHUP, 129)):
            process = self.start("--json", "--cache", cache, folder)
            first = process.stdout.readline()
            worker = self.find_worker(process)
            process.send_signal(number)
            rest, _ = process.communicate(timeout=10)
            self.assertEqual(process.returncode, status)
            self.assertLess(len(read(first + rest)), 200)
            self.assertFalse(os.path.exists(f"/proc/{worker}"))
        # what was done is not done again
        result = run("--json", "--cache", cache, folder)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(read(result.stdout)[0], read(first)[0])

    def test_killed(self):
        process = self.start("--jobs", "1", self.sample("silence.flac"))
        worker = self.find_worker(process)
        process.kill()
        process.communicate()
        for _ in range(1000):
            if not os.path.exists(f"/proc/{worker}"):
                return
            time.sleep(0.01)
        self.fail("the worker lives on")

    def test_pipe(self):
        process = self.start("--json", self.make_songs(200))
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.wait(timeout=10), 128 + signal.SIGPIPE)
        self.assertNotIn(b"rror", process.stderr.read())
        process.stderr.close()

    def test_full(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([PROGRAM, CLIP], stdout=full,
                                    stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"No space left", result.stderr)

    def test_full_in_the_middle(self):
        """While workers have files, and the list goes on."""
        names = os.path.join(self.folder.name, "names")
        with open(names, "w", encoding="utf-8") as file:
            file.write("/nowhere\n" + 1300 * f"{CLIP}\n")
        with open("/dev/full", "wb") as full:
            result = subprocess.run(
                [PROGRAM, "--json", "--jobs", "4", "--files-from", names],
                stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn(b"No space left", result.stderr)

    def test_told_to_end_while_a_worker_hangs(self):
        used = os.times()
        process = self.start("--jobs", "1", "--timeout", "2", CLIP)
        os.kill(self.find_worker(process), signal.SIGSTOP)
        process.terminate()
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM)
        now = os.times()
        self.assertLess(now.children_user + now.children_system -
                        used.children_user - used.children_system, 1)

    def test_middle(self):
        for name in "flac", "mp3", "ogg", "m4a":
            path = os.path.join(self.folder.name, f"long.{name}")
            self.assertEqual(encode(path, AUDIO[name], seconds=40).wait(), 0)
            item, = read(run("--json", "--segments", "--max-duration", "10",
                             path).stdout)
            self.assertAlmostEqual(item["duration"], 10, delta=0.1)
            # MP3 without a table has its duration guessed
            self.assertAlmostEqual(item["segments"][0]["start"], 15,
                                   delta=2 if name == "mp3" else 0.1)


if __name__ == "__main__":
    unittest.main()
