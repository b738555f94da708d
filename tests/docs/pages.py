# SPDX-License-Identifier: GPL-2.0-or-later
"""The pages of the repository, Markdown and mdoc, and the blocks in them: commands with
what is shown of their output, and data."""

import ast
import contextlib
import dataclasses
import functools
import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NO_PAGES = {"node_modules", "shared"}
# What a line of a command begins with, if it names no file of the repository.
PROGRAMS = {
    "apt", "apt-get", "beet", "cat", "cd", "clang-format", "cp", "curl", "dpkg-buildpackage",
    "echo", "export", "find", "genreclassify", "git", "gst-inspect-1.0",
    "gst-launch-1.0", "journalctl", "ldconfig", "ln", "ls", "make", "man", "meson",
    "mkdir", "mosquitto_sub", "ninja", "nginx", "npm", "parallel", "printf",
    "python3",
    "quodlibet", "rhythmbox", "sbatch", "seq", "sqlite3", "squeue", "sudo",
    "systemctl", "tar", "xargs"}
PROMPT = "$ "


@dataclasses.dataclass
class Command:
    page: str
    line: int
    text: str
    shown: list     # lines of output, [] if none are shown

    def __str__(self):
        return f"{self.page}:{self.line}: {self.text}"


@dataclasses.dataclass
class Block:
    page: str
    line: int
    lines: list
    language: str   # "commands", or of the data; "" if it is unknown
    before: str     # the paragraph before it
    commands: list = dataclasses.field(default_factory=list)

    @property
    def text(self):
        return "\n".join(self.lines) + "\n"

    @property
    def place(self):
        return f"{self.page}:{self.line}"


def find(*endings):
    """The names of the files that end so, from the root of the repository on."""
    git = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *(f"*{e}" for e in endings)],
        cwd=ROOT, capture_output=True, text=True,
    ) if (ROOT / ".git").exists() and shutil.which("git") else None
    if git and git.returncode == 0:
        names = git.stdout.splitlines()
    else:       # what was unpacked from an archive
        names = []
        for folder, folders, files in os.walk(ROOT):
            folders[:] = [name for name in folders
                          if name not in NO_PAGES and not name.startswith(".") and
                          not Path(folder, name, "meson-private").exists()]
            names += [os.path.relpath(os.path.join(folder, name), ROOT)
                      for name in files if name.endswith(endings)]
    return sorted(name for name in set(names) if (ROOT / name).is_file())


def markdown_pages():
    return find(".md")


def manual_pages():
    return find(".1", ".5", ".7", ".8")


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


# Commands

def is_command(line):
    words = re.sub(r"^(?:[A-Z][A-Z0-9_]*=\S* +)+", "", line).split()
    if not words:
        return False
    word = words[0]
    return word in PROGRAMS or word.startswith(("./", ".ci/", "build/", "/usr/bin/")) \
        or "/" in word and (ROOT / word).is_file()


def is_whole(text):
    """Whether a shell would not wait for more lines."""
    if text.endswith("\\"):
        return False
    if not re.search(r"""["'`(){}]|<<|\b(if|for|while|case)\b""", text):
        return True
    check = subprocess.run(["bash", "-n"], input=text + "\n", text=True,
                           capture_output=True)
    return "unexpected end of file" not in check.stderr and \
        "unexpected EOF" not in check.stderr and "here-document" not in check.stderr


def commands_of(block):
    """Those of its lines.  From the first prompt on, what has none is output."""
    shows_output = False
    found, i = [], 0
    while i < len(block.lines):
        number, line = block.line + i, block.lines[i]
        i += 1
        shows_output = shows_output or line.startswith(PROMPT)
        if shows_output and not line.startswith(PROMPT):
            found[-1].shown.append(line)
            continue
        text = line.removeprefix(PROMPT)
        if not text.strip() or text.startswith("#"):
            continue
        if text.startswith(">>> "):         # for the Python that was started
            found[-1].shown.append(text)
            continue
        while not is_whole(text) and i < len(block.lines):
            text += "\n" + block.lines[i]
            i += 1
        found.append(Command(block.page, number, text, []))
    return found


# Data

def language_of(lines):
    """Of a block that does not say it."""
    first = next((line for line in lines if line.strip() and
                  not re.match(r"#(?!!)", line)), "")
    text = "\n".join(lines)
    if first.endswith("\\"):
        first = re.sub(r"\\\n *", "", text)
    if first.startswith("#!"):
        return "script"
    if first.startswith(PROMPT) or is_command(first):
        return "commands"
    if first.startswith(("{", "[{")):
        return "json"
    if lines[0] == "#EXTM3U":
        return "list"
    if re.match(r"\[[A-Z]\w*\]$", first):
        return "ini"
    if re.match(r"\w+ = ?\w*[-A-Z/; \w]*$", first):
        return "map"
    if re.match(r"[a-z_]+:( |$)", first):
        return "yaml"
    # a line such as "program --option" is an expression of Python's, too
    if re.search(r"\bimport\b|\w\(|\w = ", text):
        with contextlib.suppress(SyntaxError):
            ast.parse(text)
            return "python"
    return "figure" if re.search(r"\w+/(\s|$)|\w\.[ch]\b", text) else ""


