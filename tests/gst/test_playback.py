# SPDX-License-Identifier: GPL-2.0-or-later
"""What listeners do with files: one after another without a gap, forth and back in a
song, next, stop; and pipelines that branch, join or are live."""

import os
import random
import shutil
import tempfile
import unittest

from listening import PATIENCE, SECOND, Gst, Player, encode

PLAYERS = "playbin", "playbin3"
FLUSH = Gst.SeekFlags.FLUSH
SONG = 8        # s
GRID = 3        # s, a window


class PlaybackTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.clip = Gst.filename_to_uri(os.environ["TEST_CLIP"])

    def song(self, name, seconds=SONG, **tags):
        path = os.path.join(self.folder, name)
        if not os.path.exists(path):
            encode(path, seconds, **tags)
        return Gst.filename_to_uri(path)

    def open(self, uri, player="playbin", **properties):
        player = Player.of(player, uri, **properties)
        self.addCleanup(player.stop)
        return player

    def launch(self, text, **properties):
        player = Player.launch(text, **properties)
        self.addCleanup(player.stop)
        return player

    def check_numbers(self, player):
        """Within a track the segments are numbered as they come."""
        for track, segments in zip(player.tracks, player.segments_of_tracks()):
            self.assertEqual([s["segment"] for s in segments], [*range(len(segments))])
            self.assertEqual(track["segments"], len(segments))


class GaplessTest(PlaybackTest):
    def test_five_songs(self):
        """Five files of five formats, three rates, one and two channels."""
        options = {"mp3": [], "flac": ["-ar", "48000"], "ogg": ["-ac", "1"],
                   "m4a": ["-ar", "32000"], "opus": []}
        uris = [self.song(f"song.{suffix}", start=4 * n, options=option,
                          title=f"Title {n}", artist=f"Artist {n}")
                for n, (suffix, option) in enumerate(options.items())]
        for player in PLAYERS:
            with self.subTest(player):
                heard = self.open(uris[0], player)
                coming = iter(uris[1:])

                def prepare(pipeline, coming=coming):
                    uri = next(coming, None)
                    if uri:
                        pipeline.set_property("uri", uri)
                heard.pipeline.connect("about-to-finish", prepare)
                heard.play()
                heard.wait_for_end()
                tracks = heard.tracks
                self.assertEqual(
                    [(t.get("title"), t.get("artist"), t.get("uri"), t["end"])
                     for t in tracks],
                    [(f"Title {n}", f"Artist {n}", uri,
                      "stream" if n < 4 else "eos") for n, uri in enumerate(uris)])
                self.check_numbers(heard)
                self.assertEqual(len({t["stream-id"] for t in tracks}), 5)
                for track in tracks:
                    self.assertAlmostEqual(track["duration"] / SECOND, SONG, delta=0.1)
                    self.assertAlmostEqual(track["stream-time"] / SECOND, 0, delta=0.1)
                    self.assertEqual(track["segments"], 3)
                times = [t["running-time"] / SECOND for t in tracks]
                for n, time in enumerate(times):
                    self.assertAlmostEqual(time, n * SONG, delta=0.5)


