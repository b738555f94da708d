#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later

"""Fetches the modules that package-lock.json pins into a folder of the build, and
takes out the files that the page needs:
fetch-modules.py NPM PACKAGE_DIR WORK_DIR [FROM TO]..."""

import pathlib
import shutil
import subprocess
import sys


def main():
    npm, package, work, *copies = sys.argv[1:]
    package, work = pathlib.Path(package), pathlib.Path(work)
    work.mkdir(parents=True, exist_ok=True)
    for name in "package.json", "package-lock.json":
        shutil.copyfile(package / name, work / name)
    # Scripts of the packages are never run; the lock has their digests.
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    npm_ci = subprocess.run(command, cwd=work, text=True, capture_output=True)
    if npm_ci.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{npm_ci.stdout}{npm_ci.stderr}"
                 "Without a network, build with -Dweb=disabled.")
    for source, target in zip(copies[::2], copies[1::2]):
        shutil.copyfile(work / "node_modules" / source, target)


main()
