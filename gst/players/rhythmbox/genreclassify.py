# SPDX-License-Identifier: GPL-2.0-or-later
"""A plugin for Rhythmbox: the genre of what plays, by what it sounds like.

The element genreclassify listens in the player's pipeline.  What it says is shown in
the genre column: of a song that has no genre, and of a radio station for as long as
it plays.  That changes nothing but what is on the screen.  The preference "write" has
the genre of a song that was heard long enough stored, by Rhythmbox, which writes it
into the file."""

import gettext
import os

import gi
gi.require_version("Gst", "1.0")
gi.require_version("Gtk", "3.0")
gi.require_version("Peas", "1.0")
gi.require_version("PeasGtk", "1.0")
gi.require_version("RB", "3.0")
from gi.repository import Gio, GLib, GObject, Gst, Gtk, Peas, PeasGtk, RB

SCHEMA = "org.gnome.rhythmbox.plugins.genreclassify"
WINDOW, HOP = 10, 5     # s
ENOUGH = 30             # s of a song to be heard before its genre is written
STATION_MEMORY = 60     # s of a station that its genre is of
GENRE, LOCATION, DURATION = (RB.RhythmDBPropType.GENRE, RB.RhythmDBPropType.LOCATION,
                             RB.RhythmDBPropType.DURATION)
# what Rhythmbox stores for none
UNKNOWN = {None, "", "Unknown", gettext.translation(
    "rhythmbox", RB.locale_dir(), fallback=True).gettext("Unknown")}


def open_settings():
    """The preferences.  Their schema lies beside this file, wherever that is."""
    source = Gio.SettingsSchemaSource.new_from_directory(
        os.path.dirname(os.path.abspath(__file__)),
        Gio.SettingsSchemaSource.get_default(), False)
    return Gio.Settings.new_full(source.lookup(SCHEMA, False), None, None)


def make_element(model):
    """A new element that works; otherwise a ValueError with a sentence that says
    why.  One that fails in the pipeline would stop the music."""
    element = Gst.ElementFactory.make("genreclassify")
    if element is None:
        raise ValueError("GStreamer's plugin genreclassify is not installed, or "
                         "GStreamer does not find it (GST_PLUGIN_PATH).")
    # an answer after 4 s, and every second until the first window is full; a title
    # that a station shows for less than 10 s is a slogan
    for name, seconds in {"window": WINDOW, "hop": HOP, "min-window": 4,
                          "interim-interval": 1, "min-track": 10}.items():
        element.set_property(name, seconds * Gst.SECOND)
    element.set_property("title-starts-track", True)
    # a station would keep the first one for ever
    element.set_property("post-tags", False)
    element.set_property("model", model or None)
    bus = Gst.Bus()
    element.set_bus(bus)
    result = element.set_state(Gst.State.PAUSED)
    error = bus.pop_filtered(Gst.MessageType.ERROR)
    element.set_state(Gst.State.NULL)
    element.set_bus(None)
    if result == Gst.StateChangeReturn.FAILURE:
        raise ValueError(error.parse_error()[0].message if error
                         else "The element genreclassify does not start.")
    return element


def take_out(player, element):
    """Has Rhythmbox remove it, which it does when data comes, in a streaming thread:
    it stops the element first, and a song that begins then must not start it again."""
    def on_removal(player, filter):
        if filter is element:
            player.disconnect(handler)
            element.get_parent().set_locked_state(True)

    handler = player.connect("filter-pre-remove", on_removal)
    player.remove_filter(element)


def is_station(entry):
    return entry.get_entry_type().props.category == RB.RhythmDBEntryCategory.STREAM


def has_genre(entry):
    return entry.get_string(GENRE) not in UNKNOWN


