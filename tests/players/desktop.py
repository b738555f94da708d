# SPDX-License-Identifier: GPL-2.0-or-later
"""A desktop of its own for a real player: a screen that nobody sees (Xvfb), a session
bus with AT-SPI, which tells what the windows show, a sound card that nobody hears
(PulseAudio with a null sink, which plays in real time), and folders of its own
instead of the user's.  All of it is gone after close().

AT-SPI talks to one session bus per process, so a process has one Desktop, which is
there before anything imports Atspi.  GST_PLUGIN_PATH_1_0 and GENRECLASSIFY_MODELS
come from the environment.  What all of it needs is named in meson.build."""

import functools
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from sound import pulseaudio  # noqa: E402

PATIENCE = 30   # s, for what takes a few
SCREEN = "1024x700x24"
# of the user's session: nothing of it is for the tests
FOREIGN = ["WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_STARTER_ADDRESS", "SESSION_MANAGER",
           "PULSE_SERVER", "NO_AT_BRIDGE", "DESKTOP_SESSION", "XDG_CURRENT_DESKTOP"]


def wait_for(function, what, patience=PATIENCE):
    """Returns the first result of the function that is true."""
    end = time.monotonic() + patience
    while True:
        result = function()
        if result:
            return result
        if time.monotonic() > end:
            raise TimeoutError(f"after {patience} s: no {what}")
        time.sleep(0.05)


