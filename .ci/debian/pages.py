# SPDX-License-Identifier: GPL-2.0-or-later
"""Copies the pages that users of the packages read, in their folders, so that what they
say of each other is found.  A link to something that is not packaged becomes its text.

    pages.py FOLDER     run at the top of the sources"""

import re
import shutil
import sys
from pathlib import Path

PAGES = ["README.md", "SECURITY.md", "gst/README.md", "gst/players/README.md",
         "models/*.md", "src/*/README.md", "src/*/*/README.md", "src/batch/cost.md",
         "src/genre/docs/*.md", "tests/examples/README.md"]
OTHERS = ["src/*/*.png", "src/monitor/record/*.json", "gst/players/*/screenshot.png",
          "tests/examples/*.c", "tests/examples/[!t]*.py"]
LINK = re.compile(r"!?\[((?:[^][]|\[[^][]*\])*)\]\(([^()\s]+)\)")


def find(patterns):
    found = []
    for pattern in patterns:
        paths = sorted(Path().glob(pattern))
        if not paths:
            sys.exit(f"pages.py: {pattern}: no such file")
        found += paths
    return found


def main():
    folder = Path(sys.argv[1])
    pages = find(PAGES)
    files = pages + find(OTHERS)
    packaged = {path.resolve() for path in files}
    for path in files:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if path not in pages:
            shutil.copyfile(path, target)
            continue

        def kept(link):
            place = link[2].partition("#")[0]
            stays = ("://" in place or not place or
                     (path.parent / place).resolve() in packaged)
            return link[0] if stays else link[1]

        target.write_text(LINK.sub(kept, path.read_text()))


main()
