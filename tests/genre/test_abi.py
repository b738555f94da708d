# SPDX-License-Identifier: GPL-2.0-or-later
r"""What libgenre exports is what it promised: the symbols that are listed for its
package, and the functions and types of the first 1.0 build.

  test_abi.py LIBGENRE.so SYMBOLS [libgenre.abi]

The last one was made of that build by

  abidw --no-corpus-path --no-comp-dir-path --no-show-locs --drop-private-types \
      --exported-interfaces-only --headers-dir src/genre --out-file libgenre.abi \
      libgenre.so

and the folder of the sources was removed from its paths.  A function or a type that is
gone or has changed is a failure, one that is new is not.
"""

import re
import subprocess
import sys
import unittest

LIBRARY, SYMBOLS = sys.argv[1:3]
ABI = sys.argv[3] if len(sys.argv) > 3 else None
del sys.argv[1:]


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=120,
                          **options)


class Test(unittest.TestCase):
    def test_symbols(self):
        lines = run("nm", "-D", "--defined-only", LIBRARY, check=True).stdout
        exported = [line.split()[-1].split("@")[0] for line in lines.splitlines()]
        with open(SYMBOLS, encoding="utf-8") as file:
            listed = re.findall(r"^ (\w+)@Base ", file.read(), re.M)
        self.assertGreater(len(listed), 30)
        self.assertEqual(sorted(exported), sorted(listed))

    def test_soname(self):
        dynamic = run("readelf", "-dW", LIBRARY, check=True).stdout
        with open(SYMBOLS, encoding="utf-8") as file:
            name = file.readline().split()[0]
        self.assertIn(f"Library soname: [{name}]", dynamic)

    @unittest.skipUnless(ABI, "no description for this processor")
    def test_types(self):
        result = run("abidiff", "--no-added-syms", ABI, LIBRARY)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


unittest.main()
