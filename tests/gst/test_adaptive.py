# SPDX-License-Identifier: GPL-2.0-or-later
"""HTTP Live Streaming from a server whose bandwidth changes: the player switches
between two variants of a song, and it stays one song in one track."""

import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from listening import SECOND, Player, Server, encode

LENGTH = 35             # s
FRAGMENT = 3            # s
BANDWIDTHS = 40_000, 3_000_000      # bit/s, as the playlist has them
BITRATES = "32k", "128k"            # as they are
SLOW = {2, 3, 7, 8}     # the fragments that come at less than the higher bandwidth
SECONDS_OF_SLOW = 0.25  # for its 48 KB at most: 1.5 Mbit/s


def packed(path, folder, name):
    """Fragments of bare ADTS frames, each with the ID3 tag that tells its time."""
    with open(path, "rb") as f:
        data = f.read()
    frames, position = [], 0
    while position < len(data):
        length = int.from_bytes(data[position + 3:position + 6], "big") >> 5 & 0x1fff
        frames.append(data[position:position + length])
        position += length
    per_fragment = FRAGMENT * 44100 // 1024
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{FRAGMENT}",
             "#EXT-X-PLAYLIST-TYPE:VOD"]
    for n, first in enumerate(range(0, len(frames), per_fragment)):
        part = frames[first:first + per_fragment]
        content = b"com.apple.streaming.transportStreamTimestamp\0" + \
            (first * 1024 * 90000 // 44100).to_bytes(8, "big")
        frame = b"PRIV" + len(content).to_bytes(4, "big") + b"\0\0" + content
        tag = b"ID3\4\0\0" + len(frame).to_bytes(4, "big") + frame
        with open(os.path.join(folder, f"{name}-{n}.aac"), "wb") as f:
            f.write(tag + b"".join(part))
        lines += [f"#EXTINF:{len(part) * 1024 / 44100:.6f},", f"{name}-{n}.aac"]
    with open(os.path.join(folder, f"{name}.m3u8"), "w") as f:
        f.write("\n".join([*lines, "#EXT-X-ENDLIST", ""]))


def segmented(path, folder, name, options, suffix, fragment=FRAGMENT):
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-i", path, "-c", "copy", "-f", "hls",
         "-hls_time", str(fragment), "-hls_playlist_type", "vod",
         *options, "-hls_segment_filename", os.path.join(folder, f"{name}-%d.{suffix}"),
         os.path.join(folder, f"{name}.m3u8")], check=True)


