# SPDX-License-Identifier: GPL-2.0-or-later
"""Files with odd tags are written, or left alone for a reason that helps; nothing else
in them changes, and --undo brings back what was there.

TEST_ODD=all takes every one of them instead of a third, TEST_ODD=mp4,wav those
families; those that fail are left in the folder TEST_ODD_KEEP."""

import os
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

import containers
import judge
import oddfiles

PROGRAM = sys.argv.pop(1)
SHARED = os.path.join(sys.argv.pop(1), "cases", "tags")
SELECTION = os.environ.get("TEST_ODD", "")
KEEP = os.environ.get("TEST_ODD_KEEP")
# of ../shared: what may be refused, and with which words
SHARED_REFUSED = {"program-stream.mpg": ("keep", "MPEG|decoder|tag|format"),
                  "zeros-in-front.mp3": ("may", "front|before|begin|zero"),
                  "empty-first-comment-block.flac": ("may", "comment|VORBIS")}


class TestContainers(unittest.TestCase):
    """Who judges is judged: against mutagen's list of names, and by changing one
    field after the other."""

    @classmethod
    def setUpClass(cls):
        cls.bases = oddfiles.make_bases()
        cls.cases = list(oddfiles.make_cases(cls.bases))

    def test_bases(self):
        """All of FFmpeg's own files are understood and without fault."""
        kinds = {"mp3": "MPEG", "mpg": "MPEG", "aac": "MPEG", "flac": "FLAC",
                 "ogg": "Ogg", "opus": "Ogg", "oga": "Ogg", "spx": "Ogg",
                 "wav": "RIFF", "aiff": "AIFF", "aifc": "AIFF", "mp3.wav": "RIFF",
                 "wv": "WavPack", "tta": "TTA", "wma": "ASF", "mka": "Matroska",
                 "webm": "Matroska", "ape": "Monkey's Audio", "dsf": "DSF"}
        for name, data in self.bases.items():
            with self.subTest(name):
                parsed = containers.parse(data)
                self.assertEqual(parsed.faults, [])
                kind = "MP4" if name.endswith(("m4a", "mov", "3gp")) else "MPEG"
                self.assertEqual(parsed.kind, kinds.get(name, kind))

    def test_generated(self):
        """So are the odd files that are to be written."""
        self.assertGreater(len(self.cases), 600)
        for case in self.cases:
            parsed = containers.parse(case.data)
            self.assertEqual(containers.compare(parsed, parsed), [])
            if case.expect == oddfiles.WRITE:
                self.assertEqual(parsed.faults, [], case.name)

    def test_names(self):
        """FFmpeg's metadata are found under the names that mutagen sees."""
        text = ["-metadata", "title=T", "-metadata", "artist=A", "-metadata",
                "album=B", "-metadata", "genre=Jazz"]
        with tempfile.TemporaryDirectory() as folder:
            for name in ("mp3", "flac", "ogg", "opus", "spx", "m4a", "wv", "tta",
                         "wma", "mka", "wav", "aiff"):
                source = os.path.join(folder, "source." + name)
                path = os.path.join(folder, "tagged." + name)
                with open(source, "wb") as f:
                    f.write(self.bases[name])
                subprocess.run(
                    ["ffmpeg", "-nostdin", "-v", "error", "-i", source, "-c",
                     "copy", *text, *(["-write_id3v2", "1"] if name == "aiff"
                                      else []), path], check=True)
                with self.subTest(name), open(path, "rb") as f:
                    parsed = containers.parse(f.read())
                    self.assertEqual(parsed.faults, [])
                    self.assertEqual(containers.read_genre(parsed), ["Jazz"])
                    found = {piece.name.rpartition("/")[2].partition("#")[0]
                             for piece in parsed.pieces}
                    tags = judge.mutagen.File(path)
                    if tags is None or name in ("wav", "mka"):
                        tags = {"wav": ["INAM", "IGNR", "IART", "IPRD"],
                                "mka": ["GENRE", "ARTIST", "ALBUM"]}[name]
                    for key in dict(tags) if not isinstance(tags, list) else tags:
                        key = key.partition(":")[0]
                        if key in ("Title", "Author", "Copyright", "Description",
                                   "Rating"):
                            continue  # ASF's Content Description
                        key = containers.leaf(key.lower())
                        self.assertIn(key, {name.lower() for name in found})

    def test_changes_are_found(self):
        """One byte of anything but the genre, padding and sizes, or two fields the
        other way round."""
        missed = []
        for case in self.cases:
            if zlib.crc32(case.name.encode()) % 5 or case.expect != oddfiles.WRITE:
                continue
            before = containers.parse(case.data)
            pos = 0
            if any(piece.size != len(piece.data) for piece in before.pieces) and (
                    before.kind in ("Ogg", "MP4", "Matroska")):
                # its pieces do not lie in the file as they are: change what
                # stands in the middle of a piece
                continue
            for piece in before.pieces:
                if piece.role in (containers.FIELD, containers.AUDIO) and piece.size:
                    data = bytearray(case.data)
                    data[pos + piece.size - 1] ^= 0x55
                    if not containers.compare(before, containers.parse(data)):
                        missed.append((case.name, piece.name))
                pos += piece.size
        self.assertEqual(missed, [])

    def test_changes_in_text(self):
        """The same where pieces are apart in the file."""
        for family, name, texts in (
                ("ogg", "ogg-comments-common.ogg", (b"Title", b"ARTIST")),
                ("ogg", "ogg-comments-unsorted.opus", (b"aPPle", b"Zebra")),
                ("mp4", "mp4-plain-front.m4a", (b"Title", b"covr", b"dark", b"smhd")),
                ("mp4", "mp4-co64-end.m4a", (b"Two", b"stsz")),
                ("mka", "mka-tags-front.mka", (b"Title", b"ARTIST", b"vorbis"))):
            case = next(c for c in self.cases if c.name == name)
            before = containers.parse(case.data)
            for text in texts:
                self.assertEqual(case.data.count(text) > 0, True, (name, text))
                data = case.data.replace(text, text[:-1] + b"#", 1)
                with self.subTest(name=name, text=text):
                    self.assertTrue(containers.compare(
                        before, containers.parse(data)))

    def test_offsets(self):
        """What moves must be followed."""
        base = self.bases["m4a"]
        tags = oddfiles.atom("udta", oddfiles.meta(*oddfiles.ITEMS))
        genre = oddfiles.item("\xa9gen", b"Pop")
        more = oddfiles.atom("udta", oddfiles.meta(*oddfiles.ITEMS, genre))
        before = oddfiles.mp4(base, tags, front=True)
        good = oddfiles.mp4(base, more, front=True)
        self.assertEqual(self.compare(before, good), [])
        self.assertEqual(self.compare(good, good), [])
        self.assertTrue(self.compare(before, good, strict=True))
        # the genre, and sizes, and no offsets
        at, old = good.index(b"stco"), before.index(b"stco")
        bad = good[:at] + before[old:old + 40] + good[at + 40:]
        self.assertTrue(self.compare(before, bad))
        mka = oddfiles.Mka(self.bases["mka"])
        tag = oddfiles.element(containers.TAGS, oddfiles.tag(
            oddfiles.simple_tag(b"TITLE", b"T")))
        both = oddfiles.element(containers.TAGS, oddfiles.tag(
            oddfiles.simple_tag(b"TITLE", b"T"),
            oddfiles.simple_tag(b"GENRE", b"Pop")))
        before, good = mka.write([tag]), mka.write([both])
        self.assertEqual(self.compare(before, good), [])
        # a tag that grew, where Cues and SeekHead did not notice
        at = before.index(tag)
        self.assertTrue(self.compare(
            before, before[:at] + both + before[at + len(tag):]))
        crc = mka.write([tag], crc=True)
        at = crc.index(b"\xbf\x84") + 3
        self.assertTrue(self.compare(
            crc, crc[:at] + bytes([crc[at] ^ 1]) + crc[at + 1:]))

    def test_wrong_writers(self):
        """What writers are known to do."""
        mp3, song = self.bases["mp3"], oddfiles.APE_COMMON
        genre = oddfiles.ape_item(b"Genre", b"Pop")
        only = mp3 + oddfiles.ape(song)
        front = oddfiles.id3([oddfiles.frame("TCON", b"\0Pop")])
        self.assertEqual(self.compare(only, mp3 + oddfiles.ape(
            [*song, genre])), [])
        self.assertTrue(self.compare(only, front + only))
        self.assertTrue(self.compare(only, mp3 + oddfiles.ape(
            [song[1], song[0], genre])))
        self.assertEqual(self.compare(mp3, front + mp3), [])
        flac = self.bases["flac"]

        def comments(*fields):
            return oddfiles.flac(flac, oddfiles.flac_block(
                4, oddfiles.comments(fields)))

        before = comments(b"Title=T", b"genre=Rock", b"ARTIST=A")
        self.assertEqual(self.compare(before, comments(
            b"Title=T", b"genre=Pop", b"ARTIST=A")), [])
        for fields in ((b"TITLE=T", b"genre=Pop", b"ARTIST=A"),
                       (b"Title=T", b"GENRE=Pop", b"ARTIST=A"),
                       (b"Title=T", b"ARTIST=A", b"genre=Pop"),
                       (b"genre=Pop", b"ARTIST=A"), (b"Title=T", b"ARTIST=A")):
            self.assertTrue(self.compare(before, comments(*fields)), fields)
        riff = oddfiles.riff_chunks(self.bases["wav"])
        parts = [oddfiles.chunk(b"fmt ", riff[b"fmt "]),
                 oddfiles.chunk(b"data", riff[b"data"])]
        new = oddfiles.info((b"IGNR", b"Pop\0"))
        self.assertEqual(self.compare(oddfiles.riff(*parts),
                                      oddfiles.riff(*parts, new)), [])
        self.assertTrue(self.compare(oddfiles.riff(*parts), oddfiles.riff(
            *parts, new, size=100)))

    def compare(self, before, after, **options):
        return containers.compare(containers.parse(before),
                                  containers.parse(after), **options)


