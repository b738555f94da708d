# SPDX-License-Identifier: GPL-2.0-or-later
"""A plugin for Quod Libet: shows the genre of what plays, and writes it into songs
that have none, if that is wanted.

Quod Libet puts the element into its pipeline (GStreamerPlugin) and says when songs
start and end (EventPlugin).  The element's messages come over the pipeline's bus, in
order with Quod Libet's own, so everything here runs in the main loop.  Songs follow
each other without a gap in one pipeline; any other change of the song, and stop, and
a radio's pause, make another pipeline, with another element."""

import re

import gi
gi.require_version("GstTag", "1.0")     # Quod Libet has chosen the others
from gi.repository import GLib, Gst, GstTag, Gtk, Pango

from quodlibet import app, config, print_w
from quodlibet.formats import AudioFileError
from quodlibet.plugins.events import EventPlugin
from quodlibet.plugins.gstelement import GStreamerPlugin

ELEMENT = "genreclassify"
NOT_INSTALLED = (
    "The GStreamer element “genreclassify” is not installed, or GStreamer does not "
    "find it: “gst-inspect-1.0 genreclassify” should describe it.  If it lies "
    "outside of GStreamer's folders, set GST_PLUGIN_PATH before Quod Libet starts.")
# An answer after 4 s of music, and each second until the first window is full.
SETTINGS = {
    "window": 10 * Gst.SECOND,
    "hop": 5 * Gst.SECOND,
    "min-window": 4 * Gst.SECOND,
    "interim-interval": Gst.SECOND,
    # Another title of a radio is another song, unless it goes at once, as slogans do.
    # As much of it is heard before it has an answer.
    "title-starts-track": True,
    "min-track": 10 * Gst.SECOND,
    # Quod Libet would save the tag as the radio station's own
    "post-tags": False,
}
# of a radio, which may name no titles
MEMORY = 60 * Gst.SECOND
# A genre is written if so much of the song was heard, or half of it.
ENOUGH = 30 * Gst.SECOND


def spell(label):
    """A model's label ("hiphop") as ID3 spells it ("Hip-Hop"), or as it is."""
    def letters(name):
        return re.sub("[^a-z0-9]", "", name.lower())

    for i in range(GstTag.tag_id3_genre_count()):
        name = GstTag.tag_id3_genre_get(i)
        if name and letters(name) == letters(label):
            return name
    return label


def make_element(model):
    """The element and None, or None and a sentence that says what is wrong."""
    element = Gst.ElementFactory.make(ELEMENT)
    if element is None:
        return None, NOT_INSTALLED
    for name, value in SETTINGS.items():
        element.set_property(name, value)
    if model:
        element.set_property("model", model)
    # A model that cannot be loaded would stop the music: load it once before.
    bus = Gst.Bus.new()
    element.set_bus(bus)
    element.set_state(Gst.State.PAUSED)
    error = bus.pop_filtered(Gst.MessageType.ERROR)
    element.set_state(Gst.State.NULL)
    element.set_bus(None)
    if error:
        return None, error.parse_error()[0].message
    return element, None


class Settings:
    """What the user chose; kept in Quod Libet's configuration."""
    SECTION = "plugins"

    @classmethod
    def model(cls):
        """A name or a path; empty: the default of the element."""
        return config.get(cls.SECTION, "genreclassify_model", "").strip()

    @classmethod
    def confidence(cls):
        return config.getfloat(cls.SECTION, "genreclassify_confidence", 0.7)

    @classmethod
    def write(cls):
        return config.getboolean(cls.SECTION, "genreclassify_write", False)

    @classmethod
    def set(cls, name, value):
        config.set(cls.SECTION, "genreclassify_" + name, value)


def write_genre(song, genre):
    """Writes it as Quod Libet writes tags, if the song has none by now."""
    try:
        if not song.valid():    # another program changed the file
            song.reload()
            app.library.changed([song])
        if song("genre") or not song.can_change("genre"):
            return
        song["genre"] = genre
        try:
            song.write()
        except AudioFileError:
            del song["genre"]
            raise
        app.library.changed([song])
    except AudioFileError as e:
        print_w(f"The genre of {song('~filename')} could not be written: {e}")


