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
from monitoring import (BURST, PATIENCE, Hls, Icecast, Monitor, Server, Titles, each,
                        has_speech, sound, title)

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

    def station(self, kind="mp3", source="music", texts=None, burst=BURST, **head):
        """One that plays without an end, with titles if there are texts()."""
        data = sound(kind, source)

        def play(request):
            if not texts:
                request.head(kind, **head)
                request.play(data, 36)
                return
            request.head(kind, interval=METAINT, **head)
            request.play(data, 36, burst=burst, wrap=Titles(METAINT, texts()))
        return play

    def named(self, *texts, seconds=12, **kwargs):
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
            # it is cut between two segments, of 5 s
            self.assertGreater(record["seconds"], 7)
            self.assertLess(record["seconds"], 15)
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

        def m3u_of(uri):
            return lambda request: request.answer(
                f"#EXTM3U\n#EXTINF:-1,Radio\n{uri}\n".encode(), "Audio/X-MpegURL")

        def moved(request):
            request.answer(b"", "text/html", "302 Found", location="/pls")

        def moved_list(request):
            request.answer(b"", "text/html", "302 Found", location="/deep/list")

        # what the list names lies beside it
        self.server.paths.update({"deep/list": m3u_of("beside"),
                                  "deep/beside": self.station()})

        def bare(request):
            request.send(b"HTTP/1.0 200 OK\r\n\r\n")
            request.play(music(), 36)

        stations = self.serve(
            shoutcast=self.named("Ana - First", "Bo - Second", status="ICY 200 OK",
                                 icy_name="Radio", icy_br="128"),
            plain=self.station(), chunked=chunked, zipped=zipped, pls=pls,
            m3u=m3u_of("plain"), moved=moved, moved_list=moved_list, bare=bare,
            flac=self.station("flac"),
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

    def test_silence(self):
        """It is told of, and how much of a title it was."""
        parts = sound("mp3", "silence", seconds=12) + music(seconds=24)

        def falls_silent(request):
            request.head("mp3", interval=METAINT)
            request.play(parts, 36, wrap=Titles(METAINT, lambda: title("A - B")))
        stations = self.serve(silent=falls_silent, music=self.station())
        monitor = self.listen(stations, "--silence", "3s")
        monitor.wait_for_state("music", "music")
        monitor.wait_for_state("silent", "silent")
        # what follows is known when two segments agree
        monitor.wait_for_state("silent", "music")
        self.assertEqual(monitor.states("silent")[:4],
                         ["connected", "silent", "connected", "music"])
        self.assertNotIn("silent", monitor.states("music"))
        self.assertEqual(monitor.stop(), 0)
        self.assertGreater(monitor.titles("silent")[0]["silence"], 0.2)

    @unittest.skipUnless(has_speech(), "needs espeak-ng")
    def test_speech(self):
        for kind, source in ("talk", "speech"), ("music", "music"):
            (self.folder / kind).write_bytes(sound("mp3", source, seconds=70))
        monitor = Monitor(BUILD, "--recorded", "--start=2026-11-30T06:00:00Z", *(
            (self.folder / kind).as_uri() for kind in ("talk", "music")))
        self.addCleanup(monitor.clean)
        self.assertEqual(monitor.process.wait(PATIENCE), 0)
        monitor.join()
        for kind in "talk", "music":
            self.assertIn(kind, monitor.states(kind))
        (talk,), (song,) = monitor.titles("talk"), monitor.titles("music")
        self.assertGreater(talk["speech"], 0.5)
        self.assertLess(song["speech"], 0.1)
        self.assertGreater(song["music"], 0.9)
        self.assertAlmostEqual(song["seconds"], 70, delta=1)


class HlsTest(StationsTest):
    def hls(self, name, *args, suffix="", kind="application/vnd.apple.mpegurl",
            **kwargs):
        hls = Hls(self.folder / name, *args, **kwargs)
        hls.suffix = suffix
        return hls.add_to(self.server, name, kind)

    def test_hls(self):
        """MPEG-TS and fragments of MP4, encrypted, with video, by way of a list of
        variants, of redirections, with query strings; no video is decoded, and only
        the process that fetches has connections."""
        key = self.folder / "key"
        key.write_bytes(b"sixteen bytes...")
        info = self.folder / "info"
        info.write_text(f"key.bin\n{key}\n")
        stations = {
            "ts": self.hls("ts"),
            "audiomime": self.hls("audiomime", kind="audio/mpegurl"),
            "token": self.hls("token", suffix="?token=a%2Fb&x=1"),
            "mp4": self.hls("mp4", "-hls_segment_type", "fmp4"),
            "aes": self.hls("aes", "-hls_key_info_file", str(info)),
            "video": self.hls("video", video=True),
        }
        moved = self.hls("cdn")

        def variants(request):
            request.answer(
                b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=128000,CODECS=\"mp4a.40.2\"\n"
                b"../ts/live.m3u8\n", "application/vnd.apple.mpegurl")
        self.server.paths.update({
            "aes/key.bin": lambda request: request.answer(
                key.read_bytes(), "application/octet-stream"),
            "a/station": lambda request: request.answer(
                b"", "text/plain", "302 Found", location=moved + "?session=1")})
        stations["moved"] = self.server.uri("a/station")
        stations["variants"] = self.serve(**{"v/variants": variants})["v/variants"]
        # this one needs a connection all the time
        stations |= self.serve(plain=self.station())
        monitor = self.listen(stations, env={
            "GST_DEBUG": "GST_ELEMENT_FACTORY:4", "GST_DEBUG_NO_COLOR": "1"})
        for name in stations:
            monitor.wait_for_state(name, "music")
        made = monitor.get_elements()
        self.assertIn("hlsdemux", made)
        self.assertIn("tsdemux", made)
        self.assertEqual({m for m in made if "264" in m or "video" in m or
                          "soup" in m or "curl" in m or "hlsdemux2" in m}, set())
        (decoder,), (fetcher,) = monitor.children("decoder"), \
            monitor.children("fetcher")
        self.assertEqual(monitoring.connections(decoder), 0)
        # it is hidden from other users than root
        if os.getuid() == 0:
            self.assertGreater(monitoring.connections(fetcher), 0)
        # they play on, also where the list is asked for again and again
        monitor.wait(lambda: len(self.server.times("cdn/live.m3u8?session=1")) > 3,
                     "lists")
        self.assertEqual(monitor.stop(), 0)
        for name in stations:
            (record,) = monitor.titles(name)
            self.assertEqual(record["ended"], "stopped")
            self.assertNotIn("lost", monitor.states(name))

    def test_end_of_list(self):
        """A list that ends is a station that is lost; all of it was heard."""
        hls = Hls(self.folder / "hls", seconds=20)

        def all_of_it(request):
            request.answer((hls.folder / "all.m3u8").read_bytes(),
                           "application/vnd.apple.mpegurl")
        hls.add_to(self.server, "hls")
        self.server.paths["hls/all"] = all_of_it
        monitor = self.listen({"all": self.server.uri("hls/all")})
        monitor.wait_for_state("all", "lost")
        self.assertEqual(monitor.of("all", state="lost")[0]["reason"],
                         "The stream has ended.")
        (record,) = monitor.titles("all")
        self.assertAlmostEqual(record["seconds"], 20, delta=0.5)
        self.assertGreater(record["music"], 0.9)


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
            self.assertIn("No audio came",
                          monitor.of("stalls", state="lost")[0]["reason"])
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

    def test_workers(self):
        """A process that decodes, or one that fetches, is killed: what was under way is
        logged once, and all play on within seconds."""
        names = [f"s{n}" for n in range(5)]
        stations = self.serve(**{
            name: self.named(f"Ana - {name}", seconds=2 * PATIENCE)
            for name in names})
        monitors = {kind: self.listen(stations, "--per-process", "3")
                    for kind in ("decoder", "fetcher")}
        for monitor in monitors.values():
            for name in names:
                monitor.wait_for_state(name, "music")
        # they may be asked again at once only if that is not too soon
        time.sleep(5)
        for kind, monitor in monitors.items():
            killed = {k: monitor.children(k) for k in monitors}
            self.assertEqual([len(k) for k in killed.values()], [2, 2])
            for child in killed["decoder"] + killed["fetcher"]:
                # of each thread
                for status in Path(f"/proc/{child}/task").glob("*/status"):
                    text = status.read_text()
                    for line in ("Seccomp:\t2", "NoNewPrivs:\t1", f"CapEff:\t{0:016x}",
                                 f"CapPrm:\t{0:016x}"):
                        self.assertIn(line + "\n", text, status)
            start = time.monotonic()
            monitor.signal_children(kind, signal.SIGKILL)
            for name in names:
                monitor.wait_for_state(name, "connected", 2)
                self.assertIn("crashed", monitor.of(name, state="lost")[0]["reason"])
            self.assertLess(time.monotonic() - start, 6, kind)
            for k in monitors:
                children = monitor.children(k)
                self.assertEqual(len(children), 2, k)
                self.assertTrue(set(killed[k]).isdisjoint(children), k)
            self.assertEqual(monitor.stop(), 0)
            for name in names:
                one, other = monitor.titles(name)
                for record in one, other:
                    self.check_title(record, "Ana", name)
                self.assertEqual([one["ended"], other["ended"]], ["lost", "stopped"])
                self.assertEqual([one["continues"], other["continues"]], [False, True])
                self.assertGreater(one["music"], 0.9)

    def test_hanging_workers(self):
        """A process that hangs is given up, and no other waits for it."""
        stations = self.serve(one=self.station(), two=self.station())
        monitors = {kind: self.listen(stations, "--per-process", "1")
                    for kind in ("decoder", "fetcher")}
        children = {}
        for kind, monitor in monitors.items():
            for name in stations:
                monitor.wait_for_state(name, "music")
            children[kind] = monitor.children(kind)[0]
            os.kill(children[kind], signal.SIGSTOP)
        for kind, monitor in monitors.items():
            monitor.wait(lambda: any(monitor.states(name).count("connected") == 2
                                     for name in stations), f"return after {kind}")
            does = {"decoder": "decodes", "fetcher": "fetches"}[kind]
            self.assertIn(f"A process that {does} stations has given no sign of life "
                          "for 15 s.", monitor.get_errors())
            self.assertNotIn(children[kind], monitor.children(kind))
            self.assertEqual(sum("lost" in monitor.states(name)
                                 for name in stations), 1)
            self.assertEqual(monitor.stop(), 0)

    def test_repeated_crashes(self):
        """The stations of a process that dies young again and again are played apart
        from each other, as one of them may be the reason."""
        stations = self.serve(one=self.station(), two=self.station())
        monitor = self.listen(stations, "--per-process", "8")
        for n in 1, 2:
            for name in stations:
                monitor.wait_for_state(name, "connected", n)
            self.assertEqual(len(monitor.children("decoder")), 1)
            monitor.signal_children("decoder", signal.SIGKILL)
        for name in stations:
            monitor.wait_for_state(name, "music")
        self.assertEqual(len(monitor.children("decoder")), 2)
        self.assertEqual(monitor.get_errors().count(
            "A process that decodes stations was ended by signal 9"), 2)
        monitor.signal_children("fetcher", signal.SIGTRAP)
        for name in stations:
            monitor.wait_for_state(name, "connected", 4)
        self.assertIn("A process that fetches stations was ended by signal 5",
                      monitor.get_errors())

    def test_new_registry(self):
        """Plugins that GStreamer looks at for the first time may start threads."""
        monitor = self.listen(self.serve(one=self.station()), env={
            "GST_REGISTRY": str(self.folder / "registry"), "GST_REGISTRY_FORK": "no"})
        monitor.wait_for_state("one", "music")
        self.assertEqual(monitor.stop(), 0)

    def test_end_before_beginning(self):
        """Where no process that decodes can begin, the program ends, and says why."""
        # without a registry of plugins it takes long enough to begin
        monitor = self.listen(self.serve(one=self.station(), two=self.station()),
                              env={"GST_REGISTRY": str(self.folder / "registry"),
                                   "GST_REGISTRY_FORK": "no"}, start_new_session=True)
        monitor.wait(lambda: monitor.signal_children("decoder", signal.SIGKILL),
                     "process that decodes")
        self.assertEqual(monitor.process.wait(PATIENCE), 1)
        monitor.join()
        self.assertIn("A process that decodes stations was ended by signal 9 (Killed).",
                      monitor.get_errors())

    def test_end(self):
        """SIGTERM, SIGINT, and a reader of the log that goes away: what is under way is
        logged, and the program ends soon."""
        stations = self.serve(one=self.named("Ana - One", seconds=PATIENCE),
                              two=self.station())
        # it never answers
        stations |= self.serve(mute=lambda request: request.connection.recv(1))
        stations["list"] = Hls(self.folder / "hls").add_to(self.server, "hls")
        for number in signal.SIGTERM, signal.SIGINT:
            monitor = self.listen(stations)
            for name in "one", "two", "list":
                monitor.wait_for_state(name, "connected")
            monitor.wait_for_state("one", "music")
            start = time.monotonic()
            self.assertEqual(monitor.stop(number), 0)
            self.assertLess(time.monotonic() - start, 8)
            for name in "one", "two", "list":
                (record,) = monitor.titles(name)
                self.assertEqual(record["ended"], "stopped", name)
            self.check_title(monitor.titles("one")[0], "Ana", "One")
            # what had come last was classified too
            self.assertGreater(monitor.titles("one")[0]["music"], 0.9)
            self.assertEqual(monitor.titles("mute"), [])

        process = monitoring.program(BUILD, "monitor", str(self.list),
                                     stdout=subprocess.PIPE)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertIn(b"connected", process.stdout.readline())
        process.stdout.close()
        self.assertEqual(process.wait(PATIENCE), 128 + signal.SIGPIPE)

    def test_list_changes(self):
        """SIGHUP: a station that is new begins, one that is gone ends, the others play
        on, also under another name; a list that cannot be read changes nothing."""
        stations = self.serve(stays=self.named("Ana - Stays", seconds=2 * PATIENCE),
                              goes=self.named("Bo - Goes", seconds=2 * PATIENCE),
                              comes=self.station())
        old = {name: stations[name] for name in ("stays", "goes")}
        monitor = self.listen(old)
        for name in old:
            monitor.wait_for_state(name, "music")
        self.write_list({"comes": stations["comes"], "renamed": stations["stays"]})
        monitor.process.send_signal(signal.SIGHUP)
        monitor.wait(lambda: monitor.titles("goes"), "title of goes")
        self.check_title(monitor.titles("goes")[0], "Bo", "Goes")
        self.assertEqual(monitor.titles("goes")[0]["ended"], "stopped")
        monitor.wait_for_state("comes", "connected")

        self.list.rename(self.list.with_suffix(".away"))
        monitor.process.send_signal(signal.SIGHUP)
        monitor.wait(lambda: "stay as they are" in monitor.get_errors(), "message")
        monitor.wait_for_state("comes", "music")
        self.assertEqual(len(self.server.times("goes")), 1)
        self.assertEqual(len(self.server.times("stays")), 1)
        self.assertEqual(monitor.stop(), 0)
        (record,) = monitor.titles("renamed")
        self.check_title(record, "Ana", "Stays")
        self.assertFalse(record["continues"])
        (lost,) = monitor.of("goes", "state", state="lost")
        self.assertIn("not in the list", lost["reason"])


RTSP = """
import sys
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")
factory = GstRtspServer.RTSPMediaFactory()
factory.set_shared(True)
factory.set_launch(
    f'( filesrc location="{sys.argv[1]}" ! mpegaudioparse ! rtpmpapay name=pay0 '
    'videotestsrc ! video/x-raw,format=I420,width=160,height=120 ! '
    'jpegenc ! rtpjpegpay name=pay1 )')
server.get_mount_points().add_factory("/radio", factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
"""


class OtherTest(StationsTest):
    def test_rtsp(self):
        path = self.folder / "music.mp3"
        path.write_bytes(sound("mp3", "music", seconds=70))
        process = subprocess.Popen(["/usr/bin/python3", "-c", RTSP, str(path)],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        port = process.stdout.readline().strip().decode()
        if not port:
            self.skipTest("needs gst-rtsp-server")
        stations = {"rtsp": f"rtsp://127.0.0.1:{port}/radio",
                    **self.serve(plain=self.station())}
        monitor = self.listen(stations, "--patience", "5", env={
            "GST_DEBUG": "GST_ELEMENT_FACTORY:4", "GST_DEBUG_NO_COLOR": "1"})
        for name in stations:
            monitor.wait_for_state(name, "music")
        made = monitor.get_elements()
        self.assertIn("rtspsrc", made)
        self.assertEqual({m for m in made if "jpeg" in m}, {"rtpjpegdepay"})
        # only the process for RTSP has the network
        self.assertEqual(len(monitor.children("decoder")), 2)
        process.kill()
        monitor.wait_for_state("rtsp", "lost")
        self.assertNotIn("lost", monitor.states("plain"))
        self.assertEqual(monitor.titles("rtsp")[0]["ended"], "lost")
        self.assertGreater(monitor.titles("rtsp")[0]["music"], 0.9)
        self.assertEqual(monitor.stop(), 0)

    def test_devices(self):
        """One that there is not is a station that is lost; other files are none."""
        stations = {"alsa": "alsa://hw:99", "pulse": "pulse://nothing"}
        monitor = self.listen({**stations, **self.serve(plain=self.station())},
                              "--patience", "5")
        for name in stations:
            monitor.wait_for_state(name, "lost")
        monitor.wait_for_state("plain", "music")
        self.assertEqual(monitor.stop(), 0)
        self.assertEqual(monitor.states("plain"), ["connected", "music"])


def flood(request, data):
    while True:
        request.send(data)


class HostileTest(StationsTest):
    """No station makes the program crash, or disturbs another."""

    def test_titles(self):
        """In other encodings, with quotes, without an end, too long, empty, with what
        terminals obey; and too many of them."""
        texts = [
            b"Bj\xf6rk - J\xf3ga", "Сплин - Выхода нет", b"Broken - \xff\xc3\xa9",
            "Yazoo - Don't Go", "A &amp; B; C - 'D';x", "Escape - \x1b[2J\x07\r\nX",
            "Long - " + 4000 * "x", 300 * "Я", 300 * "Ш" + " - " + 300 * "Щ", "", "   ",
            "StreamTitle='No - End",
            "StreamUrl='http://x/';StreamTitle='Url - First';", "StreamTitle=';",
            " - ", "Only a name", "A - B - C", "{\"json\": \"x\\\"}", "Ana - Last"]
        stations = self.serve(
            odd=self.named(*texts, seconds=2.5, burst=28),
            # none stays for long enough
            hasty=self.named(*(f"Ana - {n}" for n in range(500)), seconds=1),
            flapping=self.named("Ana - Song", "Radio X", seconds=1.5),
            plain=self.station())
        monitor = self.listen(stations, "--min-title", "2s")
        monitor.wait(lambda: monitor.titles("odd", title="Last"), "last title")
        monitor.wait_for_state("plain", "music")
        self.assertEqual(monitor.stop(), 0)
        told = [(r["artist"], r["title"]) for r in monitor.titles("odd")]
        for pair in [("Björk", "Jóga"), ("Сплин", "Выхода нет"), ("Yazoo", "Don't Go"),
                     ("A", "B - C"), (None, "Only a name"), ("Ana", "Last")]:
            self.assertIn(pair, told)
        for artist, name in told:
            self.assertLess(len(name.encode()), 600)
            self.assertNotEqual(name.strip(), "")
        self.assertTrue(any(artist == "Broken" for artist, _ in told), told)
        for name, last in ("hasty", "Ana"), ("flapping", "Ana"):
            titles = monitor.titles(name)
            self.assertLessEqual(len(titles), 2, titles)
            self.assertEqual(titles[0]["artist"], last)

    def test_servers(self):
        secret = self.folder / "secret.mp3"
        secret.write_bytes(music())
        fetched = []

        def answer(body, kind, status="200 OK", **headers):
            return lambda request: request.answer(body, kind, status, **headers)

        def then_play(**head):
            def play(request):
                request.head("mp3", **head)
                request.play(music(), 36)
            return play

        def hls(*uris, tags=""):
            return answer(("#EXTM3U\n#EXT-X-TARGETDURATION:2\n" + tags + "".join(
                f"#EXTINF:2,\n{uri}\n" for uri in uris)).encode(),
                "application/vnd.apple.mpegurl")

        def huge_headers(request):
            request.send(b"HTTP/1.0 200 OK\r\n")
            flood(request, b"X-A: " + 5000 * b"a" + b"\r\n")

        def slowloris(request):
            request.send(b"HTTP/1.0 200 OK\r\nX-A: ")
            while True:
                request.send(b"a")
                time.sleep(0.5)

        def drip(request):
            """audio, a byte at a time"""
            request.head("mp3")
            for byte in music():
                request.send(bytes([byte]))
                time.sleep(0.2)

        def refuse(request):
            # in Latin-1, and longer than is shown, in letters that are cut
            request.send(b"HTTP/1.1 404 Caf\xe9 " + 300 * b"\xc3\xa9" + b"\r\n\r\n")

        def endless(kind, data):
            def send(request):
                request.head(kind)
                flood(request, data)
            return send

        def bomb(request):
            request.head("mp3", content_encoding="gzip")
            flood(request, gzip.compress(bytes(10 << 20)))

        def reset(request):
            request.head("mp3")
            request.send(music()[:20000])
            request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                          struct.pack("ii", 1, 0))

        def note(request):
            fetched.append(request.path)
            request.answer(b"private", "text/plain")
        noise = os.urandom(1 << 20)
        base = self.server.uri("")
        hostile = self.serve(
            loop=answer(b"", "text/html", "302 Found", location="/loop"),
            to_file=answer(b"", "text/html", "302 Found", location=secret.as_uri()),
            list_of_file=answer(secret.as_uri().encode(), "audio/x-mpegurl"),
            list_of_self=answer(f"{base}list_of_self".encode(), "audio/x-mpegurl"),
            hls_of_file=hls(secret.as_uri(), secret.as_uri()),
            hls_of_data=hls("data:audio/mpeg;base64,AAAA", "rtmp://127.0.0.1/x"),
            hls_of_self=hls(tags="#EXT-X-STREAM-INF:BANDWIDTH=1\nhls_of_self\n"),
            hls_key=hls("noise", tags='#EXT-X-KEY:METHOD=AES-128,URI="' +
                        secret.as_uri() + '"\n'),
            hls_inside=hls("private", "private"),
            hls_odd=hls(*(4000 * "x" for _ in range(50)),
                        tags="#EXT-X-MEDIA-SEQUENCE:99999999999999999999\n"),
            private=note,
            huge_headers=huge_headers, slowloris=slowloris, drip=drip,
            html=answer(b"<!DOCTYPE html><html><body>Radio</body></html>", "text/html"),
            html_as_audio=answer(b"<html>" + 9999 * b"<p>x", "audio/mpeg"),
            empty=answer(b"", "audio/mpeg"),
            nothing=answer(b"", "audio/mpeg", "204 No Content"),
            teapot=answer(b"", "audio/mpeg", "999 \xff\xfe"), refuse=refuse,
            noise=endless("mp3", noise), noise_ogg=endless("ogg", b"OggS" + noise),
            zeros=endless("mp3", bytes(1 << 16)), fast=endless("mp3", music()),
            fast_wav=endless("wav", sound("wav", "music", seconds=4)),
            not_zipped=then_play(content_encoding="gzip"), bomb=bomb, reset=reset,
            metaint_0=then_play(icy_metaint="0"),
            metaint_negative=then_play(icy_metaint="-5"),
            metaint_text=then_play(icy_metaint="many"),
            metaint_huge=then_play(icy_metaint=str(1 << 70)),
            metaint_1=then_play(icy_metaint="1"),
            metaint_cut=then_play(icy_metaint="100"),
            length=then_play(content_length=str(1 << 62)),
            typed=then_play(content_type="x" * 3000))
        self.write_list({**hostile, **self.serve(
            plain=self.named("Ana - Song", seconds=4 * PATIENCE))})
        begun = time.monotonic()
        monitor = Monitor(BUILD, *QUICK, "--patience", "6", str(self.list))
        self.addCleanup(monitor.clean)
        monitor.wait_for_state("plain", "connected")
        decoders = monitor.children("decoder"), monitor.children("fetcher")
        start, used = time.monotonic(), monitor.cpu_seconds("decoder")
        playing = {"not_zipped", "metaint_0", "metaint_negative", "metaint_text",
                   "length", "typed", "fast", "fast_wav"}
        for name in hostile:
            if name in playing or name.startswith("metaint"):
                monitor.wait(lambda: monitor.states(name), f"state of {name}")
            else:
                monitor.wait_for_state(name, "lost")
        for name in playing:
            self.assertEqual(monitor.states(name)[0], "connected", name)
        monitor.wait_for_state("plain", "music")
        # what comes too fast is not taken
        time.sleep(5)
        took = time.monotonic() - start
        self.assertLess(monitor.cpu_seconds("decoder") - used, took)
        self.assertEqual((monitor.children("decoder"), monitor.children("fetcher")),
                         decoders, monitor.get_errors())
        self.assertEqual(monitor.stop(), 0)
        (record,) = monitor.titles("plain")
        self.check_title(record, "Ana", "Song")
        self.assertEqual(monitor.states("plain"), ["connected", "music"])
        self.assertLess(monitor.titles("fast")[0]["seconds"],
                        time.monotonic() - begun + 40)
        for name in ("to_file", "list_of_file", "hls_of_file", "hls_key"):
            self.assertNotIn("connected", monitor.states(name), name)


if __name__ == "__main__":
    unittest.main()
