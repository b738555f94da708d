# SPDX-License-Identifier: GPL-2.0-or-later
"""Pipelines that join and branch, and sources that are live: a microphone, packets of
RTP that get lost, RTSP, what the desktop plays.  Those take their time, all together
the same twelve seconds or so."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import gi

from listening import PATIENCE, SECOND, Gst, Player, encode

WINDOWS = 3     # of 3 s, of each live source


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class BranchTest(unittest.TestCase):
    def launch(self, text, **properties):
        player = Player.launch(text, **properties)
        self.addCleanup(player.stop)
        return player

    def test_concat(self):
        """One stream after another, each of a group of its own, is another track."""
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        paths = [encode(os.path.join(folder, f"{n}.flac"), 9, title=f"Part {n}")
                 for n in range(3)]
        heard = self.launch(" ".join(
            ["concat name=c ! genreclassify name=g ! fakesink",
             *(f"filesrc location={path} ! flacparse ! flacdec ! c."
               for path in paths)]))
        heard.play()
        heard.wait_for_end()
        self.assertEqual(
            [(t["title"], t["segments"], t["end"], t["duration"])
             for t in heard.tracks],
            [(f"Part {n}", 3, "stream" if n < 2 else "eos", 9 * SECOND)
             for n in range(3)])

    def test_tee(self):
        """Two branches do not meet; one that is stopped leaves the other alone."""
        heard = self.launch(
            f"filesrc location={os.environ['TEST_CLIP']} ! decodebin ! tee name=t "
            "! queue ! genreclassify name=g ! fakesink "
            "t. ! queue ! audioconvert ! audio/x-raw, channels=1 "
            "! genreclassify window=10000000000 ! fakesink")
        heard.play()
        heard.wait_for_end()
        self.assertEqual(sorted(t["segments"] for t in heard.tracks), [4, 12])
        self.assertEqual({t["end"] for t in heard.tracks}, {"eos"})
        self.assertEqual(len(heard.segments), 16)

    def test_appsrc(self):
        """Buffers from an application, which says that it is not seekable."""
        heard = self.launch(
            "appsrc name=source format=time caps=audio/x-raw,format=S16LE,rate=16000,"
            "channels=1,layout=interleaved ! genreclassify name=g ! fakesink")
        source = heard.pipeline.get_by_name("source")
        heard.play()
        for n in range(22):
            buffer = Gst.Buffer.new_wrapped(os.urandom(16000))
            buffer.pts, buffer.duration = n * SECOND // 2, SECOND // 2
            source.emit("push-buffer", buffer)
        source.emit("end-of-stream")
        heard.wait_for_end()
        self.assertEqual([t["duration"] for t in heard.tracks], [11 * SECOND])
        self.assertNotIn("uri", heard.tracks[0])


class Rtsp:
    """A server of one stream; the typelib of it is another package."""

    def __init__(self):
        gi.require_version("GstRtspServer", "1.0")
        from gi.repository import GLib, GstRtspServer
        self.context = GLib.MainContext()
        self.loop = GLib.MainLoop.new(self.context, False)
        self.server = GstRtspServer.RTSPServer()
        self.server.set_address("127.0.0.1")
        self.server.set_service("0")
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch("( audiotestsrc is-live=true wave=pink-noise ! audioconvert "
                           "! opusenc ! rtpopuspay name=pay0 )")
        self.server.get_mount_points().add_factory("/live", factory)
        self.server.attach(self.context)
        self.uri = f"rtsp://127.0.0.1:{self.server.get_bound_port()}/live"
        self.thread = threading.Thread(target=self.loop.run, daemon=True)
        self.thread.start()

    def stop(self):
        self.loop.quit()
        self.thread.join(PATIENCE)


class Pulse:
    """A PulseAudio of its own, whose only sink plays to nobody."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        self.address = f"unix:{self.folder}/native"
        self.process = subprocess.Popen(
            ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1",
             "--use-pid-file=no", "--disable-shm=yes", "-L",
             f"module-native-protocol-unix socket={self.folder}/native "
             "auth-anonymous=1", "-L", "module-null-sink sink_name=none"],
            env={**os.environ, "PULSE_RUNTIME_PATH": self.folder,
                 "PULSE_STATE_PATH": self.folder, "HOME": self.folder},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            with socket.socket(socket.AF_UNIX) as s:
                if s.connect_ex(f"{self.folder}/native") == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("pulseaudio does not listen")

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        shutil.rmtree(self.folder)


