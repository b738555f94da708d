# SPDX-License-Identifier: GPL-2.0-or-later
"""The command as a server of lines: what it answers, what it tries again, and the
examples of genreclassify-queues(7), which run as they stand there.

  test_queues.py PROGRAM PAGE [CLASS...]
"""

import http.server
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
import wave

PROGRAM, PAGE = map(os.path.abspath, sys.argv[1:3])
del sys.argv[1:3]

RATE, SECONDS = 8000, 6
PATIENCE = 60    # s, after which the test has failed

# As pyspark has them, but for where the partitions are: threads of this process.  The
# last of them is empty, as it may be.
SPARK = """
import os, shlex
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from subprocess import PIPE, Popen
from threading import Thread

class RDD:
    def __init__(self, partitions):
        self.partitions = partitions    # functions that give an iterator each

    def pipe(self, command, env=None, checkCode=False):
        def start(partition):
            process = Popen(shlex.split(command), env={} if env is None else env,
                            stdin=PIPE, stdout=PIPE)
            def write():
                for item in partition():
                    process.stdin.write((str(item).rstrip("\\n") + "\\n").encode())
                process.stdin.close()
            Thread(target=write).start()
            def check():
                process.wait()
                if checkCode and process.returncode:
                    raise RuntimeError(f"{command}: {process.returncode}")
                return
                yield
            return (line.rstrip(b"\\n").decode() for line in
                    chain(iter(process.stdout.readline, b""), check()))
        return RDD([lambda partition=partition: start(partition)
                    for partition in self.partitions])

    def saveAsTextFile(self, path):
        os.mkdir(path)
        def save(i, partition):
            with open(f"{path}/part-{i:05}", "w", encoding="utf-8") as file:
                file.writelines(line + "\\n" for line in partition())
        with ThreadPoolExecutor() as threads:
            list(threads.map(save, range(len(self.partitions)), self.partitions))

class SparkContext:
    def __init__(self, appName):
        pass

    def textFile(self, name, minPartitions):
        with open(name, encoding="utf-8") as file:
            lines = file.read().split("\\n")[:-1]
        return RDD([lambda i=i: iter(lines[i::2]) for i in range(2)] +
                   [lambda: iter(())])
"""

# Sends names to Celery, and prints the results.
SENDER = """
import json, sys
from celery.result import ResultSet
from genres import genre

names = json.load(sys.stdin)
results = ResultSet([genre.apply_async((name,), task_id=name) for name in names])
json.dump(dict(zip(names, results.get(timeout=60))), sys.stdout)
"""


def block(word):
    """The example of the page in which the word stands."""
    with open(PAGE, encoding="utf-8") as file:
        blocks = re.findall(r"^\.Bd .*\n((?:.*\n)*?)\.Ed$", file.read(), re.M)
    found, = (text for text in blocks if word in text)
    return found.replace(r"\&", "").replace(r"\e", "\\")


