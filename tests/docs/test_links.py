# SPDX-License-Identifier: GPL-2.0-or-later
"""What the Markdown pages refer to is there: files and folders, headings of pages,
manual pages; and every page is referred to from README.md, by one page or another."""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import pages
from pages import ROOT

LINK = r"!?\[(?:[^][]|\[[^][]*\])*\]\(([^()\s]+)(?: \"[^\"]*\")?\)"
REFERENCE = r"^\[[^]]+\]: +(\S+)"


def without_code(page):
    """The page with blank lines for its blocks, and without its code in lines."""
    lines = pages.read(page).splitlines()
    for block in pages.blocks(page):
        for i in range(len(block.lines)):
            lines[block.line - 1 + i] = ""
    return re.sub(r"(`+)[^`]+?\1", "", "\n".join(lines))


def anchors(page):
    """Of its headings, as GitHub makes them."""
    found = []
    for title in re.findall(r"^#+ +(.*?) *#*$", re.sub(
            r"^ *```.*?^ *```", "", pages.read(page), flags=re.M | re.S), re.M):
        title = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title)
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        n = sum(re.sub(r"-\d+$", "", other) == anchor for other in found)
        found.append(f"{anchor}-{n}" if n else anchor)
    return found


def links(page):
    return re.findall(LINK, without_code(page)) + re.findall(
        REFERENCE, without_code(page), re.M)


def inside(page):
    """(link, the file that it names, its anchor), without links to elsewhere."""
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        yield link, path.resolve(), anchor


class Test(unittest.TestCase):
    def test_links(self):
        for page in pages.markdown_pages():
            for link, path, anchor in inside(page):
                with self.subTest(page, link=link):
                    self.assertTrue(path.exists(), "there is no such file")
                    self.assertTrue(path.is_relative_to(ROOT))
                    if anchor:
                        self.assertIn(anchor, anchors(str(path.relative_to(ROOT))))

    def test_there_are_some(self):
        self.assertGreater(sum(len(links(page)) for page in pages.markdown_pages()), 10)

    def test_all_pages_are_found(self):
        """From README.md on; a link to a folder is one to its README.md."""
        seen, todo = set(), [ROOT / "README.md"]
        while todo:
            path = todo.pop()
            if path.is_dir():
                path = path / "README.md"
            if path in seen or path.suffix != ".md" or not path.exists():
                continue
            seen.add(path)
            todo += [target for _, target, _ in inside(str(path.relative_to(ROOT)))]
        # what gi-docgen makes a page of is found in its pages
        self.assertEqual(sorted(page for page in pages.markdown_pages()
                                if ROOT / page not in seen and "/docs/" not in page), [])

    def test_packaged_pages(self):
        """Without what packages have not, they refer to nothing that is missing."""
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, ROOT / ".ci/debian/pages.py", folder],
                           cwd=ROOT, check=True)
            found = list(Path(folder).rglob("*.md"))
            self.assertIn(Path(folder) / "README.md", found)
            n = 0
            for page in found:
                for link in re.findall(LINK, page.read_text(encoding="utf-8")):
                    name = link.partition("#")[0]
                    if name and not re.match(r"[a-z]+:", name):
                        n += 1
                        with self.subTest(str(page), link=link):
                            self.assertTrue((page.parent / name).exists())
            self.assertGreater(n, 10)

    def test_manual_pages_are_there(self):
        names = {page.rpartition("/")[2].rpartition(".")[0]
                 for page in pages.manual_pages()}
        for page in pages.markdown_pages():
            for name in re.findall(r"`man\s+(genreclassify\S*)`", pages.read(page)):
                with self.subTest(page, name=name):
                    self.assertIn(name, names)

    def test_files_in_the_text(self):
        """A path in code that begins with a folder of the repository."""
        folders = [path.name for path in ROOT.iterdir() if path.is_dir() and
                   not path.name.startswith((".git", "build"))]
        for page in pages.markdown_pages():
            text = re.sub(r"^( {4}|```).*", "", pages.read(page), flags=re.M)
            for path in re.findall(r"`([\w./-]+)`", text):
                if path.partition("/")[0] in folders and "/" in path:
                    with self.subTest(page, path=path):
                        self.assertTrue((ROOT / path).exists() or
                                        ((ROOT / page).parent / path).exists())


if __name__ == "__main__":
    unittest.main()