class GenreColumns:
    """Genres that are shown in the genre columns and stored nowhere."""

    def __init__(self, shell):
        self.genres = {}    # {location: genre}
        self.db = shell.props.db
        self.pages = shell.props.display_page_model
        for view in self.views():
            self.take_over(view)
        self.inserted = self.pages.connect(
            "page-inserted", lambda pages, page, row: self.take_over(view_of(page)))

    def views(self):
        """The views of all sources: the library, playlists, stations."""
        def below(rows):
            for row in rows:
                yield view_of(row[RB.DisplayPageModelColumn.PAGE])
                yield from below(row.iterchildren())
        return below(self.pages.get_model())

    def take_over(self, view):
        column = view and view.get_column(RB.EntryViewColumn.GENRE)
        if column:
            column.set_cell_data_func(column.get_cells()[0], self.draw)

    def draw(self, column, cell, model, row, data):
        entry = model.iter_to_entry(row)
        genre = entry.get_string(GENRE)
        if not has_genre(entry) or is_station(entry):
            genre = self.genres.get(entry.get_string(LOCATION), genre)
        cell.props.text = genre

    def set(self, entry, genre):
        """Shows the genre; None: the one that is stored."""
        location = entry.get_string(LOCATION)
        if self.genres.get(location) == genre:
            return
        self.genres[location] = genre
        if genre is None:
            del self.genres[location]
        for view in self.views():
            if view and view.get_column(RB.EntryViewColumn.GENRE):
                model, row = view.props.model, Gtk.TreeIter()
                if model.entry_to_iter(entry, row):
                    model.row_changed(model.get_path(row), row)

    def close(self):
        """Shows what is stored; it is still this class that draws it."""
        self.pages.disconnect(self.inserted)
        for location in list(self.genres):
            entry = self.db.entry_lookup_by_location(location)
            if entry:
                self.set(entry, None)


def view_of(page):
    return page.get_entry_view() if isinstance(page, RB.Source) else None


class GenrePlugin(GObject.Object, Peas.Activatable):
    __gtype_name__ = "GenreclassifyPlugin"
    object = GObject.Property(type=GObject.Object)      # the shell

    def do_activate(self):
        shell_player = self.object.props.shell_player
        self.player = shell_player.props.player
        self.settings = open_settings()
        self.columns = GenreColumns(self.object)
        self.names = {}         # of genres as people write them, by label
        self.start_song(shell_player.get_playing_entry())
        self.bus = None
        self.follow_bus()
        handlers = [(shell_player, "playing-song-changed", self.on_song_changed),
                    (self.player, "notify::bus", self.follow_bus),
                    (self.settings, "changed::model", self.listen)]
        # a backend that crossfades has a branch for each stream
        self.has_branches = GObject.signal_lookup("get-stream-filters", self.player)
        if self.has_branches:
            handlers.append((self.player, "get-stream-filters", self.on_new_stream))
        self.handlers = [(source, source.connect(signal, function))
                         for source, signal, function in handlers]
        self.element = None     # the one in the pipeline that all songs go through
        self.listen()

    def do_deactivate(self):
        for source, handler in self.handlers:
            source.disconnect(handler)
        self.leave_bus()
        self.stop_listening()
        self.columns.close()

    # the pipeline

    def listen(self, *_):
        """Has the model that is set now listen, or tells the user why it cannot."""
        self.stop_listening()
        try:
            element = make_element(self.settings["model"])
        except ValueError as error:
            dialog = Gtk.MessageDialog(
                transient_for=self.object.props.window,
                message_type=Gtk.MessageType.ERROR, buttons=Gtk.ButtonsType.CLOSE,
                text="Genres cannot be shown", secondary_text=str(error))
            dialog.connect("response", lambda dialog, response: dialog.destroy())
            GLib.idle_add(dialog.present)   # when there is a window to be above
            return
        if not self.has_branches:
            self.element = element
            self.player.add_filter(element)

    def stop_listening(self):
        if self.element:
            take_out(self.player, self.element)
            self.element = None

    def on_new_stream(self, player, uri):
        """Elements for a stream's branch.  They stay in it, whatever becomes of the
        plugin."""
        try:
            element = make_element(self.settings["model"])
        except ValueError:
            return []       # the user was told
        element.uri = uri
        return [element]

    def follow_bus(self, *_):
        self.leave_bus()
        self.bus = self.player.props.bus
        if self.bus:
            self.on_bus = self.bus.connect("message::element", self.on_message)

    def leave_bus(self):
        if self.bus:
            self.bus.disconnect(self.on_bus)

    # the songs

    def start_song(self, entry):
        self.song = entry
        self.segments = 0
        self.genre, self.confidence = None, 0

    def on_song_changed(self, shell_player, entry):
        if self.song and is_station(self.song):
            self.columns.set(self.song, None)
        elif self.song and self.settings["write"] and self.may_be_written():
            db = self.object.props.db
            db.entry_set(self.song, GENRE, self.genre)
            db.commit()
        self.start_song(entry)

    def may_be_written(self):
        """If the song has no genre, and was heard long enough to know it."""
        if not self.genre or not self.segments or has_genre(self.song) \
                or self.confidence < self.settings["confidence"]:
            return False
        heard = WINDOW + HOP * (self.segments - 1)      # s
        kind = self.song.get_entry_type().props.category
        return (heard >= min(ENOUGH, self.song.get_ulong(DURATION) / 2)
                and kind == RB.RhythmDBEntryCategory.NORMAL
                and self.song.can_sync_metadata())

    def song_of(self, element):
        """The entry that it hears, or None."""
        if element is self.element:
            return self.song
        uri = getattr(element, "uri", None)     # of one in a branch
        if self.song and self.song.get_playback_uri() == uri:
            return self.song
        return uri and self.object.props.db.entry_lookup_by_location(uri)

    def on_message(self, bus, message):
        answer = message.get_structure()
        if answer.get_name() != "genreclassify":
            return
        element = message.src
        entry = self.song_of(element)
        # a station whose branch fades out has stopped
        if entry is None or is_station(entry) and entry is not self.song:
            return
        if answer.has_field("genre-name"):
            self.names[answer.get_string("genre")] = answer.get_string("genre-name")
        element.set_property(
            "memory", STATION_MEMORY * Gst.SECOND if is_station(entry) else 0)
        label = element.get_property("genre")
        confidence = element.get_property("confidence")
        if label is None and answer.has_field("genre"):
            return      # of a track that has just ended
        genre = label and self.names.get(label, label.capitalize())
        if entry is self.song:
            self.genre, self.confidence = genre, confidence
            self.segments += not answer.get_boolean("interim")[1]
        if genre and confidence < self.settings["confidence"]:
            genre += "?"
        self.columns.set(entry, genre)


