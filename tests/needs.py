# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a test if what it needs is installed; otherwise skips it, and says why.

    needs.py [program:NAME | module:NAME | typelib:NAME | element:NAME |
              option:NAME | filter:seccomp]... -- COMMAND

A program is looked for in PATH, a module in this Python, a typelib, such as Gst, by
its gi, an element in GStreamer.  An option is one of meson's that is off, which
meson.build knows; it is missing.  The filter of system calls is there, but not for
programs that are emulated (meson test --setup=emulated); and the libraries of those
cannot be loaded into this Python, whatever typelibs there are.
A COMMAND whose first word is a file *.py is run by this Python.  The exit status
77 stands for "skipped" in meson."""

import importlib.util
import os
import shutil
import subprocess
import sys

SKIPPED = 77
NOT_EMULATED = "filter", "typelib"
EMULATED = os.environ.get("TEST_EMULATED")


def has_program(name):
    # where servers are is not in everybody's PATH
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")


def has_element(name):
    inspect = shutil.which("gst-inspect-1.0")
    return inspect and subprocess.run([inspect, "--exists", name]).returncode == 0


def has_typelib(name):
    if not importlib.util.find_spec("gi"):
        return False
    import gi
    gi.require_version("GIRepository", "2.0")
    from gi.repository import GIRepository
    return GIRepository.Repository.get_default().enumerate_versions(name)


HAS = {
    "program": has_program,
    "module": importlib.util.find_spec,
    "typelib": has_typelib,
    "element": has_element,
    "option": lambda name: False,
    "filter": lambda name: True,
}


def main():
    separator = sys.argv.index("--")
    needs, command = sys.argv[1:separator], sys.argv[separator + 1:]
    missing = []
    for need in needs:
        kind, name = need.split(":")
        if EMULATED and kind in NOT_EMULATED:
            missing.append(f"the {kind} {name}, which is not emulated")
        elif not HAS[kind](name):
            missing.append(f"the {kind} {name}")
    if missing:
        print("skipped: needs", ", ".join(missing))
        sys.exit(SKIPPED)
    if command[0].endswith(".py"):
        command.insert(0, sys.executable)
    sys.stdout.flush()
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
