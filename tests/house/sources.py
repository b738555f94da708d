# SPDX-License-Identifier: GPL-2.0-or-later
"""The files of src/ and gst/, and what the C and C++ ones include."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUFFIXES = {".c", ".h", ".cpp", ".hpp"}
PICTURES = {".png"}


def find_texts(*folders):
    """The paths, relative to the top, of all files of the folders but pictures."""
    return sorted(path.relative_to(ROOT) for folder in folders
                  for path in (ROOT / folder).rglob("*")
                  if path.is_file() and path.suffix not in PICTURES
                  and "__pycache__" not in path.parts)


def find(*folders):
    """Those of them that are C or C++."""
    return [path for path in find_texts(*folders) if path.suffix in SUFFIXES]


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
