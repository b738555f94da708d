# SPDX-License-Identifier: GPL-2.0-or-later
"""The genre written into files of every format, read back by mutagen and ffprobe:
all else in them is as before, whatever happens on the way.

TEST_KILLS=50 kills the command at so many moments; by default it is a few."""

import base64
import fcntl
import functools
import hashlib
import http.server
import json
import os
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

try:
    import mutagen
    from mutagen import apev2, flac, id3, mp4
except ImportError:
    print("python3-mutagen is not installed")
    sys.exit(77)

PROGRAM = sys.argv.pop(1)
CLIP = os.environ["TEST_CLIP"]
MODEL = os.path.join(os.environ["TEST_SMALL_MODELS"], "crnn.safetensors")
KILLS = int(os.environ.get("TEST_KILLS", 3))
# a JPEG as far as tags look into it, and longer than a page of Ogg
PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 300 + b"\xff\xd9"
OURS = "GENRECLASSIFY"
RETRYABLE = {"busy", "changed-meanwhile", "no-space"}

ENCODERS = {
    "mp3": "-c:a libmp3lame -id3v2_version 0", "flac": "-c:a flac", "ogg": "-c:a libvorbis",
    "opus": "-c:a libopus -ar 48000", "m4a": "-c:a aac",
    "wav": "-c:a pcm_s16le", "aiff": "-c:a pcm_s16be", "wv": "-c:a wavpack",
}
FORMATS = [*ENCODERS, "ape"]


def ffmpeg(*arguments):
    return subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments], check=True,
        capture_output=True, text=True).stdout


def make_ape(path):
    """Monkey's Audio, which nothing in Debian writes: any bits are some noise, and
    these are such that they are valid ones."""
    n = 40
    frame = bytes(4) + random.Random(4).randbytes(3996)
    header = struct.pack("<HHIIIHHI", 1000, 32, 1000, 1000, n, 16, 1, 8000)
    descriptor = struct.pack("<4sHHIIIIIII16s", b"MAC ", 3990, 0, 52, 24, 4 * n,
                             0, n * len(frame), 0, 0, bytes(16))
    start = len(descriptor + header) + 4 * n
    with open(path, "wb") as f:
        f.write(descriptor + header)
        f.write(b"".join(struct.pack("<I", start + i * len(frame))
                         for i in range(n)))
        f.write(n * frame)


def make_model(genre, path):
    """A model that always says @genre: all its labels are that, spelled in ten
    ways."""
    with open(MODEL, "rb") as f:
        size = struct.unpack("<Q", f.read(8))[0]
        header = json.loads(f.read(size))
        weights = f.read()
    header["__metadata__"]["labels"] = json.dumps(
        [genre + i * "-" for i in range(10)])
    text = json.dumps(header).encode()
    text += bytes(-len(text) % 8).replace(b"\0", b" ")
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + weights)
    return path


def add_id3(path, tags, version=4):
    tags.add(id3.TIT2(3, "Title Ä"))
    tags.add(id3.TPE1(3, ["One", "Two"]))
    tags.add(id3.APIC(0, "image/jpeg", 3, "cover", PICTURE))
    tags.add(id3.USLT(3, "eng", "", "la\nla"))
    tags.add(id3.TXXX(3, "REPLAYGAIN_TRACK_GAIN", "-3 dB"))
    tags.add(id3.PRIV("owner", b"\0\1\2"))
    tags.add(id3.POPM("me", 200, 7))
    tags.add(id3.GEOB(0, "a/b", "f", "d", b"\xff\0\xff\xe0"))
    tags.add(id3.CTOC("toc", 3, ["c1"], []))
    tags.add(id3.CHAP("c1", 0, 1000, 9, 9, [id3.TIT2(3, "Chapter")]))
    if version == 3:
        tags.add(id3.TYER(0, "1999"))
        tags.add(id3.TDAT(0, "3112"))
        tags.add(id3.TIME(0, "2359"))
        tags.add(id3.TORY(0, "1970"))
        tags.add(id3.TSIZ(0, "12345"))
        tags.add(id3.IPLS(0, [["mixer", "Me"]]))
    else:
        tags.add(id3.TDRC(3, "1999-12-31"))
        tags.add(id3.TMOO(3, "calm"))
    if path:
        tags.save(path, v2_version=version, v23_sep=None)


