#!/usr/bin/python3
# SPDX-License-Identifier: CC0-1.0
"""Plays a file or a stream and prints its genre as it is found.

  live-genre.py URI
"""

import sys

import gi
gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst

Gst.init(None)
if len(sys.argv) < 2:
    sys.exit(f"usage: {sys.argv[0]} URI [SINK]")

classifier = Gst.ElementFactory.make("genreclassify")
player = Gst.ElementFactory.make("playbin")
if not classifier or not player:
    sys.exit("the plugins genreclassify and playback are not installed")
# a new answer every 5 s, and a new track with every title of a radio
classifier.set_property("window", 10 * Gst.SECOND)
classifier.set_property("hop", 5 * Gst.SECOND)
classifier.set_property("title-starts-track", True)
player.set_property("uri", sys.argv[1])
player.set_property("audio-filter", classifier)
if len(sys.argv) > 2:
    player.set_property("audio-sink", Gst.ElementFactory.make(sys.argv[2]))

loop = GLib.MainLoop()


def on_message(bus, message):
    answer = message.get_structure()
    if message.type == Gst.MessageType.ERROR:
        print(message.parse_error()[0].message, file=sys.stderr)
        loop.quit()
    elif message.type == Gst.MessageType.EOS:
        loop.quit()
    elif answer and answer.get_name().startswith("genreclassify"):
        seconds = answer.get_value("stream-time") / Gst.SECOND
        genre = answer.get_value("genre") or "silence"
        kind = "track from" if "track" in answer.get_name() else "at"
        print(f"{kind} {seconds:.0f} s  {genre} "
              f"{100 * answer.get_value('confidence'):.0f} %", flush=True)


bus = player.get_bus()
bus.add_signal_watch()
bus.connect("message", on_message)
player.set_state(Gst.State.PLAYING)
try:
    loop.run()
except KeyboardInterrupt:
    pass
player.set_state(Gst.State.NULL)