class TestCommand(unittest.TestCase):
    def judge(self, cases):
        with tempfile.TemporaryDirectory() as root:
            court = judge.Judge(PROGRAM, root)
            court.judge(cases, "files", again=bool(SELECTION) or 5)
            report = court.report(KEEP, cases)
        print(f"{len(cases)} files: {court.written} written, "
              f"{court.refused} left alone, {len(court.problems)} with problems")
        if os.environ.get("TEST_ODD_REASONS"):
            for reason, names in sorted(court.reasons.items()):
                print(f"  {reason} {len(names)}: {' '.join(names[:4])}")
        if court.problems:
            self.fail("\n" + report)

    def test_odd_files(self):
        families = [name for name in SELECTION.split(",")
                    if name in oddfiles.BUILDERS]
        cases = list(oddfiles.make_cases(oddfiles.make_bases(), families))
        if not SELECTION:
            cases = [case for case in cases
                     if zlib.crc32(case.name.encode()) % 3 == 0]
        self.judge(cases)

    @unittest.skipUnless(os.path.isdir(SHARED), "needs ../shared/cases")
    def test_shared(self):
        cases = []
        for name in sorted(os.listdir(SHARED)):
            expect, words = SHARED_REFUSED.get(name, ("write", ""))
            cases.append(oddfiles.Case(
                name, judge.read(os.path.join(SHARED, name)), expect, words))
        self.judge(cases)


if __name__ == "__main__":
    unittest.main()