class NextTest(PlaybackTest):
    def test_next(self):
        """To READY, another uri, PLAYING: the track of before is told, even if it was
        only begun, and the one after it has nothing of it."""
        first = self.song("first.flac", 20, title="First")
        second = self.song("second.mp3")
        for player in PLAYERS:
            for state in Gst.State.READY, Gst.State.NULL:
                with self.subTest(player, state=state.value_nick):
                    heard = self.open(first, player)
                    heard.hold_at(10)
                    heard.play()
                    heard.wait_for_hold()
                    heard.wait_for_segments(3)
                    heard.set_state(state)
                    heard.settle()
                    self.assertEqual([(t["title"], t["uri"], t["end"], t["segments"])
                                      for t in heard.tracks],
                                     [("First", first, "stopped", 3)])
                    self.assertEqual(heard.tracks[0]["duration"], 9 * SECOND)
                    heard.hold_at(None)
                    heard.pipeline.set_property("uri", second)
                    heard.play()
                    heard.wait_for_end()
                    self.check_numbers(heard)
                    self.assertEqual(len(heard.tracks), 2)
                    self.assertEqual(heard.tracks[1]["uri"], second)
                    self.assertEqual(heard.tracks[1]["end"], "eos")
                    self.assertNotIn("title", heard.tracks[1])

    def test_nothing_done(self):
        """Without a segment there is no track; after EOS it has been told."""
        heard = self.open(self.clip)
        heard.hold_at(2)
        heard.play()
        heard.wait_for_hold()
        heard.set_state(Gst.State.READY)
        self.assertEqual(heard.messages, [])
        heard.hold_at(None)
        heard.play()
        heard.wait_for_end()
        heard.set_state(Gst.State.READY)
        self.assertEqual([t["end"] for t in heard.tracks], ["eos"])

    def test_many(self):
        """Next, next, next: as soon as there is something to hear, or later."""
        heard = self.open(self.clip)
        for n in range(30):
            heard.set_state(Gst.State.READY)
            n_tracks, n_segments = len(heard.tracks), len(heard.segments)
            heard.hold_at(n % 9 + 1.5)      # late enough for the sink to show one
            heard.play()
            heard.settle()      # playbin has errors if it is stopped before that
            if n % 2:
                heard.wait_for_segments(n_segments + (n % 9 + 1) // GRID)
            self.assertEqual(len(heard.tracks), n_tracks)
        heard.set_state(Gst.State.READY)
        self.assertEqual(heard.errors, [])
        self.check_numbers(heard)
        for track, segments in zip(heard.tracks, heard.segments_of_tracks()):
            self.assertEqual(track["end"], "stopped")
            self.assertGreater(len(segments), 0)

    def test_error(self):
        """A file that ends in the middle of nowhere: what was done is told."""
        heard = self.launch(
            f"filesrc location={os.environ['TEST_CLIP']} ! decodebin "
            "! identity error-after=600 ! genreclassify name=g ! fakesink")
        heard.play()
        heard.wait_for_error()
        heard.set_state(Gst.State.READY)
        ends = [t["end"] for t in heard.tracks]
        self.assertIn(ends, (["eos"], ["stopped"]))


class SeekTest(PlaybackTest):
    def hold_in_song(self, player="playbin", seconds=10, **properties):
        """A song under way, which has its genre."""
        heard = self.open(self.clip, player, **properties)
        heard.hold_at(seconds)
        heard.play()
        heard.wait_for_hold()
        heard.wait_for_segments(int(seconds // GRID))
        self.assertIsNotNone(heard.classifier.get_property("genre"))
        return heard

    def finish(self, heard, n_tracks=1):
        heard.hold_at(None)
        heard.play()
        heard.wait_for_end()
        self.assertEqual(len(heard.tracks), n_tracks, heard.tracks)
        self.check_numbers(heard)
        self.assertNotIn(None, heard.genres)
        self.assertEqual(heard.tracks[-1]["end"], "eos")

    def test_forth_and_back(self):
        """The genre stays, the numbers go on, and no segment is of both sides."""
        for player in PLAYERS:
            with self.subTest(player):
                heard = self.hold_in_song(player)
                before = heard.classifier.get_property("genre")
                self.assertTrue(heard.seek(20, FLUSH | Gst.SeekFlags.ACCURATE))
                self.assertEqual(heard.classifier.get_property("genre"), before)
                heard.hold_at(30)
                heard.wait_for_segments(6)
                self.assertTrue(heard.seek(0))
                self.assertEqual(heard.classifier.get_property("genre"), before)
                self.finish(heard)
                times = [s["stream-time"] / SECOND for s in heard.segments]
                self.assertEqual(len(times), 3 + 3 + 12)
                expected = [0, 3, 6, 20, 23, 26, *range(0, 36, 3)]
                for time, due in zip(times, expected):
                    self.assertAlmostEqual(time, due, delta=0.1)
                # heard twice counts twice
                self.assertAlmostEqual(heard.tracks[0]["duration"] / SECOND, 54,
                                       delta=0.2)

    def test_paused(self):
        """Dragged about while paused."""
        for player in PLAYERS:
            with self.subTest(player):
                heard = self.hold_in_song(player)
                heard.set_state(Gst.State.PAUSED)
                heard.hold_at(34)
                for n in range(20):
                    self.assertTrue(heard.seek(33 * (n * 7 % 20) / 20))
                    self.assertIsNotNone(heard.classifier.get_property("genre"))
                    if n % 4 == 0:
                        heard.settle()
                heard.settle()
                self.finish(heard)

    def test_tag(self):
        """The tag stays as well: none is taken back at a seek."""
        heard = self.hold_in_song(min_confidence=0)
        heard.seek(20)
        self.finish(heard)
        self.assertEqual(len(set(heard.tagged)), 1, heard.tagged)

    def test_sync_handler(self):
        """Seeks from the thread that posts, at every third message."""
        heard = self.open(self.clip)
        positions = iter((20, 5, 12, 0))

        def seek(name, fields):
            if name == "genreclassify" and fields["segment"] % 3 == 2:
                position = next(positions, None)
                if position is not None:
                    heard.seek(position)
        heard.on_message = seek
        heard.play()
        heard.wait_for_end()
        # one of them may have come after the song's end
        ends = [t["end"] for t in heard.tracks]
        self.assertEqual(set(ends), {"eos"})
        self.check_numbers(heard)
        self.assertIsNone(next(positions, None))

    def test_not_flushing(self):
        """Seeks that let what is under way come to its end, in an endless stream."""
        heard = self.launch("audiotestsrc wave=pink-noise samplesperbuffer=4410 "
                            "! genreclassify name=g ! fakesink")
        heard.play()
        heard.wait_for_segments(2)
        chance = random.Random(1)
        for n in range(40):
            flags = chance.choice((Gst.SeekFlags.NONE, Gst.SeekFlags.SEGMENT, FLUSH,
                                   FLUSH | Gst.SeekFlags.SEGMENT))
            self.assertTrue(heard.pipeline.seek(
                chance.choice((0.5, 1, 1, 2, 8)), Gst.Format.TIME, flags,
                Gst.SeekType.SET, chance.randrange(1000) * SECOND,
                Gst.SeekType.NONE, -1))
            # a sink that shows its first buffer after a flush lets no seek of the
            # other kind come to its end
            heard.settle()
            if n % 4 == 0:
                heard.wait_for_segments(len(heard.segments) + 1)
        heard.set_state(Gst.State.READY)
        self.assertEqual([t["end"] for t in heard.tracks], ["stopped"])
        self.check_numbers(heard)
        self.assertNotIn(None, heard.genres)

    def test_loop(self):
        """A song that repeats itself by segment seeks is one track."""
        heard = self.open(self.song("loop.flac", 9))
        turns = []
        bus = heard.pipeline.get_bus()
        heard.pause()
        flags = Gst.SeekFlags.SEGMENT
        self.assertTrue(heard.seek(0, FLUSH | flags))
        heard.settle()
        heard.play()
        while len(turns) < 4:
            message = bus.timed_pop_filtered(
                PATIENCE * SECOND, Gst.MessageType.SEGMENT_DONE | Gst.MessageType.ERROR)
            self.assertIsNotNone(message)
            self.assertEqual(message.type, Gst.MessageType.SEGMENT_DONE)
            turns.append(message)
            # the last turn ends the stream
            self.assertTrue(heard.seek(
                0, flags if len(turns) < 4 else Gst.SeekFlags.NONE))
        heard.wait_for_end()
        self.check_numbers(heard)
        self.assertEqual([(t["end"], t["segments"]) for t in heard.tracks],
                         [("eos", 15)])
        self.assertNotIn(None, heard.genres)

    def test_rates(self):
        """Faster and slower is the same song; backwards nothing is analysed."""
        heard = self.hold_in_song()
        for rate, start, n in ((2, 0, 3), (0.5, 12, 3), (-1, 0, 0), (1, 20, 3)):
            known = len(heard.segments)
            heard.hold_at(None)
            stop = start + 9 if rate > 0 else 9
            self.assertTrue(heard.pipeline.seek(
                rate, Gst.Format.TIME, FLUSH | Gst.SeekFlags.ACCURATE,
                Gst.SeekType.SET, start * SECOND, Gst.SeekType.SET, stop * SECOND))
            heard.wait_for_end(heard.n_ends + 1)
            times = [s["stream-time"] / SECOND for s in heard.segments[known:]]
            self.assertEqual([round(t) for t in times],
                             [start + 3 * i for i in range(n)])


class StormTest(PlaybackTest):
    """Whatever comes into a listener's mind, at any moment: in a pipeline without
    playbin's, which does not bear all of it."""

    def act(self, heard, chance, paths):
        source = heard.pipeline.get_by_name("source")
        action = chance.choice(("seek", "seek", "rate", "hold", "release", "pause",
                                "play", "next", "ready", "set", "wait"))
        if action == "seek":
            known = heard.classifier.get_property("genre")
            heard.seek(chance.random() * 20,
                       FLUSH | chance.choice((FLUSH, Gst.SeekFlags.ACCURATE)))
            if known and not heard.classifier.get_property("memory"):
                self.assertIsNotNone(heard.classifier.get_property("genre"))
        elif action == "rate":
            heard.pipeline.seek(chance.choice((0.5, 1, 2, -1)), Gst.Format.TIME, FLUSH,
                                Gst.SeekType.SET, 0, Gst.SeekType.SET, 10 * SECOND)
        elif action == "hold":
            heard.hold_at(1 + chance.random() * 15)
        elif action == "release":
            heard.hold_at(None)
        elif action == "pause":
            heard.set_state(Gst.State.PAUSED)
        elif action in ("next", "ready"):
            heard.set_state(chance.choice((Gst.State.READY, Gst.State.NULL)))
            if action == "next":
                source.set_property("location", chance.choice(paths))
        elif action == "set":
            heard.classifier.set_property("min-confidence", chance.random())
            heard.classifier.set_property("memory", chance.choice((0, 6)) * SECOND)
        elif action == "wait":
            known = len(heard.segments)
            heard.wait_a_little(lambda: len(heard.segments) > known)
        if action in ("play", "next", "ready"):
            heard.play()

    def test_anything(self):
        paths = [encode(os.path.join(self.folder, f"storm{n}.flac"), 20 - 4 * n,
                        title=f"Title {n}") for n in range(3)]
        for seed in range(15):
            with self.subTest(seed=seed):
                chance = random.Random(seed)
                heard = self.launch(
                    f"filesrc name=source location={paths[0]} ! flacparse ! flacdec "
                    "! genreclassify name=g ! fakesink",
                    title_starts_track=chance.random() < 0.5,
                    min_track=chance.choice((0, 10)) * SECOND,
                    interim_interval=chance.choice((0, 2)) * SECOND,
                    hop=chance.choice((0, 1)) * SECOND)
                heard.play()
                for _ in range(chance.randrange(5, 25)):
                    self.act(heard, chance, paths)
                heard.hold_at(None)
                heard.set_state(Gst.State.READY)
                self.check_numbers(heard)
                for track in heard.tracks:
                    self.assertGreater(track["segments"], 0)
                    self.assertIn(track["end"], ("eos", "stopped"))
                    n = paths.index(Gst.uri_get_location(track["uri"]))
                    self.assertEqual(track["title"], f"Title {n}")
                # nothing that counts comes after its track
                if heard.segments:
                    names = [name for name, fields in heard.messages
                             if not fields["interim"]]
                    self.assertEqual(names[-1], "genreclassify-track")


if __name__ == "__main__":
    unittest.main()
