# SPDX-License-Identifier: GPL-2.0-or-later
"""Radio stations as they are: titles between the audio, slogans and jingles among
them, servers that stall, die and come back, songs of Ogg one after another.  The
stations send as fast as the listener takes it: their seconds are those of audio."""

import os
import shutil
import tempfile
import threading
import unittest

from listening import PATIENCE, SECOND, Gst, Player, Station, encode

PLAYERS = "playbin", "playbin3"
PER_SECOND = 16000      # bytes of MP3
SONG, SLOGAN = 14, 7    # s
# a title is sent between two pieces of audio and goes through a decoder
SLACK = 0.5             # s

folder = tempfile.mkdtemp()
unittest.addModuleCleanup(shutil.rmtree, folder)
BARE = ["-write_xing", "0", "-id3v2_version", "0"]      # nothing but frames


def music(name, seconds, **kwargs):
    with open(encode(os.path.join(folder, name), seconds, **kwargs), "rb") as f:
        return f.read()


class StationTest(unittest.TestCase):
    """For stations that send MP3 and titles."""

    @classmethod
    def setUpClass(cls):
        cls.music = music("all.mp3", 36, options=BARE)

    def mp3(self, seconds):
        """That much music; the stream is cut between two frames or nearly."""
        size = seconds * PER_SECOND
        return (self.music * (size // len(self.music) + 1))[:size]

    def on_air(self, programme, **kwargs):
        """A station that sends the titles for so many seconds each."""
        if not callable(programme):
            def send(_, parts=programme):
                for title, seconds in parts:
                    yield title, self.mp3(seconds)
            programme = send
        station = Station(programme, **kwargs)
        self.addCleanup(station.stop)
        return station

    def tune(self, station, player="playbin", **properties):
        """A player that is ready to play it."""
        player = Player.of(player, station.uri("radio"),
                           **{"title_starts_track": True, **properties})
        self.addCleanup(player.stop)
        return player

    def listen(self, *args, **kwargs):
        """What was heard until the station's end."""
        heard = self.tune(*args, **kwargs)
        heard.play()
        heard.wait_for_end()
        return heard

    def check_tracks(self, player, expected):
        """Titles, seconds and ends of the tracks, and that segments belong to them."""
        tracks = player.tracks
        self.assertEqual([(t.get("title"), t["end"]) for t in tracks],
                         [(title, end) for title, _, end in expected])
        for track, segments, (_, seconds, _) in zip(
                tracks, player.segments_of_tracks(), expected):
            self.assertAlmostEqual(track["duration"] / SECOND, seconds, delta=SLACK)
            self.assertEqual(track["segments"], len(segments))
            self.assertEqual([s["segment"] for s in segments], [*range(len(segments))])
            self.assertEqual(track["stream-time"], segments[0]["stream-time"])


class TitlesTest(StationTest):
    def test_titles(self):
        """Each title is a track with the station's name, whose times go on."""
        for player in PLAYERS:
            with self.subTest(player):
                station = self.on_air([("Ana - One", SONG), ("Bo - Two", SONG),
                                       ("Cy - Three", SONG)],
                                      name="Radio Test", genre="Oldies")
                heard = self.listen(station, player)
                self.check_tracks(heard, [
                    ("Ana - One", SONG, "title"), ("Bo - Two", SONG, "title"),
                    ("Cy - Three", SONG, "eos")])
                for n, track in enumerate(heard.tracks):
                    self.assertEqual(track["organization"], "Radio Test")
                    self.assertEqual(track["uri"], station.uri("radio"))
                    self.assertAlmostEqual(track["stream-time"] / SECOND, n * SONG,
                                           delta=SLACK)

    def test_aac(self):
        song = music("all.aac", 36)

        def programme(_):
            for title in "One", "Two":
                yield title, song
        station = self.on_air(programme, content_type="audio/aac")
        heard = self.listen(station)
        self.check_tracks(heard, [("One", 36, "title"), ("Two", 36, "eos")])

    def test_one_track(self):
        """Without title-starts-track it is one, named as upstream did last."""
        station = self.on_air([("One", SONG), ("Two", SONG + 1)])
        heard = self.listen(station, title_starts_track=False)
        self.check_tracks(heard, [("Two", 2 * SONG + 1, "eos")])

    def test_slogans(self):
        """A slogan between songs belongs to the song before it, and one at the start
        to nobody; without min-track each is a track."""
        parts = [("One", SONG), ("Your station!", SLOGAN), ("Two", SONG),
                 ("The news soon", SLOGAN), ("Three", SONG)]
        for player in PLAYERS:
            with self.subTest(player):
                heard = self.listen(self.on_air(parts), player,
                                    min_track=10 * SECOND)
                self.check_tracks(heard, [
                    ("One", SONG + SLOGAN, "title"), ("Two", SONG + SLOGAN, "title"),
                    ("Three", SONG, "eos")])
        heard = self.listen(self.on_air(parts))
        self.assertEqual([t["title"] for t in heard.tracks],
                         [title for title, _ in parts])
        heard = self.listen(self.on_air(parts[1:]), min_track=10 * SECOND)
        self.assertEqual([t.get("title") for t in heard.tracks], ["Two", "Three"])
        self.assertAlmostEqual(sum(t["duration"] for t in heard.tracks) / SECOND,
                               2 * (SONG + SLOGAN), delta=2)

    def test_flapping(self):
        """The station's name and the song's title in turn; then another song."""
        parts = [("One", 3), ("Radio Test", 3)] * 5 + [("Two", SONG)]
        heard = self.listen(self.on_air(parts), min_track=10 * SECOND)
        self.assertEqual([t.get("title") for t in heard.tracks][-1], "Two")
        self.assertEqual(len(heard.tracks), 2, heard.tracks)
        self.assertAlmostEqual(heard.tracks[0]["duration"] / SECOND, 30, delta=SLACK)

    def test_last_is_short(self):
        """A slogan at the end is no track either."""
        heard = self.listen(self.on_air([("One", SONG), ("Bye", SLOGAN)]),
                            min_track=10 * SECOND)
        self.check_tracks(heard, [("One", SONG + SLOGAN, "eos")])

    def test_global_scope(self):
        """The same titles in tags of global scope."""
        def make_global(pad, info):
            event = info.get_event()
            if event.type != Gst.EventType.TAG or \
                    event.parse_tag().get_scope() == Gst.TagScope.GLOBAL:
                return Gst.PadProbeReturn.OK
            tags = event.parse_tag().copy()
            tags.set_scope(Gst.TagScope.GLOBAL)
            pad.send_event(Gst.Event.new_tag(tags))
            return Gst.PadProbeReturn.DROP
        heard = self.tune(self.on_air([("One", SONG), ("Two", SONG)]))
        heard.classifier.get_static_pad("sink").add_probe(
            Gst.PadProbeType.EVENT_DOWNSTREAM, make_global)
        heard.play()
        heard.wait_for_end()
        self.check_tracks(heard, [("One", SONG, "title"), ("Two", SONG, "eos")])

    def test_odd_titles(self):
        """As stations send them: quotes, other encodings, garbage behind, fields in
        fields, a line end, empty, and the same one again and again."""
        odd = ["Rock 'n' Roll", b"StreamTitle='Sun - SONG'5\xef\xbf\xbdN';",
               "Артист - Песня".encode("cp1251").join([b"StreamTitle='", b"';"]),
               'title="Twisted",artist="K S",url="song_spot=\\"F\\""',
               "A~B~~~2020-08-13T08:11:53\n", " ", "x" * 3000, b"StreamTitle=';",
               b"StreamTitle='no end", b"StreamUrl='http://x/'", "'; DROP", "-"]

        def programme(_):
            for title in odd:
                for again in range(2):
                    # told anew: the station does not know that nothing has changed
                    yield title + b";" * again if isinstance(title, bytes) else \
                        f"StreamTitle='{title}';".encode() + b"\0" * 16 * again, \
                        self.mp3(3)
        heard = self.listen(self.on_air(programme))
        told = [t for n, t in enumerate(heard.titles)
                if n == 0 or t != heard.titles[n - 1]]
        self.assertGreater(len(told), 6)
        self.assertEqual([t["title"] for t in heard.tracks if "title" in t], told)

    def test_station_genre(self):
        """The station's own genre is kept in the tags, or replaced if wanted."""
        # a title would take its place: a list of tags replaces the one before
        station = self.on_air([(None, SONG)], genre="Oldies")
        heard = self.listen(station, min_confidence=0)
        self.assertEqual(set(heard.tagged), {"Oldies"})
        heard = self.listen(station, min_confidence=0,
                            tag_mode=Gst.TagMergeMode.REPLACE)
        self.assertEqual(heard.tagged[-1], heard.tracks[0]["genre-name"])

    def test_memory(self):
        """A station without titles: what it played 6 s ago is no longer its genre."""
        silence = music("silence.mp3", 24, options=[*BARE, "-af", "volume=0"])

        def programme(_):
            yield None, self.mp3(12)
            yield None, silence
        for memory, last in (0, str), (6, type(None)):
            heard = self.listen(self.on_air(programme), memory=memory * SECOND)
            self.assertEqual(len(heard.tracks), 1)
            # the track is told over all of it
            self.assertEqual(heard.tracks[0]["segments"], 12)
            self.assertIsNotNone(heard.tracks[0]["genre"])
            self.assertIsInstance(heard.genres[-1], last, heard.genres)

    def test_interim(self):
        """A first answer after min-window, then every interval, until there is one."""
        heard = self.listen(self.on_air([("One", SONG), ("Two", SONG)]),
                            window=10 * SECOND, min_window=3 * SECOND,
                            interim_interval=3 * SECOND)
        self.assertEqual(len(heard.tracks), 2)
        self.assertEqual([s["interim"] for s in heard.segments], [False] * 4)
        for n, interim in enumerate(heard.interim):
            self.assertEqual(interim["segment"], 0)
            self.assertTrue(interim["partial"])
            self.assertAlmostEqual(interim["duration"] / SECOND, (3, 6, 9)[n % 3],
                                   delta=SLACK)
        self.assertEqual(len(heard.interim), 6, heard.interim)
        names = [name for name, _ in heard.messages]
        first = next(i for i, (_, fields) in enumerate(heard.messages)
                     if "segment" in fields and not fields["interim"])
        self.assertEqual(first, 3, names)


class TroubleTest(StationTest):
    """What servers do to their listeners."""

    def stall(self, player, timeout, resumes):
        """A station that sends nothing for a while, after 12 s of its song."""
        go_on = threading.Event()
        self.addCleanup(go_on.set)

        def programme(_):
            yield "One", self.mp3(12)
            go_on.wait(PATIENCE)
            yield "One", self.mp3(12)
        heard = self.tune(self.on_air(programme), player)
        heard.pipeline.connect(
            "source-setup", lambda _, source: source.set_property("timeout", timeout))
        heard.play()
        # what was decoded from the last complete frames
        heard.wait_for_segments(3)
        if resumes:
            go_on.set()
            heard.wait_for_end()
        return heard

    def test_stalls(self):
        """A short stall is nothing.  At a long one the player fails, after 15 s, here
        1 s; the track is told when he goes to READY."""
        for player in PLAYERS:
            with self.subTest(player):
                heard = self.stall(player, 0, True)
                self.check_tracks(heard, [("One", 24, "eos")])
                self.assertEqual(len(heard.segments), 8)

                heard = self.stall(player, 1, False)
                heard.wait_for_error()
                self.assertIsNotNone(heard.classifier.get_property("genre"))
                heard.set_state(Gst.State.READY)
                self.assertEqual([t["title"] for t in heard.tracks], ["One"])
                # after its error the source says EOS, if it gets so far
                self.assertIn(heard.tracks[0]["end"], ("eos", "stopped"))
                self.assertGreaterEqual(heard.tracks[0]["segments"], 3)

    def test_death_and_return(self):
        """The server dies, an end of the stream for the listener, who comes back: to a
        new track."""
        for player in PLAYERS:
            with self.subTest(player):
                station = self.on_air([("One", SONG)])
                heard = self.listen(station, player)
                self.check_tracks(heard, [("One", SONG, "eos")])
                station.stop()
                heard.set_state(Gst.State.READY)
                self.assertEqual(len(heard.tracks), 1)
                # nobody answers
                heard.pipeline.set_state(Gst.State.PLAYING)
                heard.wait_for_error()
                # playbin does not get out of a failure by READY
                heard.set_state(Gst.State.NULL)
                self.assertEqual(len(heard.tracks), 1)
                # there it is again
                self.on_air([("Two", SONG)], port=station.port)
                heard.errors.clear()
                heard.play()
                heard.wait_for_end(2)
                self.check_tracks(heard, [("One", SONG, "eos"), ("Two", SONG, "eos")])

    def test_reset(self):
        """A connection that is reset is an error, or an end."""
        enough = threading.Event()
        self.addCleanup(enough.set)

        def programme(_):
            yield "One", self.mp3(SONG)
            enough.wait(PATIENCE)
        heard = self.tune(self.on_air(programme, reset=True))
        heard.play()
        heard.wait_for_segments(4)
        enough.set()
        heard.wait(lambda: heard.n_ends or heard.errors, "end")
        heard.set_state(Gst.State.READY)
        self.assertEqual(len(heard.tracks), 1, heard.tracks)
        self.assertIn(heard.tracks[0]["end"], ("eos", "stopped"))
        self.assertEqual(heard.tracks[0]["title"], "One")


class OggTest(unittest.TestCase):
    """Songs of Ogg in one stream, each a chain with its own tags, and not all of one
    rate and of as many channels.

    Not in playbin3: that of GStreamer 1.22 links the second song in time only
    sometimes, with our element or without."""

    def songs(self, suffix):
        """Three of 8 s."""
        for n, options in enumerate(([], ["-ac", "1"], ["-ar", "48000"])):
            yield music(f"{n}.{suffix}", 8, start=8 * n, options=options,
                        title=f"Song {n}", artist=f"Artist {n}")

    def test_chains(self):
        for suffix in "ogg", "opus", "oga":
            songs = [*self.songs(suffix)]

            def programme(_, songs=songs):
                for song in songs:
                    yield None, song
            station = Station(programme, "application/ogg")
            self.addCleanup(station.stop)
            for splits in True, False:
                with self.subTest(suffix, splits=splits):
                    heard = Player.of("playbin", station.uri("radio"),
                                      title_starts_track=splits)
                    self.addCleanup(heard.stop)
                    heard.play()
                    heard.wait_for_end()
                    self.check(heard, splits)

    def check(self, heard, splits):
        tracks = heard.tracks
        # all songs have the same group, that of the connection
        expected = [f"Song {n}" for n in range(3)] if splits else ["Song 2"]
        self.assertEqual([t["title"] for t in tracks], expected)
        self.assertEqual([t["artist"] for t in tracks],
                         [t.replace("Song", "Artist") for t in expected])
        self.assertEqual([t["end"] for t in tracks],
                         ["title"] * (len(expected) - 1) + ["eos"])
        for n, track in enumerate(tracks):
            self.assertAlmostEqual(track["duration"] / SECOND, 24 / len(expected),
                                   delta=0.2)
            self.assertAlmostEqual(track["stream-time"] / SECOND, 8 * n, delta=0.2)
        times = [s["stream-time"] for s in heard.segments]
        self.assertEqual(times, sorted(times))


if __name__ == "__main__":
    unittest.main()
