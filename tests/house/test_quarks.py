# SPDX-License-Identifier: GPL-2.0-or-later
"""The names of error domains have no spaces: clang-format takes the name in
G_DEFINE_QUARK (genre-error-quark, ...) for a subtraction, and would put some in."""

import re
import unittest

import sources

QUARK = re.compile(r"\bG_DEFINE_QUARK\s*\(\s*([^,]*?)\s*,")


class Test(unittest.TestCase):
    def test_names(self):
        names = [(str(path), name) for path in sources.find("src", "gst")
                 for name in QUARK.findall(
                     sources.without_comments(sources.read(path)))]
        self.assertGreater(len(names), 0)
        self.assertEqual(
            [(path, name) for path, name in names
             if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*-quark", name)], [])


if __name__ == "__main__":
    unittest.main()
