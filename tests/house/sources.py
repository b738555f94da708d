# SPDX-License-Identifier: GPL-2.0-or-later
"""The C and C++ files of src/ and gst/, and what they include."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUFFIXES = {".c", ".h", ".cpp", ".hpp"}


def find(*folders):
    """The paths, relative to the top, of all C and C++ files of the folders."""
    return sorted(path.relative_to(ROOT) for folder in folders
                  for path in (ROOT / folder).rglob("*")
                  if path.suffix in SUFFIXES)


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)


def includes(path):
    """The names between <> and between "" in the file's #include lines."""
    return (re.findall(r'^\s*#\s*include\s*<([^>]+)>', read(path), re.M),
            re.findall(r'^\s*#\s*include\s*"([^"]+)"', read(path), re.M))


def resolve(path, name):
    """The file that an include of "name" in the file means, or None if it is none
    of ours: beside the file, or else by its room, from src/, or in gst/."""
    for folder in (path.parent, Path("src"), Path("gst")):
        candidate = folder / name
        if (ROOT / candidate).is_file():
            return Path(*(ROOT / candidate).resolve().relative_to(ROOT).parts)
    return None
