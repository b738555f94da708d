# SPDX-License-Identifier: GPL-2.0-or-later
"""genreclassify monitor report: what is told of a day, to people and as JSON.
Argument: the build folder."""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from datetime import datetime, timezone
from pathlib import Path

COMMAND = [str(Path(sys.argv[1], "src", "genreclassify")), "monitor", "report"]

# What of the schema is a public contract (src/monitor/historyfile.h).
SCHEMA = """
PRAGMA application_id = 0x676e7268;
PRAGMA user_version = 1;
CREATE TABLE stations (id TEXT PRIMARY KEY, name TEXT);
CREATE TABLE runs (id INTEGER PRIMARY KEY, start INTEGER, end INTEGER);
CREATE TABLE titles (id INTEGER PRIMARY KEY, station TEXT, run INTEGER,
  start INTEGER, end INTEGER, ended TEXT, continues INTEGER, seconds REAL,
  title TEXT, artist TEXT, stream_title TEXT, genre TEXT, confidence REAL,
  probabilities TEXT, tags TEXT, music REAL, speech REAL, silence REAL,
  model TEXT);
CREATE TABLE states (id INTEGER PRIMARY KEY, station TEXT, run INTEGER,
  time INTEGER, state TEXT, reason TEXT);
"""


def ms(text):
    """Of a UTC time."""
    return int(datetime.fromisoformat(text).replace(
        tzinfo=timezone.utc).timestamp() * 1000)


class ReportTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.path = self.folder / "history.db"
        self.db = sqlite3.connect(self.path)
        self.addCleanup(self.db.close)
        self.db.executescript(SCHEMA)
        self.db.execute("INSERT INTO runs VALUES (1, 0, ?)",
                        [ms("2030-01-01")])
        self.add_station("a", "Radio A")

    def add_station(self, station, name):
        self.db.execute("INSERT INTO stations VALUES (?, ?)", [station, name])
        self.db.commit()

    def add_title(self, start, end, title="Title", station="a", **more):
        row = {"station": station, "run": 1, "start": ms(start), "end": ms(end),
               "ended": "title", "continues": 0,
               "seconds": (ms(end) - ms(start)) / 1000, "title": title,
               "artist": "Artist", "genre": "rock", "confidence": 0.8765,
               "probabilities": '{"jazz":0.1235,"rock":0.8765}', "music": 1,
               "speech": 0, "silence": 0, "model": "crnn 5"} | more
        self.db.execute(
            f"INSERT INTO titles ({', '.join(row)})"
            f" VALUES ({', '.join('?' * len(row))})", list(row.values()))
        self.db.commit()

    def add_state(self, time, state):
        self.db.execute(
            "INSERT INTO states (station, run, time, state)"
            " VALUES ('a', 1, ?, ?)", [ms(time), state])
        self.db.commit()

    def run_report(self, *options, zone="UTC", db=None, locale="C.UTF-8",
                   **more):
        return subprocess.run(
            COMMAND + ["--db", str(db or self.path), *options], text=True,
            env=os.environ | {"TZ": zone, "LC_ALL": locale}, errors="replace",
            timeout=60, check=False,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more)

    def report(self, *options, **more):
        result = self.run_report(*options, **more)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def report_json(self, *options, **more):
        return json.loads(self.report("--json", *options, **more))

    def test_text(self):
        self.add_title("2025-11-30 06:17", "2025-11-30 06:21:30")
        self.add_title("2025-11-30 06:30", "2025-11-30 07:30", "News",
                       artist=None, genre=None, music=0.1, speech=0.85)
        text = self.report("--station", "a", "--day", "2025-11-30")
        self.assertIn("Radio A (a)\nSunday, 30 November 2025, UTC\n", text)
        self.assertRegex(text, r"06:17:00 +4:30  Artist - Title +rock 88 %")
        self.assertRegex(text, r"06:30:00 +1:00:00  News +\(talk\)")
        self.assertRegex(text, r"06:00 +2 +12 % +42 %")
        self.assertRegex(text, r"\n +4 %  talk, 51:00\n")

    def test_terminal(self):
        """Titles and names come from anywhere."""
        self.add_title("2025-11-30 06:00", "2025-11-30 06:01",
                       "a\x1b[2J\x07\x9b1m\nb\u202ec\u2028d", artist="\r",
                       genre="\x1b]0;x\x07")
        self.add_title("2025-11-30 06:01", "2025-11-30 06:02",
                       "a\x1b[2J\x07\x9b1m\nb\u202ec\u2028d", artist="\r")
        self.add_station("\x1b[31m", "\x1b[0m" + 200 * "名")
        for options in [["--station", "a"], []]:
            text = self.report("--day", "2025-11-30", *options)
            self.assertNotRegex(text, r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]")
        self.report("--station", "a", locale="C")

    def test_bad_utf8(self):
        self.add_title("2025-11-30 06:00", "2025-11-30 06:01")
        self.db.execute("UPDATE titles SET title = CAST(x'41ff42' AS TEXT)")
        self.db.commit()
        text = self.report("--station", "a", "--day", "2025-11-30")
        self.assertIn("A\ufffdB", text)

    def test_json(self):
        self.add_state("2025-11-30 05:00", "lost")
        self.add_state("2025-11-30 06:00", "music")
        self.add_title("2025-11-30 06:00", "2025-11-30 06:06")
        self.add_title("2025-11-30 06:06", "2025-11-30 06:10",
                       probabilities="no JSON")
        day = self.report_json("--station", "a", "--day", "2025-11-30")
        self.assertEqual(day["station"], "a")
        self.assertEqual(day["start"], "2025-11-30T00:00:00.000Z")
        self.assertEqual(day["n_titles"], 2)
        self.assertEqual(day["seconds"]["music"], 600)
        self.assertEqual(day["seconds"]["not_connected"], 3600)
        self.assertEqual(day["genres"], {"jazz": 0, "rock": 600})
        self.assertEqual(day["most_played_titles"],
                         [{"title": "Title", "artist": "Artist", "plays": 2,
                           "seconds": 600}])
        self.assertEqual(len(day["hours"]), 24)
        self.assertEqual(day["hours"][6]["n_titles"], 2)
        self.assertEqual(day["titles"][0]["probabilities"],
                         {"jazz": 0.1235, "rock": 0.8765})
        self.assertEqual(day["titles"][1]["probabilities"], {})
        self.assertEqual([state["state"] for state in day["states"]],
                         ["lost", "music"])

    def test_odd_days(self):
        """Days of 23 and of 25 hours, and one without a midnight."""
        for zone, date, n in [("Europe/Berlin", "2025-10-26", 25),
                              ("Europe/Berlin", "2025-03-30", 23),
                              ("America/Sao_Paulo", "2018-11-04", 23),
                              ("Europe/Berlin", "2025-11-30", 24)]:
            with self.subTest(zone=zone, date=date):
                day = self.report_json(
                    "--station", "a", "--day", date, zone=zone)
                self.assertEqual(len(day["hours"]), n)
                self.assertEqual(
                    day["seconds"]["not_recorded"], 3600 * n)
        self.add_title("2025-10-26 00:10", "2025-10-26 00:20")
        self.add_title("2025-10-26 01:10", "2025-10-26 01:20")
        text = self.report("--station", "a", "--day", "2025-10-26",
                           zone="Europe/Berlin")
        self.assertIn("02:10:00 CEST", text)
        self.assertIn("02:10:00 CET", text)

    def test_zones(self):
        """A title belongs to another day elsewhere."""
        self.add_title("2025-11-29 23:30", "2025-11-29 23:40")
        for zone, options, n in [("Europe/Berlin", [], 1), ("UTC", [], 0),
                                 ("Europe/Berlin", ["--utc"], 0),
                                 ("America/New_York", [], 0),
                                 ("Pacific/Auckland", [], 1)]:
            with self.subTest(zone=zone, options=options):
                day = self.report_json("--station", "a", "--day", "2025-11-30",
                                       *options, zone=zone)
                self.assertEqual(day["n_titles"], n)

    def test_stations(self):
        self.add_station("b", "Another radio")
        self.add_title("2025-11-30 06:00", "2025-11-30 07:12", station="b")
        text = self.report("--day", "2025-11-30")
        self.assertRegex(text, r"\nb +Another radio +1 +5 % .* rock\n")
        self.assertRegex(text, r"\na +Radio A +0 +- ")
        stations = self.report_json("--day", "2025-11-30")["stations"]
        self.assertEqual([s["station"] for s in stations], ["b", "a"])
        self.assertEqual(stations[0]["seconds"]["music"], 4320)

    def test_empty(self):
        self.assertIn("no record", self.report("--station", "a"))
        self.assertEqual(self.report_json("--station", "a")["titles"], [])

    def test_plot(self):
        self.add_title("2025-11-30 06:00", "2025-11-30 07:12")
        for name, start in [("day.png", b"\x89PNG"), ("day.svg", b"<?xml")]:
            path = self.folder / name
            self.report("--station", "a", "--day", "2025-11-30", "--plot", path)
            self.assertTrue(path.read_bytes().startswith(start))
        self.assertIn("<title>Radio A, Sunday, 30 November 2025</title>",
                      (self.folder / "day.svg").read_text())

    def assert_fails(self, status, part, *options, **more):
        result = self.run_report(*options, **more)
        self.assertEqual(result.returncode, status)
        self.assertRegex(result.stderr, r"\Agenreclassify: [^\n]*\n\Z")
        self.assertIn(part, result.stderr)

    def test_errors(self):
        self.assert_fails(2, "30.11.", "--day", "30.11.2025")
        self.assert_fails(2, "--station", "--plot", "day.png")
        self.assert_fails(2, ".svg or .png", "--station", "a", "--plot", "a.gif")
        self.assert_fails(2, "no names", "a")
        self.assert_fails(1, "did you mean \"a\"?", "--station", "b")
        self.assert_fails(1, "none.db", db=self.folder / "none.db")
        self.assertFalse((self.folder / "none.db").exists())
        with open("/dev/full", "w", encoding="utf-8") as full:
            self.assert_fails(1, "output", stdout=full)
        self.db.execute("PRAGMA user_version = 2")
        self.assert_fails(1, "later version")
        self.db.execute("PRAGMA application_id = 1")
        self.assert_fails(1, "another program")

    def test_locked(self):
        """A monitor, or a backup, that writes at the same time is no obstacle."""
        self.db.execute("PRAGMA journal_mode = WAL")
        self.add_title("2025-11-30 06:00", "2025-11-30 07:12")
        self.db.execute("BEGIN IMMEDIATE")
        self.db.execute("DELETE FROM titles")
        day = self.report_json("--station", "a", "--day", "2025-11-30")
        self.assertEqual(day["n_titles"], 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
