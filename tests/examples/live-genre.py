#!/usr/bin/python3
# SPDX-License-Identifier: CC0-1.0
"""Plays a file, a stream or a radio station and prints its genre as it is found.

  live-genre.py [OPTION...] FILE|URI
  live-genre.py --monitor            # listens to what the desktop plays

A station that ends or breaks off is tried again after 1, 2, 4 … 60 s; once it has
been heard, after 1 s again.  A file is played once."""

import argparse
import sys
import warnings

import gi
gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

# so says GObject.ValueArray, for which GStreamer has no other type in Python
warnings.simplefilter("ignore", DeprecationWarning)

MAX_DELAY = 60  # s
# What the default output plays, of PulseAudio (which PipeWire often answers for)
# and of PipeWire itself.
MONITORS = [
    "pulsesrc device=@DEFAULT_MONITOR@",
    "pipewiresrc stream-properties=monitor,stream.capture.sink=true",
]


# What the classifier says.

def get_array(structure, name):
    """The values of a GstValueArray.  structure.get_value(name) needs the overrides
    of the package python3-gst-1.0 for them, get_array() works without."""
    array = structure.get_array(name).array
    return [array.get_nth(i) for i in range(array.n_values)]


def format_time(ns):
    return "%u:%02u" % divmod(ns // Gst.SECOND, 60)


def format_answer(answer):
    """0:05 - 0:15  blues 52 %, classical 33 %"""
    start = answer.get_value("stream-time")
    end = start + answer.get_value("duration")
    text = f"{format_time(start)} - {format_time(end)}  "
    if not answer.has_field("genre"):
        return text + ("silence" if answer.get_value("silent") else "no music")
    genre = answer.get_value("genre")
    text += f"{genre} {100 * answer.get_value('confidence'):.0f} %"
    for label, p in zip(get_array(answer, "labels"),
                        get_array(answer, "probabilities")):
        if p >= 0.2 and label != genre:
            text += f", {label} {100 * p:.0f} %"
    if answer.get_value("interim"):
        text += "  so far"
    return text


def on_answer(answer):
    if answer.get_name() == "genreclassify":
        print(format_answer(answer), flush=True)
    elif answer.get_name() == "genreclassify-track":
        text = "track " + format_answer(answer)
        for name in "title", "artist", "organization", "end":
            if answer.has_field(name):
                text += f"  {name}: {answer.get_value(name)}"
        print(text, flush=True)


def on_genre(genre):
    """What a player's display would show: the average over the latest minute."""
    if genre:
        print(f"now: {genre}", flush=True)


# The player.

def make_element(name):
    return Gst.ElementFactory.make(name) or \
        sys.exit(f"The element {name} is not installed.")


def make_classifier():
    classifier = make_element("genreclassify")
    # An answer every 5 s, from the first 5 s on; the display shows the average over
    # the latest minute; each title that a station shows for 5 s is a track.
    for name, seconds in {"window": 10, "hop": 5, "interim-interval": 5,
                          "memory": 60, "min-track": 5}.items():
        classifier.set_property(name, seconds * Gst.SECOND)
    classifier.set_property("title-starts-track", True)
    # as a message on the bus; "notify" itself comes in a thread of the element
    classifier.add_property_notify_watch("genre", True)
    return classifier


def make_player(name, uri, classifier, sink):
    player = make_element(name)
    player.set_property("uri", uri)
    player.set_property("audio-filter", classifier)
    Gst.util_set_object_arg(player, "flags", "audio+soft-volume")  # no video
    if sink:
        try:
            sink = Gst.parse_bin_from_description(sink, True)
        except GLib.Error as error:
            sys.exit(f"{sink}: {error.message}")
        player.set_property("audio-sink", sink)
    return player


def make_monitor(classifier):
    """A pipeline that captures the output.  In READY a source is connected, so one
    whose server is not there is known by then."""
    for description in MONITORS:
        try:
            source = Gst.parse_bin_from_description(description, True)
        except GLib.Error:
            continue    # not installed
        if source.set_state(Gst.State.READY) != Gst.StateChangeReturn.FAILURE:
            break
        source.set_state(Gst.State.NULL)
    else:
        sys.exit("There is no output to listen to: it needs PulseAudio and the "
                 "element pulsesrc, or PipeWire and pipewiresrc.")
    pipeline = Gst.Pipeline()
    sink = make_element("fakesink")
    for element in source, classifier, sink:
        pipeline.add(element)
    source.link(classifier)
    classifier.link(sink)
    return pipeline


class Listener:
    """What becomes of the stream."""

    def __init__(self, player, classifier, uri, first_delay):
        self.player, self.classifier, self.uri = player, classifier, uri
        self.first_delay = self.delay = first_delay  # of the next try, in s
        self.timer = None   # runs until that
        self.failed = False
        self.loop = GLib.MainLoop()
        # a track that is broken off is answered on the way to NULL, when the bus
        # would drop the message
        player.set_property("auto-flush-bus", False)
        bus = player.get_bus()
        bus.add_signal_watch()
        bus.connect("message", self.on_message)

    def play(self):
        self.player.set_state(Gst.State.PLAYING)
        try:
            self.loop.run()
        except KeyboardInterrupt:
            pass
        self.player.set_state(Gst.State.NULL)
        while GLib.MainContext.default().iteration(False):
            pass    # the last track's message

    def retry(self):
        self.player.set_state(Gst.State.NULL)
        print(f"again in {self.delay:g} s", file=sys.stderr)
        self.timer = GLib.timeout_add(int(1000 * self.delay), self.on_timer)
        self.delay = min(2 * self.delay, MAX_DELAY)

    def on_timer(self):
        self.timer = None
        self.player.set_state(Gst.State.PLAYING)
        return GLib.SOURCE_REMOVE

    def is_endless(self):
        """Of a station the length is not known."""
        known, duration = self.player.query_duration(Gst.Format.TIME)
        return not self.uri.startswith("file:") and not (known and duration >= 0)

    def on_error(self, message):
        error = message.parse_error()[0]
        print(f"{self.uri}: {error.message}", file=sys.stderr)
        # a missing model or plugin will be missing the next time, too
        if self.is_endless() and message.src != self.classifier and \
                error.domain != "gst-core-error-quark":
            self.retry()
        else:
            self.failed = True
            self.loop.quit()

    def on_eos(self):
        if self.is_endless():
            print(f"{self.uri}: it ended", file=sys.stderr)
            self.retry()
        else:
            self.loop.quit()

    def is_playing(self):
        """False once it has ended: one fault may post several errors, and EOS."""
        return not self.timer and self.loop.is_running()

    def on_message(self, bus, message):
        if message.type == Gst.MessageType.ELEMENT:
            on_answer(message.get_structure())
        elif message.type == Gst.MessageType.PROPERTY_NOTIFY:
            on_genre(message.parse_property_notify().property_value)
        elif message.type == Gst.MessageType.ASYNC_DONE:
            self.delay = self.first_delay   # the first audio has come
        elif message.type == Gst.MessageType.ERROR and self.is_playing():
            self.on_error(message)
        elif message.type == Gst.MessageType.EOS and self.is_playing():
            self.on_eos()


def main():
    Gst.init(None)
    parser = argparse.ArgumentParser(
        description="Prints the genre of what is played, as it is found.")
    parser.add_argument("uri", metavar="FILE|URI", nargs="?")
    parser.add_argument("--monitor", action="store_true",
                        help="listen to what the desktop plays")
    parser.add_argument("--player", metavar="ELEMENT", default="playbin",
                        help="what plays: playbin (default) or playbin3")
    parser.add_argument("--audio-sink", metavar="ELEMENT",
                        help="where to (default: autoaudiosink)")
    parser.add_argument("--retry-delay", metavar="SECONDS", type=float, default=1,
                        help="delay before the first new try (default: 1)")
    options = parser.parse_args()
    if options.monitor == bool(options.uri):
        parser.error("give either a file or URI, or --monitor")
    if not 0 < options.retry_delay <= MAX_DELAY:
        parser.error("--retry-delay is to be more than 0 s, and at most 60")

    classifier = make_classifier()
    if options.monitor:
        uri = "monitor"
        player = make_monitor(classifier)
    else:
        uri = options.uri
        if not Gst.uri_is_valid(uri):
            uri = Gst.filename_to_uri(uri)
        player = make_player(options.player, uri, classifier, options.audio_sink)
    listener = Listener(player, classifier, uri, options.retry_delay)
    listener.play()
    sys.exit(listener.failed)


if __name__ == "__main__":
    main()
