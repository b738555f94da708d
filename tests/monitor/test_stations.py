# SPDX-License-Identifier: GPL-2.0-or-later
"""genreclassify monitor listens to stations: real ones of an Icecast server, those of
HLS and RTSP, and such as break, stall, lie and attack; what it logs of each.
Argument: the build folder."""

import contextlib
import gzip
import itertools
import os
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
from pathlib import Path

import monitoring
from monitoring import (PATIENCE, Icecast, Monitor, Server, Titles, each, has_speech,
                        sound, title)

BUILD = sys.argv.pop(1)
QUICK = ["--window", "5s", "--min-title", "1s"]
METAINT = 4000      # bytes, 250 ms of MP3


def music(kind="mp3", **kwargs):
    return sound(kind, "music", **kwargs)


class StationsTest(unittest.TestCase):
    """For tests with a list of stations."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.list = self.folder / "list.m3u"
        self.server = Server()
        self.addCleanup(self.server.stop)

    def write_list(self, stations):
        """{id: URI}"""
        lines = [f"#EXTINF:-1,{name}\n{uri}\n" for name, uri in stations.items()]
        new = self.list.with_suffix(".new")
        new.write_text("#EXTM3U\n" + "".join(lines))
        new.replace(self.list)

    def listen(self, stations, *args, **kwargs):
        self.write_list(stations)
        monitor = Monitor(BUILD, *QUICK, *args, str(self.list), **kwargs)
        self.addCleanup(monitor.clean)
        return monitor

    def serve(self, **handlers):
        """Adds stations to the server; {id: URI} of them."""
        self.server.paths.update(handlers)
        return {name: self.server.uri(name) for name in handlers}

    def station(self, kind="mp3", source="music", texts=None, **head):
        """One that plays without an end, with titles if there are texts()."""
        data = sound(kind, source)

        def play(request):
            if not texts:
                request.head(kind, **head)
                request.play(data, 36)
                return
            request.head(kind, interval=METAINT, **head)
            request.play(data, 36, wrap=Titles(METAINT, texts()))
        return play

    def named(self, *texts, seconds=4, **kwargs):
        """One with these titles."""
        return self.station(texts=lambda: each(seconds, *texts), **kwargs)

    def check_title(self, record, artist, name):
        self.assertEqual((record["artist"], record["title"]), (artist, name), record)


class FormatsTest(StationsTest):
    def test_icecast(self):
        """MP3, AAC, Vorbis, Opus and FLAC of a real server: each is heard as music,
        with its titles, of Ogg those of each file in the chain."""
        radio = Icecast(self.folder, 9)
        self.addCleanup(radio.stop)

        def chain(kind):
            return [(sound(kind, "music", seconds=8, start=4 * n, tags=(
                ("title", f"Song {name}"), ("artist", f"Artist {name}"))), 8)
                for n, name in enumerate("ABCD")]
        stations = {
            "mp3": radio.mount("mp3", "mp3", (music("mp3"), 36)),
            "aac": radio.mount("aac", "aac", (music("aac"), 36)),
            "untitled": radio.mount("untitled", "mp3", (music("mp3"), 36)),
            **{kind: radio.mount(kind, kind, *chain(kind))
               for kind in ("ogg", "opus", "oga")}}
        for name in "mp3", "aac":
            radio.wait_for_mount(name)
        monitor = self.listen(stations, "--every", "10s")
        for name in stations:
            monitor.wait_for_state(name, "connected")
        for name in "mp3", "aac":
            monitor.wait_for_state(name, "music")
            self.assertTrue(radio.set_title("Bo - Second - Live", f"/{name}"))
        for name in stations:
            monitor.wait_for_state(name, "music")
        for name in "mp3", "aac":
            monitor.wait(lambda: monitor.titles(name), f"title of {name}")
            first = monitor.titles(name)[0]
            self.check_title(first, "Ana", "First")
            self.assertEqual(first["ended"], "title")
            self.assertEqual(first["stream_title"], "Ana - First")
        for name in "ogg", "opus", "oga":
            monitor.wait(lambda: len(monitor.titles(name)) >= 3, f"titles of {name}")
            titles = monitor.titles(name)[:3]
            for record in titles:
                letter = record["title"][-1]
                self.check_title(record, f"Artist {letter}", f"Song {letter}")
                self.assertIsNone(record["stream_title"])
                self.assertEqual(record["ended"], "title")
            self.assertEqual(len({r["title"] for r in titles}), 3, titles)
            self.assertAlmostEqual(titles[1]["seconds"], 8, delta=1)
        monitor.wait(lambda: len(monitor.titles("untitled")) >= 2, "intervals")
        for record in monitor.titles("untitled")[:2]:
            self.assertEqual((record["ended"], record["title"], record["artist"]),
                             ("interval", None, None))
            self.assertAlmostEqual(record["seconds"], 10, delta=2.5)
            self.assertGreater(record["music"], 0.5)
            self.assertIsNotNone(record["genre"])

        self.assertEqual(monitor.stop(), 0)
        for name in stations:
            last = monitor.titles(name)[-1]
            self.assertEqual(last["ended"], "stopped", name)
            self.assertNotIn("lost", monitor.states(name))
        self.check_title(monitor.titles("mp3")[-1], "Bo", "Second - Live")

    def test_odd_servers(self):
        """SHOUTcast's answer, lists behind a station's URL, redirections, bodies in
        chunks or compressed, no kind or a wrong one, HTTP/1.0 without a header."""
        def chunked(request):
            request.head("mp3", "HTTP/1.1 200 OK", transfer_encoding="chunked")
            request.play(music(), 36, wrap=lambda data: b"%x\r\n%s\r\n" % (
                len(data), data))

        def zipped(request):
            request.head("mp3", content_encoding="gzip")
            body = gzip.compress(music())
            request.send(body)
            time.sleep(PATIENCE)

        def pls(request):
            request.answer(f"[playlist]\nNumberOfEntries=1\nFile1="
                           f"{self.server.uri('plain')}\n".encode(), "audio/x-scpls")

        def m3u(request):
            request.answer(b"#EXTM3U\n#EXTINF:-1,Radio\nplain\n", "audio/x-mpegurl")

        def moved(request):
            request.answer(b"", "text/html", "302 Found", location="/pls")

        def bare(request):
            request.send(b"HTTP/1.0 200 OK\r\n\r\n")
            request.play(music(), 36)

        stations = self.serve(
            shoutcast=self.named("Ana - First", "Bo - Second", status="ICY 200 OK",
                                 icy_name="Radio", icy_br="128"),
            plain=self.station(), chunked=chunked, zipped=zipped, pls=pls, m3u=m3u,
            moved=moved, bare=bare, flac=self.station("flac"),
            wav=self.station("wav"),
            untyped=self.station(content_type="application/octet-stream"),
            lying=self.station("aac", content_type="audio/mpeg"))
        monitor = self.listen(stations)
        for name in stations:
            monitor.wait_for_state(name, "music")
            self.assertEqual(monitor.states(name)[0], "connected")
        monitor.wait(lambda: len(monitor.titles("shoutcast")) >= 2, "titles")
        first, second = monitor.titles("shoutcast")[:2]
        self.check_title(first, "Ana", "First")
        self.check_title(second, "Bo", "Second")

    def test_kinds(self):
        """Speech and silence are told of, and how much of a title they were."""
        parts = sound("mp3", "silence", seconds=12) + music(seconds=24)

        def falls_silent(request):
            request.head("mp3", interval=METAINT)
            request.play(parts, 36, wrap=Titles(METAINT, lambda: title("A - B")))
        stations = self.serve(silent=falls_silent, music=self.station())
        if has_speech():
            stations |= self.serve(talk=self.station(source="speech"))
        monitor = self.listen(stations, "--silence", "3s")
        monitor.wait_for_state("music", "music")
        monitor.wait_for_state("silent", "silent")
        # what follows is known when two segments agree
        monitor.wait_for_state("silent", "music")
        if has_speech():
            monitor.wait_for_state("talk", "talk")
        self.assertNotIn("silent", monitor.states("music"))
        self.assertNotIn("talk", monitor.states("music"))
        self.assertEqual(monitor.stop(), 0)
        self.assertGreater(monitor.titles("silent")[0]["silence"], 0.2)
        if has_speech():
            talk = monitor.titles("talk")[0]
            self.assertGreater(talk["speech"], talk["music"])
            self.assertLess(monitor.titles("music")[0]["speech"], 0.5)


class TroubleTest(StationsTest):
    """What servers do to their listeners."""

    def test_loss(self):
        """A station is cut off, one stalls, one refuses, one has no such station: each
        is lost, with what was under way, and tried again, never twice within 5 s."""
        stall = threading.Event()

        def stalls(request):
            request.head("mp3", interval=METAINT)
            request.play(music(), 36, until=stall, wrap=Titles(
                METAINT, each(PATIENCE, "Cy - Slow")))
            # the listener gives it up
            request.connection.recv(1)
        stations = self.serve(
            cut=self.named("Ana - Long", seconds=PATIENCE), stalls=stalls,
            plain=self.named("Bo - Other", seconds=PATIENCE))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            stations["refuses"] = f"http://127.0.0.1:{free.getsockname()[1]}/"
            stations["missing"] = self.server.uri("missing")
            stations["nowhere"] = "http://nowhere.invalid/"
            monitor = self.listen(stations, "--patience", "3")
            for name in "cut", "stalls", "plain":
                monitor.wait_for_state(name, "music")
            for name, reason in (("refuses", "refused"), ("missing", "404"),
                                 ("nowhere", "It cannot be reached")):
                monitor.wait_for_state(name, "lost")
                self.assertIn(reason, monitor.of(name)[0]["reason"])
            stall.set()
            for connection in list(self.server.connections):
                with contextlib.suppress(OSError):
                    if any(r.connection is connection and r.path == "cut"
                           for r in self.server.requests):
                        connection.shutdown(socket.SHUT_RDWR)
            for name, artist, text in (("cut", "Ana", "Long"),
                                       ("stalls", "Cy", "Slow")):
                monitor.wait_for_state(name, "lost")
                record = monitor.titles(name)[0]
                self.check_title(record, artist, text)
                self.assertEqual(record["ended"], "lost")
                self.assertFalse(record["continues"])
                self.assertGreater(record["music"], 0.5)
            self.assertIn("No audio came", monitor.of("stalls", state="lost")[0]["reason"])
            stall.clear()
            for name in "cut", "stalls":
                monitor.wait_for_state(name, "connected", 2)
                monitor.wait_for_state(name, "music", 2)
            monitor.wait(lambda: len(self.server.times("missing")) >= 3, "attempts")
            self.assertEqual(monitor.stop(), 0)
        for name in "cut", "stalls":
            _, last = monitor.titles(name)
            self.assertTrue(last["continues"])
            self.assertEqual(last["ended"], "stopped")
        for name in "cut", "stalls", "missing":
            times = self.server.times(name)
            for one, other in zip(times, times[1:]):
                self.assertGreaterEqual(other - one, 4.9, name)
        # it fails for the same reason again and again
        self.assertEqual(monitor.states("missing"), ["lost"])
        self.assertEqual(len(monitor.titles("plain")), 1)
        self.assertNotIn("lost", monitor.states("plain"))


if __name__ == "__main__":
    unittest.main()
