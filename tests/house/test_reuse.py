# SPDX-License-Identifier: GPL-2.0-or-later
"""Every file that is no product of a build has its licence (https://reuse.software).
reuse would ask git which these are, but there may be no git, or one that does not trust
a folder of somebody else's; so it looks at a copy without what .gitignore names."""

import fnmatch
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main():
    lines = (ROOT / ".gitignore").read_text().split()
    anywhere = [line.strip("/") for line in lines if not line.startswith("/")]
    at_the_top = [line.strip("/") for line in lines if line.startswith("/")] + [".git"]

    def ignored(folder, names):
        patterns = anywhere + (at_the_top if Path(folder) == ROOT else [])
        return [name for name in names
                if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, symlinks=True, ignore=ignored)
        sys.exit(subprocess.run(["reuse", "--root", copy, "lint"]).returncode)


main()