class GenreClassify(EventPlugin, GStreamerPlugin):
    PLUGIN_ID = "genreclassify"
    PLUGIN_NAME = "Genre of What Plays"
    PLUGIN_DESC = ("Listens to the music that plays, files and radio, and shows its "
                   "genre. Can write it into songs that have none.")
    PLUGIN_ICON = "audio-x-generic"

    instance = None
    # as near to the decoder as can be: what the listener does to the sound is no
    # part of the music
    priority = 100

    def __init__(self):
        self.label = None
        self.element = None     # of the pipeline that there is
        self.fault = None       # why there is no element
        self.song = None        # what plays: a file, or a station
        self.answer = None      # (genre, confidence) of it
        self.is_music = True    # by the latest message
        self.heard = None       # the song's last message: (genre, confidence, time)
        self.unwritten = None   # (song, genre) that still plays

    # Quod Libet calls these.

    def enabled(self):
        GenreClassify.instance = self
        GLib.idle_add(self.show)    # what plays already

    def disabled(self):
        GenreClassify.instance = None
        self.write_unwritten()
        self.element = self.song = self.answer = self.heard = None
        if self.label:
            self.label.destroy()
            self.label = None

    @classmethod
    def setup_element(cls):
        self = cls.instance
        self.element, self.fault = make_element(Settings.model())
        if self.element:
            GLib.idle_add(self.listen, self.element)
        else:
            print_w(self.fault)
            GLib.idle_add(self.show)
        return self.element

    def plugin_on_song_started(self, song):
        self.begin()

    def plugin_on_song_ended(self, song, stopped):
        heard, self.heard = self.heard, None
        if stopped or not heard or not self.song or not self.song.is_file:
            return
        genre, confidence, time = heard
        half = self.song("~#length") * Gst.SECOND / 2
        if Settings.write() and confidence >= Settings.confidence() \
                and time >= min(ENOUGH, half or ENOUGH):
            # not yet: the file is open, and may be played again
            self.unwritten = self.song, spell(genre)

    def plugin_on_error(self, song, error):
        self.heard = None

    def PluginPreferences(self, parent):
        return Preferences(self)

    # The rest is for here.

    def listen(self, element):
        """To a pipeline that is complete now."""
        if element is self.element and app.player.bin:
            # Quod Libet has added its signal watch
            bus = app.player.bin.get_bus()
            bus.connect("message::element", self.on_message)
            self.begin()

    def begin(self):
        """With what plays now: another song, another title of a radio, or the same
        song in another pipeline."""
        song = app.player.song
        if song is not self.song or song and not song.is_file:
            self.song, self.answer = song, None
        self.is_music = True
        if self.element and self.song:
            self.element.set_property("memory",
                                      0 if self.song.is_file else MEMORY)
        self.write_unwritten()
        self.show()

    def on_message(self, bus, message):
        if message.src is not self.element:
            return
        message = message.get_structure()
        if message.get_name() == "genreclassify-track":
            genre = message.get_string("genre")
            self.heard = genre and (
                genre, message.get_double("confidence")[1],
                message.get_uint64("duration")[1])
        else:
            self.is_music = message.get_double("music")[1] >= 0.5
        self.update()

    def update(self):
        """Shows what the element says of the track now.  Of a file an answer stays
        until there is a better one; a radio may have gone on to speech."""
        genre = self.element and self.element.get_property("genre")
        if genre:
            self.answer = spell(genre), self.element.get_property("confidence")
        elif self.song and not self.song.is_file:
            self.answer = None
        self.show()

    def show(self):
        if app.window is None or GenreClassify.instance is None:
            return
        if self.label is None:
            self.label = Gtk.Label(xalign=0, margin_start=6, margin_end=6,
                                   ellipsize=Pango.EllipsizeMode.END,
                                   no_show_all=True)
            # below the title, above the browser
            app.window.get_child().pack_start(self.label, False, True, 0)
            app.window.get_child().reorder_child(self.label, 2)
        if self.fault:
            text = self.fault
        elif self.answer:
            genre, confidence = self.answer
            text = f"{genre}, {100 * confidence:.0f} %"
        else:
            text = "…" if self.is_music else "no music"
        self.label.set_text("Genre: " + text)
        self.label.set_tooltip_text(self.fault)
        self.label.set_visible(bool(self.song or self.fault))

    def write_unwritten(self):
        if self.unwritten and self.unwritten[0] is not app.player.song:
            write_genre(*self.unwritten)
            self.unwritten = None

    def set_model(self, model):
        """Returns a sentence that says what is wrong with it, or None."""
        fault = make_element(model)[1]
        if not fault and model != Settings.model():
            Settings.set("model", model)
            if GenreClassify.instance is self:
                self.fault = None
                self.show()
                # the handler asks setup_element() for another element
                self._handler._rebuild_pipeline()
        return fault


class Preferences(Gtk.Grid):
    def __init__(self, plugin):
        super().__init__(row_spacing=6, column_spacing=12)
        self.plugin = plugin
        if Gst.ElementFactory.find(ELEMENT) is None:
            self.attach(self._text(NOT_INSTALLED), 0, 0, 2, 1)
            return

        self.model = Gtk.Entry(text=Settings.model(), hexpand=True,
                               placeholder_text="the one that is installed as default")
        self.model.set_tooltip_text(
            "Name of an installed model, such as “cnn”, or path of a weights file")
        self.model.connect("activate", self._model_chosen)
        self.model.connect("focus-out-event", self._model_chosen)
        self._add_row(0, "_Model:", self.model)
        self.fault = self._text("")
        self.attach(self.fault, 0, 1, 2, 1)

        write = Gtk.CheckButton(
            label="_Write the genre into songs that have none, when they end",
            use_underline=True, active=Settings.write())
        write.connect("toggled", lambda b: Settings.set("write", b.get_active()))
        self.attach(write, 0, 2, 2, 1)

        percent = Gtk.SpinButton.new_with_range(0, 100, 5)
        percent.set_value(100 * Settings.confidence())
        percent.connect(
            "value-changed", lambda b: Settings.set("confidence",
                                                    b.get_value() / 100))
        self._add_row(3, "if its _probability in per cent is at least", percent)
        self._model_chosen()

    @staticmethod
    def _text(text):
        return Gtk.Label(label=text, xalign=0, wrap=True, selectable=True)

    def _add_row(self, row, text, widget):
        label = Gtk.Label(label=text, xalign=0, use_underline=True,
                          mnemonic_widget=widget)
        self.attach(label, 0, row, 1, 1)
        self.attach(widget, 1, row, 1, 1)

    def _model_chosen(self, *args):
        fault = self.plugin.set_model(self.model.get_text().strip())
        self.fault.set_text(fault or "")
        return False    # the entry has the event, too
