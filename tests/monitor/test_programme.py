# SPDX-License-Identifier: GPL-2.0-or-later
"""test_programme.py BUILD: an hour of radio whose titles, talk and silence are known,
and a day of it, faster than real time."""

import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import jsonschema

import monitoring
import scripted
from scripted import FastServer, Programme, music, silence, speech

BUILD = sys.argv.pop(1)
ROOT = scripted.HERE.parents[1]
SCHEMA = json.loads(
    (ROOT / "src/monitor/record/record.schema.json").read_text())
SHARED = ROOT.parent / "shared" / "data" / "audio"
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
PATIENCE = 540      # s


def seconds(time):
    return (datetime.datetime.fromisoformat(time.replace("Z", "+00:00")) -
            START).total_seconds()


def songs():
    """(a file, its tempo) of 16: recordings of all genres, or one in many tempos."""
    clips = sorted(SHARED.glob("*.flac"))
    if clips:
        return [(clip, 1) for clip in clips[::len(clips) // 16][:16]]
    return [(scripted.CLIP, 0.7 + 0.04 * i) for i in range(16)]


def listen(uri, *options):
    """The records of a recording."""
    process = monitoring.program(
        BUILD, "monitor", "--recorded", f"--start={START.isoformat()}", *options, uri,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and errors == "", errors
    records = [json.loads(line) for line in out.splitlines()]
    for record in records:
        jsonschema.validate(record, SCHEMA)
    return records


def classify(paths):
    """{path: the genre that the command tells}"""
    process = monitoring.program(BUILD, "--json", "--quiet", *paths,
                                 stdout=subprocess.PIPE, text=True)
    out, _ = process.communicate(timeout=PATIENCE)
    return {result["file"]: result["genre"]
            for result in map(json.loads, out.splitlines())}


class Test(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def serve(self, programme, breaks=()):
        server = FastServer(programme, breaks)
        self.addCleanup(server.close)
        return server.uri

    def make_hour(self):
        pieces = []
        for i, (clip, tempo) in enumerate(songs()):
            pieces.append(music(self.folder, i, clip, 175 + 7 * (i % 5),
                                f"Artist {i} - Song {i}", tempo))
            if i in (2, 7, 12):
                voice = {2: "rms", 7: "awb", 12: "kal"}[i]
                pieces.append(speech(self.folder, 90, f"News {i}", voice))
            if i in (4, 10):
                pieces.append(silence(self.folder, 40))
            if i == 5:
                pieces.append(speech(self.folder, 60))
        return Programme(pieces)

    def test_hour(self):
        programme = self.make_hour()
        self.assertGreater(programme.seconds, 3400)
        breaks = [i for i, piece in enumerate(programme.pieces)
                  if piece.title in ("Artist 6 - Song 6", "Artist 12 - Song 12")]
        records = listen(self.serve(programme, breaks), "--resumed")
        titles = [r for r in records if r["type"] == "title"]
        alone = classify([p.path for p in programme.pieces if p.path])

        expected = programme.titles()
        self.assertEqual([t["stream_title"] or t["title"] for t in titles],
                         [title for title, *_ in expected])
        for found, (title, start, end, piece) in zip(titles, expected):
            with self.subTest(title):
                self.assertAlmostEqual(seconds(found["start"]), start, delta=6)
                self.assertAlmostEqual(seconds(found["end"]), end, delta=6)
                self.assertFalse(found["continues"])
                self.assertEqual(found["genre"], alone.get(piece.path))
        total = sum(t["seconds"] for t in titles)
        for kind in ("music", "speech", "silence"):
            self.assertAlmostEqual(sum(t[kind] * t["seconds"] for t in titles) / total,
                                   programme.share(kind), delta=0.05, msg=kind)

        states = [(r["state"], seconds(r["time"])) for r in records
                  if r["type"] == "state"]
        self.assertEqual(states, sorted(states, key=lambda state: state[1]))
        for kind, state in (("speech", "talk"), ("silence", "silent")):
            for piece in programme.pieces:
                if piece.kind == kind:
                    self.assertTrue(
                        any(name == state and
                            piece.start - 30 < time < piece.end + 30
                            for name, time in states), (state, piece.start, states))

    def test_day(self):
        """24 hours of a station that names no title; the times do not drift."""
        data = scripted.encode_small(os.path.join(self.folder, "small.mp3"),
                                     scripted.CLIP, 600)
        expected = scripted.SMALL_BYTES * 600
        # an encoder begins and ends with a little silence
        self.assertAlmostEqual(len(data), expected, delta=expected / 1000)
        server = scripted.LoopServer(data, 144)
        self.addCleanup(server.close)
        records = listen(server.uri, "--every=5min")
        titles = [r for r in records if r["type"] == "title"]
        end = 144 * len(data) / scripted.SMALL_BYTES
        self.assertAlmostEqual(len(titles), end / 300, delta=3)
        self.assertEqual([r["start"] for r in titles[1:]],
                         [r["end"] for r in titles[:-1]])
        self.assertAlmostEqual(seconds(titles[-1]["end"]), end, delta=6)
        self.assertEqual({r["genre"] for r in titles[1:-1]}, {titles[1]["genre"]})


unittest.main(argv=sys.argv[:1])