def add_flac(path):
    audio = flac.FLAC(path)
    picture = flac.Picture()
    picture.data, picture.mime, picture.type = PICTURE, "image/jpeg", 3
    audio.add_picture(picture)
    audio.tags.extend([("Title", "Title Ä"), ("ARTIST", "One"),
                       ("ARTIST", "Two"), ("lyrics", "la\nla"),
                       ("CHAPTER001", "00:00:00.000")])
    audio.metadata_blocks.append(flac.MetadataBlock(b"testAPPL"))
    audio.metadata_blocks[-1].code = 2
    sheet = flac.CueSheet(None)
    sheet.media_catalog_number = b"123"
    track = flac.CueSheetTrack(1, 0, isrc=b"")
    track.indexes.append(flac.CueSheetTrackIndex(1, 0))
    sheet.tracks += [track, flac.CueSheetTrack(170, 88200, isrc=b"")]
    audio.metadata_blocks.append(sheet)
    seeks = flac.SeekTable(None)
    seeks.seekpoints.append(flac.SeekPoint(0, 0, 4096))
    audio.metadata_blocks.append(seeks)
    audio.save()


def add_comments(path):
    audio = mutagen.File(path)
    audio["title"] = "Title Ä"
    audio["artist"] = ["One", "Two"]
    audio["lyrics"] = "la\nla"
    picture = flac.Picture()
    picture.data, picture.mime, picture.type = PICTURE, "image/jpeg", 3
    audio["metadata_block_picture"] = [
        base64.b64encode(picture.write()).decode()]
    audio.save()


def add_mp4(path):
    audio = mp4.MP4(path)
    audio["\xa9nam"] = "Title Ä"
    audio["\xa9ART"] = ["One", "Two"]
    audio["\xa9lyr"] = "la\nla"
    audio["trkn"] = [(3, 12)]
    audio["tmpo"] = [120]
    audio["cpil"] = True
    audio["covr"] = [mp4.MP4Cover(PICTURE)]
    audio["----:com.apple.iTunes:MOOD"] = [b"calm", b"slow"]
    audio.save()


def add_ape(path):
    tags = apev2.APEv2()
    tags["Title"] = "Title Ä"
    tags["Artist"] = ["One", "Two"]
    tags["Lyrics"] = "la\nla"
    tags["Cover Art (Front)"] = apev2.APEValue(b"c.jpg\0" + PICTURE,
                                               apev2.BINARY)
    tags.save(path)


def add_tags(path):
    kind = path.rsplit(".", 1)[1]
    if kind == "mp3":
        add_id3(path, id3.ID3())
    elif kind in ("wav", "aiff"):
        audio = mutagen.File(path)
        audio.add_tags()
        add_id3(None, audio.tags)
        audio.save()
    elif kind == "flac":
        add_flac(path)
    elif kind in ("ogg", "opus"):
        add_comments(path)
    elif kind == "m4a":
        add_mp4(path)
    else:
        add_ape(path)


def read_tags(path):
    """(genres, classifier, everything else) of a file."""
    kind = path.rsplit(".", 1)[1]
    if kind in ("mp3", "wav", "aiff"):
        # not translated: a frame of 2.3 stays one
        audio = (id3.ID3(path, translate=False) if kind == "mp3"
                 else mutagen.File(path).tags)
        genres = audio["TCON"].genres if "TCON" in audio else []
        ours = audio.get("TXXX:" + OURS, "")
        rest = {key: repr(frame) for key, frame in audio.items()
                if key not in ("TCON", "TXXX:" + OURS)}
        rest["version"] = audio.version
        return genres, str(ours), rest
    audio = mutagen.File(path)
    if kind == "m4a":
        genres, ours = "\xa9gen", "----:com.apple.iTunes:" + OURS
    else:
        genres, ours = "genre", OURS
    tags = dict(audio.tags or {})
    rest = {key: repr(value) for key, value in tags.items()
            if key.lower() not in (genres, ours.lower())}
    if kind == "flac":
        rest["pictures"] = [p.write() for p in audio.pictures]
        rest["blocks"] = sorted((b.code, b.write()) for b in
                                audio.metadata_blocks if b.code in (2, 3, 5))
    value = (audio.tags or {}).get(ours, "")
    if isinstance(value, list):
        value = b"".join(value).decode() if kind == "m4a" else value[0]
    return list((audio.tags or {}).get(genres, [])), str(value), rest


