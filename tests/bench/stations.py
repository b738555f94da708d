#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a station costs `genreclassify monitor`, beside decoding it alone.

  stations.py PROGRAM SONG.mp3 [STATIONS [SECONDS]]

A server on the loopback sends the song, of 128 kbit/s, over and over as STATIONS (300)
stations in real time, with a title every three minutes.  Three listen to it at the same
time, each with SECONDS (600) of processor time counted after all have begun: the
monitor; the monitor with "identity" in the place of the element; and GStreamer's
uridecodebin, a tenth as many.  Printed are processor time, memory and threads for each
station, summed over all processes.  GST_PLUGIN_PATH and GENRECLASSIFY_MODELS are to be
set."""

import asyncio
import multiprocessing
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

PROGRAM, SONG = sys.argv[1:3]
STATIONS = int(sys.argv[3]) if len(sys.argv) > 3 else 300
SECONDS = float(sys.argv[4]) if len(sys.argv) > 4 else 600
RATE = 16000        # bytes of a second
BURST = 5           # s that a station sends at once
TITLE = 180         # s


def serve(port, data):
    async def station(reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            number = int(head.split()[1].rpartition(b"/")[2])
            titles = b"icy-metadata: 1" in head
            writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n" +
                         (b"icy-metaint: %d\r\n" % RATE if titles else b"") + b"\r\n")
            at, begun = number * 2 * RATE % len(data), time.monotonic()
            for second in range(1_000_000):
                block = data[at:at + RATE]
                block += data[:RATE - len(block)]
                at = (at + RATE) % len(data)
                title = b""
                if titles and second % TITLE == 0:
                    title = b"StreamTitle='Artist %d - %d';" % (number, second)
                    title += b"\0" * (-len(title) % 16)
                writer.write(block + (bytes([len(title) // 16]) + title if titles
                                      else b""))
                await writer.drain()
                await asyncio.sleep(
                    max(0, begun + second + 1 - BURST - time.monotonic()))
        except OSError:
            pass

    async def run():
        server = await asyncio.start_server(station, "127.0.0.1", port, backlog=2000)
        await server.serve_forever()

    asyncio.run(run())


def family(pid):
    """The process and its children."""
    found = [pid]
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8") as f:
                if int(f.read().rpartition(")")[2].split()[1]) == pid:
                    found += family(int(name))
        except OSError:
            pass
    return found


def processor_time(pid):
    """s, of the process and its children that there are."""
    total = 0
    for one in family(pid):
        with open(f"/proc/{one}/stat", encoding="utf-8") as f:
            fields = f.read().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def status(pid, field):
    total = 0
    for one in family(pid):
        with open(f"/proc/{one}/status", encoding="utf-8") as f:
            total += int(next(line for line in f
                              if line.startswith(field + ":")).split()[1])
    return total


def start(port, folder):
    """{name: (process, stations)}"""
    path = os.path.join(folder, "stations.m3u")
    with open(path, "w", encoding="utf-8") as f:
        for i in range(STATIONS):
            f.write(f"#EXTINF:-1,Station {i}\nhttp://127.0.0.1:{port}/{i}\n")
    monitor = [PROGRAM, "monitor", "--json", "--log"]
    n_peers = max(STATIONS // 10, 1)
    peer = ["gst-launch-1.0", "-q"]
    for i in range(n_peers):
        peer += ["uridecodebin", f"uri=http://127.0.0.1:{port}/{i}", "!", "fakesink",
                 "sync=false"]
    commands = {
        "monitor": ([*monitor, os.path.join(folder, "log"), path], STATIONS),
        "identity": ([*monitor, os.path.join(folder, "other"),
                      "--in-place-of-element=identity", path], STATIONS),
        "uridecodebin": (peer, n_peers),
    }
    return {name: (subprocess.Popen(command, stdout=subprocess.DEVNULL), n)
            for name, (command, n) in commands.items()}


def main():
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with open(SONG, "rb") as f:
        data = f.read()
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    server = multiprocessing.Process(target=serve, args=(port, data), daemon=True)
    server.start()
    time.sleep(1)
    with tempfile.TemporaryDirectory() as folder:
        running = start(port, folder)
        time.sleep(40 + STATIONS / 40)
        begun = time.monotonic()
        before = {name: processor_time(process.pid)
                  for name, (process, _) in running.items()}
        time.sleep(SECONDS)
        took = time.monotonic() - begun
        print(f"{STATIONS} stations, {took:.0f} s, for each station:")
        print("| | % of a core | MiB | threads |\n|---|---|---|---|")
        cost = {}
        for name, (process, n) in running.items():
            cost[name] = (processor_time(process.pid) - before[name]) / took / n
            print(f"| {name} | {100 * cost[name]:.3f} | "
                  f"{status(process.pid, 'VmRSS') / 1024 / n:.2f} | "
                  f"{status(process.pid, 'Threads') / n:.2f} |")
        print(f"monitor / identity {cost['monitor'] / cost['identity']:.3f}, "
              f"monitor / uridecodebin {cost['monitor'] / cost['uridecodebin']:.3f}")
        for process, _ in running.values():
            process.send_signal(signal.SIGTERM)
        for process, _ in running.values():
            process.wait()
        with open(os.path.join(folder, "log"), encoding="utf-8") as f:
            print(f"{sum(1 for _ in f)} records")
    server.kill()


if __name__ == "__main__":
    main()