def children_of(pid):
    """The processes that its first thread has started and not reaped."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return list(map(int, file.read().split()))
    except FileNotFoundError:
        return []


def wait_until(condition):
    """Its first value that is true."""
    for _ in range(100 * PATIENCE):
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError("it does not become true")


def is_gone(pid):
    return not os.path.exists(f"/proc/{pid}")


class Gate:
    """Where a server waits in the middle of a file."""

    def __init__(self):
        self.reached, self.opened = threading.Event(), threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        song, plan = self.server.song, self.server.note(self.path)
        half = len(song) // 2
        if isinstance(plan, int):
            self.send_error(plan)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(song)))
        self.send_header("Accept-Ranges", "none")
        self.end_headers()
        try:
            self.wfile.write(song[:half])
            if isinstance(plan, Gate):
                plan.reached.set()
                plan.opened.wait(PATIENCE)
            if plan != "cut":
                self.wfile.write(song[half:])
        except OSError:
            pass    # who asked for it was killed

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    """Has the song by every name, but first what the plans have of a name, each once:
    a status, a Gate, or "cut"."""
    daemon_threads = True

    def __init__(self, song):
        super().__init__(("127.0.0.1", 0), Handler)
        self.song = song
        self.plans, self.calls = {}, []
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def note(self, path):
        with self.lock:
            self.calls.append(path[1:])
            plans = self.plans.get(path[1:])
            return plans.pop(0) if plans else None

    def uri(self, name):
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Client:
    """One that keeps the command, and asks it."""

    def __init__(self, *options, ordered=False, **environment):
        self.process = subprocess.Popen(
            [PROGRAM, "--files-from", "-", "--json", *options] +
            ([] if ordered else ["--unordered"]), bufsize=0,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env={**os.environ, **environment})
        # buffered, for readline()
        self.answers = os.fdopen(os.dup(self.process.stdout.fileno()), "rb")
        # what should have come by then has not come
        self.timer = threading.Timer(PATIENCE, self.process.kill)
        self.timer.start()

    def say(self, *names):
        self.process.stdin.write(b"".join(os.fsencode(n) + b"\n" for n in names))

    def hear(self):
        return json.loads(self.answers.readline())

    def ask(self, name):
        self.say(name)
        return self.hear()

    def hang_up(self):
        self.process.stdout.close()
        self.answers.close()

    def end(self):
        """Says that no more names come; gives what was still to be answered."""
        self.process.stdin.close()
        rest = [] if self.answers.closed else [
            json.loads(line) for line in self.answers]
        self.process.wait()
        return rest

    def close(self):
        self.timer.cancel()
        for file in self.process.stdin, self.process.stdout, self.answers:
            file.close()
        self.process.kill()
        self.process.wait()


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="genre-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.song = os.path.join(self.folder, "song.wav")
        with wave.open(self.song, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(b"".join(
                struct.pack("<h", i * i // 50 % 20000 - 10000)
                for i in range(RATE * SECONDS)))
        with open(self.song, "rb") as file:
            self.server = Server(file.read())
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        os.mkdir(os.path.join(self.folder, "bin"))
        os.symlink(PROGRAM, os.path.join(self.folder, "bin", "genreclassify"))

    def start(self, *options, **environment):
        client = Client(*options, **environment)
        self.addCleanup(client.close)
        return client

    def add_song(self, name):
        path = os.path.join(os.fsencode(self.folder), os.fsencode(name))
        os.link(self.song, path)
        return os.fsdecode(path)

    def add_songs(self):
        """Names that are easily damaged on their way."""
        return [self.add_song(name) for name in (
            "a.wav", "two  words.wav", " b .wav", "it's.wav", 'a "quote".wav',
            "$HOME;`x`&.wav", "back\\slash\\n.wav", "Zoë – 音楽 😀.wav", "100%.wav",
            "-n.wav", "{}.wav", "*.wav")]

    def write_names(self, names):
        with open(os.path.join(self.folder, "names.txt"), "w",
                  encoding="utf-8") as file:
            file.writelines(name + "\n" for name in names)

    def run_in_folder(self, *command, **environment):
        """With the program in the PATH."""
        result = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True,
            timeout=PATIENCE, stdin=subprocess.DEVNULL,
            env={**os.environ, "HOME": self.folder, **environment,
                 "PATH": f"{self.folder}/bin:{os.environ['PATH']}"})
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def check_answers(self, text, names):
        """Each has one, and is a song."""
        answers = list(map(json.loads, text.splitlines()))
        self.assertEqual(sorted(answer["file"] for answer in answers),
                         sorted(names))
        self.assertEqual({answer["error"] for answer in answers}, {None})


class Lines(Case):
    def test_one_by_one(self):
        """Each is answered before the next is there, and as it was named."""
        client = self.start("--jobs", "1")
        for name in [*self.add_songs(), "a b", self.server.uri("x?y=1#z")]:
            self.assertEqual(client.ask(name)["file"], name)
        songs = [self.song, self.song, self.server.uri("song"),
                 "file://" + urllib.parse.quote(self.add_song("sp ace.wav"))]
        for name in songs:
            answer = client.ask(name)
            self.assertEqual((answer["file"], answer["error"]), (name, None))
        for name, code in (("", "not-found"), (self.folder, "unreadable"),
                           (os.path.join(self.folder, "bin"), "unreadable"),
                           (self.song + "x", "not-found"), ("", "not-found")):
            answer = client.ask(name)
            self.assertEqual((answer["file"], answer["error_code"]), (name, code))
        self.assertEqual(client.ask(self.song + "\r")["file"], self.song)
        answer = client.ask(self.add_song(b"caf\xe9%.wav"))
        self.assertEqual(answer["error"], None)
        self.assertTrue(answer["file_bytes"].endswith("/caf%E9%25.wav"))
        self.assertEqual(client.end(), [])
        self.assertEqual(client.process.returncode, 1)

    def test_folder_first(self):
        """What comes first is no other line."""
        for name in "", self.folder, "\r":
            client = self.start()
            self.assertEqual(client.ask(name)["file"], name.rstrip("\r"))
            self.assertEqual(client.end(), [])

    def test_end(self):
        client = self.start()
        self.assertEqual(client.end(), [])
        self.assertEqual(client.process.returncode, 0)
        client = self.start("--jobs", "2")
        client.say(self.song, self.song)
        client.process.stdin.write(os.fsencode(self.song))
        self.assertEqual([(answer["file"], answer["error"])
                          for answer in client.end()], 3 * [(self.song, None)])
        self.assertEqual(client.process.returncode, 0)

    def test_null(self):
        client = self.start("--null")
        name = self.add_song("new\nline.wav")
        client.process.stdin.write(os.fsencode(name) + b"\0")
        self.assertEqual(client.hear()["file"], name)
        client.process.stdin.write(b"\0")
        self.assertEqual(client.hear()["file"], "")

    def test_locale(self):
        """JSON is UTF-8 wherever it is printed: queues often have no locale."""
        name = self.add_song("Zoë.wav")
        client = self.start(LC_ALL="C")
        answer = client.ask(name)
        self.assertEqual((answer["file"], answer["error"]), (name, None))

    def test_slow(self):
        """A file that takes its time holds up no other."""
        gate = Gate()
        self.server.plans["slow"] = [gate]
        client = self.start("--jobs", "2")
        client.say(self.server.uri("slow"))
        self.assertTrue(gate.reached.wait(PATIENCE))
        for name in self.song, self.song + "x", self.server.uri("other"):
            self.assertEqual(client.ask(name)["file"], name)
        gate.opened.set()
        self.assertEqual(client.hear()["file"], self.server.uri("slow"))

    def test_reader_gone(self):
        client = self.start("--jobs", "1")
        client.ask(self.song)
        worker, = children_of(client.process.pid)
        client.hang_up()
        client.say(self.song)
        self.assertEqual(client.process.wait(PATIENCE), 128 + signal.SIGPIPE)
        self.assertTrue(is_gone(worker))

    def test_client_gone(self):
        """As the kernel closes all that a killed one had open."""
        gate = Gate()
        self.server.plans["slow"] = [gate]
        client = self.start("--jobs", "1")
        client.say(self.server.uri("slow"), self.song)
        self.assertTrue(gate.reached.wait(PATIENCE))
        worker, = children_of(client.process.pid)
        client.hang_up()
        client.process.stdin.close()
        gate.opened.set()
        self.assertEqual(client.process.wait(PATIENCE), 128 + signal.SIGPIPE)
        self.assertTrue(is_gone(worker))

    def test_told_to_end(self):
        """While it waits for a name."""
        client = self.start("--jobs", "1")
        client.ask(self.song)
        worker, = children_of(client.process.pid)
        client.process.terminate()
        self.assertEqual(client.process.wait(PATIENCE), 128 + signal.SIGTERM)
        self.assertTrue(is_gone(worker))

    def test_not_with_albums(self):
        client = self.start("--group", "album")
        self.assertEqual(client.process.wait(PATIENCE), 2)


class Retries(Case):
    def run_list(self, *options, names, status=0):
        """What the command gives of a list."""
        self.write_names(names)
        result = subprocess.run(
            [PROGRAM, "--json", "--files-from", os.path.join(self.folder, "names.txt"),
             *options], capture_output=True, timeout=PATIENCE)
        self.assertEqual(result.returncode, status, result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def check_list(self, *options, names, calls):
        """All succeed, in the list's order, and the server was asked in this one."""
        uris = list(map(self.server.uri, names))
        self.assertEqual(
            [(answer["file"], answer["error"])
             for answer in self.run_list("--jobs", "1", *options, names=uris)],
            [(uri, None) for uri in uris])
        self.assertEqual("".join(self.server.calls), calls)

    def test_comes_last(self):
        self.server.plans["a"] = [503]
        self.check_list(names="abc", calls="abca")

    def test_cut(self):
        """A connection that ends in the middle; the source may ask some times."""
        self.server.plans["a"] = 9 * ["cut"]

        def note(path, note=self.server.note):
            if path == "/c":
                self.server.plans["a"].clear()
            return note(path)
        self.server.note = note
        uris = list(map(self.server.uri, "abc"))
        self.assertEqual([(answer["file"], answer["error"]) for answer in
                          self.run_list("--jobs", "1", names=uris)],
                         [(uri, None) for uri in uris])
        self.assertRegex("".join(self.server.calls), "^a+bca$")

    def test_more_than_once(self):
        """No file is tried over and over while another waits for that."""
        self.server.plans.update(a=[503, 503], b=[503, 503])
        self.check_list("--retries", "2", names="abc", calls="abcabab")

    def test_not_for_ever(self):
        """After 1000 others it need not be the last."""
        for n, calls in (999, "abca"), (1000, "abac"):
            self.server.calls.clear()
            self.server.plans["a"] = [503]
            a, b, c = map(self.server.uri, "abc")
            # as there is one process, "a" has failed when b has begun, and the
            # next are begun after that
            others = [self.song + "x"] * n
            answers = self.run_list("--jobs", "1", "--unordered", "--ok-if-failed",
                                    names=[a, b, *others, c])
            self.assertEqual(len(answers), n + 3)
            self.assertEqual("".join(self.server.calls), calls)

    def test_waiting_client(self):
        """Who waits for one answer has it, though the list goes on."""
        self.server.plans["a"] = [503]
        client = self.start("--jobs", "2")
        self.assertEqual(client.ask(self.server.uri("a"))["error"], None)
        self.assertEqual(self.server.calls, ["a", "a"])

    def test_off(self):
        self.server.plans.update(a=[503])
        answers = self.run_list("--retries", "0", status=1,
                                names=map(self.server.uri, "ab"))
        self.assertEqual([(answer["error_code"], answer["retryable"])
                          for answer in answers],
                         [("unreachable", True), (None, False)])
        self.assertEqual(sorted(self.server.calls), ["a", "b"])

    def test_fails_again(self):
        self.server.plans["a"] = [503, 503]
        answer, = self.run_list(status=1, names=[self.server.uri("a")])
        self.assertEqual(answer["error_code"], "unreachable")
        self.assertEqual(self.server.calls, ["a", "a"])

    def test_what_stays(self):
        """What cannot pass is not tried again."""
        self.server.plans["a"] = [404]
        answer, = self.run_list(status=1, names=[self.server.uri("a")])
        self.assertEqual(answer["error_code"], "not-found")
        self.assertEqual(self.server.calls, ["a"])

    def test_killed_for_good(self):
        """Without another try it is answered, and the server lives on."""
        gate = Gate()
        self.server.plans["a"] = [gate]
        client = self.start("--jobs", "1", "--retries", "0")
        client.say(self.server.uri("a"))
        self.assertTrue(gate.reached.wait(PATIENCE))
        worker, = children_of(client.process.pid)
        os.kill(worker, signal.SIGKILL)
        self.assertEqual(client.hear()["error_code"], "decoder-crashed")
        self.assertEqual(client.ask(self.song)["error"], None)
        gate.opened.set()

    def test_killed(self):
        """A file whose process was killed is tried again: alone."""
        first, second = (Gate(), Gate()), (Gate(), Gate())
        self.server.plans.update(a=[first[0], second[0]], b=[first[1], second[1]])
        uris = list(map(self.server.uri, "abc"))
        client = self.start("--jobs", "2")
        pid = client.process.pid
        client.say(*uris[:2])
        for gate in first:
            self.assertTrue(gate.reached.wait(PATIENCE))
        self.assertEqual(len(children_of(pid)), 2)
        os.kill(children_of(pid)[0], signal.SIGKILL)
        # while there are others, it waits
        self.assertEqual(client.ask(self.song)["file"], self.song)
        self.assertEqual(sorted(self.server.calls), ["a", "b"])
        for gate in first:
            gate.opened.set()
        survivor = client.hear()
        self.assertEqual(survivor["error"], None)
        i = 1 - uris.index(survivor["file"])
        self.assertTrue(second[i].reached.wait(PATIENCE))
        self.assertEqual(len(children_of(pid)), 1)
        # nothing else is begun: a fault would show in much less time
        client.say(uris[2])
        self.assertFalse(second[1 - i].reached.wait(2))
        self.assertEqual(self.server.calls[2:], ["ab"[i]])
        self.assertEqual(len(children_of(pid)), 1)
        second[i].opened.set()
        self.assertEqual([(answer["file"], answer["error"]) for answer in
                          (client.hear(), client.hear())],
                         [(uris[i], None), (uris[2], None)])
        self.assertEqual(client.end(), [])
        self.assertEqual(client.process.returncode, 0)

    def test_killed_in_order(self):
        """The list's order stays that of the answers."""
        gate = Gate()
        self.server.plans["a"] = [gate]
        client = self.start("--jobs", "1", ordered=True)
        client.say(self.server.uri("a"))
        self.assertTrue(gate.reached.wait(PATIENCE))
        worker, = children_of(client.process.pid)
        client.say(self.song, self.server.uri("b"))
        os.kill(worker, signal.SIGKILL)
        self.assertEqual([(answer["file"], answer["error"])
                          for answer in client.end()],
                         [(name, None) for name in (
                             self.server.uri("a"), self.song, self.server.uri("b"))])
        gate.opened.set()

    def test_exit_status(self):
        """Failures that are let pass are failures all the same."""
        missing = [self.song + "x", self.song + "y"]
        short = os.path.join(self.folder, "short.wav")
        with open(self.song, "rb") as song, open(short, "wb") as file:
            file.write(song.read(RATE))
        for options, names, status in (
                (["--max-failures", "1"], missing, 1),
                (["--max-failures", "2"], missing, 0),
                (["--max-failures", "0"], [self.song], 0),
                (["--max-failures", "0"], missing[:1], 1),
                (["--ok-if-failed"], missing, 0),
                (["--ok-if-failed", "--strict"], [*missing, short], 3),
                (["--max-failures", "1", "--strict"], [*missing, short], 1),
                (["--ok-if-failed", "--max-failures", "1"], [], 2),
                (["--max-failures", "-1"], [], 2),
                (["--max-failures", "-2"], [], 2),
                (["--retries", "-1"], [], 2)):
            with self.subTest(options):
                answers = self.run_list(*options, names=names, status=status)
                self.assertEqual([answer["file"] for answer in answers], names)
                self.assertEqual({answer["error_code"] for answer in answers} - {
                    None, "too-short"}, {"not-found"} if missing[0] in names else set())