def read_samples(path):
    return ffmpeg("-i", path, "-map", "0:a", "-f", "md5", "-")


def probe(path):
    answer = json.loads(subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", "-show_format",
         "-show_streams", "-show_chapters", path], check=True,
        capture_output=True, text=True).stdout)
    tags = dict(answer["streams"][0].get("tags", {}))
    tags.update(answer["format"].get("tags", {}))
    return ({key.lower(): value for key, value in tags.items()},
            answer["chapters"])


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def run(*arguments, **options):
    return subprocess.run([PROGRAM, *arguments], capture_output=True,
                          text=True, timeout=60, **options)


def leftovers(folder):
    return [n for n in os.listdir(folder) if n.startswith(".")]


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.TemporaryDirectory()
        # where a run that names no log keeps its own
        os.environ["XDG_STATE_HOME"] = os.path.join(cls.root.name, "state")
        cls.plain = os.path.join(cls.root.name, "plain")
        os.mkdir(cls.plain)
        outputs = []
        for kind, encoder in ENCODERS.items():
            outputs += [*encoder.split(), "-map_metadata", "-1", "-bitexact",
                        f"{cls.plain}/song.{kind}"]
        ffmpeg("-t", "6", "-i", CLIP, *outputs)
        make_ape(f"{cls.plain}/song.ape")
        cls.tagged = os.path.join(cls.root.name, "tagged")
        shutil.copytree(cls.plain, cls.tagged)
        for kind in FORMATS:
            add_tags(f"{cls.tagged}/song.{kind}")
        cls.models = {
            genre: make_model(genre, f"{cls.root.name}/{genre}.safetensors")
            for genre in ("hiphop", "blues", "jazz", "rock", "chambermusic")}

    @classmethod
    def tearDownClass(cls):
        cls.root.cleanup()

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=self.root.name)

    def copy(self, kind, tagged=True):
        source = self.tagged if tagged else self.plain
        return shutil.copy(f"{source}/song.{kind}", self.folder)

    def command(self, genre, *arguments):
        return ["--write", "--min-confidence=0", "--json", "--quiet",
                f"--model={self.models[genre]}", *arguments]

    def write(self, genre, *arguments):
        """What the command says of each of the files that it writes."""
        result = run(*self.command(genre, *arguments))
        self.assertEqual(result.returncode, 0, result.stderr)
        # of the log of its own, which a run has that names none
        self.assertRegex(result.stderr, r"\A(genreclassify: --undo .*\n)?\Z")
        self.assertEqual(leftovers(self.folder), [])
        return [json.loads(line)["write"]
                for line in result.stdout.splitlines()]

    def check_refused(self, result, name, code, sentence):
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertEqual(result.stderr, f"genreclassify: {name}: Its tags were "
                         f"not written: {sentence}\n")
        answer = json.loads(result.stdout)["write"]
        self.assertEqual(
            (answer["written"], answer["error"], answer["error_code"],
             answer["retryable"]),
            (False, sentence, code, code in RETRYABLE))

    def refuse(self, path, code, sentence, *arguments, **options):
        before, folder = digest(path), os.path.dirname(path)
        hidden = leftovers(folder)
        result = run(*self.command("hiphop", *arguments, path), **options)
        self.check_refused(result, path, code, sentence)
        self.assertEqual(digest(path), before)
        self.assertEqual(leftovers(folder), hidden)

    def check_kept(self, path, before, samples, chapters):
        genres, ours, rest = read_tags(path)
        self.assertEqual(rest, before)
        self.assertEqual(read_samples(path), samples)
        self.assertEqual(probe(path)[1], chapters)
        return genres, ours

    def test_formats(self):
        log = os.path.join(self.folder, "undo.log")
        paths = [self.copy(kind) for kind in FORMATS]
        kept = {path: (read_tags(path)[2], read_samples(path), probe(path)[1])
                for path in paths}
        self.write("hiphop", "--write-confidence", "--log", log, *paths)
        written = {path: digest(path) for path in paths}
        for path in paths:
            with self.subTest(path):
                genres, ours = self.check_kept(path, *kept[path])
                self.assertEqual(genres, ["Hip-Hop"])
                self.assertRegex(
                    ours, r"^Hip-Hop, confidence 0\.\d\d, model small 1$")
                # ffprobe does not look into the chunk "id3 "
                if not path.endswith("wav"):
                    self.assertEqual(probe(path)[0]["genre"], "Hip-Hop")
        # the default leaves it alone
        for answer in self.write("jazz", *paths):
            self.assertEqual(answer, {
                "written": False, "old": "Hip-Hop", "new": "Hip-Hop",
                "note": "It has a genre already.", "error": None,
                "error_code": None, "retryable": False, "skipped": False})
        self.assertEqual({path: digest(path) for path in paths}, written)
        # several, as the format has them
        self.write("blues", "--append", "--log", log, *paths)
        for path in paths:
            with self.subTest(path):
                self.assertEqual(self.check_kept(path, *kept[path])[0],
                                 ["Hip-Hop", "Blues"])
        self.write("chambermusic", "--overwrite", "--log", log, *paths)
        for path in paths:
            with self.subTest(path):
                self.assertEqual(self.check_kept(path, *kept[path])[0],
                                 ["Chamber Music"])
        result = run("--undo", log)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(len(result.stdout.splitlines()), len(FORMATS))
        for kind in FORMATS:
            with self.subTest(kind):
                self.assertEqual(digest(f"{self.folder}/song.{kind}"),
                                 digest(f"{self.tagged}/song.{kind}"))
        again = run("--undo", log)
        self.assertEqual((again.returncode, again.stderr), (0, ""))
        self.assertEqual(again.stdout.count("is as it was"), len(FORMATS))

    def test_untagged(self):
        log = os.path.join(self.folder, "undo.log")
        paths = [self.copy(kind, tagged=False) for kind in FORMATS]
        # an ID3v2 tag without frames, and an ID3v1 tag
        empty, old = (f"{self.folder}/{name}.mp3" for name in ("empty", "old"))
        with open(paths[0], "rb") as f:
            content = f.read()
        with open(empty, "wb") as f:
            f.write(b"ID3\3" + bytes(5) + b"\x64" + bytes(100) + content)
        with open(old, "wb") as f:
            f.write(content + struct.pack("3s30s30s30s4s30sB", b"TAG", b"Old",
                                          b"", b"", b"1980", b"", 255))
        before = {path: (read_samples(path), digest(path))
                  for path in [*paths, empty, old]}
        self.write("rock", "--log", log, *before)
        for path in before:
            with self.subTest(path):
                self.assertEqual(read_tags(path)[0], ["Rock"])
                self.assertEqual(read_samples(path), before[path][0])
        # in INFO they are one text, beside the two of ID3v2
        wav = paths[FORMATS.index("wav")]
        self.write("blues", "--append", "--log", log, wav)
        self.assertEqual(self.write("jazz", "--append", "--dry-run", wav)[0]["old"],
                         "Rock; Blues")
        result = run("--undo", log)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for path in before:
            with self.subTest(path):
                self.assertEqual(digest(path), before[path][1])

    def test_undo_after_edits(self):
        """A tag that was not there before has other things in it by now."""
        log = os.path.join(self.folder, "undo.log")
        paths = [self.copy(kind, tagged=False)
                 for kind in ("mp3", "wav", "aiff", "wv")]
        self.write("rock", "--log", log, *paths)
        for path in paths:
            audio = mutagen.File(path)
            if path.endswith("wv"):
                audio["Title"] = "Mine"
            else:
                audio.tags.add(id3.TIT2(3, "Mine"))
            audio.save()
        before = [read_tags(path)[2] for path in paths]
        result = run("--undo", log)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for path, rest in zip(paths, before):
            with self.subTest(path):
                self.assertIn("Mine", str(rest))
                self.assertEqual(read_tags(path), ([], "", rest))

    def test_id3_versions(self):
        path = self.copy("mp3", tagged=False)
        add_id3(path, id3.ID3(), version=3)
        before = read_tags(path)[2]
        self.assertIn("TSIZ", before)
        self.write("hiphop", path)
        self.assertEqual(read_tags(path)[::2], (["Hip-Hop"], before))
        self.write("blues", "--append", path)
        self.assertEqual(sorted(read_tags(path)[0]), ["Blues", "Hip-Hop"])
        self.assertEqual(read_tags(path)[2], before)
        # 2.2 stays what it is, frame for frame
        with open(self.copy("mp3", tagged=False), "rb") as f:
            content = f.read()
        frames = b"".join(
            name + bytes([0, 0, len(data)]) + data for name, data in
            ((b"TT2", b"\0Title"), (b"PIC", b"\0JPG\3c\0picture")))
        with open(path, "wb") as f:
            f.write(b"ID3\2\0\0\0\0\0" + bytes([len(frames)]) + frames +
                    content)
        self.write("hiphop", path)
        tags = id3.ID3(path)
        self.assertEqual((tags.version, str(tags["TIT2"]), str(tags["TCON"]),
                          tags["APIC:c"].data),
                         ((2, 2, 0), "Title", "Hip-Hop", b"picture"))
        for option, version in ([], 4), (["--id3v23"], 3):
            path = self.copy("mp3", tagged=False)
            self.write("blues", *option, path)
            self.assertEqual(id3.ID3(path, translate=False).version[1], version)

    def test_id3v1(self):
        """Where it stands alone, its byte is the genre."""
        path = self.copy("mp3", tagged=False)
        with open(path, "ab") as f:
            f.write(struct.pack("3s30s30s30s4s30sB", b"TAG", b"Old title",
                                b"", b"", b"1980", b"", 17))
        with open(path, "rb") as f:
            before = f.read()
        self.assertFalse(self.write("blues", path)[0]["written"])
        self.write("blues", "--overwrite", path)
        with open(path, "rb") as f:
            self.assertEqual(f.read(), before[:-1] + b"\0")

    def test_number(self):
        """In ID3v2 it is one of ID3v1's list, elsewhere a name as any other."""
        paths = [self.copy(kind, tagged=False) for kind in ("mp3", "flac")]
        for path, genre in zip(paths, (id3.TCON(3, "80"), "80")):
            audio = mutagen.File(path)
            audio["TCON" if path.endswith("mp3") else "genre"] = genre
            audio.save()
        self.write("hiphop", "--append", *paths)
        self.assertEqual(read_tags(paths[0])[0], ["Folk", "Hip-Hop"])
        self.assertEqual(read_tags(paths[1])[0], ["80", "Hip-Hop"])

    def test_wav_info(self):
        path = os.path.join(self.folder, "song.wav")
        ffmpeg("-t", "6", "-i", CLIP, "-metadata", "title=Title",
               "-metadata", "artist=Caf\u00e9", path)
        before = probe(path)[0]
        self.write("hiphop", path)
        with open(path, "rb") as f:
            self.assertIn(b"IGNR\x08\0\0\0Hip-Hop\0", f.read())
        self.assertIsNone(mutagen.File(path).tags)
        self.assertEqual(probe(path)[0], {**before, "genre": "Hip-Hop"})

    def test_dry_run(self):
        path = self.copy("mp3")
        before = digest(path)
        self.assertEqual(self.write("hiphop", "--dry-run", path), [
            {"written": True, "old": None, "new": "Hip-Hop", "note": None,
             "error": None, "error_code": None, "retryable": False,
             "skipped": False}])
        self.assertEqual(digest(path), before)

    def test_summary(self):
        """What is classified is written, or is said to be left."""
        written, kept = self.copy("flac"), self.copy("mp3")
        self.write("hiphop", kept)
        for end in ("1 written, 1 left as it was", "2 left as they were"):
            result = run("--write", "--min-confidence=0",
                         f"--model={self.models['hiphop']}", written, kept)
            self.assertIn(f"2 files: 2 classified; {end}\n", result.stderr)

    def test_properties(self):
        path = self.copy("flac")
        link = os.path.join(self.folder, "link.flac")
        os.symlink("song.flac", link)
        other = os.path.join(self.folder, "hard.flac")
        os.link(path, other)
        os.chmod(path, 0o640)
        os.utime(path, ns=(10 ** 18, 10 ** 18 + 1))
        attributes = True
        try:
            os.setxattr(path, "user.test", b"value")
        except OSError:
            attributes = False
        if os.geteuid() == 0:
            os.chown(path, 12, 34)
        try:
            # what a new file here would get: user 1 may read and write it
            entries = (1, 7, -1), (2, 6, 1), (4, 5, -1), (16, 7, -1), (32, 5, -1)
            os.setxattr(self.folder, "system.posix_acl_default", struct.pack(
                "<I", 2) + b"".join(struct.pack("<HHi", *e) for e in entries))
        except OSError:
            pass
        before, content = os.stat(path), digest(path)
        self.assertIn("hard links", self.write("hiphop", "--preserve-times",
                                               link)[0]["note"])
        after = os.stat(path)
        self.assertTrue(os.path.islink(link))
        self.assertEqual(read_tags(path)[0], ["Hip-Hop"])
        self.assertEqual(digest(other), content)
        for name in "st_mode", "st_uid", "st_gid", "st_mtime_ns":
            self.assertEqual(getattr(after, name), getattr(before, name), name)
        if attributes:
            self.assertEqual(os.getxattr(path, "user.test"), b"value")
            self.assertNotIn("system.posix_acl_access", os.listxattr(path))
        self.write("jazz", "--overwrite", link)
        self.assertNotEqual(os.stat(path).st_mtime_ns, before.st_mtime_ns)

    def test_refused(self):
        path = self.copy("ogg")
        os.chmod(path, 0o444)
        self.refuse(path, "read-only", "The file is read-only.")
        self.refuse(path, "read-only", "The file is read-only.", "--dry-run")
        path = os.path.join(self.folder, "song.mp4")
        ffmpeg("-i", f"{self.plain}/song.m4a", "-c", "copy", "-metadata",
               "title=A", "-movflags", "use_metadata_tags", path)
        with open(path, "rb") as f:
            at = f.read().rindex(b"meta") - 4
        self.refuse(path, "unwritable-format", "Its tags have keys of QuickTime "
                    f"(mdta, in the atom meta at byte {at}) instead of iTunes' "
                    "items.")
        path = os.path.join(self.folder, "song.au")
        ffmpeg("-i", f"{self.plain}/song.wav", path)
        self.refuse(path, "unwritable-format",
                    "Its format has no tags that can be written.")

    def test_not_written(self):
        """For reasons that are not in its tags."""
        path = self.copy("wav")
        # as a disk quota, or a file system for small files only
        limit = os.path.getsize(path) // 2
        self.refuse(
            path, "write-failed",
            "No copy of it can be made: File too large.",
            preexec_fn=lambda: (
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))))
        # another process works on its copy
        name = hashlib.sha256(b"song.wav").hexdigest()[:16]
        with open(f"{self.folder}/.genreclassify-{name}.wav", "w") as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            self.refuse(path, "busy", "Another process is writing it.")

    def test_not_a_file(self):
        handler = functools.partial(QuietHandler, directory=self.plain)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                uri = f"http://127.0.0.1:{server.server_port}/song.wav"
                result = run(*self.command("hiphop", uri))
            finally:
                server.shutdown()
                thread.join()
        self.check_refused(result, uri, "not-a-file",
                           "It is not a file of this machine.")

    def test_two_names(self):
        """Of one file, of which both are in the library."""
        path, other = self.copy("mp3"), self.copy("flac")
        os.symlink("song.mp3", f"{self.folder}/link.mp3")
        os.link(other, f"{self.folder}/hard.flac")
        answers = self.write("hiphop", "--jobs=2", path,
                             f"{self.folder}/link.mp3", other,
                             f"{self.folder}/hard.flac")
        self.assertEqual([a["written"] for a in answers].count(True), 3)
        for name in os.listdir(self.folder):
            self.assertEqual(read_tags(f"{self.folder}/{name}")[0], ["Hip-Hop"])

    def test_changed_meanwhile(self):
        path = self.copy("mp3")
        stop = threading.Event()

        def touch():
            while not stop.wait(0.001):
                os.utime(path)

        thread = threading.Thread(target=touch)
        thread.start()
        try:
            self.refuse(path, "changed-meanwhile",
                        "It has been changed meanwhile, and is left as it is "
                        "now.")
        finally:
            stop.set()
            thread.join()

    def test_no_space(self):
        folder = os.path.join(self.folder, "small")
        os.mkdir(folder)
        path = os.path.join(folder, "song.wav")
        size = os.path.getsize(f"{self.plain}/song.wav")
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size * 3 // 2}",
                 "tmpfs", folder]
        if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
            self.skipTest("no file system can be mounted")
        try:
            shutil.copy(f"{self.plain}/song.wav", path)
            self.refuse(path, "no-space",
                        "No copy of it can be made: No space left on device.")
            subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
            self.refuse(path, "read-only", "The file is read-only.")
        finally:
            subprocess.run(["umount", folder], check=True)

    def test_undo_of_others(self):
        """Neither a genre of the user's own nor a write that did not happen."""
        log = os.path.join(self.folder, "undo.log")
        path, other = self.copy("mp3"), self.copy("flac")
        self.write("hiphop", "--log", log, "--jobs=1", path, other)
        with open(log) as f:
            lines = f.read().splitlines()
        entry = json.loads(lines[0])
        self.assertEqual((entry["path"], entry["old"], entry["new"]),
                         (path, [], ["Hip-Hop"]))
        tags = id3.ID3(path)
        tags["TCON"] = id3.TCON(3, "My Own")
        tags.save()
        result = run("--undo", log)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stdout,
                         f"{other}: Hip-Hop -> no genre\n")
        self.assertEqual(
            result.stderr, f"genreclassify: {path}: It has another genre by "
            "now (My Own), which is kept.\n")
        self.assertEqual(read_tags(path)[0], ["My Own"])
        # a crash may tear the last line; the next one stands by itself
        with open(log, "a") as f:
            f.write(lines[0][:40])
        self.assertEqual(run("--undo", log, "--dry-run").returncode, 1)
        self.write("rock", "--log", log, other)
        with open(log) as f:
            self.assertEqual(json.loads(f.read().splitlines()[-1])["new"],
                             ["Rock"])

    def test_log_of_its_own(self):
        """A run without --log can be undone, and says how; what a killed one has
        left in the folder is no file of the library."""
        path = self.copy("mp3")
        before = read_tags(path)
        shutil.copy(path, f"{self.folder}/.genreclassify-0123456789abcdef.mp3")
        arguments = self.command("hiphop", self.folder)
        arguments.remove("--quiet")
        result = run(*arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(result.stdout.splitlines()), 1)
        log = re.search("--undo '(.*)'", result.stderr).group(1)
        self.assertEqual(read_tags(path)[0], ["Hip-Hop"])
        self.assertEqual(run("--undo", log).returncode, 0)
        self.assertEqual(read_tags(path), before)

    def test_parent_killed(self):
        """A worker whose parent is gone still finishes the file that it writes."""
        path = os.path.join(self.folder, "long.flac")
        # its audio is compared for some tenths of a second, with signs of life
        ffmpeg("-stream_loop", "-1", "-t", "600", "-i", CLIP, "-c:a", "flac",
               path)
        with subprocess.Popen(
                [PROGRAM, *self.command("rock", "--max-duration=10", path)],
                stdout=subprocess.DEVNULL) as process:
            while not leftovers(self.folder):
                self.assertIsNone(process.poll())
                time.sleep(0.01)
            process.kill()
        self.assertEqual(len(leftovers(self.folder)), 1)
        end = time.monotonic() + 60
        while leftovers(self.folder) and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(leftovers(self.folder), [])
        self.assertEqual(read_tags(path)[0], ["Rock"])

    def test_kill(self):
        paths = [self.copy(kind) for kind in FORMATS]
        expected = {path: (read_tags(path)[2], read_samples(path))
                    for path in paths}
        moments = random.Random(6)
        start = time.monotonic()
        self.write("jazz", "--overwrite", *paths)
        duration = time.monotonic() - start
        killed = copies = 0
        while killed < KILLS:
            process = subprocess.Popen(
                [PROGRAM, *self.command(["rock", "jazz"][killed % 2],
                                        "--overwrite", *paths)],
                stdout=subprocess.DEVNULL, start_new_session=True)
            time.sleep(moments.uniform(0, duration))
            os.killpg(process.pid, signal.SIGKILL)
            killed += process.wait() < 0
            copies += len(leftovers(self.folder))
            with ThreadPoolExecutor(2) as pool:
                samples = list(pool.map(read_samples, paths))
            for path, decoded in zip(paths, samples):
                genres, _, rest = read_tags(path)
                self.assertIn(genres, (["Jazz"], ["Rock"]))
                self.assertEqual((rest, decoded), expected[path])
        # what was left goes with the next run
        self.write("blues", "--overwrite", *paths)
        self.assertEqual(len(os.listdir(self.folder)), len(paths))
        if KILLS >= 50:
            print(f"killed {killed} times, {copies} copies were left")


if __name__ == "__main__":
    unittest.main()
