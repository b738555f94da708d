# SPDX-License-Identifier: GPL-2.0-or-later
"""One version: the changelogs are those of the version that meson.build has, and what is
public says since when it is there."""

import re
import unittest

import sources


def number(text):
    return tuple(map(int, text.split(".")))


VERSION = re.search(r"^  version: '([0-9]+\.[0-9]+\.[0-9]+)',$",
                    sources.read("meson.build"), re.M)[1]
# what is said of a symbol (/** NAME: ... */) that others may use
DESCRIBED = re.compile(r"/\*\*\n +\* ([A-Za-z0-9_:-]+):\n(.*?)\*/", re.S)
PUBLIC = [path for path in sources.find_texts("src/genre")
          if path.parent.name == "genre" and path.name.startswith("genre")]



class Test(unittest.TestCase):
    def test_changelog(self):
        """Its latest version; what is not released yet stands above."""
        found = re.findall(r"^## \[(.*)\](?: - \d{4}-\d\d-\d\d)?$",
                           sources.read("CHANGELOG.md"), re.M)
        self.assertEqual(found[:2], ["Unreleased", VERSION])
        self.assertEqual(found[1:], sorted(found[1:], key=number, reverse=True))

    def test_changelog_of_the_packages(self):
        self.assertRegex(sources.read(".ci/debian/changelog"),
                         rf"\Agenreclassify \({re.escape(VERSION)}(-\d+)?\) ")

    def test_since(self):
        described = [(str(path), name, text)
                     for path in [*PUBLIC, *sources.find("gst")]
                     for name, text in DESCRIBED.findall(sources.read(path))
                     if not name.startswith("SECTION:")]
        self.assertGreater(len(described), 100)
        self.assertEqual(
            [(path, name) for path, name, text in described
             if not re.search(r"^ +\* Since: [0-9]+\.[0-9]+$", text, re.M)], [])
        self.assertEqual(
            [(path, name) for path, name, text in described
             for since in re.findall(r"Since: ([0-9.]+)", text)
             if number(since) > number(VERSION)[:2]], [])


if __name__ == "__main__":
    unittest.main()