class Examples(Case):
    def test_spark(self):
        names = self.add_songs()
        missing = [f"/nowhere/{i}.mp3" for i in range(3000)]
        self.write_names([*names, "", *missing])
        os.mkdir(os.path.join(self.folder, "stub"))
        with open(os.path.join(self.folder, "stub", "pyspark.py"), "w",
                  encoding="utf-8") as file:
            file.write(SPARK)
        self.run_in_folder(sys.executable, "-c", block("pyspark"),
                           PYTHONPATH=os.path.join(self.folder, "stub"))
        answers = []
        for part in range(3):
            with open(f"{self.folder}/genres/part-{part:05}",
                      encoding="utf-8") as file:
                answers += map(json.loads, file)
        self.assertEqual(sorted(answer["file"] for answer in answers),
                         sorted([*names, "", *missing]))
        self.assertEqual(sorted(answer["file"] for answer in answers
                                if not answer["error"]), sorted(names))

    def test_xargs(self):
        names = self.add_songs()
        self.write_names(names)
        script = block("xargs")
        self.assertIn("-n 500", script)
        self.run_in_folder("sh", "-c", script.replace("-n 500", "-n 3"))
        text = ""
        for name in os.listdir(self.folder):
            if re.fullmatch(r"genres\.\d+\.jsonl", name):
                with open(os.path.join(self.folder, name), encoding="utf-8") as file:
                    text += file.read()
        self.check_answers(text, names)


