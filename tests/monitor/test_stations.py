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


if __name__ == "__main__":
    unittest.main()
