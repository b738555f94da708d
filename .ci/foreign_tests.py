# SPDX-License-Identifier: GPL-2.0-or-later
"""foreign_tests.py DIRECTORY [--all | TEST...]: which tests of a build for another
processor are run: a line "run NAME" or "left out NAME: WHY" for each."""

import json
import os
import subprocess
import sys

# of sources, pages, desktops, clusters, PyTorch: not of a processor
ELSEWHERE = {"bench", "cluster", "docs", "house", "models", "players", "soak"}


def main():
    directory, *wanted = sys.argv[1:]
    tests = json.loads(subprocess.run(
        ["meson", "introspect", "--tests", directory], check=True,
        capture_output=True).stdout)
    inside = os.path.realpath(directory) + os.sep
    run, left_out = set(), {}
    for test in tests:
        name = test["name"]
        suites = {suite.split(":")[-1] for suite in test["suite"]}
        compiled = os.path.realpath(test["cmd"][0]).startswith(inside)
        if wanted not in ([], ["--all"]):
            if name in wanted:
                run.add(name)
        elif suites & ELSEWHERE:
            left_out[name] = "of no processor, or of desktops"
        elif wanted or compiled:
            run.add(name)
        else:
            left_out[name] = "in Python, which starts programs: --all runs it"
    for name in sorted(run):
        print("run", name)
    for name in sorted(set(left_out) - run):
        print(f"left out {name}: {left_out[name]}")


if __name__ == "__main__":
    main()
