# SPDX-License-Identifier: GPL-2.0-or-later
"""Every command of the pages runs as it stands there.

    test_commands.py BUILD markdown|manual [PAGE]

Prints how many there are, and what has become of each that is not simply run."""

import collections
import os
import re
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

BUILD, KIND = sys.argv[1:3]
del sys.argv[1:3]

import pages  # noqa: E402
import standin  # noqa: E402
from home import Home  # noqa: E402
from session import Session  # noqa: E402

PAGES = pages.markdown_pages() if KIND == "markdown" else pages.manual_pages()
NAMES = [word.rpartition(".")[2] for word in sys.argv[1:]]     # of single pages


def method(name):
    return re.sub(r"\W", "_", name)


def run(page):
    """The results of its commands, and the links that these have left."""
    home = Home(BUILD)
    try:
        return Session(home, page).run(), home.dangling()
    finally:
        home.stop()


class Test(unittest.TestCase):
    maxDiff = None
    count = collections.Counter()

    @classmethod
    def setUpClass(cls):
        # some play music, which takes its time, and nothing else
        names = [name for name in PAGES if f"test_{method(name)}" in NAMES or not NAMES]
        cls.pool = ThreadPoolExecutor(2)
        cls.pages = {name: cls.pool.submit(run, name) for name in names
                     if pages.commands(name)}

    @classmethod
    def tearDownClass(cls):
        cls.pool.shutdown()
        print(f"{cls.count.total()} command lines:", ", ".join(
            f"{n} {kind}" for kind, n in sorted(cls.count.items())))

    def try_page(self, page):
        if not pages.commands(page):
            return
        results, dangling = self.pages[page].result()
        self.assertEqual([r.command for r in results], pages.commands(page))
        for result in results:
            self.count[result.kind] += 1
            if result.kind in ("skipped", "looked at"):
                print(f"{result.command}\n    {result.kind}: {result.reason}")
            elif result.kind == "stood in":
                name = result.reason.split()[1]
                print(f"{result.command}\n    {name} stood in: {standin.STANDINS[name]}")
            if os.environ.get("DOCS_TIMES"):
                print(f"{result.seconds:6.1f} s {result.command}")
            with self.subTest(str(result.command)):
                self.assertEqual(result.problem, "")
        self.assertEqual(dangling, [])


for name in PAGES:
    setattr(Test, f"test_{method(name)}",
            lambda self, name=name: self.try_page(name))

if __name__ == "__main__":
    unittest.main()