ALIASES = {"sh": "commands", "bash": "commands", "console": "commands",
           "shell": "commands", "text": "", "yml": "yaml", "py": "python"}


def make_block(page, line, lines, info="", before=""):
    while lines and not lines[-1].strip():
        lines.pop()
    block = Block(page, line, lines, ALIASES.get(info, info) or language_of(lines),
                  before)
    if block.language == "commands":
        block.commands = commands_of(block)
    return block


# Pages

def paragraph(lines, end):
    """The one that ends before that line."""
    while end > 0 and not lines[end - 1].strip():
        end -= 1
    start = end
    while start > 0 and lines[start - 1].strip():
        start -= 1
    return "\n".join(lines[start:end])


def markdown_blocks(page):
    lines = read(page).splitlines()
    blocks, i, margin, is_after_blank = [], 0, 0, True
    while i < len(lines):
        line = lines[i]
        i += 1
        fence = re.match(r"( *)(```+|~~~+) *(\w*)", line)
        if fence:
            start = i
            while not lines[i].strip().startswith(fence[2]):
                i += 1
            blocks.append(make_block(
                page, start + 1, [text.removeprefix(fence[1])
                                  for text in lines[start:i]], fence[3],
                paragraph(lines, start - 1)))
            i += 1
        elif is_after_blank and line.startswith(" " * (margin + 4)):
            start = i - 1
            while i < len(lines) and (lines[i].startswith(" " * (margin + 4)) or
                                      not lines[i].strip()):
                i += 1
            blocks.append(make_block(page, start + 1, [
                text[margin + 4:] for text in lines[start:i]], "",
                paragraph(lines, start)))
        item = re.match(r"( *(?:[-*]|\d+\.) +)\S", line)
        if item:
            margin = len(item[1])
        elif line.strip() and not line.startswith(" "):
            margin = 0
        is_after_blank = not lines[i - 1].strip()
    return blocks


def unescape(text):
    """Of what mdoc writes for a sign."""
    signs = {"e": "\\", "-": "-", "&": "", "(aq": "'", "(dq": '"', "[aq]": "'",
             "[dq]": '"', "(ha": "^", "(ti": "~", "[co]": "©", "(bu": "·"}

    def sign(match):
        if match[1] not in signs:
            raise ValueError(f"unknown escape {match[0]}")
        return signs[match[1]]
    return re.sub(r"\\(\(..|\[[^]]*\]|.)", sign, text)


def manual_blocks(page):
    lines = read(page).splitlines()
    blocks, i = [], 0
    while i < len(lines):
        line = lines[i]
        i += 1
        if line.startswith(".Dl "):
            # it is a line of macros
            text = re.sub(r"\bAr ", "", re.sub(r"\bFl ", "-", line[4:]))
            blocks.append(make_block(page, i, [unescape(text)]))
        elif re.match(r"\.Bd -(literal|unfilled)", line):
            start = i
            while lines[i] != ".Ed":
                if lines[i].startswith("."):
                    raise ValueError(f"{page}:{i + 1}: a macro in a literal display")
                i += 1
            blocks.append(make_block(page, start + 1,
                                     [unescape(text) for text in lines[start:i]]))
    return blocks


def tables(page):
    """(line, its header as a tuple, its rows) of each table."""
    lines = read(page).splitlines() if page.endswith(".md") else []
    for i, line in enumerate(lines):
        if re.fullmatch(r"\|(:?-+:?\|)+", line.replace(" ", "")) and i:
            rows = []
            for row in lines[i + 1:]:
                if not row.startswith("|"):
                    break
                rows.append(cells(row))
            yield i, tuple(cells(lines[i - 1])), rows


def cells(row):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip())[1:-1]]


def in_code(text):
    """What stands in it as code: ["window", "hop"]"""
    return re.findall(r"`([^`]+)`", text)


def table(*header):
    """The rows of the one table in all pages that has this header."""
    found = [(page, rows) for page in markdown_pages()
             for _, names, rows in tables(page) if names == header]
    if len(found) != 1:
        raise AssertionError(f"{len(found)} tables have the header {header}")
    return found[0]


@functools.lru_cache(maxsize=None)
def blocks(page):
    return markdown_blocks(page) if page.endswith(".md") else manual_blocks(page)


def commands(page):
    return [command for block in blocks(page) for command in block.commands]


if __name__ == "__main__":      # shows what it sees
    for name in markdown_pages() + manual_pages():
        for block in blocks(name):
            print(f"{block.place}: {block.language or '???'} {len(block.commands)}")
            for command in block.commands:
                print("   ", command.text.replace("\n", "\n    "))