class Parallel(Case):
    def run_block(self, word):
        script = block(word).replace("-j 8", "-j 2")
        self.run_in_folder("sh", "-c", script)
        with open(os.path.join(self.folder, "genres.jsonl"), encoding="utf-8") as file:
            return file.read()

    def test_pipe(self):
        names = self.add_songs()
        self.write_names(names)
        script = block("--pipe")
        self.assertIn("-N 500", script)
        self.run_in_folder("sh", "-c", script.replace("-N 500", "-N 3"))
        with open(os.path.join(self.folder, "genres.jsonl"), encoding="utf-8") as file:
            self.check_answers(file.read(), names)

    def test_one_a_job(self):
        """A second run does what has failed in the first."""
        names = self.add_songs()
        self.write_names(names)
        os.unlink(names[4])
        script = block("--joblog").rstrip("\n")
        self.run_in_folder("sh", "-c", f"! {script}")
        os.link(self.song, names[4])
        self.run_in_folder("sh", "-c", script)
        with open(os.path.join(self.folder, "genres.jsonl"), encoding="utf-8") as file:
            lines = file.read().splitlines()
        failed = [line for line in lines if json.loads(line)["error"]]
        self.assertEqual([json.loads(line)["file"] for line in failed], [names[4]])
        self.check_answers("\n".join(line for line in lines if line not in failed),
                           names)


