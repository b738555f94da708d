#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The throughput of `genreclassify serve` beside that of the command.

  service.py PROGRAM SONG [COPIES]

Each of five rounds sends COPIES (200) of a song to the service, 16 at once, and has
the command classify as many files, both with --jobs 2; it prints the seconds that both
took and the ratio.  GST_PLUGIN_PATH and GENRECLASSIFY_MODELS are to be set."""

import http.client
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

PROGRAM, SONG = sys.argv[1:3]
COPIES = int(sys.argv[3]) if len(sys.argv) > 3 else 200
ROUNDS = 5


def command(folder):
    begin = time.monotonic()
    subprocess.run([PROGRAM, "--quiet", "--jobs=2", folder], check=True)
    return time.monotonic() - begin


def service(song):
    server = subprocess.Popen([PROGRAM, "serve", "--port=0", "--jobs=2"],
                              stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.DEVNULL)     # a line a request
    port = int(re.search(r":(\d+)/", server.stdout.readline())[1])

    def ask(_):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("POST", "/predict", song)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    ask(0)
    begin = time.monotonic()
    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(ask, range(COPIES)))
    seconds = time.monotonic() - begin
    server.terminate()
    server.wait()
    assert answers == [200] * COPIES, answers
    return seconds


def main():
    with open(SONG, "rb") as file:
        song = file.read()
    with tempfile.TemporaryDirectory() as folder:
        for i in range(COPIES):
            shutil.copy(SONG, os.path.join(folder, f"{i}-{os.path.basename(SONG)}"))
        command(folder)     # the files are in memory now
        ratios = []
        print("| service, s | command, s | throughput of the command's |")
        print("|---|---|---|")
        for _ in range(ROUNDS):
            of_service, of_command = service(song), command(folder)
            ratios.append(of_command / of_service)
            print(f"| {of_service:.2f} | {of_command:.2f} | {ratios[-1]:.2f} |")
        print(f"| | median | {statistics.median(ratios):.2f} |")


if __name__ == "__main__":
    main()
