# SPDX-License-Identifier: GPL-2.0-or-later
"""The command with a cache and files of web servers: what the server says is still the
same is not fetched again, and nothing else is taken for it.  And what is said of
servers that nothing installed reads from."""

import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
CLIP = os.environ["TEST_CLIP"]
DATE = "Fri, 01 Mar 2024 12:00:00 GMT"
EARLIER = "Fri, 01 Mar 2024 11:59:59 GMT"
LAST_YEAR = "Wed, 01 Mar 2023 12:00:00 GMT"

with open(CLIP, "rb") as f:
    SONG = f.read()


class File:
    """How the server answers for one path: headers as (name, value), and what differs
    with HEAD, of which status may be a status or None, which is no answer at all."""

    def __init__(self, *headers, content=SONG, head_status=200, head=None,
                 length=True, get_status=200):
        self.headers = [("Date", DATE), *headers]
        self.head = self.headers if head is None else [("Date", DATE), *head]
        self.head_status, self.get_status = head_status, get_status
        self.content, self.length = content, length


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, headers, content, length):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if length and status != 304:
            self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def look_up(self):
        self.server.requests.append((self.command, self.path))
        return self.server.files.get(self.path, File(head_status=404, get_status=404))

    def do_HEAD(self):
        file = self.look_up()
        if file.head_status is None:
            self.server.closed.wait()
            self.close_connection = True
            return
        self.answer(file.head_status, file.head, file.content, file.length)

    def do_GET(self):
        file = self.look_up()
        content, headers, status = file.content, file.headers, file.get_status
        part = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if part and status == 200:
            first = int(part[1])
            headers = [*headers, ("Content-Range", "bytes %d-%d/%d" % (
                first, len(content) - 1, len(content)))]
            content, status = content[first:], 206
        self.answer(status, headers, content, True)
        try:
            self.wfile.write(content)
        except ConnectionError:
            pass  # it has seen enough

    def log_message(self, *_):
        pass


