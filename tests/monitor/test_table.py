# SPDX-License-Identifier: GPL-2.0-or-later
"""The live table, as a terminal shows it: pyte is the terminal, tabledemo the program.

TABLE_PICTURES=FOLDER saves what the screens look like."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import tempfile
import termios
import time
import unittest
import unicodedata

try:
    import pyte
    from wcwidth import wcwidth
except ImportError:
    print("pyte is not there")
    sys.exit(77)

DEMO = os.path.abspath(sys.argv.pop(1))
PICTURES = os.environ.get("TABLE_PICTURES")
NOW = 1796019436  # 06:17:16 UTC
HEBREW = re.compile("[\u0590-\u08ff]")

NAMES = [
    "Radio Paradise", "FIP Groove", "WDR 3", "Радио Маяк", "Эхо Лос-Анджелеса",
    "רשת ג׳", "גלגלצ", "إذاعة القرآن الكريم", "راديو مونت كارلو", "NHK-FM 東京",
    "J-WAVE 81.3", "KBS 쿨FM", "北京音乐广播", "Ελληνικό Τρίτο", "วิทยุคลาสสิก",
    "SomaFM: Groove Salad", "BBC Radio 6 Music", "Cadena SER", "RTP Antena 2",
    "Český rozhlas Vltava", "🎷 Jazz24 🎺", "100% Soul ❤️ Radio", "KEXP 90.3 FM",
    "The Very Long Name of a Community Radio Station That Never Ends, Inc.",
]
TITLES = [
    ("Miles Davis", "So What"), ("Земфира", "Хочешь?"), ("עידן רייכל", "ממעמקים"),
    ("فيروز", "نسم علينا الهوى"), ("宇多田ヒカル", "First Love"),
    ("아이유", "밤편지"), ("Sigur Rós", "Svefn-g-englar"), (None, "The News at Six"),
    ("Björk", "Jóga 💿👨‍👩‍👧‍👦"), ("Ludwig van Beethoven",
     "Symphonie Nr. 9 d-Moll op. 125: IV. Presto – Allegro assai – Andante maestoso "
     "– Allegro energico, sempre ben marcato"), ("", ""),
    ("Γιώργος Νταλάρας", "Τα παιδιά ζωγραφίζουν"), ("मोहम्मद रफ़ी", "क्या हुआ तेरा वादा"),
    ("Boards of Canada", "Roygbiv"), ("Zülfü Livaneli", "Yiğidim Aslanım"),
]
GENRES = ["jazz", "rock", "electronic", "classical", "hip-hop", "pop", "folk",
          "international", "metal"]
STATES = ["music"] * 7 + ["talk"] * 2 + ["silent", "lost", "connecting", "music",
                                          "connected", "waiting"]
REASONS = ["Connection refused.", "The server does not answer.",
           "Not Found (404): http://stream.example.org/live.mp3"]


def make_stations(n):
    stations = []
    for i in range(n):
        artist, title = TITLES[i * 7 % len(TITLES)]
        state = STATES[i * 11 % len(STATES)]
        share = (i * 37 % 100) / 100
        station = {
            "id": f"s{i}",
            "name": NAMES[i % len(NAMES)] + (f" {i}" if i >= len(NAMES) else ""),
            "state": state, "since": NOW - 7 * i ** 2 - 3,
            "title": title, "artist": artist, "start": NOW - (i * 53 % 420),
            "music": share, "speech": (1 - share) * .7, "silence": (1 - share) * .2,
            "n_titles": i * 3 % 40, "n_losses": i % 4 // 2}
        if state == "music":
            station.update(genre=GENRES[i % len(GENRES)],
                           confidence=(35 + i * 29 % 65) / 100)
        if state in ("lost", "waiting"):
            station["reason"] = REASONS[i % len(REASONS)]
        stations.append(station)
    return stations


class Screen(pyte.Screen):
    """Draws character by character: pyte drops the rest of a text after one of no
    width, which is no combining one."""

    @property
    def display(self):
        """Where a wide character was half overwritten, pyte's own fails."""
        return ["".join(self.buffer[row][column].data
                        for column in range(self.columns))
                for row in range(self.lines)]

    def draw(self, data):
        for character in data:
            super().draw(character)


