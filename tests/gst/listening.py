# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests with real players share: a player that keeps all that is posted,
music in the formats of songs and stations, and servers that lead the listener on."""

import contextlib
import http.server
import os
import socket
import struct
import subprocess
import threading
import time

import gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst

Gst.init(None)

SECOND = Gst.SECOND
PATIENCE = 60   # s, for what takes one

# The element answers for each 3 s, and for what is left of 1.5 s at least.
QUICK = {"window": 3 * SECOND, "min-window": 3 * SECOND // 2}


def make(factory, **properties):
    element = Gst.ElementFactory.make(factory)
    if element is None:
        raise AssertionError(f"there is no element {factory}")
    for name, value in properties.items():
        element.set_property(name.replace("_", "-"), value)
    return element


def read(structure):
    """The fields of a message of the element, but for its arrays."""
    names = [structure.nth_field_name(i) for i in range(structure.n_fields())]
    return {name: structure.get_value(name) for name in names
            if name not in ("labels", "probabilities", "embedding")}


ENCODERS = {
    "mp3": ["-c:a", "libmp3lame", "-b:a", "128k"],      # 16000 bytes a second
    "aac": ["-c:a", "aac", "-b:a", "64k", "-f", "adts"],
    "m4a": ["-c:a", "aac", "-b:a", "64k"],
    "ogg": ["-c:a", "libvorbis"],
    "opus": ["-c:a", "libopus", "-b:a", "64k"],
    "oga": ["-c:a", "flac"],
    "flac": ["-c:a", "flac"],
    "wav": ["-c:a", "pcm_s16le"],
}


def encode(path, seconds, start=0, options=(), **tags):
    """Music of that length, in the format that the file's name says; its path."""
    encoder = ENCODERS[path.rpartition(".")[2]]
    for name, value in tags.items():
        options = [*options, "-metadata", f"{name}={value}"]
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-stream_loop", "-1", "-ss", str(start), "-i",
         os.environ["TEST_CLIP"], "-map", "0:a", "-t", str(seconds), "-map_metadata",
         "-1", *encoder, *options, path], check=True)
    return path


class Player:
    """A pipeline with one element of ours; all that it posts, in that order.

    Messages are kept from the threads that post them: an application's bus is
    emptied when the pipeline goes to NULL, and what is posted by then would be lost."""

    def __init__(self, pipeline, classifier, **properties):
        self.pipeline, self.classifier = pipeline, classifier
        for name, value in {**QUICK, **properties}.items():
            classifier.set_property(name.replace("_", "-"), value)
        self.changed = threading.Condition()
        self.messages = []      # (name, fields) of the element's, in their order
        self.genres = []        # the values of the property, as it was notified
        self.titles = []        # that the sink's end of the pipeline posts as tags
        self.tagged = []        # the same of genres
        self.errors = []
        self.n_ends = self.n_holds = 0
        self.held, self.pad = None, classifier.get_static_pad("sink")
        self.on_message = None  # called in the thread that posts, with name and fields
        pipeline.get_bus().set_sync_handler(self.handle)
        classifier.connect("notify::genre", self.note_genre)

    @classmethod
    def of(cls, factory, uri, **properties):
        """playbin or playbin3, with the element as audio filter."""
        classifier = make("genreclassify")
        pipeline = make(factory, uri=uri, audio_filter=classifier,
                        audio_sink=make("fakesink"), video_sink=make("fakesink"))
        return cls(pipeline, classifier, **properties)

    @classmethod
    def launch(cls, text, **properties):
        """A pipeline as for gst-launch, in which genreclassify has the name g."""
        pipeline = Gst.parse_launch(text)
        return cls(pipeline, pipeline.get_by_name("g"), **properties)

    def handle(self, bus, message):
        structure = message.get_structure()
        called = None
        with self.changed:
            if message.type == Gst.MessageType.ELEMENT and \
                    structure.get_name().startswith("genreclassify"):
                called = structure.get_name(), read(structure)
                self.messages.append(called)
            elif message.type == Gst.MessageType.ERROR:
                self.errors.append(message.parse_error())
            elif message.type == Gst.MessageType.EOS:
                self.n_ends += 1
            elif message.type == Gst.MessageType.TAG:
                tags = message.parse_tag()
                for name, values in (("title", self.titles), ("genre", self.tagged)):
                    found, value = tags.get_string_index(name, 0)
                    if found:
                        values.append(value)
            self.changed.notify_all()
        if called and self.on_message:
            self.on_message(*called)
        return Gst.BusSyncReply.PASS

    def note_genre(self, classifier, _):
        with self.changed:
            self.genres.append(classifier.get_property("genre"))
            self.changed.notify_all()

    def set_state(self, state):
        """Asks for it; what comes of it may depend on a server."""
        result = self.pipeline.set_state(state)
        if result == Gst.StateChangeReturn.FAILURE:
            raise AssertionError(f"no {state.value_nick}: {self.errors}")

    def settle(self):
        """Waits until the state that was asked for is reached."""
        result, state, _ = self.pipeline.get_state(PATIENCE * SECOND)
        if result in (Gst.StateChangeReturn.FAILURE, Gst.StateChangeReturn.ASYNC):
            raise AssertionError(f"stuck in {state.value_nick}: {self.errors}")

    def play(self):
        self.set_state(Gst.State.PLAYING)

    def pause(self):
        self.set_state(Gst.State.PAUSED)
        self.settle()

    def stop(self):
        self.pipeline.set_state(Gst.State.NULL)

    def hold_at(self, seconds):
        """Lets no buffer from there on into the element; None lets all pass.  A seek
        that flushes goes through."""
        if self.held is not None:
            self.pad.remove_probe(self.held)
            self.held = None
        if seconds is not None:
            self.held = self.pad.add_probe(
                Gst.PadProbeType.BLOCK | Gst.PadProbeType.BUFFER, self.hold, seconds)

    def hold(self, _, info, seconds):
        if info.get_buffer().pts < seconds * SECOND:
            return Gst.PadProbeReturn.PASS
        with self.changed:
            self.n_holds += 1
            self.changed.notify_all()
        return Gst.PadProbeReturn.OK

    def wait_for_hold(self, n=1):
        self.wait(lambda: self.n_holds >= n, "hold")

    def seek(self, seconds, flags=Gst.SeekFlags.FLUSH):
        return self.pipeline.seek_simple(
            Gst.Format.TIME, flags, int(seconds * SECOND))

    def wait(self, condition, what):
        """Until the condition holds; an error of the pipeline is one of the test's,
        unless the condition is about errors."""
        with self.changed:
            end = time.monotonic() + PATIENCE
            while not condition():
                left = end - time.monotonic()
                if self.errors or left <= 0:
                    raise AssertionError(
                        f"no {what}: {self.errors}, {self.messages[-5:]}")
                self.changed.wait(left)

    def wait_a_little(self, condition):
        """Whether the condition holds soon; that it does not proves nothing."""
        with self.changed:
            return self.changed.wait_for(condition, 0.2)

    def wait_for_end(self, n=1):
        self.wait(lambda: self.n_ends >= n, "EOS")

    def wait_for_error(self):
        self.wait(lambda: self.errors, "error")

    def wait_for_segments(self, n):
        self.wait(lambda: len(self.segments) >= n, f"{n} segments")

    @property
    def segments(self):
        return [fields for name, fields in self.messages if name == "genreclassify"
                and not fields.get("interim")]

    @property
    def interim(self):
        return [fields for name, fields in self.messages if name == "genreclassify"
                and fields.get("interim")]

    @property
    def tracks(self):
        return [fields for name, fields in self.messages
                if name == "genreclassify-track"]

    def segments_of_tracks(self):
        """For each track the segments that were posted before its message."""
        tracks, segments = [], []
        for name, fields in self.messages:
            if name == "genreclassify-track":
                tracks.append(segments)
                segments = []
            elif not fields.get("interim"):
                segments.append(fields)
        return tracks