class Test(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.cache = os.path.join(self.folder, "cache")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.files, self.server.requests = {}, []
        self.server.closed = threading.Event()
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        thread.start()
        for undo in (thread.join, self.server.server_close, self.server.shutdown,
                     self.server.closed.set):
            self.addCleanup(undo)

    def add(self, path, *headers, **how):
        self.server.files[path] = File(*headers, **how)
        return self.address + path

    def run_command(self, *arguments, cwd=None):
        return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True,
                              timeout=120, cwd=cwd)

    def run_json(self, *arguments, status=0, **how):
        """The objects, and how often HEAD and GET were asked."""
        self.server.requests.clear()
        result = self.run_command("--json", *arguments, **how)
        self.assertEqual(result.returncode, status, result.stderr + result.stdout)
        asked = [method for method, _ in self.server.requests]
        return ([json.loads(line) for line in result.stdout.splitlines()],
                asked.count("HEAD"), asked.count("GET"))

    def run_cached(self, *arguments, **how):
        return self.run_json("--cache", self.cache, *arguments, **how)

    def exported(self):
        result = self.run_command("--cache", self.cache, "--export", "json")
        self.assertEqual(result.returncode, 0, result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def check_kept(self, uri, *arguments, **how):
        """It is fetched once, and known from then on."""
        first, heads, gets = self.run_cached(*arguments, uri, **how)
        self.assertEqual(heads, 1)
        self.assertGreater(gets, 0)
        self.check_known(first, uri, *arguments, **how)
        return first

    def check_known(self, first, uri, *arguments, **how):
        self.assertEqual(self.run_cached(*arguments, uri, **how), (first, 1, 0))

    def check_fetched(self, uri, *arguments, **how):
        items, _, gets = self.run_cached(*arguments, uri, **how)
        self.assertGreater(gets, 0)
        return items

    def check_not_kept(self, *uris):
        """They are analysed each time, and nothing is said of that."""
        for _ in range(2):
            items, _, _ = self.run_cached(*uris)
            for uri, item in zip(uris, items, strict=True):
                self.assertIsNone(item["error"])
                self.assertIn(("GET", uri[len(self.address):]), self.server.requests)
        self.assertEqual([e["file"] for e in self.exported()], [])

    # What is kept

    def test_etag(self):
        uri = self.add("/song.ogg?version=1&sign=a%20b", ("ETag", '"one"'))
        item, = self.check_kept(uri)
        self.assertEqual((item["file"], item["error"]), (uri, None))
        self.assertEqual([e["file"] for e in self.exported()], [uri])
        # options that need no other analysis fetch nothing either
        items, heads, gets = self.run_cached("--segments", uri)
        self.assertEqual((heads, gets), (1, 0))
        self.assertEqual(items[0].pop("segments")[0]["start"], 0)
        self.assertEqual(items, [item])
        # and those that do, do; the two stand side by side
        self.check_fetched(uri, "--hop=5")
        self.check_known([item], uri)

        # another version, which is no audio any more
        self.add("/song.ogg?version=1&sign=a%20b", ("ETag", '"two"'),
                 content=b"some text\n" * 99)
        changed = self.check_fetched(uri, status=1)
        self.assertEqual(changed[0]["error_code"], "not-audio")
        self.check_known(changed, uri, status=1)
        self.assertEqual([e["error_code"] for e in self.exported()], ["not-audio"])

        # another query is another file, whatever it means to the server
        self.check_fetched(self.add("/song.ogg?version=2", ("ETag", '"two"')))

    def test_last_modified(self):
        uri = self.add("/song.ogg", ("Last-Modified", LAST_YEAR))
        self.check_kept(uri)
        self.add("/song.ogg", ("Last-Modified", EARLIER))
        self.check_kept(uri)

    def test_same(self):
        """What of the answer may change without meaning another file."""
        for number, (before, after) in enumerate((
                ([("ETag", '"a"')], [("etag", 'W/"a"')]),
                ([("ETag", '"0123-2"')], [("Etag", '"0123-2"'),
                                          ("Last-Modified", LAST_YEAR)]),
                ([("ETag", 'W/"a"')], [("ETag", '"a"'), ("Last-Modified", EARLIER)]),
                ([("ETag", "bare")], [("ETag", " bare ")]),
                ([("ETag", '"a"'), ("ETag", '"b"')], [("eTag", '"a"'),
                                                      ("etag", '"b"')]),
                ([("ETag", '""'), ("Last-Modified", LAST_YEAR)],
                 [("ETag", 'W/""'), ("last-modified", LAST_YEAR)]),
                ([("ETag", '"a"'), ("Cache-Control", "no-store")],
                 [("ETag", '"a"'), ("Vary", "*"), ("X-Big", "x" * 30000)]),
                ([("Last-Modified", "Sat, 31 Dec 2016 23:59:60 GMT")],
                 [("Last-Modified", "Sat, 31 Dec 2016 23:59:60 GMT")]))):
            with self.subTest(before=before):
                path = f"/{number}"
                uri = self.add(path, *before)
                first = self.check_kept(uri)
                self.add(path, *after)
                self.check_known(first, uri)

    def test_other(self):
        """What tells of another file."""
        tag = ("ETag", '"a"')
        for number, (before, after, content) in enumerate((
                ([tag], [("ETag", '"A"')], SONG),
                ([tag], [tag, ("ETag", '"b"')], SONG),
                ([tag], [("Last-Modified", LAST_YEAR)], SONG),
                ([("ETag", LAST_YEAR)], [("Last-Modified", LAST_YEAR)], SONG),
                # a server whose ETag is the name's, say
                ([tag], [tag], SONG + SONG))):
            with self.subTest(after=after):
                path = f"/{number}"
                uri = self.add(path, *before)
                self.check_kept(uri)
                self.add(path, *after, content=content)
                self.check_kept(uri)

    def test_no_length(self):
        """As of a server that compresses, or makes the file on its way."""
        uri = self.add("/song.ogg", ("ETag", '"a"'), length=False)
        self.check_kept(uri)
        uri = self.add("/odd.ogg", ("ETag", '"a"'), length=False,
                       head=[("ETag", '"a"'), ("Content-Length", "many")])
        self.check_kept(uri)

    def test_redirected(self):
        """The name that was given is the name."""
        for status in 301, 302, 307, 308:
            with self.subTest(status):
                target = self.add(f"/there/{status}", ("ETag", '"a"'))
                uri = self.add(f"/{status}", ("Location", target),
                               head_status=status, get_status=status, content=b"")
                first, heads, gets = self.run_cached(uri)
                self.assertEqual(heads, 2)
                self.assertGreater(gets, 1)
                self.assertEqual(self.run_cached(uri), (first, 2, 0))
                # it is another file now
                other = self.add(f"/other/{status}", ("ETag", '"b"'))
                self.add(f"/{status}", ("Location", other), head_status=status,
                         get_status=status, content=b"")
                self.check_fetched(uri)

    # What is not

    def test_no_validator(self):
        self.check_not_kept(*(
            self.add(f"/{number}", *headers) for number, headers in enumerate((
                (), (("ETag", ""),), (("ETag", '""'),), (("ETag", 'W/""'),),
                *((("Last-Modified", date),) for date in (
                    "", "now", "0", "-1", DATE, "Fri, 01 Mar 2024 12:00:01 GMT",
                    "Thu, 01 Jan 1970 00:00:00 GMT", "Wed, 31 Feb 2023 12:00:00 GMT",
                    "Wed, 01 Mar 2023 12:00:00", "Wed, 01 Mar 2023 12:00:00 CET",
                    "Wed, 01 ebM 2023 12:00:00 GMT", "2023-03-01T12:00:00Z")),
                (("Last-Modified", LAST_YEAR), ("Last-Modified", EARLIER))))))

    def test_refused(self):
        """By an address that was signed for GET, or a server that has no HEAD, or one
        that says that nothing has changed, which nobody has asked."""
        self.check_not_kept(*(
            self.add(f"/{status}", ("ETag", '"a"'), head_status=status)
            for status in (403, 405, 501, 404, 500, 304, 401, 206, 204)))

    def test_hanging(self):
        """A server that never answers HEAD, but sends the file."""
        uri = self.add("/song.ogg", ("ETag", '"a"'), head_status=None)
        items = self.check_fetched(uri, "--timeout=8")
        self.assertIsNone(items[0]["error"])
        self.assertEqual(self.exported(), [])

    def test_changed_meanwhile(self):
        """HEAD has told of another file than GET has sent."""
        self.check_not_kept(*(
            self.add(f"/{number}", headers, head=[("ETag", '"a"')])
            for number, headers in enumerate((("ETag", '"b"'), ("X-None", "x")))))

    def test_failures(self):
        """They are what they are without a cache."""
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            nowhere = f"http://127.0.0.1:{s.getsockname()[1]}/"
            missing = self.add("/missing.ogg", head_status=404, get_status=404)
            for uri in (nowhere, missing, "http://", "http:///song.mp3",
                        "https://:80/", "http://[::1/x", "http://host:port/",
                        "HTTP://127.0.0.1:1/%zz"):
                with self.subTest(uri):
                    plain, _, _ = self.run_json("--retries=0", uri, status=1)
                    items, _, _ = self.run_cached("--retries=0", uri, status=1)
                    self.assertEqual(items, plain)
        self.assertEqual(self.exported(), [])

    def test_no_cache(self):
        """Then nothing is asked that would not be used."""
        uri = self.add("/song.ogg", ("ETag", '"a"'))
        _, heads, gets = self.run_json(uri)
        self.assertEqual(heads, 0)
        self.assertGreater(gets, 0)

    # With the other options

    def test_write(self):
        """There is no file here, whether its result is known or not."""
        uri = self.add("/song.ogg", ("ETag", '"a"'))
        arguments = ("--write", "--min-confidence=0", "--log",
                     os.path.join(self.folder, "log"), uri)
        plain, _, _ = self.run_json(*arguments, status=1)
        self.assertEqual(plain[0]["write"]["error_code"], "not-a-file")
        for _ in range(2):
            items, _, gets = self.run_cached(*arguments, status=1)
            self.assertEqual(items, plain)
        self.assertEqual(gets, 0)

    def test_group(self):
        uris = [self.add(f"/album/{i}.ogg", ("ETag", f'"{i}"')) for i in range(3)]
        first, heads, _ = self.run_cached("--group=album", *uris)
        self.assertEqual(heads, 3)
        self.assertEqual(self.run_cached("--group=album", *uris), (first, 3, 0))

    def test_many(self):
        """Each name gets its own answer, in the order of the names."""
        uris = [self.add(f"/{i}.ogg", ("ETag", '"same"')) for i in range(20)]
        self.add("/7.ogg", ("ETag", '"same"'), content=b"some text\n" * 99)
        first, _, _ = self.run_cached("--jobs=4", *uris, status=1)
        self.assertEqual([item["file"] for item in first], uris)
        self.assertEqual([i for i, item in enumerate(first) if item["error"]], [7])
        self.add("/9.ogg", ("ETag", '"other"'))
        items, heads, gets = self.run_cached("--jobs=4", *uris, status=1)
        self.assertEqual((items, heads), (first, 20))
        self.assertEqual({path for method, path in self.server.requests
                          if method == "GET"}, {"/9.ogg"})

    def test_prune(self):
        """A URI is no name of a file that is gone, nor one below the root."""
        uri = self.add("/song.ogg", ("ETag", '"a"'))
        song, gone = (os.path.join(self.folder, name) for name in ("a.ogg", "b.ogg"))
        for path in song, gone:
            shutil.copy(CLIP, path)
        for root in (), ("--cache-root", self.folder):
            with self.subTest(root):
                shutil.copy(CLIP, gone)
                self.run_cached(*root, uri, song, gone)
                os.unlink(gone)
                result = self.run_command("--cache", self.cache, *root, "--cache-prune")
                self.assertEqual((result.returncode, result.stdout),
                                 (0, f"{gone}: forgotten\n"))
                self.assertEqual(result.stderr.splitlines(), [
                    "genreclassify: 1 of 3 files is gone, and forgotten.",
                    "genreclassify: 1 file is kept: web servers are not asked for "
                    "what is gone."])
                self.assertIn(uri, [e["file"] for e in self.exported()])
                _, heads, gets = self.run_cached(*root, uri)
                self.assertEqual((heads, gets), (1, 0))

    def test_file_with_the_form_of_a_uri(self):
        """It is a file, if there is one."""
        folder = os.path.join(self.folder, "http:", "127.0.0.1:1")
        os.makedirs(folder)
        path = os.path.join(folder, "song.ogg")
        shutil.copy(CLIP, path)
        for _ in range(2):
            items, _, _ = self.run_cached("http://127.0.0.1:1/song.ogg",
                                          cwd=self.folder)
            self.assertIsNone(items[0]["error"])
        entry, = self.exported()
        self.assertEqual(entry["file"], os.path.realpath(path))

    def test_schemes(self):
        """What nothing reads is named, and what would."""
        handlers = subprocess.run(["gst-inspect-1.0", "--uri-handlers"],
                                  capture_output=True, text=True).stdout
        for scheme, sentence in (
                ("s3", "awss3src of gst-plugins-rs does."),
                ("gs", "gssrc of GStreamer's bad plug-ins does."),
                ("nothing-takes-this", "is installed.")):
            with self.subTest(scheme):
                if re.search(rf"[ ,]{scheme}(,|$)", handlers, re.MULTILINE):
                    self.skipTest(f"Something reads {scheme}://.")
                items, _, _ = self.run_cached(f"{scheme}://bucket/key", status=1)
                self.assertEqual((items[0]["error_code"], items[0]["retryable"]),
                                 ("decoder-missing", False))
                self.assertIn(f"No GStreamer element that reads {scheme}:// is "
                              "installed", items[0]["error"])
                self.assertTrue(items[0]["error"].endswith(sentence))


if __name__ == "__main__":
    unittest.main()
