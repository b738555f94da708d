# SPDX-License-Identifier: GPL-2.0-or-later
"""A home in which the commands of a page are run, as of somebody who has the checkout,
some music and a station, and has installed the program."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from pages import ROOT
from standin import STANDINS

sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "monitor")]
import monitoring  # noqa: E402
from radio import free_port  # noqa: E402

SONG = 12           # s
SONGS = ["song.mp3", "music/ambient/1.mp3", "music/dnb/1.mp3", "DIR/classical/1.mp3",
         "DIR/jazz/1.mp3", "srv/recordings/morning.mp3"]
ALBUM = ["Satie/Trio/01.mp3", "Satie/Trio/02.flac", "03.ogg", "04.mp3"]
MUSIC = ["Music", "srv/Music", "srv/music", "media/me/disk/Music", "Downloads"]
TITLES = [b"Iron Choir - Forge", b"Block Nine - Corner"]
TITLE = 12          # s of each, after which the station ends
SINKS = ["alsa", "jackaudio", "openal", "oss", "oss4", "pipewire", "pulse", "sndio"]
# For the programs of the recipe and of the measurements: when they have understood what
# they are asked, they make what they would make, empty or the model crnn, and end.
ARGUMENTS_ONLY = '''
import argparse, os, shutil, sys

class Meta(type):
    __getattr__ = lambda self, name: Stub

class Stub(metaclass=Meta):
    """For what takes seconds to import, or is not there."""
    def __init__(self, *_, **__): pass
    def __call__(self, value=None, *_, **__): return value
    def __getattr__(self, name): return Stub

script = next((word for word in sys.orig_argv[1:] if word.endswith(".py")), "")
if script.startswith(("models/", "tests/bench/")) or script.endswith("/train.py"):
    class Finder:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] == "torch":
                from importlib.machinery import ModuleSpec
                return ModuleSpec(name, self, is_package=True)
        def create_module(self, spec): return None
        def exec_module(self, module):
            module.__getattr__ = lambda name: Stub
    sys.meta_path.insert(0, Finder())
    parse = argparse.ArgumentParser.parse_args

    def parse_args(self, *args, **kwargs):
        found = parse(self, *args, **kwargs)
        if getattr(found, "out", None):
            shutil.copy(os.environ["DOCS_MODEL"], found.out)
        sys.exit(0)
    argparse.ArgumentParser.parse_args = parse_args
'''


def encode(clip, path, *options):
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", clip, "-t", str(SONG),
                    "-map_metadata", "-1", *options, path], check=True)


class Station:
    """Sends two titles, and ends."""

    def __init__(self):
        data = monitoring.sound("mp3", "music", 2 * TITLE)
        self.server = monitoring.Server()
        interval = len(data) // (2 * TITLE) // 4

        def play(request):
            titles = monitoring.Titles(interval, monitoring.each(TITLE, *TITLES))
            request.head(interval=interval, icy_name="Radio Local")
            for start in range(0, len(data), 4000):
                request.send(titles(data[start:start + 4000]))
            # what is at the end of a connection may be lost if it is reset
            request.connection.shutdown(1)
            with contextlib.suppress(OSError):
                request.connection.recv(1)
        self.server.paths.update(radio=play, mp3=play)
        self.port = self.server.port


class Home:
    def __init__(self, build):
        self.build = Path(build).resolve()
        self.folder = tempfile.TemporaryDirectory(prefix="docs-")
        self.root = Path(self.folder.name, "me")
        self.service_port, self.broker_port = free_port(), free_port()
        self.metrics_port = free_port()
        self.station = Station()
        self.broker = None
        (self.root / ".standins/python").mkdir(parents=True)
        self.link_checkout()
        self.make_standins()
        self.make_music()
        self.make_files()

    def link_checkout(self):
        for path in ROOT.iterdir():
            if not path.name.startswith((".", "build")):
                (self.root / path.name).symlink_to(path)
        ci = self.root / ".ci"
        ci.mkdir()
        for path in (ROOT / ".ci").iterdir():
            if path.name in STANDINS:
                (ci / path.name).symlink_to(self.root / ".standins" / path.name)
            else:
                (ci / path.name).symlink_to(path)
        build = self.root / "build"
        build.mkdir()
        for path in self.build.iterdir():
            if path.name != "meson-logs":       # which ./check removes
                (build / path.name).symlink_to(path)

    def make_standins(self):
        standins = self.root / ".standins"
        (standins / "calls").touch()
        for name in STANDINS:
            (standins / name).symlink_to(ROOT / "tests/docs/standin.py")
        (standins / "genreclassify").symlink_to(self.build / "src/genreclassify")
        (standins / "python/sitecustomize.py").write_text(ARGUMENTS_ONLY)
        # what is installed, where the pages say that it lies
        text = (self.build / "meson-info/intro-installed.json").read_text()
        options = json.loads(
            (self.build / "meson-info/intro-buildoptions.json").read_text())
        prefix, = [o["value"] for o in options if o["name"] == "prefix"]
        for source, path in json.loads(text).items():
            relative = os.path.relpath(path, prefix)
            if relative.startswith("share/genreclassify"):
                target = self.root / "usr" / relative
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(source)

    def make_music(self):
        clip = ROOT / "tests/data/clip.ogg"
        song = self.root / SONGS[0]
        encode(clip, song, "-metadata", "title=Sonata", "-metadata", "artist=Trio")
        for name in SONGS[1:]:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(song, self.root / name)
        music = self.root / MUSIC[0]
        for n, name in enumerate(ALBUM):
            encode(clip, music / name, "-metadata", f"title=Number {n}", "-metadata",
                   "artist=Satie", "-metadata", "album=Trio", "-metadata",
                   "album_artist=Satie")
        for name in MUSIC[1:]:
            shutil.copytree(music, self.root / name)

    def make_files(self):
        (self.root / "last").touch()
        os.utime(self.root / "last", (0, 0))
        (self.root / "scratch").mkdir()
        (self.root / "work").mkdir()
        (self.root / "names.txt").write_text("".join(
            f"{self.root / MUSIC[0] / name}\n" for name in ALBUM))
        (self.root / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\n")
        station = f"http://127.0.0.1:{self.station.port}/"
        stations = "#EXTM3U\n" + "".join(
            f"#EXTINF:-1,{name}\n{station}{path}\n" for name, path in (
                ("Radio Local", "radio"), ("Radio Meridian", "mp3")))
        (self.root / "stations.m3u").write_text(stations)
        models = self.root / ".local/share/genreclassify/models"
        models.mkdir(parents=True)
        for path in (ROOT / "models").glob("*.safetensors"):
            (models / path.name).symlink_to(path)

    def environment(self):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("XDG_", "SLURM", "GENRECLASSIFY_"))}
        standins = self.root / ".standins"
        plugins = self.build / "gst"
        return {
            **kept, "HOME": str(self.root), "LC_ALL": "C.UTF-8",
            "PATH": f"{standins}:{kept['PATH']}:/usr/sbin",
            "PYTHONPATH": f"{standins}/python", "PYTHONDONTWRITEBYTECODE": "1",
            "DOCS_HOME": str(self.root), "DOCS_BUILD": str(self.build),
            "DOCS_MODEL": str(ROOT / "models/crnn.safetensors"),
            "GST_PLUGIN_PATH": str(plugins), "GST_PLUGIN_PATH_1_0": str(plugins),
            "GST_PLUGIN_FEATURE_RANK": ",".join(f"{sink}sink:NONE" for sink in SINKS),
            "PULSE_SERVER": "/nowhere", "PARALLEL_HOME": str(standins),
            "GI_TYPELIB_PATH": f"{self.build}/src/genre",
        }

    def start_broker(self):
        """An MQTT broker, if there is one to start."""
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
        if program and not self.broker:
            self.broker = subprocess.Popen(
                [program, "-p", str(self.broker_port)],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def calls(self):
        """What the stand-ins were asked."""
        return (self.root / ".standins/calls").read_text().splitlines()

    def dangling(self):
        """Links that a page has made to what is not there."""
        return [path for folder in (".config", ".local") for path in
                (self.root / folder).rglob("*") if path.is_symlink() and
                not path.exists()]

    def stop(self):
        self.station.server.stop()
        if self.broker:
            self.broker.terminate()
            self.broker.wait()
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join(5)
        self.folder.cleanup()
