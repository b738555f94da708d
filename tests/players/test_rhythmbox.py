# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin for Rhythmbox, in Rhythmbox: what its genre column says while files and
a radio station play, and what is in the files afterwards.

With TEST_SCREENSHOTS=FOLDER it leaves a picture there."""

import configparser
import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import unittest
from types import SimpleNamespace

import mutagen

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

import desktop as desktops  # noqa: E402
from desktop import PATIENCE, wait_for  # noqa: E402
from radio import Radio  # noqa: E402

PLUGIN = os.path.join(HERE, "../../gst/players/rhythmbox")
NAME = "Genre of What Plays"
ON = {"plugins": {"active-plugins": "['iradio', 'mpris', 'genreclassify']"}}
OFF = {"plugins": {"active-plugins": "['iradio', 'mpris']"}}
SETTINGS = {"plugins/iradio": {"initial-stations-loaded": "true"}, **ON}
MPRIS = "org.mpris.MediaPlayer2.Player"
SOON = 6        # s from a song's start in which a listener sees its genre

desktop = None


def setUpModule():
    global desktop
    desktop = desktops.Desktop()
    unittest.addModuleCleanup(desktop.close)


class Rhythmbox:
    """The player, with a playlist of three songs, and with the plugin where
    gst/players/README.md says.  What it is told goes over MPRIS and its settings, as
    from the desktop."""

    def __init__(self, settings={}, **environment):
        self.folder = tempfile.mkdtemp(dir=desktop.folder)
        self.songs = desktops.make_songs(self.folder)
        plugin = os.path.join(self.folder, "rhythmbox/plugins/genreclassify")
        shutil.copytree(PLUGIN, plugin)
        subprocess.run(["glib-compile-schemas", "--strict", plugin], check=True)
        self.settings = configparser.ConfigParser()
        self.set(SETTINGS)
        self.set(settings)
        self.environment = {
            **os.environ, "GSETTINGS_BACKEND": "keyfile",
            "XDG_CONFIG_HOME": self.folder, "XDG_DATA_HOME": self.folder,
            "XDG_CACHE_HOME": self.folder, **environment}
        self.table = None

    def start(self):
        playlist = os.path.join(self.folder, "Songs.m3u")
        with open(playlist, "w") as f:
            f.writelines(path + "\n" for path in self.songs.values())
        self.process = desktop.start("rhythmbox", playlist, env=self.environment)
        self.wait(lambda: all(map(self.genre, self.songs)), "playlist")

    def close(self):
        desktops.stop(self.process)

    def set(self, settings):
        """{group: {key: value}}; takes effect at once."""
        for group, values in settings.items():
            group = "org/gnome/rhythmbox/" + group
            if not self.settings.has_section(group):
                self.settings.add_section(group)
            self.settings[group].update(values)
        path = os.path.join(self.folder, "glib-2.0/settings/keyfile")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w") as f:
            self.settings.write(f)
        os.rename(path + ".new", path)

    def stored(self):
        """The settings, as the player has them."""
        with open(os.path.join(self.folder, "glib-2.0/settings/keyfile")) as f:
            return f.read()

    def command(self, method, signature="()", *values, interface=MPRIS):
        from gi.repository import Gio, GLib
        return Gio.bus_get_sync(Gio.BusType.SESSION).call_sync(
            "org.mpris.MediaPlayer2.rhythmbox", "/org/mpris/MediaPlayer2", interface,
            method, GLib.Variant(signature, values), None, 0, -1, None).unpack()

    def get(self, name):
        from gi.repository import GLib
        try:
            return self.command("Get", "(ss)", MPRIS, name,
                                interface="org.freedesktop.DBus.Properties")[0]
        except GLib.Error:      # no position where nothing plays yet
            return None

    def title(self):
        return (self.get("Metadata") or {}).get("xesam:title")

    def position(self):
        return (self.get("Position") or 0) // 10 ** 6   # s

    def seek(self, seconds):
        track = self.get("Metadata")["mpris:trackid"]
        self.command("SetPosition", "(ox)", track, seconds * 10 ** 6)

    def genre(self, title):
        """In the row with that title; None: no row that shows has it."""
        from gi.repository import GLib
        try:
            if self.table is None:
                self.table = self.find_table()
            table, titles, genres = self.table
            for row in range(table.nRows):
                if table.getAccessibleAt(row, titles).name == title:
                    return table.getAccessibleAt(row, genres).name
        except (AttributeError, GLib.Error, LookupError, TypeError):
            self.table = None   # it has changed just now
        return None

    @staticmethod
    def find_table():
        """The one of songs or stations, and where it has titles and genres."""
        for table in desktop.widgets("table"):
            table = table.queryTable()
            headers = [table.getColumnHeader(i) for i in range(table.nColumns)]
            names = [header.name if header else "" for header in headers]
            if "Title" in names and "Genre" in names:
                return table, names.index("Title"), names.index("Genre")
        return None

    def wait(self, function, what):
        try:
            return wait_for(function, what, 2 * PATIENCE)
        except TimeoutError as e:
            genres = {title: self.genre(title) for title in self.songs}
            raise AssertionError(
                f"{e}; {self.get('PlaybackStatus')} {self.title()} at "
                f"{self.position()} s: {genres}\n{desktop.log('rhythmbox')}") from e

    def wait_for_song(self, title):
        """Until it plays and its genre shows; returns the seconds between, and how
        many of the song were played, which do not depend on how busy the machine is."""
        self.wait(lambda: self.title() == title, f"song {title}")
        start = time.monotonic()
        self.wait(lambda: self.genre(title) not in (None, "Unknown"),
                  f"genre of {title}")
        return time.monotonic() - start, self.position()

    def genres_for(self, title, seconds):
        """What the column says of it while that much is played."""
        end, genres = self.position() + seconds, set()
        self.wait(lambda: genres.add(self.genre(title)) or self.position() >= end,
                  f"{seconds} s of music")
        return genres

    def screenshot(self, name):
        if "TEST_SCREENSHOTS" in os.environ:
            desktop.screenshot(os.path.join(os.environ["TEST_SCREENSHOTS"], name))


class Test(unittest.TestCase):
    def player(self, settings={}, **environment):
        player = Rhythmbox(settings, **environment)
        player.start()
        self.addCleanup(player.close)
        return player

    def genre_in(self, path):
        return (mutagen.File(path, easy=True).get("genre") or [None])[0]

    def test_songs(self):
        player = self.player({"plugins/genreclassify": {"write": "true",
                                                        "confidence": "0.2"}})
        delays = []
        player.command("PlayPause")
        delays.append(player.wait_for_song("First"))
        # a seek, no blank, and half of the song, so that its genre is written
        player.seek(6)
        self.assertNotIn("Unknown", player.genres_for("First", 3))
        player.wait(lambda: player.position() >= 28, "half of the song")
        player.seek(33)

        # it goes on with the next song by itself
        delays.append(player.wait_for_song("Second"))
        player.wait(lambda: self.genre_in(player.songs["First"]), "genre in the file")
        self.assertEqual(self.genre_in(player.songs["First"]), player.genre("First"))
        self.assertEqual(mutagen.File(player.songs["First"])["artist"], ["Nobody"])

        # off and on while it plays, and while it pauses
        for pause in False, True:
            if pause:
                player.command("Pause")
            player.set(OFF)
            player.wait(lambda: player.genre("Second") == "Unknown", "column as it was")
            if not pause:
                self.assertEqual(player.genres_for("Second", 2), {"Unknown"})
            player.set(ON)
            if pause:
                player.command("Play")
            player.wait_for_song("Second")

        player.command("Next")
        self.assertEqual(player.genre("Third"), "Unknown")
        delays.append(player.wait_for_song("Third"))
        self.assertNotIn(player.genre("Second"), (None, "Unknown"))
        self.assertIsNone(self.genre_in(player.songs["Second"]))    # skipped
        player.screenshot("rhythmbox.png")

        print("seconds from a song's start to its genre, and of the song:",
              [(round(delay, 1), played) for delay, played in delays])
        self.assertLessEqual(statistics.median(played for _, played in delays), SOON)

    def test_crossfade(self):
        """By the other player backend, with a branch for each stream."""
        player = Rhythmbox({"player": {"use-xfade-backend": "true"}})
        song = mutagen.File(player.songs["Second"])
        song["genre"] = ["Polka"]
        song.save()
        player.start()
        self.addCleanup(player.close)
        player.command("PlayPause")
        player.wait_for_song("First")
        player.seek(20)
        self.assertNotIn("Unknown", player.genres_for("First", 2))
        player.command("Next")
        player.wait(lambda: player.title() == "Second", "Second")
        self.assertEqual(player.genres_for("Second", 6), {"Polka"})
        player.command("Next")
        player.wait_for_song("Third")
        player.set(OFF)
        player.wait(lambda: player.genre("Third") == "Unknown", "column as it was")
        player.set(ON)
        player.wait_for_song("Third")
        self.assertIsNone(self.genre_in(player.songs["First"]))     # not by default

    def test_radio(self):
        """A station that says it plays swing."""
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        radio = Radio(folder)
        self.addCleanup(radio.stop)
        music = os.path.join(folder, "music.ogg")
        subprocess.run(["ffmpeg", "-v", "error", "-stream_loop", "9", "-i",
                        os.environ["TEST_CLIP"], "-c", "copy", music], check=True)
        radio.play(music, "First song", "streamname=Station", "genre=Swing")
        player = self.player()
        # it becomes a station, and plays, but not from among the stations
        player.command("OpenUri", "(s)", radio.uri)
        player.wait(lambda: player.title() == radio.uri, "station")
        player.command("Stop")
        desktop.click(desktop.find("table cell", "Radio"))
        desktop.click(desktop.find("table cell", radio.uri))
        player.table = None

        player.command("PlayPause")
        player.wait(lambda: player.genre("Station") == "Swing", "station")
        player.wait(lambda: player.genre("Station") != "Swing", "genre of the music")
        player.screenshot("rhythmbox-radio.png")
        self.assertTrue(radio.set_title("Second song"))
        player.wait(lambda: player.title() == "Second song", "title")
        self.assertNotIn("Swing", player.genres_for("Station", 5))
        player.command("Stop")
        player.wait(lambda: player.genre("Station") == "Swing", "genre of the station")

    def test_preferences(self):
        player = self.player()
        player.command("PlayPause")
        player.wait_for_song("First")
        from gi.repository import Gio, GLib
        Gio.bus_get_sync(Gio.BusType.SESSION).call_sync(
            "org.gnome.Rhythmbox3", "/org/gnome/Rhythmbox3", "org.gtk.Actions",
            "Activate", GLib.Variant("(sava{sv})", ("preferences", [], {})), None, 0,
            -1, None)
        tab = desktop.find("page tab", "Plugins")
        tab.parent.querySelection().selectChild(tab.getIndexInParent())
        desktop.click(desktop.find("table cell", NAME))
        desktop.click(desktop.find("push button", "Preferences"))

        model = desktop.find("label", "Model").parent
        entry = next(w for w in desktop.widgets("text") if w.parent == model)
        entry.queryEditableText().setTextContents("waltz")
        desktop.activate(entry)
        desktop.find("label", "There is no model \"waltz\"")
        self.assertNotIn("Unknown", player.genres_for("First", 1))
        player.screenshot("rhythmbox-preferences.png")
        entry.queryEditableText().setTextContents("cnn")
        desktop.activate(entry)
        wait_for(lambda: "model='cnn'" in player.stored(), "model in the settings")
        desktop.click(desktop.find("check box", "Write the genre"))
        wait_for(lambda: "write=true" in player.stored(), "switch in the settings")
        player.wait_for_song("First")
        player.command("Next")
        player.wait_for_song("Second")

    def test_not_installed(self):
        """The music plays, and a dialog says what is missing."""
        environment = {"GST_PLUGIN_PATH_1_0": "", "GST_PLUGIN_PATH": "",
                       "GST_REGISTRY": os.path.join(desktop.folder, "registry.bin")}
        if subprocess.run(["gst-inspect-1.0", "--exists", "genreclassify"],
                          env={**os.environ, **environment}).returncode == 0:
            self.skipTest("the element is installed")
        player = self.player(**environment)
        desktop.find("label", "GStreamer's plugin genreclassify is not installed")
        desktop.click(desktop.find("push button", "Close"))
        player.command("PlayPause")
        self.assertEqual(player.genres_for("First", 3), {"Unknown"})
        player.set(OFF)
        self.assertEqual(player.genres_for("First", 1), {"Unknown"})

    def test_what_is_written(self):
        """By the plugin's own judgement."""
        spec = importlib.util.spec_from_file_location(
            "genreclassify", os.path.join(PLUGIN, "genreclassify.py"))
        plugin = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(plugin)
        may_be_written = plugin.GenrePlugin.may_be_written

        def judge(genre="Jazz", confidence=0.7, segments=5, length=200,
                  stored="Unknown", can_sync=True,
                  category=plugin.RB.RhythmDBEntryCategory.NORMAL):
            entry_type = SimpleNamespace(props=SimpleNamespace(category=category))
            song = SimpleNamespace(
                get_string=lambda name: stored, get_ulong=lambda name: length,
                can_sync_metadata=lambda: can_sync, get_entry_type=lambda: entry_type)
            return bool(may_be_written(SimpleNamespace(
                genre=genre, confidence=confidence, segments=segments, song=song,
                settings={"confidence": 0.7})))

        self.assertTrue(judge())
        self.assertTrue(judge(stored=""))
        self.assertFalse(judge(stored="Polka"))
        self.assertFalse(judge(genre=None))
        self.assertFalse(judge(confidence=0.69))
        self.assertFalse(judge(segments=4))             # 25 s
        self.assertTrue(judge(segments=4, length=50))   # half of the song
        self.assertFalse(judge(segments=0, length=0))
        self.assertFalse(judge(can_sync=False))
        self.assertFalse(judge(category=plugin.RB.RhythmDBEntryCategory.STREAM))


if __name__ == "__main__":
    unittest.main()