class Terminal:
    """A program on a terminal of its own; None is the shell that it left from."""

    def __init__(self, test, stations, columns=80, rows=24, environment=None,
                 fps=20, now=NOW, arguments=()):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "stations")
        self.write(stations)
        self.output = b""
        self.screen = Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm-256color", "LC_ALL": "C.UTF-8",
                               "TZ": "UTC", **(environment or {})})
            self.set_size(columns, rows, 0)
            os.execv(DEMO, [DEMO, self.path, str(now), str(fps), *arguments])
        test.addCleanup(self.close)

    def close(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)
        self.folder.cleanup()

    def write(self, stations, name=""):
        path = self.path + name
        with open(path + ".new", "w", encoding="utf-8") as file:
            if isinstance(stations, str):
                file.write(stations)
            else:
                json.dump(stations, file)
        os.rename(path + ".new", path)

    def set_size(self, columns, rows, fd=None):
        fcntl.ioctl(self.fd if fd is None else fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        self.read()
        self.screen.resize(rows, columns)
        self.set_size(columns, rows)
        self.read(0.5)

    def read(self, seconds=0.3):
        """Until nothing comes for so long."""
        while select.select([self.fd], [], [], seconds)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                break
            if not data:
                break
            self.output += data
            self.stream.feed(data)
        return self.screen.display

    def type(self, keys):
        self.read()
        os.write(self.fd, keys)
        return self.read()

    def get_frames(self):
        with open(self.path + ".frames", encoding="ascii") as file:
            return int(file.read() or 0)

    def wait(self, seconds=5):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = None
                self.read(0.05)
                return status
        raise AssertionError("It does not end.")

    def get_modes(self):
        return termios.tcgetattr(self.fd)[:4]

    def get_columns(self, row):
        """The row's characters, each in its column; "" after a wide one."""
        return [self.screen.buffer[row][column].data
                for column in range(self.screen.columns)]


def start(test, stations, *arguments, **options):
    terminal = Terminal(test, stations, *arguments, **options)
    end = time.monotonic() + 10
    while "station" not in terminal.read(0.1)[0] and time.monotonic() < end:
        pass
    terminal.read(0.2)
    return terminal


def find(row, text):
    """The column where it starts, in characters that may be wide."""
    at = row.index(text)
    return sum(max(wcwidth(c), 0) for c in row[:at])


class Table(unittest.TestCase):
    def start(self, *arguments, **options):
        terminal = start(self, *arguments, **options)
        picture = self.id().split(".")[-1]
        self.save(terminal, picture)
        return terminal

    def save(self, terminal, name):
        if PICTURES:
            draw_picture(terminal.screen, os.path.join(PICTURES, name + ".png"))

    def check_columns(self, terminal):
        """Every cell starts where its header does, in every row: the column before
        is empty."""
        header = terminal.screen.display[0]
        starts = [match.start(1) for match in re.finditer(
            r" (station|state|on the air|artist|title|genre)(?= )", header)]
        self.assertGreater(len(starts), 2)
        for row in range(1, terminal.screen.lines - 1):
            cells = terminal.get_columns(row)
            for column in starts:
                self.assertEqual(cells[column - 1], " ", "".join(cells))
            self.assertEqual(cells[-1], " ", "".join(cells))

    def test_sizes(self):
        """Forty stations, on screens of several sizes."""
        for columns, rows in ((80, 24), (80, 50), (200, 60), (120, 30), (100, 24),
                              (150, 45), (300, 70), (40, 20), (64, 24)):
            with self.subTest(columns=columns, rows=rows):
                terminal = start(self, make_stations(40), columns, rows)
                self.save(terminal, f"{columns}x{rows}")
                display = terminal.screen.display
                self.check_columns(terminal)
                self.assertIn("Radio Paradise" if columns > 40 else "Radio Par",
                              display[1])
                self.assertIn("Miles Davis - So" if columns < 150 else "So What",
                              display[1])
                self.assertIn("06:17:16", display[-1])
                self.assertIn("music", display[-1])
                if rows < 42:
                    self.assertIn(f"1-{rows - 2} of 40" if columns > 40 else
                                  f"1-{rows - 2}/40", display[-1])
                else:
                    self.assertNotIn(" of 40", display[-1])
                if columns >= 80:
                    self.assertIn("40 stations: ", display[-1])
                    self.assertIn("jazz", display[1])
                    self.assertIn("35 %", display[1])
                terminal.type(b"q")
                self.assertEqual(terminal.wait(), 0)

    def test_columns(self):
        """What a wide screen adds."""
        terminal = self.start(make_stations(40), 200, 60)
        header = terminal.screen.display[0]
        for name in ("station", "state", "artist", "title", "for", "genre",
                     "█music ▒talk ░silent", "titles", "losses"):
            self.assertIn(name, header)
        self.assertIn("Radio Paradise", terminal.screen.display[1])
        self.assertRegex(terminal.screen.display[1].replace("\u200e", ""),
                         r"Miles Davis +So What +0:00  jazz +35 %  ▒{14}░{4} +0")

    def test_states(self):
        stations = [{"id": "a", "name": state, "state": state, "since": NOW - age,
                     "reason": "Refused." if state in ("lost", "waiting") else None,
                     "title": "Old title", "artist": "Old artist"}
                    for state, age in (("music", 5), ("talk", 5), ("silent", 125),
                                       ("lost", 3 * 3600 + 5), ("waiting", 7),
                                       ("connecting", 3 * 86400))]
        display = self.start(stations).screen.display
        for row, state in enumerate(("music ", "talk ", "silent 2m", "lost 3h",
                                     "waiting 7s", "connecting "), 1):
            self.assertIn(" " + state, display[row])
            if row in (4, 5):
                self.assertIn("Refused.", display[row])
            self.assertEqual("Old title" in display[row], row < 4)
        self.assertIn("6 stations: 1 music, 1 talk, 2 lost, 1 silent", display[-1])

    def test_hostile(self):
        """Nothing that a station sends reaches the terminal as a command."""
        evil = ["\x1b[2J\x1b[31mRED", "\x1b]0;title\x07", "\x1b]52;c;ZXZpbA==\x07",
                "\u009b2J C1", "\u009d52;c;ZXZpbA==\u009c", "a\nb\r\nc\td\x0be",
                "\u202eevil\u202c", "\u2066iso\u2069\u2067x\u2069", "\x00\x7f\x08\x08",
                "\x0e\x0fshift", "\x1bP$q\x1b\\", "\x1bc reset", "\u200b\u200d\ufeff",
                "Z" + "\u0301\u0327\u0338" * 200 + "algo", "\u2028\u2029",
                "x" * 100000, "\x1b[?1049l", "\U000e0041\U000e007f", "\u0301first",
                "\x1b]8;;https://evil.example\x1b\\link", "%s%n%d\\x1b"]
        clean = make_stations(len(evil))
        stations = [dict(station, state="lost" if i % 3 == 2 else "music", name=text,
                         title=text, artist=text, genre=text, reason=text)
                    for i, (station, text) in enumerate(zip(clean, evil))]
        for columns in 80, 200:
            terminal = self.start(stations, columns, 40)
            self.check_columns(terminal)
            terminal.write(evil[0] + evil[5], ".message")
            terminal.read()
            self.assertIn("[2J [31mRED", " ".join(terminal.screen.display))
            self.assertTrue(terminal.screen.display[9].startswith(" s8 "))
            self.assertIn("[2J [31mRED", terminal.screen.display[-1])
            output = terminal.output.decode()
            rest = re.sub(r"\x1b\[\??[0-9;]*[A-Za-z]", "", output)
            self.assertEqual([c for c in rest if unicodedata.category(c)
                              in ("Cc", "Cf", "Zl", "Zp")], [])
            self.assertIsNone(re.search("[\u0300-\u036f]{3}", rest))
            commands = set(re.findall(r"\x1b\[(\??[0-9;]*[A-Za-z])", output))
            commands = {c for c in commands if not re.fullmatch(r"[0-9;]+[GH]", c)}
            self.assertLessEqual(commands, {
                "?1049h", "?25l", "?7l", "2J", "K", "?2026h", "?2026l", "0m", "1m",
                "2m", "7m", "31m", "32m", "33m", "36m"})

    def test_widths(self):
        """What follows stands in the same column after each of these."""
        texts = ["plain", "東京ラジオ", "שלום עולם", "مرحبا", "e\u0301a\u0308", "한국어",
                 "\u1112\u1161\u11ab", "❤️ ☀️", "👨‍👩‍👧", "👍🏽", "🇩🇪🇫🇷", "1️⃣", "ก็ำ", "क्षि",
                 "ﷺ", "（全角）", "🫠", "\ue0b0\ue0a0", "…—–", "ｶﾀｶﾅ", "日" * 60,
                 "a" + "日" * 60]
        stations = [dict(station, name=text, artist=text, title=text, state="music",
                         genre="jazz", confidence=.5)
                    for station, text in zip(make_stations(len(texts)), texts)]
        for columns in 80, 81, 160:
            terminal = self.start(stations, columns, 30)
            self.check_columns(terminal)
            state = terminal.screen.display[0].index("state")
            genre = terminal.screen.display[0].index("genre")
            for row in range(1, 1 + len(texts)):
                cells = terminal.get_columns(row)
                self.assertEqual("".join(cells[state:state + 5]), "music")
                self.assertEqual("".join(cells[genre:genre + 4]), "jazz")
                # cut where it has to be
                self.assertEqual("".join(cells[:state]).rstrip()[-1] == "…",
                                 len(texts[row - 1]) >= 60)

    def test_wrong_width(self):
        """A terminal that draws everything wide (or narrow) that we do not has its
        columns right nevertheless."""
        texts = ["αβγδ" * 20, "○●◎" * 20, "plain"]
        stations = [dict(station, name=text, title=text, artist=None, state="music",
                         genre="jazz", confidence=.5)
                    for station, text in zip(make_stations(3), texts)]
        for width in 1, 2:
            original = pyte.screens.wcwidth
            pyte.screens.wcwidth = lambda c, w=width: w if c in "αβγδ○●◎日" else \
                original(c)
            try:
                terminal = self.start(stations, 80, 10)
            finally:
                pyte.screens.wcwidth = original
            header = terminal.screen.display[0]
            for row in 1, 2, 3:
                for name, text in (("state", "music"), ("genre", "jazz")):
                    column = header.index(name)
                    self.assertEqual("".join(terminal.get_columns(row)[
                        column:column + len(text)]), text)
            self.assertIn("3 stations", terminal.screen.display[-1])

    def test_directions(self):
        """Each text from right to left ends with a mark, or a terminal that orders
        such text would exchange it with its neighbour."""
        terminal = self.start([dict(make_stations(1)[0], name="גלגלצ", artist="עידן",
                                    title="ממעמקים 2")], 200, 10)
        row = terminal.output.decode().split("\x1b[2;1H")[1].split("\x1b[3;1H")[0]
        cells = [cell for cell in re.split(r"\x1b\[[0-9;]*[A-Za-z]", row)
                 if HEBREW.search(cell)]
        self.assertEqual(len(cells), 3)
        for cell in cells:
            self.assertTrue(cell.endswith("\u200e"), repr(cell))

    def test_none(self):
        display = self.start([]).screen.display
        self.assertIn("no stations", display[1])
        self.assertIn("0 stations", display[-1])

    def test_scrolling(self):
        """A thousand stations on 22 rows."""
        stations = [{"id": "x", "name": f"Station {i}", "state": "music"}
                    for i in range(1000)]
        terminal = self.start(stations)
        for keys, first in ((b"", 0), (b"\x1b[B", 1), (b"\x1bOB", 2), (b"j", 3),
                            (b"k", 2), (b"\x1b[A", 1), (b"\x1b[6~", 22), (b" ", 43),
                            (b"\x1b[5~", 22), (b"\x1b[F", 978), (b"\x1b[B", 978),
                            (b"\x1b[H", 0), (b"\x1b[A", 0), (b"\x1b[4~", 978),
                            (b"\x1b[1~", 0), (b"G", 978), (b"g", 0),
                            (b"\x1b[6~" * 3 + b"jj", 65), (b"\x1b[1;5B", 66),
                            (b"xyz\x1b[99999999999999~\xff\x1b", 66),
                            (b"[5~", 45)):
            display = terminal.type(keys) if keys else terminal.screen.display
            self.assertIn(f"Station {first} ", display[1], keys)
            self.assertIn(f"Station {first + 21} ", display[22], keys)
            self.assertIn(f"{first + 1}-{first + 22} of 1000", display[23], keys)
        terminal.type(b"G")
        terminal.write(stations[:30])
        self.assertIn("Station 29 ", terminal.read()[22])
        terminal.resize(80, 50)
        self.assertIn("Station 0 ", terminal.screen.display[1])
        self.assertIn("Station 29 ", terminal.screen.display[30])
        self.assertEqual(terminal.screen.display[31].strip(), "")

    def test_order(self):
        terminal = self.start(make_stations(40), 80, 50)

        def get_words(display, name):
            column = display[0].index(name)
            return ["".join(terminal.get_columns(row)[column:column + 12]).split()
                    for row in range(1, 41)]
        before = terminal.screen.display[:-1]
        states = [words[0] for words in get_words(terminal.type(b"s"), "state")]
        self.assertIn("by state", terminal.screen.display[-1])
        self.save(terminal, "by-state")
        order = ["lost", "waiting", "silent", "connecting", "connected", "talk",
                 "music"]
        self.assertEqual(states, sorted(states, key=order.index))
        self.assertGreater(len(set(states)), 5)
        genres = [words[0] if words else "~"
                  for words in get_words(terminal.type(b"s"), "genre")]
        self.assertEqual(genres, sorted(genres))
        self.assertEqual(terminal.type(b"s")[:-1], before)

    def test_resize(self):
        """Nothing of the old screen stays; and it is as if it had been of that size."""
        terminal = self.start(make_stations(40), 200, 60)
        for columns, rows in ((80, 24), (200, 60), (40, 10), (300, 5), (80, 3),
                              (20, 2), (5, 1), (1, 1), (2, 3), (10, 4), (63, 24),
                              (80, 24), (80, 20), (80, 24)):
            terminal.resize(columns, rows)
            if columns >= 40:
                new = start(self, make_stations(40), columns, rows)
                self.assertEqual(terminal.screen.display, new.screen.display)
        terminal.type(b"q")
        self.assertEqual(terminal.wait(), 0)

    def test_changes(self):
        """Only rows that have changed are written."""
        stations = make_stations(20)
        terminal = self.start(stations)
        terminal.output = b""
        terminal.read(0.5)
        self.assertEqual(terminal.output, b"")
        stations[3]["title"] = "Another one"
        terminal.write(stations)
        terminal.read()
        self.assertIn("Another one", terminal.screen.display[4])
        self.assertEqual(re.findall(rb"\x1b\[(\d+);1H", terminal.output), [b"5"])
        self.assertLess(len(terminal.output), 300)
        terminal.output = b""
        terminal.type(b"\x0c")
        self.assertEqual(len(re.findall(rb"\x1b\[(\d+);1H", terminal.output)), 24)

    def test_message(self):
        terminal = self.start(make_stations(40))
        terminal.write("The disk is full: " + "x" * 200, ".message")
        display = terminal.read()
        self.save(terminal, "message")
        self.assertIn("06:17:16 The disk is full: xx", display[-1])
        self.assertIn("40 stations", display[-2])
        self.assertIn("1-21 of 40", display[-2])
        terminal.write("", ".message")
        display = terminal.read()
        self.assertIn("40 stations", display[-1])
        self.assertIn("1-22 of 40", display[-1])

    def test_colours(self):
        def get_colours(terminal):
            return {character.fg for row in terminal.screen.buffer.values()
                    for character in row.values()}
        colours = re.compile(rb"\x1b\[[0-9;]*(3[0-7]|4[0-7])m")
        for value, is_coloured in ((None, True), ("", True), ("1", False)):
            terminal = self.start(make_stations(40), environment={
                } if value is None else {"NO_COLOR": value})
            self.assertEqual(bool(colours.search(terminal.output)), is_coloured)
            self.assertEqual(len(get_colours(terminal)) > 1, is_coloured)

    def test_environment(self):
        """COLUMNS and LINES that someone has exported are not believed."""
        terminal = self.start(make_stations(40), environment={
            "COLUMNS": "132", "LINES": "99"})
        self.assertIn("1-22 of 40", terminal.screen.display[23])

    def test_no_table(self):
        for term in "dumb", "":
            terminal = Terminal(self, make_stations(3), environment={"TERM": term})
            self.assertEqual(os.waitstatus_to_exitcode(terminal.wait()), 3)
            self.assertEqual(terminal.output, b"no table\r\n")

    def test_ascii(self):
        terminal = self.start(make_stations(40), 200, 60,
                              environment={"LC_ALL": "C"})
        self.assertTrue(terminal.output.isascii())
        self.check_columns(terminal)
        self.assertIn("Sigur Ros", " ".join(terminal.screen.display))

    def test_end(self):
        """The terminal is as it was."""
        for how in "q", "Ctrl-C", "crash":
            terminal = start(self, make_stations(40), arguments=["crash"] if
                             how == "crash" else [])
            self.assertFalse(terminal.get_modes()[3] & (termios.ECHO | termios.ICANON))
            if how != "crash":
                os.write(terminal.fd, b"q" if how == "q" else b"\x03")
            status = terminal.wait()
            self.assertEqual(os.WTERMSIG(status), 6 if how == "crash" else 0)
            self.assertTrue(terminal.get_modes()[3] & termios.ECHO)
            self.assertTrue(terminal.get_modes()[3] & termios.ICANON)
            end = terminal.output.rindex(b"\x1b[?1049l")
            self.assertGreater(terminal.output.index(b"\x1b[?1049l"),
                               terminal.output.index(b"\x1b[?1049h"))
            for sequence in b"\x1b[?25h", b"\x1b[?7h", b"\x1b[0m":
                self.assertGreater(terminal.output.rindex(sequence),
                                   terminal.output.rindex(b"\x1b[?25l"))
            self.assertIn(terminal.output[end + 8:],
                          (b"", b"bye\r\n"))
            self.assertEqual(terminal.output.count(b"\x1b[?1049l"), 1)

    def check_goes_on(self, terminal):
        frames = terminal.get_frames()
        end = time.monotonic() + 10
        while terminal.get_frames() < frames + 5:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    def test_stalled(self):
        """The monitor goes on while its terminal takes nothing, and the screen is
        right when it does again."""
        stations = make_stations(200)
        terminal = self.start(stations, 300, 100, fps=50)
        for i in range(60):  # nobody reads
            for station in stations:
                station["title"] = f"Title {i}"
            terminal.write(stations)
            time.sleep(0.05)
        self.check_goes_on(terminal)
        self.assertFalse(fcntl.fcntl(terminal.fd, fcntl.F_GETFL) & os.O_NONBLOCK)
        display = terminal.read()
        new = start(self, stations, 300, 100)
        self.assertEqual(display, new.screen.display)
        # Ctrl-S, and then Ctrl-C
        os.write(terminal.fd, b"\x13")
        self.check_goes_on(terminal)
        os.write(terminal.fd, b"\x03")
        terminal.wait()
        self.assertIn(b"\x1b[?1049l", terminal.output)

    def test_stalled_end(self):
        """It ends even if the terminal takes nothing any more."""
        stations = make_stations(200)
        terminal = self.start(stations, 300, 100, fps=50)
        for i in range(40):
            terminal.write([dict(s, title=f"Title {i}") for s in stations])
            time.sleep(0.05)
        os.kill(terminal.pid, signal.SIGINT)
        # (what the demo itself prints at the end may have to wait)
        end = time.monotonic() + 10
        while not terminal.get_modes()[3] & termios.ECHO:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        terminal.wait()

    def test_continued(self):
        """Whoever has changed the screen or the modes meanwhile does not matter."""
        terminal = self.start(make_stations(40))
        display = list(terminal.screen.display)
        os.kill(terminal.pid, signal.SIGSTOP)
        time.sleep(0.2)
        modes = termios.tcgetattr(terminal.fd)
        modes[3] |= termios.ECHO | termios.ICANON
        termios.tcsetattr(terminal.fd, termios.TCSANOW, modes)
        terminal.stream.feed(b"\x1b[2J\x1b[?25h$ fg\r\n")
        os.kill(terminal.pid, signal.SIGCONT)
        time.sleep(0.3)
        self.assertEqual(terminal.read(), display)
        self.assertFalse(terminal.get_modes()[3] & (termios.ECHO | termios.ICANON))
        self.assertTrue(terminal.screen.cursor.hidden)
        # as reset(1) from elsewhere
        termios.tcsetattr(terminal.fd, termios.TCSANOW, modes)
        terminal.stream.feed(b"\x1bc")
        time.sleep(0.3)
        self.assertEqual(terminal.read(), display)

    def test_shell(self):
        """Ctrl-Z, bg and fg, in a shell."""
        pid, fd = pty.fork()
        folder = tempfile.TemporaryDirectory()
        path = os.path.join(folder.name, "stations")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(make_stations(10), file)
        if pid == 0:
            os.environ.update(TERM="xterm", LC_ALL="C.UTF-8", PS1="$ ")
            os.execvp("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"])
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.close, fd)
        self.addCleanup(os.waitpid, pid, 0)
        self.addCleanup(os.kill, pid, signal.SIGKILL)

        def expect(text, seconds=10):
            output = b""
            end = time.monotonic() + seconds
            while text not in output and time.monotonic() < end:
                if select.select([fd], [], [], 0.2)[0]:
                    output += os.read(fd, 65536)
            self.assertIn(text, output)
            return output

        def get_frames():
            with open(path + ".frames", encoding="ascii") as file:
                return int(file.read())
        expect(b"$ ")
        os.write(fd, f"{DEMO} {path}\n".encode())
        expect(b"\x1b[?1049h")
        expect(b"\x1b[?2026l")
        os.write(fd, b"\x1a")
        expect(b"\x1b[?1049l")
        os.write(fd, b"echo a''b\n")
        self.assertNotIn(b"\x1b[?2026h", expect(b"ab\r\n"))
        self.assertTrue(termios.tcgetattr(fd)[3] & termios.ECHO)
        os.write(fd, b"bg\n")
        time.sleep(1)
        os.write(fd, b"echo c''d\n")
        self.assertNotIn(b"\x1b[?2026h", expect(b"cd\r\n"))
        # but it goes on, and is not stopped for touching the terminal
        frames = get_frames()
        end = time.monotonic() + 10
        while get_frames() == frames:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)
        os.write(fd, b"fg\n")
        self.assertIn(b"\x1b[?1049h", expect(b"Radio Paradise"))
        os.write(fd, b"q")
        expect(b"bye")
        os.write(fd, b"stty -a; kill %1; exit\n")
        self.assertIn(b" icanon", expect(b"extproc"))


FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"
COLOURS = {"red": "#e05555", "green": "#69b96a", "brown": "#d0a040",
           "cyan": "#55b5c5", "default": "#d0d0d0"}


def draw_picture(screen, path):
    from PIL import Image, ImageDraw, ImageFont
    width, height = 9, 19
    font = ImageFont.truetype(FONT, 15)
    image = Image.new("RGB", (screen.columns * width, screen.lines * height), "#181818")
    pen = ImageDraw.Draw(image)
    for row in range(screen.lines):
        for column in range(screen.columns):
            cell = screen.buffer[row][column]
            fg, bg = COLOURS.get(cell.fg, "#d0d0d0"), "#181818"
            if cell.reverse:
                fg, bg = bg, fg
            x, y = column * width, row * height
            if bg != "#181818":
                pen.rectangle((x, y, x + width - 1, y + height - 1), fill=bg)
            text = cell.data.replace("\u200e", "")
            if text.strip():
                if wcwidth(text[0]) == 2:
                    pen.rectangle((x + 1, y + 3, x + 2 * width - 3, y + height - 4),
                                  outline=fg)
                pen.text((x, y), text if wcwidth(text[0]) == 1 else "", fill=fg,
                         font=font, stroke_width=0)
                if cell.bold:
                    pen.text((x + 1, y), text, fill=fg, font=font)
    image.save(path)


if __name__ == "__main__":
    unittest.main()