class Celery(Case):
    def write_module(self):
        with open(os.path.join(self.folder, "genres.py"), "w",
                  encoding="utf-8") as file:
            file.write(block("from celery"))

    def test_function(self):
        """The function alone; and what would put answers out of step does not."""
        self.write_module()
        text = self.run_in_folder(
            sys.executable, "-W", "ignore", "-c",
            "import json, sys\nfrom genres import genre\n"
            "for name in sys.argv[1:]:\n"
            "    try:\n        print(json.dumps(genre(name)))\n"
            "    except ValueError as e:\n        print(json.dumps(str(e)))\n",
            self.song, "a\nb", self.server.uri("a"), BROKER="memory://")
        first, fault, last = map(json.loads, text.splitlines())
        self.assertEqual((first["file"], first["error"]), (self.song, None))
        self.assertEqual(fault, "a\nb is no line")
        self.assertEqual((last["file"], last["error"]), (self.server.uri("a"), None))

    def start_process(self, name, *command, **environment):
        """A server, whose output is for show_logs()."""
        with open(os.path.join(self.folder, name + ".log"), "wb") as output:
            process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, env={**os.environ, **environment})
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        return process

    def show_logs(self):
        for name in "redis", "celery":
            with open(os.path.join(self.folder, name + ".log"), "rb") as file:
                sys.stderr.buffer.write(file.read())
        sys.stderr.flush()

    def test_killed(self):
        """One of its processes is killed in the middle of a file, and the server of
        the other one too."""
        try:
            self.run_with_a_kill()
        except BaseException:
            self.show_logs()
            raise

    def run_with_a_kill(self):
        import redis    # what tests/needs.py has seen
        path = os.path.join(self.folder, "redis.sock")
        self.start_process("redis", "redis-server", "--port", "0", "--unixsocket",
                           path, "--save", "", "--dir", self.folder)

        def has_redis():
            with socket.socket(socket.AF_UNIX) as caller:
                return caller.connect_ex(path) == 0
        wait_until(has_redis)
        store = redis.Redis(unix_socket_path=path)
        self.addCleanup(store.close)

        self.write_module()
        environment = {**os.environ, "BROKER": f"redis+socket://{path}",
                       "HOME": self.folder,
                       "PATH": f"{self.folder}/bin:{os.environ['PATH']}"}
        # lost_wait: s until a process that has ended without a word is lost
        worker = self.start_process(
            "celery", sys.executable, "-m", "celery", "-A", "genres", "worker",
            "--concurrency", "2", "--without-gossip", "--without-mingle",
            "--loglevel", "INFO", "--", "worker.lost_wait=0.5", **environment)

        gates = Gate(), Gate()
        self.server.plans.update(a=[gates[0]], b=[gates[1]])
        names = [*map(self.server.uri, "abcd"), *self.add_songs(),
                 *(self.add_song(f"{i}.wav") for i in range(14))]
        sender = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", SENDER], cwd=self.folder,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self.addCleanup(sender.wait)
        self.addCleanup(sender.kill)
        with sender.stdin:
            sender.stdin.write(json.dumps(names).encode())
        for gate in gates:
            self.assertTrue(gate.reached.wait(PATIENCE))
        processes = {pid: children_of(pid) for pid in children_of(worker.pid)
                     if children_of(pid)}
        self.assertEqual(len(processes), 2)
        (killed, (server,)), (_, (killed_server,)) = processes.items()
        os.kill(killed, signal.SIGKILL)
        os.kill(killed_server, signal.SIGKILL)
        for gate in gates:
            gate.opened.set()

        with sender.stdout:
            answers = json.load(sender.stdout)
        self.assertEqual({name: (answer["file"], answer["error"])
                          for name, answer in answers.items()},
                         {name: (name, None) for name in names})
        prefix = "celery-task-meta-"
        self.assertEqual(sorted(key.decode() for key in store.keys(prefix + "*")),
                         sorted(prefix + name for name in names))
        self.assertEqual(sorted(self.server.calls), list("aabbcd"))
        # nothing is left that would be done once more
        wait_until(lambda: not store.llen("celery") and not store.hlen("unacked"))
        wait_until(lambda: is_gone(server))


if __name__ == "__main__":
    unittest.main()
