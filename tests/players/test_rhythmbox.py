# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin for Rhythmbox in the real player, with its windows on a screen that
nobody sees: the genres are read where a user reads them, in the genre column.

What the player is told goes over MPRIS and its settings, as the desktop and its
preferences do it."""

import configparser
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from desktop import PATIENCE, Desktop, make_songs, stop, wait_for
from radio import Radio

PLUGIN = os.environ["RHYTHMBOX_PLUGIN"]     # its folder
SETTINGS = {
    "plugins": {"active-plugins": "['iradio', 'mpris', 'genreclassify']"},
    "plugins/iradio": {"initial-stations-loaded": "true"},
}
NONE = None, "", "Unknown"
MPRIS = "org.mpris.MediaPlayer2.Player"


class Player:
    """Rhythmbox, with the plugin and a music library of these files."""

    def __init__(self, desktop, files, settings={}, env={}):
        self.desktop = desktop
        self.home = tempfile.mkdtemp(dir=desktop.folder)
        self.env = dict(os.environ, GSETTINGS_BACKEND="keyfile",
                        XDG_DATA_HOME=self.home, XDG_CONFIG_HOME=self.home,
                        XDG_CACHE_HOME=self.home, **env)
        plugins = os.path.join(self.home, "rhythmbox/plugins")
        os.makedirs(plugins)
        os.symlink(PLUGIN, os.path.join(plugins, "genreclassify"))
        self.settings = configparser.ConfigParser()
        self.set(SETTINGS)
        self.set(settings)
        self.process = desktop.start("rhythmbox", *files, env=self.env)
        self.table = None
        wait_for(self.answers, "Rhythmbox")

    def answers(self):
        from gi.repository import GLib
        try:
            return self.get("PlaybackStatus")
        except GLib.Error:
            return False

    def set(self, settings):
        """Preferences: {group: {key: value}}."""
        for group, values in settings.items():
            for key, value in values.items():
                group_name = "org/gnome/rhythmbox/" + group
                if not self.settings.has_section(group_name):
                    self.settings.add_section(group_name)
                self.settings.set(group_name, key, value)
        path = os.path.join(self.home, "glib-2.0/settings/keyfile")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w") as f:
            self.settings.write(f, space_around_delimiters=False)
        os.rename(path + ".new", path)

    def call(self, method, *arguments, interface=MPRIS):
        from gi.repository import Gio, GLib
        signature, *values = arguments or ["()"]
        return Gio.bus_get_sync(Gio.BusType.SESSION).call_sync(
            "org.mpris.MediaPlayer2.rhythmbox", "/org/mpris/MediaPlayer2", interface,
            method, GLib.Variant(signature, tuple(values)), None, 0, -1, None).unpack()

    def get(self, name):
        return self.call("Get", "(ss)", MPRIS, name,
                         interface="org.freedesktop.DBus.Properties")[0]

    def title(self):
        return self.get("Metadata").get("xesam:title")

    def position(self):
        """s"""
        from gi.repository import GLib
        try:
            return self.get("Position") / 1e6
        except GLib.Error:
            return 0    # it has not begun to play

    def seek(self, seconds):
        self.call("SetPosition", "(ox)", self.get("Metadata")["mpris:trackid"],
                  int(seconds * 1e6))

    def genre(self, title):
        """In the row with that title; None: no row has it."""
        if self.table is None:
            self.table = self.find_table()
        if self.table:
            table, titles, genres = self.table
            for row in range(table.nRows):
                if table.getAccessibleAt(row, titles).name == title:
                    return table.getAccessibleAt(row, genres).name
        return None

    def find_table(self):
        """That shows titles and genres, and which columns they are."""
        for widget in self.desktop.widgets("table"):
            table = widget.queryTable()
            headers = [table.getColumnHeader(i) for i in range(table.nColumns)]
            names = [header.name if header else "" for header in headers]
            if "Title" in names and "Genre" in names:
                return table, names.index("Title"), names.index("Genre")
        return None

    def wait_for_genre(self, title):
        return wait_for(lambda: self.genre(title) not in NONE and self.genre(title),
                        f"genre of {title}")

    def plays_on(self, seconds):
        """Yields until so much more has been played."""
        end = self.position() + seconds
        wait = time.monotonic() + PATIENCE
        while self.position() < end:
            if time.monotonic() > wait:
                raise TimeoutError(f"it does not play on: {self.get('PlaybackStatus')}"
                                   f" at {self.position()}")
            time.sleep(0.1)
            yield

    def close(self):
        stop(self.process)


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.desktop = Desktop()
        cls.addClassCleanup(cls.desktop.close)

    def start(self, settings={}, env={}):
        """Rhythmbox with a playlist of three songs, "First", "Second", "Third"."""
        folder = tempfile.mkdtemp(dir=self.desktop.folder)
        self.songs = make_songs(folder)
        playlist = os.path.join(folder, "Songs.m3u")
        with open(playlist, "w") as f:
            f.writelines(path + "\n" for path in self.songs.values())
        player = Player(self.desktop, [playlist], settings, env)
        self.addCleanup(player.close)
        wait_for(lambda: all(player.genre(title) for title in self.songs), "playlist")
        return player

    def expect_song(self, player, title):
        """Returns after how many seconds its genre showed."""
        wait_for(lambda: player.title() == title, title)
        start = time.monotonic()
        genre = player.wait_for_genre(title)
        print(title, genre, time.monotonic() - start)
        return time.monotonic() - start

    def test_songs(self):
        player = self.start()
        delays = []
        player.call("PlayPause")
        delays.append(self.expect_song(player, "First"))
        player.seek(20)
        wait_for(lambda: player.position() >= 20, "seek")
        for _ in player.plays_on(3):
            self.assertNotIn(player.genre("First"), NONE)
        player.seek(34)
        delays.append(self.expect_song(player, "Second"))
        player.call("Next")
        delays.append(self.expect_song(player, "Third"))
        player.call("Previous")
        player.call("Pause")
        player.call("PlayPause")
        for _ in player.plays_on(3): pass
        print([player.genre(x) for x in self.songs])
        player.call("Stop")
        print([player.genre(x) for x in self.songs])
        print(self.desktop.log("rhythmbox"))

    def test_crossfade(self):
        player = self.start({"player": {"use-xfade-backend": "true"}})
        delays = []
        player.call("PlayPause")
        delays.append(self.expect_song(player, "First"))
        player.seek(20)
        wait_for(lambda: player.position() >= 20, "seek")
        for _ in player.plays_on(3):
            self.assertNotIn(player.genre("First"), NONE)
        player.seek(30)
        delays.append(self.expect_song(player, "Second"))
        player.call("Next")
        delays.append(self.expect_song(player, "Third"))
        player.call("Previous")
        player.call("Pause")
        player.call("PlayPause")
        for _ in player.plays_on(3): pass
        print([player.genre(x) for x in self.songs])
        player.call("Stop")
        print([player.genre(x) for x in self.songs])
        print(self.desktop.log("rhythmbox"))

    def test_off_and_on(self):
      for settings in {}, {"player": {"use-xfade-backend": "true"}}:
        player = self.start(settings)
        player.call("PlayPause")
        self.expect_song(player, "First")
        for i in range(2):
            player.set({"plugins": {"active-plugins": "['iradio', 'mpris']"}})
            wait_for(lambda: player.genre("First") == "Unknown", "off")
            for _ in player.plays_on(3): pass
            print([player.genre(x) for x in self.songs])
            player.set({"plugins": {"active-plugins": "['iradio', 'mpris', 'genreclassify']"}})
            self.expect_song(player, "First")
            self.desktop.screenshot("/tmp/wt/rb-shot.png")
        player.call("Pause")
        player.set({"plugins": {"active-plugins": "['iradio', 'mpris']"}})
        wait_for(lambda: player.genre("First") == "Unknown", "off")
        player.set({"plugins": {"active-plugins": "['iradio', 'mpris', 'genreclassify']"}})
        time.sleep(1)
        player.call("PlayPause")
        print(player.position())
        self.expect_song(player, "First")
        print(self.desktop.log("rhythmbox"))
        print(subprocess.run(f"cat /proc/{player.process.pid}/task/*/comm | sort | uniq -c", shell=True, stdout=subprocess.PIPE,text=True).stdout)
        player.close()

if __name__ == "__main__":
    unittest.main()
