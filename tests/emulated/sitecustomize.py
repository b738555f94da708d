# SPDX-License-Identifier: GPL-2.0-or-later
"""Python loads this by itself, as meson test --setup=emulated has its folder in
PYTHONPATH: what a test starts may take longer than the test's own timeout=, by the
factor that lengthens those of libcheck, too."""

import os
import subprocess

FACTOR = int(os.environ.get("CK_TIMEOUT_MULTIPLIER", 1))


def lengthen(timeout):
    return timeout and timeout * FACTOR


class Popen(subprocess.Popen):
    def communicate(self, input=None, timeout=None):
        return super().communicate(input, lengthen(timeout))

    def wait(self, timeout=None):
        return super().wait(lengthen(timeout))


subprocess.Popen = Popen
