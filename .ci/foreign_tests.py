# SPDX-License-Identifier: GPL-2.0-or-later
"""foreign_tests.py DIRECTORY [--all | TEST...]: which tests of a build for another
processor are run: a line "run NAME" for each, "left out WHY: NAME, ..." for others."""

import collections
import json
import os
import subprocess
import sys

# not of a processor, or long
ELSEWHERE = {"bench", "cluster", "docs", "house", "models", "players", "soak"}

OTHER = "of sources, pages, desktops, clusters, PyTorch; or long"
PYTHON = "in Python, which starts programs; --all runs them"


def main():
    directory, *wanted = sys.argv[1:]
    tests = json.loads(subprocess.run(
        ["meson", "introspect", "--tests", directory], check=True,
        capture_output=True).stdout)
    inside = os.path.realpath(directory) + os.sep
    run, left_out = set(), collections.defaultdict(set)
    for test in tests:
        name = test["name"]
        suites = {suite.split(":")[-1] for suite in test["suite"]}
        compiled = os.path.realpath(test["cmd"][0]).startswith(inside)
        if wanted not in ([], ["--all"]):
            if name in wanted:
                run.add(name)
        elif suites & ELSEWHERE:
            left_out[OTHER].add(name)
        elif wanted or compiled:
            run.add(name)
        else:
            left_out[PYTHON].add(name)
    # meson test without a name would run every test
    for name in set(wanted) - {"--all"} - {test["name"] for test in tests}:
        sys.exit(f'There is no test "{name}" in {directory}.')
    for name in sorted(run):
        print("run", name)
    for reason, names in left_out.items():
        print(f"left out {reason}:", ", ".join(sorted(names - run)))


if __name__ == "__main__":
    main()