class Server:
    """An HTTP server on the loopback that calls answer() for every request, each in
    a thread of its own.  A request that waits for an event is let go by stop()."""

    def __init__(self, port=0):
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                with contextlib.suppress(OSError):     # the listener went away
                    owner.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def uri(self, path):
        return f"http://127.0.0.1:{self.port}/{path}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(PATIENCE)

    def answer(self, request):
        raise NotImplementedError


class Station(Server):
    """A radio station.  For every listener programme(n), n being his number from 0,
    yields what comes next, (title, bytes): at the pace at which the listener takes
    it, so that what is wanted of the station is told in seconds of audio, not of a
    clock.  At the programme's end the connection is closed, or reset."""

    INTERVAL = 2000     # bytes of audio from one title to the next, 125 ms of MP3

    def __init__(self, programme, content_type="audio/mpeg", name=None, genre=None,
                 reset=False, port=0):
        self.programme, self.content_type = programme, content_type
        self.name, self.genre, self.reset = name, genre, reset
        self.n_listeners = 0
        super().__init__(port)

    def answer(self, request):
        n, self.n_listeners = self.n_listeners, self.n_listeners + 1
        inline = request.headers.get("icy-metadata") == "1" and \
            "ogg" not in self.content_type
        request.send_response(200)
        request.send_header("Content-Type", self.content_type)
        if self.name:
            request.send_header("icy-name", self.name)
        if self.genre:
            request.send_header("icy-genre", self.genre)
        if inline:
            request.send_header("icy-metaint", str(self.INTERVAL))
        request.end_headers()
        pending, told = b"", None
        for title, data in self.programme(n):
            if not inline:
                request.wfile.write(data)
                continue
            pending += data
            while len(pending) >= self.INTERVAL:
                text = b""
                if title != told:
                    text = title if isinstance(title, bytes) else \
                        f"StreamTitle='{title}';".encode()
                    told = title
                n_blocks = (len(text) + 15) // 16
                request.wfile.write(pending[:self.INTERVAL] + bytes([n_blocks]) +
                                    text.ljust(16 * n_blocks, b"\0"))
                pending = pending[self.INTERVAL:]
        if self.reset:
            with socket.socket(fileno=request.connection.detach()) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                      struct.pack("ii", 1, 0))
