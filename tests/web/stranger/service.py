# SPDX-License-Identifier: GPL-2.0-or-later
"""The service, run as systemd runs it where it is to be restarted: its socket is
there before it and after it."""

import contextlib
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

# runs what follows with the socket as descriptor 3, as sd_listen_fds() wants it
ACTIVATE = """
import os, sys
fd = int(sys.argv[1])
os.dup2(fd, 3)
if fd != 3: os.set_inheritable(fd, False)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


def children(pid):
    """The processes that it has started."""
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            found += Path(f"/proc/{pid}/task/{task}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        pass
    return [int(child) for child in found]


def status(pid, name):
    """A number of /proc/PID/status; 0 if there is no such process."""
    try:
        found = re.search(rf"^{name}:\s+(\d+)",
                          Path(f"/proc/{pid}/status").read_text(), re.M)
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found[1]) if found else 0


def descriptors(pid):
    """How many it has, without those that GLib's threads wake each other by: of these
    there are a few, which come and go when GLib likes."""
    n = 0
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                n += os.readlink(f"/proc/{pid}/fd/{fd}") != "anon_inode:[eventfd]"
    return n


class Service:
    """The program at a port of its own.  With activated, the socket is this
    process's, and a service that ends is started again, as systemd does it."""

    def __init__(self, program, *options, activated=False):
        self.command = [program, "serve", *options]
        self.folder = tempfile.TemporaryDirectory()
        self.log = open(os.path.join(self.folder.name, "log"), "w+")
        self.spool = os.path.join(self.folder.name, "spool")
        os.mkdir(self.spool)
        self.ends = []        # exit statuses that nobody asked for
        self.is_stopping = False
        self.socket = None
        if activated:
            self.socket = socket.socket()
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind(("127.0.0.1", 0))
            self.socket.listen(1024)
            self.address = self.socket.getsockname()
            self.start()
            threading.Thread(target=self.supervise, daemon=True).start()
        else:
            self.start("--port=0")
            self.address = self.printed_address()

    def start(self, *options):
        command = [*self.command, *options]
        inherited = ()
        if self.socket:
            fd = self.socket.fileno()
            command = [sys.executable, "-c", ACTIVATE, str(fd), *command]
            inherited = (fd,)
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.log, pass_fds=inherited,
            env={**os.environ, "TMPDIR": self.spool})

    def printed_address(self):
        if not select.select([self.process.stdout], [], [], 60)[0]:
            raise SystemExit("the service does not say where it listens")
        url = self.process.stdout.readline().decode()
        found = re.search(r"127\.0\.0\.1:(\d+)", url)
        if not found:
            raise SystemExit(f"the service says {url!r}; {self.said()}")
        return "127.0.0.1", int(found[1])

    def supervise(self):
        while True:
            end = self.process.wait()
            if self.is_stopping:
                return
            self.ends.append(end)
            if len(self.ends) > 1000:
                return
            self.start()

    def hang_up(self):
        """Restarts it; returns what it ran as before, for has_restarted()."""
        before = self.process.pid, tuple(children(self.process.pid))
        self.process.send_signal(signal.SIGHUP)
        return before

    def has_restarted(self, before):
        pid, offspring = before
        now = self.process.pid, tuple(children(self.process.pid))
        return bool(now[1]) and (now[0] != pid or not set(now[1]) & set(offspring))

    def pids(self):
        """The service and its fork servers."""
        pid = self.process.pid
        return [pid, *children(pid)]

    def workers(self):
        return [worker for child in children(self.process.pid)
                for worker in children(child)]

    def sample(self):
        """(kB of the service, kB of its children, descriptors, threads, children,
        workers)"""
        pid, *offspring = self.pids()
        return (status(pid, "VmRSS"), sum(status(p, "VmRSS") for p in offspring),
                sum(map(descriptors, (pid, *offspring))), status(pid, "Threads"),
                len(offspring), len(self.workers()))

    def said(self):
        self.log.flush()
        return Path(self.log.name).read_text(errors="replace")

    def stop(self):
        """Ends it; returns its exit status, or what is left of it; 0 if it has ended
        before."""
        if self.is_stopping:
            return 0
        self.is_stopping = True
        pids = [*self.pids(), *self.workers()]
        self.process.send_signal(signal.SIGTERM)
        try:
            end = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            end = "not within 60 s"
        limit = time.monotonic() + 10
        while time.monotonic() < limit and any(
                os.path.exists(f"/proc/{pid}") for pid in pids):
            time.sleep(0.05)
        left = [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
        self.process.stdout.close()
        self.log.close()
        if self.socket:
            self.socket.close()
        files = os.listdir(self.spool)
        self.folder.cleanup()
        return end if not left and not files else f"{end}, left: {left} {files}"