class LiveTest(unittest.TestCase):
    """Started together, and then looked at one by one."""

    @classmethod
    def setUpClass(cls):
        cls.heard, cls.missing = {}, {}
        noise = "audiotestsrc is-live=true wave=pink-noise"
        cls.start("source", f"{noise} ! genreclassify name=g ! fakesink")
        port = free_port()
        cls.start(
            "rtp", f"udpsrc port={port} address=127.0.0.1 caps=\"application/x-rtp,"
            "media=audio,clock-rate=44100,encoding-name=L16,encoding-params=(string)2,"
            "channels=2,payload=96\" ! rtpjitterbuffer latency=100 ! rtpL16depay "
            "! audioconvert ! genreclassify name=g ! fakesink "
            # the sender does not wait for the receiver, nor the other way round
            f"{noise} ! audioconvert ! audio/x-raw,rate=44100,channels=2 ! rtpL16pay "
            f"! identity drop-probability=0.01 "
            f"! udpsink host=127.0.0.1 port={port} async=false")
        try:
            server = Rtsp()
        except ValueError:
            cls.missing["rtsp"] = "gir1.2-gst-rtsp-server-1.0"
        else:
            cls.addClassCleanup(server.stop)
            cls.start("rtsp", f"rtspsrc location={server.uri} latency=100 "
                      "protocols=tcp ! decodebin ! genreclassify name=g ! fakesink")
        if shutil.which("pulseaudio") and Gst.ElementFactory.find("pulsesrc"):
            server = Pulse()
            cls.addClassCleanup(server.stop)
            server.wait()
            cls.start("monitor", f"pulsesrc server={server.address} "
                      "device=none.monitor ! audioconvert ! genreclassify name=g "
                      "! fakesink "
                      f"{noise} ! audioconvert ! pulsesink server={server.address}")
        else:
            cls.missing["monitor"] = "pulseaudio, gstreamer1.0-pulseaudio"

    @classmethod
    def start(cls, name, text):
        player = cls.heard[name] = Player.launch(text)
        cls.addClassCleanup(player.stop)
        player.play()

    def listen(self, name):
        """Windows one after another, and the track when it is stopped."""
        if name in self.missing:
            self.skipTest(f"needs {self.missing[name]}")
        heard = self.heard[name]
        heard.wait_for_segments(WINDOWS)
        heard.set_state(Gst.State.READY)
        segments = heard.segments
        self.assertEqual([s["segment"] for s in segments], [*range(len(segments))])
        self.assertEqual({s["duration"] for s in segments}, {3 * SECOND})
        times = [s["running-time"] for s in segments]
        self.assertEqual(times, sorted(times))
        self.assertEqual([(t["end"], t["segments"]) for t in heard.tracks],
                         [("stopped", len(segments))])
        self.assertEqual(sum(s["duration"] for s in segments),
                         heard.tracks[0]["duration"])
        self.assertEqual(heard.classifier.get_property("stats").get_value("dropped"), 0)
        return segments

    def test_source(self):
        segments = self.listen("source")
        self.assertEqual({s["missing"] for s in segments}, {0})
        for one, other in zip(segments, segments[1:]):
            self.assertEqual(other["timestamp"], one["timestamp"] + one["duration"])

    def test_rtp(self):
        """One packet in a hundred is lost, and every window gets full."""
        segments = self.listen("rtp")
        self.assertGreater(sum(s["missing"] for s in segments), 0)

    def test_rtsp(self):
        self.listen("rtsp")

    def test_monitor(self):
        self.listen("monitor")


if __name__ == "__main__":
    unittest.main()