class Adaptive(Server):
    """The two variants of one format; some of the fragments are slow to come.
    Without variants it sends what is there at once."""

    def __init__(self, folder, variants):
        self.folder, self.variants = folder, variants
        self.asked = []     # for each fragment the variant that it was taken of
        super().__init__()

    def playlist(self):
        lines = ["#EXTM3U"]
        for name, bandwidth in zip(self.variants, BANDWIDTHS):
            lines += [f'#EXT-X-STREAM-INF:BANDWIDTH={bandwidth},CODECS="mp4a.40.2"',
                      f"{name}.m3u8"]
        return "\n".join([*lines, ""]).encode()

    def answer(self, request):
        name = request.path[1:]
        if name == "song.m3u8":
            data = self.playlist()
        else:
            with open(os.path.join(self.folder, name), "rb") as f:
                data = f.read()
        request.send_response(200)
        request.send_header("Content-Length", str(len(data)))
        request.send_header("Content-Type", "application/vnd.apple.mpegurl"
                            if name.endswith("m3u8") else "application/octet-stream")
        request.end_headers()
        fragment = re.fullmatch(r"(.*)-(\d+)\.\w+", name)
        if fragment:
            self.asked.append(fragment[1])
            if self.variants and int(fragment[2]) in SLOW:
                part = len(data) // 5
                for _ in range(5):
                    request.wfile.write(data[:part])
                    data = data[part:]
                    time.sleep(SECONDS_OF_SLOW / 5)
        request.wfile.write(data)


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        for n, bitrate in enumerate(BITRATES):
            path = encode(os.path.join(cls.folder, f"{n}.aac"), LENGTH,
                          options=["-b:a", bitrate])
            segmented(path, cls.folder, f"ts{n}", [], "ts")
            segmented(path, cls.folder, f"mp4{n}", [
                "-hls_segment_type", "fmp4",
                "-hls_fmp4_init_filename", f"init{n}.mp4",
                "-bsf:a", "aac_adtstoasc"], "m4s")
            packed(path, cls.folder, f"adts{n}")
            # fragments of the variants that do not begin at the same times
            segmented(path, cls.folder, f"odd{n}", [], "ts", fragment=FRAGMENT + n)
        cls.join("ts0", "ts1", "spots")

    @classmethod
    def join(cls, first, second, name):
        """One playlist of the fragments of two, whose times begin anew."""
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{FRAGMENT + 1}",
                 "#EXT-X-PLAYLIST-TYPE:VOD"]
        for part in first, second:
            with open(os.path.join(cls.folder, f"{part}.m3u8")) as f:
                lines += [line for line in f.read().splitlines()
                          if line.startswith("#EXTINF") or line.endswith(".ts")]
            lines.append("#EXT-X-DISCONTINUITY" if part == first else "#EXT-X-ENDLIST")
        with open(os.path.join(cls.folder, f"{name}.m3u8"), "w") as f:
            f.write("\n".join([*lines, ""]))

    def listen(self, player, variants, **properties):
        server = Adaptive(self.folder, variants)
        self.addCleanup(server.stop)
        player = Player.of(player, server.uri("song.m3u8"), **properties)
        self.addCleanup(player.stop)
        player.play()
        player.wait_for_end()
        switches = sum(a != b for a, b in zip(server.asked, server.asked[1:]))
        self.assertGreaterEqual(switches, 2, server.asked)
        return server, player

    def check_one_song(self, server, player):
        tracks, segments = player.tracks, player.segments
        self.assertEqual(len(tracks), 1, tracks)
        track = tracks[0]
        self.assertEqual(track["end"], "eos")
        self.assertEqual(track["segments"], len(segments))
        self.assertEqual([s["segment"] for s in segments], [*range(len(segments))])
        self.assertEqual(track["uri"], server.uri("song.m3u8"))
        self.assertNotIn("title", track)
        self.assertNotIn(None, player.genres)
        return track, segments

    def test_switches(self):
        """The window goes on over every switch, and the times with it."""
        for player in "playbin", "playbin3":
            for form in "ts", "mp4", "adts":
                with self.subTest(player, form=form):
                    server, heard = self.listen(player, [f"{form}0", f"{form}1"])
                    track, segments = self.check_one_song(server, heard)
                    self.assertEqual(len(segments), LENGTH // 3 + 1, segments)
                    # MPEG-TS does not begin at 0
                    self.assertLess(segments[0]["stream-time"], 2 * SECOND)
                    for one, other in zip(segments, segments[1:]):
                        self.assertFalse(one["partial"], one)
                        for field in "stream-time", "running-time", "timestamp":
                            # but for the 1/90000 s in which MPEG-TS counts
                            self.assertAlmostEqual(
                                other[field], one[field] + one["duration"],
                                delta=20_000)
                    self.assertAlmostEqual(track["duration"] / SECOND, LENGTH,
                                           delta=0.2)
                    stats = heard.classifier.get_property("stats")
                    self.assertLess(stats.get_value("discarded"), 0.2)
                    self.assertLess(stats.get_value("gaps"), 0.2)

    def test_overlaps(self):
        """Variants that are cut at other times: a switch may repeat something or leave
        it out, as players do.  It may end a window, but neither track nor answer."""
        for player in "playbin", "playbin3":
            with self.subTest(player):
                server, heard = self.listen(player, ["odd0", "odd1"])
                track, segments = self.check_one_song(server, heard)
                heard_s = sum(s["duration"] - s["missing"] for s in segments) / SECOND
                self.assertGreater(heard_s, LENGTH - 8)

    def test_discontinuity(self):
        """What is put in, as advertisements are, is of the same stream."""
        for player in "playbin", "playbin3":
            with self.subTest(player):
                server = Adaptive(self.folder, [])
                self.addCleanup(server.stop)
                heard = Player.of(player, server.uri("spots.m3u8"))
                self.addCleanup(heard.stop)
                heard.play()
                heard.wait_for_end()
                self.assertEqual(
                    [(t["end"], t["segments"]) for t in heard.tracks],
                    [("eos", 2 * LENGTH // 3)])
                self.assertNotIn(None, heard.genres)


if __name__ == "__main__":
    unittest.main()