class GenrePreferences(GObject.Object, PeasGtk.Configurable):
    __gtype_name__ = "GenreclassifyPreferences"
    object = GObject.Property(type=GObject.Object)

    def do_create_configure_widget(self):
        settings = open_settings()
        trouble = Gtk.Label(xalign=0, wrap=True, max_width_chars=40, no_show_all=True)

        def use_model(*_):
            try:
                make_element(model.props.text)
            except ValueError as error:
                trouble.props.label = str(error)
                trouble.show()
            else:
                trouble.hide()
                settings["model"] = model.props.text
            return False    # the focus goes on

        model = Gtk.Entry(
            text=settings["model"], placeholder_text="the default", hexpand=True,
            tooltip_text="Name of an installed model, as “genreclassify models” "
            "lists them, or path of a weights file")
        model.connect("activate", use_model)
        model.connect("focus-out-event", use_model)
        confidence = Gtk.SpinButton.new_with_range(0, 100, 5)
        confidence.props.value = 100 * settings["confidence"]
        confidence.props.tooltip_text = (
            "A genre that is less probable has a question mark, and is not written")
        confidence.connect("value-changed", lambda button: settings.set_double(
            "confidence", button.props.value / 100))
        write = Gtk.CheckButton(
            label="_Write the genre into songs that have none", use_underline=True,
            tooltip_text="When they end, as Rhythmbox writes what you edit")
        settings.bind("write", write, "active", Gio.SettingsBindFlags.DEFAULT)

        grid = Gtk.Grid(margin=12, row_spacing=6, column_spacing=12)
        for row, (text, widget) in enumerate([
                ("_Model", model), ("", trouble),
                ("_Probability at least, per cent", confidence), ("", write)]):
            if text:
                grid.attach(Gtk.Label(label=text, use_underline=True, xalign=0,
                                      mnemonic_widget=widget), 0, row, 1, 1)
            grid.attach(widget, 1, row, 1, 1)
        grid.show_all()
        return grid
