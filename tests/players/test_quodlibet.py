# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin for Quod Libet, in Quod Libet: what its window says of the genre while
files and a radio station play, and what is in the files afterwards.

With TEST_SCREENSHOTS=FOLDER it leaves a picture there."""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import unittest
from time import monotonic

import mutagen

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

import desktop as desktops  # noqa: E402
from desktop import wait_for  # noqa: E402
from radio import Radio  # noqa: E402

PLUGIN = os.path.join(HERE, "../../gst/players/quodlibet/genreclassify.py")
CONFIG = """[settings]
scan = {music}
[plugins]
active_plugins = genreclassify
{settings}
[memory]
plugin_selection = genreclassify
"""
SOON = 6        # s from a song's start in which a listener sees its genre
LISTENING = "Genre: …"
ANSWER = re.compile(r"Genre: ([\w-]+), \d+ %$")

desktop = None


def setUpModule():
    global desktop
    desktop = desktops.Desktop()
    unittest.addModuleCleanup(desktop.close)


class QuodLibet:
    """The player, with songs in its library and the plugin as README.md says."""

    def __init__(self, test, settings=""):
        self.folder = os.path.join(desktop.home, ".config/quodlibet")
        music = os.path.join(desktop.home, "Music")
        os.makedirs(os.path.join(self.folder, "plugins"))
        os.makedirs(music)
        test.addCleanup(shutil.rmtree, self.folder)
        test.addCleanup(shutil.rmtree, music)
        self.songs = desktops.make_songs(music)
        os.symlink(PLUGIN, os.path.join(self.folder, "plugins/genreclassify.py"))
        with open(os.path.join(self.folder, "config"), "w") as f:
            f.write(CONFIG.format(music=music, settings=settings))
        self.seen = []      # what the window said: (time, title, genre)
        self.process = None
        self.test = test

    def start(self):
        self.process = desktop.start("quodlibet")
        self.test.addCleanup(self.stop)
        desktop.find("table cell", "Third")
        self.window = desktop.find("frame", "Quod Libet")
        self.label = None

    def stop(self):
        desktops.stop(self.process)
        if sys.exc_info()[0] or self.test._outcome.result.errors:
            print(desktop.log("quodlibet"))

    def command(self, line):
        with open(os.path.join(self.folder, "control"), "w") as f:
            f.write(line + "\n")

    def look(self):
        """The title and the genre that the window shows now, or None."""
        title = re.match("(.*?) - .*Quod Libet$", self.window.name)
        title = title and title[1]
        if self.label is None:
            labels = [w for w in desktop.widgets("label")
                      if w.name.startswith("Genre:")]
            self.label = labels[0] if labels else None
        genre = None
        if self.label is not None:
            try:
                if self.label.getState().contains(desktop.SHOWING):
                    genre = self.label.name
            except LookupError:
                self.label = None
        if not self.seen or self.seen[-1][1:] != (title, genre):
            self.seen.append((monotonic(), title, genre))
        return title, genre