def stop(process, patience=5):
    """Asks it to end, and makes it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Desktop:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="desktop-")
        self.processes = []
        try:
            self._start_all()
        except BaseException:
            self.close()
            raise

    def _start_all(self):
        folders = {"HOME": "home", "XDG_RUNTIME_DIR": "run",
                   "XDG_CONFIG_HOME": "home/.config",
                   "XDG_DATA_HOME": "home/.local/share",
                   "XDG_CACHE_HOME": "home/.cache",
                   "XDG_STATE_HOME": "home/.local/state"}
        for name in FOREIGN:
            os.environ.pop(name, None)
        for name, path in folders.items():
            path = os.path.join(self.folder, path)
            os.makedirs(path, mode=0o700, exist_ok=True)
            os.environ[name] = path
        self.home = os.environ["HOME"]
        # GTK's own, whatever the machine has beside them
        os.environ.update({
            "GDK_BACKEND": "x11", "GTK_THEME": "Adwaita", "LC_ALL": "C.UTF-8",
            "GSETTINGS_BACKEND": "memory", "GTK_USE_PORTAL": "0",
            "GIO_USE_VFS": "local"})

        reads, writes = os.pipe()
        self.start("Xvfb", "-displayfd", str(writes), "-screen", "0", SCREEN,
                   "-nolisten", "tcp", "-noreset", pass_fds=[writes])
        os.environ["DISPLAY"] = ":" + self._line(reads, writes)

        reads, writes = os.pipe()
        self.start("dbus-daemon", "--session", "--nofork",
                   f"--print-address={writes}", pass_fds=[writes])
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = self._line(reads, writes)

        socket = os.path.join(self.folder, "run", "sound")
        self.start(*pulseaudio(socket))
        os.environ["PULSE_SERVER"] = "unix:" + socket
        wait_for(lambda: os.path.exists(socket), "PulseAudio")

    @staticmethod
    def _line(reads, writes):
        """The line that a server writes when it is ready."""
        os.close(writes)
        with open(reads) as f:
            line = f.readline().strip()
        if not line:
            raise RuntimeError("a server of the desktop ended at once")
        return line

    def log(self, name):
        """What the program has said."""
        with open(os.path.join(self.folder, name + ".log"), errors="replace") as f:
            return f.read()

    def start(self, program, *arguments, **options):
        """Popen of a program on this desktop.  It ends when the test does, however
        that ends."""
        with open(os.path.join(self.folder, program + ".log"), "a") as log:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", program, *arguments],
                stdout=log, stderr=log, **options)
        self.processes.append(process)
        return process

    def screenshot(self, path):
        subprocess.run(["scrot", "--overwrite", path], check=True)

    @staticmethod
    def widgets(role=None, hidden=False):
        """What is on the screen, of a role ("label", "push button") or all of it, as
        Atspi.Accessible objects: the text that a user reads is their name.  With
        hidden also what is not: the items of closed menus."""
        import pyatspi      # connects to the session bus that is there now
        from gi.repository import GLib

        found = []

        def look_at(widget):
            try:
                kind = widget.getRoleName()
                if not hidden and kind != "application" and \
                        not widget.getState().contains(pyatspi.STATE_SHOWING):
                    return
                if role in (None, kind):
                    found.append(widget)
                for i in range(widget.childCount):
                    child = widget.getChildAtIndex(i)
                    if child:
                        look_at(child)
            except (GLib.Error, LookupError):
                pass        # it is gone since

        applications = pyatspi.Registry.getDesktop(0)
        applications.clear_cache()      # what is, not what was
        for i in range(applications.childCount):
            application = applications.getChildAtIndex(i)
            if application:
                look_at(application)
        return found

    @staticmethod
    def text(widget, hidden=False):
        """The text of a widget; None if it is not on the screen now."""
        import pyatspi
        from gi.repository import GLib

        try:
            widget.clear_cache()
            if hidden or widget.getState().contains(pyatspi.STATE_SHOWING):
                return widget.name
        except (GLib.Error, LookupError):
            pass
        return None

    def texts(self, role=None):
        """The texts that are on the screen."""
        return [text for text in map(self.text, self.widgets(role)) if text]

    def find(self, role, name, hidden=False):
        """Waits for a widget whose name begins so."""
        return wait_for(
            lambda: next((w for w in self.widgets(role, hidden)
                          if (self.text(w, hidden) or "").startswith(name)), None),
            f"{role} {name!r} on the screen")

    @staticmethod
    def click(widget):
        """With the mouse."""
        import pyatspi

        place = widget.queryComponent().getExtents(pyatspi.DESKTOP_COORDS)
        pyatspi.Registry.generateMouseEvent(
            place.x + place.width // 2, place.y + place.height // 2, "b1c")

    @staticmethod
    def activate(widget):
        """As a key would; also the item of a closed menu, unless a modal dialog
        opens, in which AT-SPI would wait for the end of the action."""
        widget.queryAction().doAction(0)

    def close(self):
        # the player first, and what it needs afterwards
        for process in reversed(self.processes):
            stop(process)
        shutil.rmtree(self.folder, ignore_errors=True)


@functools.cache
def encode_clip(ending, encoder):
    """The bytes of a file of the clip."""
    with tempfile.NamedTemporaryFile(suffix="." + ending) as f:
        subprocess.run(
            ["gst-launch-1.0", "-q", "filesrc",
             f"location={os.environ['TEST_CLIP']}", "!", "decodebin", "!",
             "audioconvert", "!", *encoder.split(), "!", "filesink",
             f"location={f.name}"], check=True)
        return f.read()


def make_songs(folder):
    """Three files of the clip, in different formats, with titles and no genre.  Returns
    {title: path}, in order."""
    import mutagen

    songs = {}
    for number, (title, ending, encoder) in enumerate([
            ("First", "ogg", "vorbisenc ! oggmux"),
            ("Second", "flac", "flacenc"),
            ("Third", "mp3", "lamemp3enc ! xingmux ! id3v2mux")], 1):
        path = songs[title] = os.path.join(folder, f"{number}.{ending}")
        with open(path, "wb") as f:
            f.write(encode_clip(ending, encoder))
        song = mutagen.File(path, easy=True)
        if song.tags is None:
            song.add_tags()
        song.tags.update({
            "title": [title], "artist": ["Nobody"], "tracknumber": [str(number)]})
        song.save()
    return songs
