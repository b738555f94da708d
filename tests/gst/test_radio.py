# SPDX-License-Identifier: GPL-2.0-or-later
"""A radio for real: an Icecast server on the loopback, a stream in MP3 with titles,
and gst-launch that listens.  Messages arrive while it plays, another title begins
another track, and a server that stops ends the pipeline cleanly."""

import base64
import os
import pwd
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
import urllib.request

CONFIG = """<icecast>
  <limits><clients>9</clients><sources>2</sources>
    <burst-on-connect>0</burst-on-connect></limits>
  <authentication><source-password>secret</source-password>
    <admin-user>admin</admin-user><admin-password>secret</admin-password>
  </authentication>
  <hostname>localhost</hostname>
  <listen-socket><port>{port}</port><bind-address>127.0.0.1</bind-address>
  </listen-socket>
  <paths><basedir>/usr/share/icecast2</basedir><logdir>{folder}</logdir>
    <webroot>/usr/share/icecast2/web</webroot>
    <adminroot>/usr/share/icecast2/admin</adminroot></paths>
  <logging><accesslog>access.log</accesslog><errorlog>error.log</errorlog>
    <loglevel>3</loglevel></logging>
  <security><chroot>0</chroot>{owner}</security>
</icecast>
"""
PATIENCE = 30   # s, for what takes a few


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Radio:
    """An Icecast server with one station, /radio."""

    def __init__(self, folder):
        self.port = free_port()
        owner = ""
        if os.getuid() == 0:        # it refuses to run as root
            owner = "<changeowner><user>nobody</user><group>nogroup</group>" \
                "</changeowner>"
            os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
        path = os.path.join(folder, "icecast.xml")
        with open(path, "w") as f:
            f.write(CONFIG.format(port=self.port, folder=folder, owner=owner))
        os.chmod(path, 0o644)
        self.server = subprocess.Popen(
            [shutil.which("icecast2"), "-c", path],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.source = None

    def wait(self):
        for _ in range(10 * PATIENCE):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise TimeoutError("icecast2 does not listen")

    def play(self, clip):
        self.source = subprocess.Popen([
            "gst-launch-1.0", "-q", "filesrc", f"location={clip}", "!",
            "decodebin", "!", "audioconvert", "!", "lamemp3enc", "target=bitrate",
            "bitrate=128", "cbr=true", "!", "shout2send", "ip=127.0.0.1",
            f"port={self.port}", "password=secret", "mount=/radio"])

    def set_title(self, title):
        """True once the server has taken it; the station must be there."""
        query = urllib.parse.urlencode(
            {"mount": "/radio", "mode": "updinfo", "song": title})
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/admin/metadata?{query}")
        secret = base64.b64encode(b"admin:secret").decode()
        request.add_header("Authorization", f"Basic {secret}")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self):
        for process in (self.server, self.source):
            if process and process.poll() is None:
                process.kill()
                process.wait()


class Listener:
    """gst-launch on the station; its messages, line by line."""

    def __init__(self, port):
        self.process = subprocess.Popen([
            "gst-launch-1.0", "-m", "souphttpsrc", "iradio-mode=true",
            f"location=http://127.0.0.1:{port}/radio", "!", "icydemux", "!",
            "decodebin", "!", "genreclassify", "window=3000000000",
            "title-starts-track=true", "!", "fakesink"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def expect(self, word):
        """The next line with that word, or an error."""
        seen, end = [], time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                line = self.lines.get(timeout=1)
            except queue.Empty:
                continue
            if line is None:
                break
            if word in line:
                return line
            seen.append(line)
        raise AssertionError(f"no {word!r} in:\n{''.join(seen[-20:])}")

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Test(unittest.TestCase):
    def test_radio(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        radio = Radio(folder)
        self.addCleanup(radio.stop)
        radio.wait()
        radio.play(os.environ["TEST_CLIP"])
        end = time.monotonic() + PATIENCE
        while not radio.set_title("First song"):
            self.assertLess(time.monotonic(), end, "no station")
            time.sleep(0.1)
        listener = Listener(radio.port)
        self.addCleanup(listener.stop)

        listener.expect("(element): genreclassify, segment=(guint64)0")
        self.assertTrue(radio.set_title("Second song"))
        line = listener.expect("(element): genreclassify-track")
        self.assertIn("genre=(string)", line)
        listener.expect("(element): genreclassify, segment=(guint64)0")

        radio.stop()
        listener.expect("(element): genreclassify-track")
        listener.process.wait(PATIENCE)


if __name__ == "__main__":
    unittest.main()
