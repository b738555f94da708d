# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person sees on a terminal: the lines of the files as they are printed to a
pipe, and at most one line of progress, which touches none of them."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

import pyte

PROGRAM = os.path.abspath(sys.argv.pop(1))
CLIP = os.environ["TEST_CLIP"]
ENVIRONMENT = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"}
# five seconds of each file, of which there is a line
COMMAND = [PROGRAM, "--jobs=2", "--max-duration=5"]
ROWS = 600  # all that is printed

NAMES = [
    "song.ogg",
    "a long name, " + 9 * "which goes on and on, " + "to an end.ogg",
    "音楽" * 25 + ".ogg",           # two columns each
    "ばぎ\u3099" * 15 + ".ogg",
    "Zoe\u0308 " * 25 + ".ogg",     # a letter and an accent, in one column
    "😀👍" * 20 + ".ogg",
    "exactly " * 9 + ".ogg",
]
# the line of progress, or the beginning of it
PROGRESS = re.compile(r"\[[#-]+|[0-9]+ (of [0-9]+ )?files")


class Reflowing(pyte.Screen):
    """A terminal that breaks its lines anew when it gets narrower, as most do.
    Others cut them off, as pyte's own does."""

    def resize(self, lines=None, columns=None):
        before, rows = self.columns, [""]
        for row in self.display[:self.cursor.y + 1]:
            rows[-1] += row.rstrip()
            if len(row.rstrip()) < before:  # it has an end of its own
                rows.append("")
        super().resize(lines, columns)
        self.erase_in_display(2)
        self.cursor_position()
        for row in rows[:-1]:
            self.draw(row)
            self.carriage_return()
            self.linefeed()
        self.cursor_up()
        self.cursor_to_column(len(rows[-2]) % columns + 1)


def set_size(fd, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))


def rows_of(screen):
    """Those that are not empty."""
    return [row for row in map(str.rstrip, screen.display) if row]


def show(lines, columns):
    """The rows in which a terminal shows these lines."""
    screen = pyte.Screen(columns, ROWS)
    for line in lines:
        screen.draw(line)
        screen.carriage_return()
        screen.linefeed()
    return rows_of(screen)


class Terminal:
    """A screen that shows what a command writes."""

    def __init__(self, screen, folder, *arguments):
        self.screen = screen
        self.stream = pyte.ByteStream(screen)
        self.fd, child = pty.openpty()
        set_size(child, screen.columns)
        self.process = subprocess.Popen(
            [*COMMAND, *arguments], stdin=subprocess.PIPE, stdout=child,
            stderr=child, bufsize=0, cwd=folder, env=ENVIRONMENT)
        os.close(child)
        self.has_progress = False

    def read(self):
        """FALSE at the end."""
        if not select.select([self.fd], [], [], 60)[0]:
            raise TimeoutError(self.screen.display)
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.stream.feed(data)
        self.has_progress |= self.shows_progress()
        return True

    def shows_progress(self):
        """Whole, and in the last line."""
        rows = rows_of(self.screen)
        return bool(rows and PROGRESS.match(rows[-1]))

    def resize(self, columns):
        set_size(self.fd, columns)
        self.screen.resize(ROWS, columns)

    def finish(self):
        self.process.stdin.close()
        while self.read():
            pass
        os.close(self.fd)
        return self.process.wait(60)


class Test(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def add_songs(self, names):
        """Gives the lines that are printed for them."""
        for name in set(names):
            path = os.path.join(self.folder.name, name)
            if not os.path.exists(path):
                os.symlink(CLIP, path)
        result = subprocess.run([*COMMAND, *names], cwd=self.folder.name,
                                capture_output=True, timeout=60, env=ENVIRONMENT)
        lines = result.stdout.decode().splitlines()
        self.assertEqual(len(lines), len(names), result)
        return lines

    def test_widths(self):
        lines, n = self.add_songs(NAMES), 5 * len(NAMES)
        for columns in 40, 80, 100:
            with self.subTest(columns):
                terminal = Terminal(pyte.Screen(columns, ROWS),
                                    self.folder.name, *5 * NAMES)
                self.assertEqual(terminal.finish(), 0)
                self.assertTrue(terminal.has_progress)
                rows, expected = rows_of(terminal.screen), show(5 * lines, columns)
                self.assertEqual(rows[:len(expected)], expected)
                self.assertEqual(
                    "".join(rows[len(expected):]).replace(" ", ""),
                    f"genreclassify: {n} files: {n} classified".replace(" ", ""))

    def feed(self, terminal, n):
        """Gives the command one more name, and waits until the @n-th line and what
        follows it are there."""
        terminal.process.stdin.write(b"a name.ogg\n")
        while True:
            terminal.read()
            text = "".join(rows_of(terminal.screen))
            if text.count(".ogg") >= n and terminal.shows_progress():
                return

    def check_resized(self, screen, columns):
        """No line of a file is harmed, and what a reflowing terminal leaves of the
        progress stands for itself."""
        line, _ = self.add_songs(2 * ["a name.ogg"])
        terminal = Terminal(screen, self.folder.name, "-")
        n = 0
        while not terminal.has_progress:  # which it has not from the start
            terminal.process.stdin.write(b"a name.ogg\n")
            n += 1
            while "".join(rows_of(screen)).count(".ogg") < n:
                terminal.read()
        for width in columns:
            terminal.resize(width)
            for _ in range(2):
                n += 1
                self.feed(terminal, n)
                self.assertLess(len(rows_of(screen)[-1]), width)
        self.assertEqual(terminal.finish(), 0)
        text = "".join(row for row in rows_of(screen) if not PROGRESS.match(row))
        text, line = text.replace(" ", ""), line.replace(" ", "")
        self.assertTrue(text.startswith(n * line + "genreclassify:"), text)

    def test_resized(self):
        for screen in Reflowing, pyte.Screen:
            for columns in (100, 80), (100, 60, 90), (80, 40, 100):
                if screen is pyte.Screen and min(columns) < 80:
                    continue  # it cuts off the lines itself
                with self.subTest(screen=screen, columns=columns):
                    self.check_resized(screen(columns[0], ROWS), columns[1:])


if __name__ == "__main__":
    unittest.main()
