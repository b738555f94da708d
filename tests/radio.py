# SPDX-License-Identifier: GPL-2.0-or-later
"""A radio for the tests that need one: an Icecast server on the loopback."""

import base64
import os
import pwd
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request

CONFIG = """<icecast>
  <limits><clients>{sources}9</clients><sources>{sources}</sources>
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
    """An Icecast server with one station, /radio, or more that others play.  Its files
    lie in the folder."""

    def __init__(self, folder, sources=2):
        self.port = free_port()
        self.uri = f"http://127.0.0.1:{self.port}/radio"
        os.chmod(folder, 0o755)
        owner = ""
        if os.getuid() == 0:        # it refuses to run as root
            owner = "<changeowner><user>nobody</user><group>nogroup</group>" \
                "</changeowner>"
            os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
        path = os.path.join(folder, "icecast.xml")
        with open(path, "w") as f:
            f.write(CONFIG.format(port=self.port, folder=folder, owner=owner,
                                  sources=sources))
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

    def play(self, clip, title, *properties):
        """Returns when the station is there and has the title.  The properties are
        shout2send's: "genre=Swing"."""
        self.wait()
        self.source = subprocess.Popen([
            "gst-launch-1.0", "-q", "filesrc", f"location={clip}", "!",
            "decodebin", "!", "audioconvert", "!", "lamemp3enc", "target=bitrate",
            "bitrate=128", "cbr=true", "!", "shout2send", "ip=127.0.0.1",
            f"port={self.port}", "password=secret", "mount=/radio",
            *properties])
        end = time.monotonic() + PATIENCE
        # shout2send gives the station a title of its own ("Unknown - Unknown") when
        # it begins, which must not come after this one
        while not self.has_title() or not self.set_title(title):
            if time.monotonic() > end:
                raise TimeoutError("no station")
            time.sleep(0.1)

    def has_title(self):
        """True once the station has some title."""
        try:
            with urllib.request.urlopen(
                    f"http://127.0.0.1:{self.port}/status-json.xsl",
                    timeout=PATIENCE) as answer:
                return b'"title":' in answer.read()
        except OSError:
            return False

    def set_title(self, title, mount="/radio"):
        """True once the server has taken it; the station must be there."""
        query = urllib.parse.urlencode(
            {"mount": mount, "mode": "updinfo", "song": title})
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
