# SPDX-License-Identifier: GPL-2.0-or-later
"""Audio files with tags of every odd kind, made byte by byte around a few seconds of
sound.

    oddfiles.py FOLDER    writes them all there, and what is expected of each

A file is expected to be written (WRITE), or may be refused with a reason (MAY), or
must be left alone (KEEP); the reason's words are a regular expression."""

import os
import random
import struct
import subprocess
import sys
import typing
import zlib

import containers

WRITE, MAY, KEEP = "write", "may", "keep"


class Case(typing.NamedTuple):
    name: str       # of the file
    data: bytes
    expect: str
    words: str      # in the reason why it was not written


SOUND = ("aevalsrc=0.3*sin(440*2*PI*t)+0.1*sin(1330*2*PI*t)"
         "+0.002*(random(0)-0.5):s={}:d={}")
# name: (rate, arguments of ffmpeg)
BASES = {
    "mp3": (16000, "-c:a libmp3lame -b:a 16k -id3v2_version 0"),
    "flac": (8000, "-c:a flac -sample_fmt s16"),
    "ogg": (8000, "-c:a libvorbis -q:a -1"),
    "opus": (8000, "-c:a libopus -b:a 6k"),
    "oga": (8000, "-c:a flac -sample_fmt s16 -f ogg"),
    "spx": (8000, "-c:a libspeex"),
    "m4a": (8000, "-c:a aac -b:a 8k"),
    "mov": (8000, "-c:a aac -b:a 8k -f mov"),
    "3gp": (8000, "-c:a aac -b:a 8k -f 3gp"),
    "frag.m4a": (8000, "-c:a aac -b:a 8k -movflags "
                 "frag_keyframe+empty_moov -frag_duration 1000000 -f mp4"),
    "dash.m4a": (8000, "-c:a aac -b:a 8k -movflags "
                 "frag_keyframe+empty_moov+dash+global_sidx -f mp4"),
    "alac.m4a": (8000, "-c:a alac -f ipod"),
    "aac": (8000, "-c:a aac -b:a 8k"),
    "wav": (8000, "-c:a pcm_u8"),
    "mp3.wav": (16000, "-c:a libmp3lame -b:a 16k -f wav"),
    "aiff": (8000, "-c:a pcm_s8"),
    "aifc": (8000, "-c:a pcm_s16le -f aiff"),
    "wv": (8000, "-c:a wavpack -sample_fmt u8p"),
    "tta": (8000, "-c:a tta -sample_fmt u8"),
    "wma": (8000, "-c:a wmav2 -b:a 24k"),
    "mka": (8000, "-c:a libvorbis -q:a -1 -cluster_time_limit 1000 -f matroska"),
    "webm": (8000, "-c:a libopus -b:a 6k"),
    "au": (8000, "-c:a pcm_s16be"),
    "w64": (8000, "-c:a pcm_u8"),
    "mpg": (16000, "-c:a mp2 -b:a 32k -f mpeg"),
    "avi": (16000, "-c:a libmp3lame -b:a 16k"),
}


def sound_of(name):
    """Its rate and duration; of a damaged Ogg stream some seconds get lost."""
    return BASES[name][0], 9 if name in ("ogg", "opus", "oga", "spx") else 5.6


def make_bases():
    """{name: bytes} of files without tags."""
    folder = os.environ.get("TMPDIR", "/tmp")
    prefix = os.path.join(folder, f"oddfiles-{os.getpid()}.")
    bases = {}
    try:
        for sound in {sound_of(name) for name in BASES}:
            command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi",
                       "-i", SOUND.format(*sound)]
            for name, (_, encoder) in BASES.items():
                if sound_of(name) == sound:
                    command += ["-map_metadata", "-1", "-fflags", "+bitexact",
                                "-flags:a", "+bitexact", *encoder.split(),
                                prefix + name]
            subprocess.run(command, check=True)
        for name in BASES:
            with open(prefix + name, "rb") as f:
                bases[name] = f.read()
    finally:
        for name in BASES:
            if os.path.exists(prefix + name):
                os.unlink(prefix + name)
    bases["ape"] = make_ape()
    bases["dsf"] = make_dsf()
    return bases


def make_ape():
    """Monkey's Audio: any bits are some noise, and these are valid ones."""
    n = 40
    frame = bytes(4) + random.Random(4).randbytes(3996)
    header = struct.pack("<HHIIIHHI", 1000, 32, 1000, 1000, n, 16, 1, 8000)
    descriptor = struct.pack("<4sHHIIIIIII16s", b"MAC ", 3990, 0, 52, 24, 4 * n,
                             0, n * len(frame), 0, 0, bytes(16))
    start = len(descriptor + header) + 4 * n
    return (descriptor + header + b"".join(
        struct.pack("<I", start + i * len(frame)) for i in range(n)) + n * frame)


def make_dsf():
    """DSD of a low rate, one bit after the other by a first-order modulator."""
    rate, block = 64000, 4096
    blocks = -(-int(rate * 5.6 / 8) // block)
    state, out, tone = 0.0, bytearray(), [
        0.4 * (1 if i % 146 < 73 else -1) for i in range(146)]
    for i in range(blocks * block):
        byte = 0
        for bit in range(8):
            state += tone[(8 * i + bit) % 146]
            if state > 0:
                byte |= 1 << bit
                state -= 1
            else:
                state += 1
        out.append(byte)
    fmt = b"fmt " + struct.pack("<QIIIIIIQII", 52, 1, 0, 1, 1, rate, 1,
                                len(out) * 8, block, 0)
    data = b"data" + struct.pack("<Q", 12 + len(out)) + bytes(out)
    return b"DSD " + struct.pack(
        "<QQQ", 28, 28 + len(fmt) + len(data), 0) + fmt + data


# --- ID3v2 and its neighbours

def synchsafe(n):
    return bytes(n >> shift & 127 for shift in (21, 14, 7, 0))


def frame(name, content, version=4, flags=0, plain_size=False):
    if version == 2:
        return name.encode() + len(content).to_bytes(3, "big") + content
    size = len(content)
    packed = (synchsafe(size) if version == 4 and not plain_size
              else struct.pack(">I", size))
    return name.encode("latin-1") + packed + struct.pack(">H", flags) + content


def unsynchronise(body):
    out = bytearray()
    for i, byte in enumerate(body):
        out.append(byte)
        following = body[i + 1] if i + 1 < len(body) else None
        if byte == 255 and (following is None or following >= 0xe0
                            or following == 0):
            out.append(0)
    return bytes(out)


def id3(frames, version=4, flags=0, padding=64, extended=b"", footer=False):
    body = extended + b"".join(frames) + (
        padding if isinstance(padding, bytes) else bytes(padding))
    if extended:
        flags |= 0x40
    if flags & 0x80 and version < 4:
        body = unsynchronise(body)
    if footer:
        flags |= 0x10
    head = bytes([version, 0, flags]) + synchsafe(len(body))
    return b"ID3" + head + body + (b"3DI" + head if footer else b"")


JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(range(200)) + b"\xff\xd9"


def common(version=4, genre=None, *more):
    """Frames as most files have them, with @more among them."""
    frames = [frame("TIT2", b"\3Title" if version == 4 else b"\0Title", version),
              frame("TPE1", b"\1\xff\xfeA\0r\0t\0", version)]
    frames += more
    if genre is not None:
        frames.append(frame("TCON", genre, version))
    return [*frames, frame("TALB", b"\0Album", version),
            frame("APIC", b"\0image/jpeg\0\3cover\0" + JPEG, version),
            frame("COMM", b"\0eng\0a comment", version)]


def id3v1(title=b"Title", artist=b"Artist", genre=255, comment=b"", track=None):
    text = struct.pack("3s30s30s30s4s30s", b"TAG", title, artist, b"Album",
                       b"1999", comment)
    if track is not None:
        text = text[:-2] + bytes([0, track])
    return text + bytes([genre])


def ape_item(key, value, flags=0):
    return struct.pack("<II", len(value), flags) + key + b"\0" + value


def ape(items, version=2000, header=True, flags=0):
    body = b"".join(items)
    own = flags | (1 << 31 if header else 0)
    block = struct.pack("<8sIII", b"APETAGEX", version, len(body) + 32,
                        len(items))
    return ((block + struct.pack("<I8x", own | 1 << 29) if header else b"") +
            body + block + struct.pack("<I8x", own))


APE_COMMON = [ape_item(b"Title", b"Title"), ape_item(b"ARTIST", b"One\0Two")]

# contents of a TXXX frame that are none by the book
ODD_TEXTS = {
    "utf16-without-bom": b"\1" + "MOOD\0dark".encode("utf-16-le"),
    "utf16be-without-bom": b"\1" + "MOOD\0dark".encode("utf-16-be"),
    "utf16-second-without-bom": b"\1\xff\xfeM\0\0\0d\0a\0r\0k\0",
    "utf16-two-byte-orders": b"\1\xff\xfeM\0\0\0\xfe\xff\0d\0k",
    "utf16-odd-length": b"\1\xff\xfeM\0\0\0\xff\xfed\0a",
    "utf16-lone-surrogate": b"\1\xff\xfeM\0\0\0\xff\xfe\0\xd8x\0",
    "latin1-as-utf8": b"\3MOOD\0Caf\xe9 noir",
    "utf8-overlong": b"\3MOOD\0\xc0\x80\xed\xa0\x80",
    "utf8-with-bom": b"\3\xef\xbb\xbfMOOD\0\xef\xbb\xbfdark",
    "encoding-9": b"\x09MOOD\0dark",
    "encoding-255": b"\xffMOOD\0dark",
    "utf16be-in-v23": b"\2\0M\0\0\0d",
    "no-description": b"\0MOOD",
    "only-encoding": b"\0",
    "several-values": b"\3MOOD\0dark\0light\0",
    "trailing-zeros": b"\3MOOD\0dark\0\0\0\0",
    "line-break": b"\0MOOD\0a\r\nb\x1b\x07",
    "cp1251-as-latin1": b"\0MOOD\0\xcf\xf0\xe8\xe2\xe5\xf2",
    "nothing-but-zeros": b"\0\0\0\0",
}

# TCON as it is found; what is not a text at all may be refused
GENRES = {
    "number": b"\00017", "parentheses": b"\0(17)",
    "refined": b"\0(4)Eurodisco", "two-numbers": b"\0(17)(4)",
    "two-and-text": b"\0(17)(4)Eurodisco", "remix": b"\0(RX)",
    "cover": b"\0CR", "escaped": b"\0((Foo)", "several": b"\3Rock\0Pop\0Jazz",
    "several-ended": b"\3Rock\0Pop\0", "utf16": b"\1\xff\xfeP\0o\0p\0",
    "utf16-several": b"\1\xff\xfeP\0\0\0\xff\xfeR\0", "slash": b"\0Pop/Rock",
    "semicolon": b"\0Pop; Rock", "unknown-number": b"\000255",
    "high-number": b"\0(191)", "latin1-as-utf8": b"\3Chans\xf4n",
    "empty": b"\0", "empty-utf16": b"\1\xff\xfe", "spaces": b"\0   ",
    "zero-terminated": b"\0Pop\0",
}


def mp3_frames(bases):
    audio = bases["mp3"]
    for version in 3, 4:
        for name, content in ODD_TEXTS.items():
            for genre in (None, b"\0Jazz"):
                if (genre is None) == (version == 3):
                    yield (f"txxx-{name}-v2{version}.mp3", id3(common(
                        version, genre, frame("TXXX", content, version)),
                        version) + audio)
        for name, content in GENRES.items():
            yield (f"tcon-{name}-v2{version}.mp3",
                   id3(common(version, content), version) + audio)
        for name, content in (("nothing", b""), ("utf16-odd", b"\1\xff\xfeP"),
                              ("encoding-7", b"\7Pop")):
            yield (f"tcon-{name}-v2{version}.mp3", id3(common(
                version, content), version) + audio, MAY, "TCON|genre")
        for name, content in (("TIT3", b"\1a\0"), ("COMM", b"\3en"),
                              ("COMM", b"\1eng\xff\xfed\0"), ("USLT", b"\0"),
                              ("APIC", b"\0image/jpeg"), ("APIC", b"\0-->\0\3\0x"),
                              ("PRIV", b""), ("PRIV", b"no end"),
                              ("UFID", b"\0" * 3), ("POPM", b"me\0"),
                              ("RVA2", b"x\0"), ("GEOB", b"\0\0"),
                              ("WXXX", b"\1\xff\xfe"), ("WOAF", b"\xe9\xff"),
                              ("MCDI", bytes(9)), ("ETCO", b"\2"),
                              ("SYLT", b"\0eng\2\1\0x"), ("CTOC", b"toc\0\3\2a\0"),
                              ("CHAP", b"c\0" + bytes(16) + b"TIT2junk"),
                              ("TDAT", b"\0311299"), ("TDRC", b"\0 9 "),
                              ("TDRL", b"\0" b"2001"), ("TSOP", b"\0Sort"),
                              ("TIPL", b"\0a"), ("XSOP", b"\0S"),
                              ("ZZZZ", b"unknown"), ("TXXY", b"\0x"),
                              ("tit2", b"\0lower"), ("TIT2", b"\0again"),
                              ("NCON", b"\0\xff" * 9)):
            yield (f"frame-{name}-{len(content)}-v2{version}.mp3", id3(common(
                version, None, frame(name, content, version)), version) + audio,
                MAY if name == "tit2" else WRITE, name)
        for name, title in (("TS2 ", b"\0x"), ("TT2\0", b"\0Title"),
                            ("T\xcf\xd2X", b"\0x")):
            yield (f"frame-id-{len(name)}{ord(name[-1])}-v2{version}.mp3",
                   id3(common(version, None) + [frame(name, title, version)],
                       version) + audio, MAY, "TS2|frame|T")
        two = [frame("TCON", b"\0Pop", version), frame("TIT2", b"\0T", version),
               frame("TCON", b"\0Rock", version), frame("TALB", b"\0A", version)]
        yield f"tcon-twice-v2{version}.mp3", id3(two, version) + audio, MAY, (
            "TCON|genre|two|twice|several")
        yield (f"tcon-first-v2{version}.mp3",
               id3(two[:2] + two[3:], version) + audio)
    # sort frames of 2.4 in 2.3
    yield "sort-frames-v23.mp3", id3(common(3, None, frame(
        "TDRL", b"\0" b"2001", 3), frame("TSOA", b"\0S", 3), frame(
            "TSST", b"\0S", 3), frame("TMOO", b"\0m", 3), frame(
                "TYER", b"\0" b"1999", 3)), 3) + audio
    # frames of 2.3 in 2.4
    yield "old-frames-v24.mp3", id3(common(4, None, frame(
        "TYER", b"\0" b"1999"), frame("TDAT", b"\0" b"3112"), frame(
            "IPLS", b"\0a\0b\0"), frame("TORY", b"\0" b"1970"), frame(
                "RVAD", bytes(9)), frame("EQUA", b"\x10"))) + audio
    # frames of 2.4 that are compressed, grouped, encrypted, with their flags
    packed = zlib.compress(b"\0squeezed")
    for version, kinds in (
            (3, (("compressed", 0x80, struct.pack(">I", 9) + packed),
                 ("encrypted", 0x40, b"\x80secret"), ("grouped", 0x20, b"\x81\0x"),
                 ("both", 0xa0, struct.pack(">I", 9) + b"\x81" + packed),
                 ("read-only", 0x2000, b"\0x"), ("discard", 0xc000, b"\0x"),
                 ("strange", 0x1f1f, b"\0x"))),
            (4, (("compressed", 0x09, synchsafe(9) + packed),
                 ("encrypted", 0x04, b"\x80secret"), ("grouped", 0x40, b"\x81\0x"),
                 ("length", 0x01, synchsafe(2) + b"\0x"),
                 ("unsynchronised", 0x02, b"\0\xff\0\xe0"),
                 ("read-only", 0x1000, b"\0x"), ("strange", 0x8080, b"\0x"),
                 ("bad-compressed", 0x09, synchsafe(9) + b"no zlib")))):
        for name, flags, content in kinds:
            yield (f"frame-{name}-v2{version}.mp3", id3(common(
                version, None, frame("TXXX", content, version, flags)),
                version) + audio)
            yield (f"tcon-{name}-v2{version}.mp3", id3(common(version) + [frame(
                "TCON", content, version, flags)], version) + audio,
                MAY, "TCON|genre")


def mp3_tags(bases):
    audio = bases["mp3"]
    whole = id3(common(4, b"\0Jazz"))
    tag = id3(common(4))
    other = id3([frame("TIT2", b"\0Other"), frame("TPE2", b"\0Other")])
    picture = frame("APIC", b"\0image/jpeg\0\3\0" + JPEG + bytes(300),
                    plain_size=True)
    long_text = frame("TXXX", b"\0LONG\0" + b"x" * 5000, plain_size=True)
    yield "plain.mp3", audio
    for version in 3, 4:
        head = common(version, b"\0Jazz")
        for name, padding in (("none", 0), ("one", 1), ("nine", 9),
                              ("huge", 70000)):
            yield (f"padding-{name}-v2{version}.mp3",
                   id3(head, version, padding=padding) + audio)
            yield (f"padding-{name}-no-genre-v2{version}.mp3", id3(common(
                version), version, padding=padding) + audio)
        yield (f"padding-garbage-v2{version}.mp3", id3(
            head, version, padding=bytes(20) + b"garbage" + bytes(20)) + audio,
            MAY, "padding|frame|ID3|tag")
        yield (f"padding-no-zero-v2{version}.mp3", id3(
            head, version, padding=b"\xff\xfe\xfd" * 9) + audio,
            MAY, "padding|frame|ID3|tag")
        yield f"empty-tag-v2{version}.mp3", id3([], version) + audio
        yield f"no-frames-v2{version}.mp3", id3([], version, padding=0) + audio
        yield (f"unsynchronised-v2{version}.mp3", id3(
            [frame("TIT2", b"\1\xff\xfeT\0", version),
             frame("PRIV", b"o\0\xff\xe0\xff\0\xff", version)]
            if version == 3 else
            [frame("TIT2", b"\1\xff\0\xfeT\0", 4, 2), frame("PRIV", unsynchronise(
                b"o\0\xff\xe0\xff\0\xff"), 4, 2)], version, 0x80) + audio,
            MAY, "unsynchronis")
        for name, extended in (
                (("plain", struct.pack(">IHI", 6, 0, 64)),
                 ("crc", None), ("long", struct.pack(">IHI", 6, 0x4000, 0)))
                if version == 3 else
                (("plain", synchsafe(6) + b"\1\0"),
                 ("update", synchsafe(7) + b"\1\x40\0"), ("crc", None),
                 ("restrictions", synchsafe(8) + b"\1\x10\1\x2a"),
                 ("wrong-size", synchsafe(60000) + b"\1\0"))):
            if extended is None:
                content = b"".join(head)
                if version == 3:
                    extended = struct.pack(">IHII", 10, 0x8000, 64,
                                           zlib.crc32(content))
                else:
                    crc = zlib.crc32(content + bytes(64))
                    extended = synchsafe(12) + b"\1\x20\5" + bytes(
                        [crc >> 28]) + synchsafe(crc & 0xfffffff)
            yield (f"extended-{name}-v2{version}.mp3", id3(
                head, version, extended=extended) + audio,
                MAY, "extended header|CRC")
    # sizes that are not synchsafe, as iTunes wrote them
    yield "plain-sizes.mp3", id3([frame("TIT2", b"\0T"), picture, long_text,
                                  frame("TCON", b"\0Pop")]) + audio, MAY, (
        "size|synchsafe|APIC|TXXX|frame")
    yield "plain-sizes-no-genre.mp3", id3([long_text, frame(
        "TIT2", b"\0T")]) + audio, MAY, "size|synchsafe|TXXX|frame"
    yield "frame-too-long.mp3", id3([frame("TIT2", b"\0T"), frame(
        "TALB", b"\0Album")[:6] + b"\x7f\x7f\0\0" + b"\0Album"]) + audio, MAY, (
            "TALB|frame")
    yield "tag-size-wrong.mp3", b"ID3\4\0\0\0\0\0\x20" + b"".join(
        common(4)) + audio, MAY, "ID3|frame|tag|TALB|TPE1|TIT2"
    yield "tag-longer-than-file.mp3", b"ID3\4\0\0\x7f\0\0\0" + b"".join(
        common(4)) + audio, MAY, "ID3|tag|audio|play|know"
    for version in 2, 5:
        frames = [frame("TT2", b"\0Title", 2), frame("TP1", b"\0Artist", 2),
                  frame("TCO", b"\0(17)", 2)]
        yield f"version-{version}.mp3", id3(
            frames if version == 2 else common(4), version) + audio, MAY, (
                r"2\.2|2\.5|version|ID3v2")
    yield "version-2-compressed.mp3", id3([frame(
        "TT2", b"\0Title", 2)], 2, 0x40) + audio, MAY, r"2\.2|version|compress"
    yield "flags-unknown.mp3", id3(common(4), 4, 0x0f) + audio, MAY, "flag|header|ID3"
    yield "experimental.mp3", id3(common(4), 4, 0x20) + audio
    # several tags
    yield "two-same.mp3", whole + whole + audio, MAY, "ID3v2|two|second"
    yield "two-different.mp3", tag + other + audio, MAY, "ID3v2|two|second"
    yield "two-versions.mp3", tag + id3(common(3), 3) + audio, MAY, "ID3v2|second"
    yield "three.mp3", other + other + other + audio, MAY, "ID3v2|second|three"
    yield "zeros-between-two.mp3", tag + bytes(500) + other + audio, MAY, (
        "ID3v2|second|zero|byte")
    yield "empty-then-filled.mp3", id3([]) + whole + audio, MAY, "ID3v2|second"
    yield "footer.mp3", id3(common(4), padding=0, footer=True) + audio, MAY, "footer"
    yield "appended.mp3", audio + id3(common(4), padding=0, footer=True), MAY, (
        "end|ID3v2|append|footer")
    yield "front-and-appended.mp3", whole + audio + id3(
        common(4), padding=0, footer=True), MAY, "end|ID3v2|append|footer|second"
    yield "seek.mp3", id3([frame("SEEK", struct.pack(">I", len(audio)))],
                          padding=0) + audio + id3(
        common(4), padding=0, footer=True), MAY, "SEEK|end|ID3v2|footer"
    # others
    yield "id3v1.mp3", audio + id3v1(), MAY, "ID3v1"
    yield "id3v1-genre.mp3", audio + id3v1(genre=17), MAY, "ID3v1"
    yield "id3v1-long.mp3", audio + id3v1(
        b"A title that was cut at thirty", b"Somebody", 255, b"comment", 7), MAY, (
            "ID3v1")
    yield "id3v1-latin1.mp3", audio + id3v1(b"Caf\xe9", b"\xcf\xf0"), MAY, "ID3v1"
    yield "id3v1-spaces.mp3", audio + id3v1(b"Title".ljust(30), b"A".ljust(30)), (
        MAY), "ID3v1"
    yield "id3v2-and-1.mp3", whole + audio + id3v1(genre=8)
    yield "id3v2-and-1-no-genre.mp3", tag + audio + id3v1()
    yield "id3v1-twice.mp3", whole + audio + id3v1() + id3v1(b"Second"), MAY, (
        "ID3v1|two")
    enhanced = b"TAG+" + bytes(180) + b"\1" + b"Some genre".ljust(30, b"\0") + bytes(12)
    yield "id3v1-enhanced.mp3", whole + audio + enhanced + id3v1(), MAY, (
        r"TAG\+|enhanced|ID3v1")
    for name, apes in (
            ("plain", APE_COMMON),
            ("genre", [APE_COMMON[0], ape_item(b"Genre", b"Jazz"),
                       APE_COMMON[1]]),
            ("genre-lower", [ape_item(b"genre", b"Jazz\0Pop"), *APE_COMMON])):
        yield f"ape-only-{name}.mp3", audio + ape(apes)
        yield f"ape-id3v1-{name}.mp3", audio + ape(apes) + id3v1(genre=8)
        yield f"ape-id3v2-{name}.mp3", tag + audio + ape(apes)
        yield f"ape-id3v2-genre-{name}.mp3", whole + audio + ape(apes) + id3v1()
        yield f"ape-v1-{name}.mp3", audio + ape(apes, 1000, False), MAY, (
            "APE|version")
    yield "ape-in-front.mp3", ape(APE_COMMON) + audio, MAY, (
        "APE|front|know|audio|tag")
    yield "ape-twice.mp3", audio + ape(APE_COMMON) + ape(
        [ape_item(b"Album", b"A")]), MAY, "APE|two|second"
    yield "replaygain-and-id3v1.mp3", audio + ape(
        [ape_item(b"MP3GAIN_MINMAX", b"1,2")]) + id3v1()
    lyrics = b"LYRICSBEGININD0000200LYR00003abc"
    lyrics2 = lyrics + b"%06dLYRICS200" % len(lyrics)
    lyrics1 = b"LYRICSBEGINla la\xff\xe0LYRICSEND"
    for name, text in (("1", lyrics1), ("2", lyrics2)):
        yield f"lyrics{name}.mp3", whole + audio + text + id3v1()
        yield f"lyrics{name}-no-id3v2.mp3", audio + text + id3v1(), MAY, (
            "Lyrics|ID3v1")
        yield f"lyrics{name}-ape.mp3", audio + ape(APE_COMMON) + text + id3v1(
            ), MAY, "Lyrics"
    # what is before, between and behind
    junk = random.Random(1).randbytes(700).replace(b"\xff", b"\xfe")
    for name, text in (("zeros", bytes(3000)), ("garbage", junk),
                       ("text", b"HTTP/1.0 200 OK\r\nicy-name: x\r\n\r\n")):
        yield f"{name}-in-front.mp3", text + audio, MAY, (
            "front|before|begin|zero|byte|start")
        yield f"{name}-in-front-of-tag.mp3", text + whole + audio, MAY, (
            "front|before|begin|zero|byte|start|know")
        yield f"{name}-behind-tag.mp3", whole + text + audio, MAY, (
            "between|behind|after|front|before|byte|zero")
        yield f"{name}-at-end.mp3", whole + audio + text
        yield f"{name}-before-id3v1.mp3", audio + text + id3v1(), MAY, "ID3v1"
        yield f"{name}-after-id3v1.mp3", whole + audio + id3v1() + text
        yield f"{name}-after-ape.mp3", audio + ape(APE_COMMON) + text, MAY, (
            "APE|behind|end")
    yield "cut.mp3", whole + audio[:-100]
    yield "big-tag.mp3", id3(common(4, None, frame("APIC", b"\0image/jpeg\0\3\0" +
                             JPEG + bytes(300000)))) + audio
    yield "id3v2.aac", whole + bases["aac"]
    yield "id3v2-no-genre.aac", tag + bases["aac"]
    yield "id3v2-v23.aac", id3(common(3), 3) + bases["aac"]
    yield "id3v1.aac", whole + bases["aac"] + id3v1(), MAY, "ID3v1"
    yield "ape.aac", bases["aac"] + ape(APE_COMMON), MAY, "APE|AAC|ADTS|tag"
    yield "plain.aac", bases["aac"], MAY, "tag"


# --- APE, WavPack, TTA

def ape_tags(bases):
    odd = {
        "nothing": [],
        "unsorted": [ape_item(b"b", b"2"), ape_item(b"A", b"1"),
                     ape_item(b"Genre", b"Pop"), ape_item(b"zZ", b"3")],
        "duplicate-keys": [ape_item(b"Title", b"1"), ape_item(b"TITLE", b"2"),
                           ape_item(b"Title", b"3")],
        "genre-spelled": [*APE_COMMON, ape_item(b"gEnRe", b"Pop")],
        "genre-empty": [ape_item(b"Genre", b""), *APE_COMMON],
        "genre-read-only": [ape_item(b"Genre", b"Pop", 1), *APE_COMMON],
        "genre-binary": [ape_item(b"Genre", b"\1\2", 2), *APE_COMMON],
        "genre-twice": [ape_item(b"Genre", b"Pop"), *APE_COMMON,
                        ape_item(b"GENRE", b"Rock")],
        "empty-value": [*APE_COMMON, ape_item(b"Empty", b"")],
        "read-only": [*APE_COMMON, ape_item(b"Fixed", b"value", 1)],
        "binary": [ape_item(b"Cover Art (Front)", b"c.jpg\0" + JPEG, 2),
                   *APE_COMMON],
        "locator": [ape_item(b"Related", b"http://example.org/", 4),
                    *APE_COMMON],
        "type-3": [ape_item(b"Odd", b"x", 6), ape_item(b"Odder", b"x", 0x1f0)],
        "invalid-utf8": [ape_item(b"Title", b"Caf\xe9 \xff"), *APE_COMMON[1:]],
        "invalid-key": [ape_item(b"\xc3\xa4 =~", b"x"), ape_item(b"ID3", b"x"),
                        ape_item(b"X", b"x")],
        "control-key": [ape_item(b"a\nb", b"x"), *APE_COMMON],
        "long": [ape_item(b"Lyrics", b"la " * 9000), *APE_COMMON],
        "nul-values": [ape_item(b"Artist", b"a\0\0b\0"), *APE_COMMON[:1]],
    }
    may = {"genre-read-only": "read-only|Genre", "genre-twice": "Genre|twice|two",
           "genre-binary": "Genre|binary", "invalid-key": "APE|item|key",
           "control-key": "APE|item|key"}
    for name, items in odd.items():
        for base in "ape", "wv", "mp3", "tta":
            if base in ("ape", "tta") and hash_of(name) % 3:
                continue
            expect = (MAY, may[name]) if name in may else (WRITE, "")
            yield f"ape-{name}.{base}", bases[base] + ape(items), *expect
    for base in "ape", "wv":
        yield f"plain.{base}", bases[base]
        yield f"no-header.{base}", bases[base] + ape(APE_COMMON, header=False), MAY, (
            "APE|header")
        yield f"version-1.{base}", bases[base] + ape(APE_COMMON, 1000, False), MAY, (
            "APE|version")
        yield f"id3v1.{base}", bases[base] + id3v1(), MAY, "ID3v1"
        yield f"ape-and-id3v1.{base}", bases[base] + ape(APE_COMMON) + id3v1()
        tag = ape(APE_COMMON)
        for what, at, value in (("count", -16, 9), ("size", -20, 77),
                                ("big-count", -16, 1 << 30)):
            wrong = bytearray(tag)
            struct.pack_into("<I", wrong, len(wrong) + at, value)
            yield f"wrong-{what}.{base}", bases[base] + bytes(wrong), MAY, (
                "APE|item|tag|know|audio")
        yield f"id3v2.{base}", id3(common(4)) + bases[base], MAY, "ID3v2|know|audio"
    for base in ("tta",):
        yield f"plain.{base}", bases[base]
        yield f"id3v2.{base}", id3(common(4)) + bases[base]
        yield f"id3v2-v23.{base}", id3(common(3, b"\0Pop"), 3) + bases[base]
        yield f"id3v2-and-ape.{base}", id3(common(4)) + bases[base] + ape(
            APE_COMMON)
        yield f"ape.{base}", bases[base] + ape(APE_COMMON)
        yield f"id3v1.{base}", bases[base] + id3v1(), MAY, "ID3v1"
        yield f"all.{base}", id3(common(4)) + bases[base] + ape(
            APE_COMMON) + id3v1()


def hash_of(text):
    return zlib.crc32(text.encode())


# --- Vorbis comments in FLAC and Ogg

def comments(fields, vendor=b"Lavf", count=None, end=b""):
    return struct.pack("<I", len(vendor)) + vendor + struct.pack(
        "<I", len(fields) if count is None else count) + b"".join(
            struct.pack("<I", len(field)) + field for field in fields) + end


SONG = [b"TITLE=Title", b"ARTIST=One"]
ODD_FIELDS = {
    "nothing": [], "common": SONG,
    "nul": [b"TITLE=a\0b", *SONG], "unsorted": [
        b"title=T", b"Zebra=z", b"aPPle=a", b"Artist=x", b"ARTIST=y",
        b"GENRE=Pop", b"Title=again"],
    "genre-lower": [*SONG, b"genre=Pop", b"DATE=1999"],
    "genre-mixed": [b"Genre=Pop", *SONG],
    "genre-several": [b"GENRE=Pop", *SONG, b"genre=Rock", b"DATE=1"],
    "genre-empty": [*SONG, b"GENRE=", b"DATE=1"],
    "genre-invalid-utf8": [*SONG, b"GENRE=Chans\xf4n", b"DATE=1"],
    "genre-without-equals": [*SONG, b"GENRE", b"DATE=1"],
    "no-equals": [b"just text", *SONG, b"more"],
    "only-equals": [b"=", *SONG, b"=value"],
    "empty-field": [b"", *SONG, b""],
    "empty-value": [b"TITLE=Title", b"ARTIST=", b"COMMENT=a\nb"],
    "odd-names": [b"A B C=x", b"{}~!=x", b"a\x7f\x01=x", b"\xc3\xa4=x", *SONG],
    "invalid-utf8": [b"TITLE=Caf\xe9", b"ARTIST=\xff\xfe\xc0\x80"],
    "surrogate": [b"TITLE=\xed\xa0\x80", b"ARTIST=\xef\xbf\xbe"],
    "long": [b"LYRICS=" + b"la la\n" * 20000, *SONG],
    "many": [b"X%d=%d" % (i % 7, i) for i in range(700)],
    "coverart": [b"COVERART=" + b"/9j/" * 40, b"COVERARTMIME=image/jpeg", *SONG],
    "picture": [b"METADATA_BLOCK_PICTURE=" + b"AAAAAw" * 30, *SONG],
    "bad-picture": [b"metadata_block_picture=not base64 \xff", *SONG],
    "duplicates": [b"ARTIST=One", b"ARTIST=One", b"artist=One", b"ARTIST=Two"],
    "ours": [*SONG, b"GENRECLASSIFY=Pop, confidence 0.50, model x 1"],
    "spaces": [b" TITLE = x ", b"ARTIST\t=\ty", *SONG],
}
DAMAGED_COMMENTS = {
    "count-too-big": comments(SONG, count=7),
    "count-too-small": comments(SONG, count=1),
    "count-huge": comments(SONG, count=0xffffffff),
    "field-too-long": comments(SONG)[:-10],
    "vendor-too-long": b"\xff\xff\0\0" + comments(SONG)[4:],
    "zeros-behind": comments(SONG, end=bytes(40)),
    "garbage-behind": comments(SONG, end=b"\2garbage"),
    "empty": b"", "vendor-invalid": comments(SONG, b"\xff\xfe\0x"),
    "no-vendor": comments(SONG, b""),
}
FINE = ("zeros-behind", "vendor-invalid", "no-vendor")


def flac_block(kind, content, last=False):
    return bytes([kind | (128 if last else 0)]) + len(content).to_bytes(
        3, "big") + content


def flac(base, *blocks):
    """The base's STREAMINFO and audio with these blocks between."""
    size = int.from_bytes(base[5:8], "big")
    pos, last = 4, False
    while not last:
        last = base[pos] >= 128
        pos += 4 + int.from_bytes(base[pos + 1:pos + 4], "big")
    out = [flac_block(0, base[8:8 + size]), *blocks]
    out[-1] = bytes([out[-1][0] | 128]) + out[-1][1:]
    return b"fLaC" + b"".join(out) + base[pos:]


def flac_files(bases):
    base = bases["flac"]
    real = flac_block(4, comments(SONG))
    empty = flac_block(4, comments([]))
    pad = flac_block(1, bytes(100))
    picture = flac_block(6, struct.pack(">I4s", 3, b"\0\0\0\x09") + b"image/png"
                         + bytes(24))
    for name, fields in ODD_FIELDS.items():
        yield (f"comments-{name}.flac",
               flac(base, flac_block(4, comments(fields)), pad))
    for name, content in DAMAGED_COMMENTS.items():
        yield (f"damaged-{name}.flac", flac(base, flac_block(4, content), pad),
               *((WRITE, "") if name in FINE else
                 (MAY, "comment|VORBIS|block|know|damaged|decode")))
    two = "comment|VORBIS"
    for name, blocks in (
            ("empty-first", [empty, real]), ("empty-second", [real, empty]),
            ("two-filled", [real, flac_block(4, comments([b"ALBUM=a"]))]),
            ("two-genres", [flac_block(4, comments([b"GENRE=Pop"])), real,
                            flac_block(4, comments([b"genre=Jazz"]))]),
            ("zero-length-first", [flac_block(4, b""), real]),
            ("three", [empty, pad, real, empty])):
        yield f"blocks-{name}.flac", flac(base, *blocks), MAY, two
    seek = flac_block(3, struct.pack(">QQH", 0, 0, 1000) + b"\xff" * 8 + bytes(10))
    application = flac_block(2, b"riff" + b"WAVEfmt " * 3)
    for name, blocks in (
            ("none", []), ("padding-only", [pad]),
            ("no-padding", [real]), ("padding-zero", [real, flac_block(1, b"")]),
            ("padding-first", [pad, real]), ("padding-twice", [real, pad, pad]),
            ("padding-four", [real, flac_block(1, bytes(4))]),
            ("padding-garbage", [real, flac_block(1, b"garbage" * 20)]),
            ("padding-huge", [real, flac_block(1, bytes(1 << 18))]),
            ("last-is-comment", [seek, picture, real]),
            ("comment-first", [real, seek, application, picture, pad]),
            ("unknown", [flac_block(11, b"unknown"), real,
                         flac_block(126, b"")]),
            ("seektables", [seek, seek, real, pad]),
            ("applications", [application, flac_block(2, b""), real, pad]),
            ("bad-picture", [flac_block(6, b"\0\0\0\3"), real, pad]),
            ("big-picture", [real, flac_block(6, struct.pack(
                ">II9sIIIIII", 3, 9, b"image/png", 0, 1, 1, 24, 0, 400000)
                + bytes(400000)), pad]),
            ("two-covers", [picture, picture, real]),
            ("bad-cuesheet", [flac_block(5, bytes(396)), real])):
        yield f"blocks-{name}.flac", flac(base, *blocks)
    whole = flac(base, real, pad)
    yield "garbage-at-end.flac", whole + b"garbage" * 30
    yield "zeros-at-end.flac", whole + bytes(3000)
    yield "id3v1.flac", whole + id3v1(), MAY, "ID3v1"
    yield "id3v2.flac", id3(common(4)) + whole, MAY, "ID3v2"
    yield "id3v2-empty.flac", id3([]) + whole, MAY, "ID3v2"
    yield "id3v2-and-1.flac", id3(common(4, b"\0Pop")) + whole + id3v1(), MAY, "ID3v"
    yield "ape.flac", whole + ape(APE_COMMON), MAY, "APE"
    yield "no-last-flag.flac", b"fLaC" + flac_block(0, base[8:42]) + real + base[
        base.index(b"\xff\xf8"):], MAY, "last|block|know|decod|audio|damaged"


class Ogg(typing.NamedTuple):
    serial: bytes
    headers: list  # packets
    pages: list    # (flags, granule, lacing, body) of the audio


def ogg_read(data, count):
    pos, pending, headers, pages = 0, b"", [], []
    while pos < len(data):
        lacing = data[pos + 27:pos + 27 + data[pos + 26]]
        body = data[pos + 27 + len(lacing):][:sum(lacing)]
        if len(headers) < count:
            a = 0
            for size in lacing:
                pending += body[a:a + size]
                a += size
                if size < 255:
                    headers.append(pending)
                    pending = b""
        else:
            pages.append((data[pos + 5], data[pos + 6:pos + 14], lacing, body))
        serial = data[pos + 14:pos + 18]
        pos += 27 + len(lacing) + len(body)
    return Ogg(serial, headers, pages)


def ogg_page(serial, number, flags, granule, lacing, body):
    page = (b"OggS\0" + bytes([flags]) + granule + serial +
            struct.pack("<II", number & 0xffffffff, 0) + bytes([len(lacing)]) +
            bytes(lacing) + body)
    return page[:22] + struct.pack("<I", containers.ogg_crc(page)) + page[26:]


def ogg_header_pages(groups, segments=255):
    """Packets in groups that begin a page each: [(flags, granule, lacing, body)]"""
    pages = []
    for group in groups:
        lacing = []
        for packet in group:
            lacing += [255] * (len(packet) // 255) + [len(packet) % 255]
        body, continued = b"".join(group), False
        while lacing:
            part, lacing = lacing[:segments], lacing[segments:]
            size = sum(part)
            granule = bytes(8) if min(part) < 255 else b"\xff" * 8
            pages.append((1 if continued else 0, granule, bytes(part),
                          body[:size]))
            body, continued = body[size:], part[-1] == 255
    return pages


def ogg_write(ogg, groups=None, segments=255, serial=None, first=0, jump=0):
    """A stream; @jump is added to the pages' numbers from the fifth of the audio
    on."""
    groups = groups or [ogg.headers[:1], ogg.headers[1:]]
    pages = ogg_header_pages(groups, segments)
    pages[0] = (2, *pages[0][1:])
    heads = len(pages)
    return [ogg_page(serial or ogg.serial,
                     first + i + (jump if i >= heads + 4 else 0), *page)
            for i, page in enumerate(pages + ogg.pages)]


def ogg_comments(kind, content):
    """The comment packet that has this inside."""
    if kind == "ogg":
        return b"\3vorbis" + content + b"\1"
    if kind == "opus":
        return b"OpusTags" + content
    if kind == "oga":
        return flac_block(4, content, True)
    return content


HEADERS = {"ogg": 3, "opus": 2, "oga": 2, "spx": 2}


def ogg_with(bases, kind, packet):
    ogg = ogg_read(bases[kind], HEADERS[kind])
    if kind == "oga":
        # without what ffmpeg has more
        first = ogg.headers[0]
        ogg = ogg._replace(headers=[first[:7] + b"\0\1" + first[9:], packet])
    else:
        ogg.headers[1] = packet
    return ogg


def ogg_files(bases):
    for name, fields in ODD_FIELDS.items():
        for kind in HEADERS:
            if kind in ("oga", "spx") and hash_of(name) % 3:
                continue
            ogg = ogg_with(bases, kind, ogg_comments(kind, comments(fields)))
            yield f"comments-{name}.{kind}", b"".join(ogg_write(ogg))
    for name, content in DAMAGED_COMMENTS.items():
        for kind in "ogg", "opus":
            ogg = ogg_with(bases, kind, ogg_comments(kind, content))
            expect = ((WRITE, "") if name in FINE and "behind" not in name else
                      (MAY, "comment|tag|know|decod|damaged|audio|packet"))
            yield f"damaged-{name}.{kind}", b"".join(ogg_write(ogg)), *expect
    song = comments(SONG)
    for kind in HEADERS:
        ogg = ogg_with(bases, kind, ogg_comments(kind, song))
        pages = ogg_write(ogg)
        whole = b"".join(pages)
        yield f"many-pages.{kind}", b"".join(ogg_write(ogg_with(
            bases, kind, ogg_comments(kind, comments(
                SONG + [b"X=" + b"x" * 150000]))), segments=3))
        yield (f"each-its-page.{kind}", b"".join(ogg_write(
            ogg, [[packet] for packet in ogg.headers])))
        yield f"short-pages.{kind}", b"".join(ogg_write(ogg, segments=1))
        exact = comments([b"TITLE=" + b"x" * 2000])
        size = len(ogg_comments(kind, exact))
        exact = comments([b"TITLE=" + b"x" * (2000 + -size % 255)])
        yield f"lacing-255.{kind}", b"".join(ogg_write(ogg_with(
            bases, kind, ogg_comments(kind, exact))))
        yield (f"numbers-from-7.{kind}", b"".join(ogg_write(ogg, first=7)))
        yield (f"numbers-wrap.{kind}",
               b"".join(ogg_write(ogg, first=0xfffffffe)))
        yield f"hole.{kind}", b"".join(ogg_write(ogg, jump=3)), MAY, (
            "page|number|Ogg|hole|missing")
        last = ogg._replace(pages=[*ogg.pages[:-1], (
            ogg.pages[-1][0] & ~4, *ogg.pages[-1][1:])])
        yield f"no-eos.{kind}", b"".join(ogg_write(last))
        yield f"garbage-at-end.{kind}", whole + b"garbage" * 50, MAY, (
            "end|behind|after|page|Ogg|byte")
        yield f"zeros-at-end.{kind}", whole + bytes(500), MAY, (
            "end|behind|after|page|Ogg|byte")
        yield f"cut.{kind}", whole[:-50], MAY, "end|page|Ogg|byte|cut|truncated"
        middle = len(pages) // 2 + 1
        yield (f"garbage-between.{kind}", b"".join(
            [*pages[:middle], b"garbage", *pages[middle:]]), MAY,
            "page|Ogg|byte|between")
        yield f"garbage-in-front.{kind}", b"garbage" + whole, MAY, (
            "front|begin|page|Ogg|know|byte")
        page = bytearray(pages[middle])
        page[22] ^= 1
        yield f"bad-crc.{kind}", b"".join(
            [*pages[:middle], bytes(page), *pages[middle + 1:]]), MAY, (
                "CRC|checksum|page|Ogg")
        other = b"".join(ogg_write(ogg, serial=b"\1\2\3\4"))
        # GStreamer now and then fails at the second link of FLAC
        if kind != "oga":
            yield f"chained.{kind}", whole + other, MAY, "chain|stream"
            yield f"chained-same-serial.{kind}", whole + whole, MAY, "chain|stream|serial"
            second = b"".join(ogg_write(ogg_with(bases, kind, ogg_comments(
                kind, comments([b"genre=Pop"]))), serial=b"\1\2\3\4"))
            yield f"chained-genre.{kind}", whole + second, MAY, "chain|stream"
        yield f"id3v1.{kind}", whole + id3v1(), MAY, "ID3v1|end|page"
        yield f"id3v2.{kind}", id3(common(4)) + whole, MAY, "ID3v2|know|page"
    yield from ogg_others(bases)


def ogg_others(bases):
    ogg = ogg_with(bases, "ogg", ogg_comments("ogg", comments(SONG)))
    heads, pages = ogg_write(ogg)[:2], ogg_write(ogg)[2:]
    # Skeleton
    skeleton = b"fishead\0" + struct.pack("<HH", 3, 0) + bytes(48)
    bone = b"fisbone\0" + struct.pack("<I", 44) + ogg.serial + bytes(40)
    fish = [ogg_page(b"fish", i, flags, bytes(8), lacing, body) for
            i, (flags, lacing, body) in enumerate((
                (2, [len(skeleton)], skeleton), (0, [len(bone)], bone),
                (4, [0], b"")))]
    yield "skeleton.ogg", b"".join(
        [fish[0], heads[0], fish[1], heads[1], fish[2], *pages]), MAY, (
            "stream|Skeleton|multiplex")
    # a stream that nobody knows, and its pages between
    unknown = [ogg_page(b"none", i, flags, bytes(8), [20], bytes([65 + i]) * 20)
               for i, flags in enumerate((2, 0, 0, 4))]
    yield "unknown-stream.ogg", b"".join(
        [unknown[0], heads[0], heads[1], unknown[1], *pages[:3], unknown[2],
         *pages[3:], unknown[3]]), MAY, "stream|multiplex"
    yield "unknown-stream-second.ogg", b"".join(
        [heads[0], unknown[0], heads[1], unknown[1], *pages[:3], unknown[2],
         *pages[3:], unknown[3]]), MAY, "stream|multiplex"
    # two streams of music side by side
    twin = ogg_write(ogg, serial=b"twin")
    yield "two-streams.ogg", b"".join(
        [heads[0], twin[0], heads[1], twin[1],
         *[page for pair in zip(pages, twin[2:]) for page in pair]]), MAY, (
             "stream|multiplex|two")
    # no framing bit
    for name, end in (("missing", b""), ("zero", b"\0"), ("zeros", b"\1\0\0\0"),
                      ("more", b"\1more")):
        packet = b"\3vorbis" + comments(SONG) + end
        yield (f"framing-{name}.ogg", b"".join(ogg_write(
            ogg_with(bases, "ogg", packet))), MAY, "framing|comment|packet|decod|know")
    for name, end in (("padding", bytes(300)), ("suffix", b"\1binary" * 9),
                      ("odd-suffix", b"\xff\xff"), ("even", b"\2even")):
        packet = b"OpusTags" + comments(SONG, end=end)
        yield (f"tags-{name}.opus", b"".join(ogg_write(ogg_with(
            bases, "opus", packet))), WRITE if name in ("padding", "suffix")
            else MAY, "OpusTags|behind|comment|packet")
    # more blocks in Ogg FLAC
    oga = ogg_with(bases, "oga", flac_block(4, comments(SONG)))
    more = [oga.headers[0][:7] + b"\0\3" + oga.headers[0][9:],
            flac_block(4, comments(SONG)), flac_block(6, bytes(32) + b"x" * 99),
            flac_block(1, bytes(99), True)]
    yield "blocks.oga", b"".join(ogg_write(oga._replace(headers=more), [
        [packet] for packet in more]))
    unknown = [more[0][:7] + b"\0\0" + more[0][9:], *more[1:]]
    yield "blocks-unknown.oga", b"".join(ogg_write(oga._replace(
        headers=unknown), [[packet] for packet in unknown])), MAY, "header|FLAC|block"
    # Theora's first header, as in a file of video with Vorbis
    theora = [b"\x80theora\3\2\1" + bytes(32), b"\x81theora" + comments([
        b"GENRE=film"]), b"\x82theora" + bytes(99)]
    video = ogg_write(Ogg(b"film", theora, [
        (0, bytes([i]) + bytes(7), bytes([30]), bytes(30)) for i in range(2)]))
    yield "video.ogg", b"".join([video[0], heads[0], video[1], heads[1],
                                 *video[2:], *pages]), MAY, "stream|video|decod|multiplex"


# --- MP4

def atom(kind, *contents, wide=False):
    content = b"".join(contents)
    kind = kind if isinstance(kind, bytes) else kind.encode("latin-1")
    if wide:
        return struct.pack(">I4sQ", 1, kind, 16 + len(content)) + content
    return struct.pack(">I4s", 8 + len(content), kind) + content


def data_atom(value, kind=1):
    return atom("data", struct.pack(">II", kind, 0), value)


def item(kind, *values, flag=1):
    return atom(kind, *[data_atom(value, flag) for value in values])


def freeform(name, value, mean=b"com.apple.iTunes"):
    return atom("----", atom("mean", bytes(4), mean),
                atom("name", bytes(4), name), data_atom(value))


HDLR = atom("hdlr", bytes(8), b"mdirappl", bytes(9))


def meta(*items, hdlr=HDLR, version=bytes(4), more=b""):
    return atom("meta", version, hdlr, atom("ilst", *items), more)


ITEMS = [item("\xa9nam", b"Title"), item("\xa9ART", b"One", b"Two"),
         item("trkn", bytes([0, 0, 0, 3, 0, 9, 0, 0]), flag=0),
         item("covr", JPEG, flag=13), freeform(b"MOOD", b"dark")]


class Mp4(typing.NamedTuple):
    ftyp: bytes
    moov: bytes   # its content, without udta
    mdat: bytes   # its content
    offset: int   # of that in the file


def mp4_read(data):
    pos, found = 0, {}
    while pos < len(data):
        size, kind = struct.unpack_from(">I4s", data, pos)
        found[kind] = (pos, data[pos + 8:pos + size])
        pos += size
    moov, content, pos = found[b"moov"][1], b"", 0
    while pos < len(moov):
        size, kind = struct.unpack_from(">I4s", moov, pos)
        if kind != b"udta":
            content += moov[pos:pos + size]
        pos += size
    return Mp4(atom("ftyp", found[b"ftyp"][1]), content, found[b"mdat"][1],
               found[b"mdat"][0] + 8)


def move_chunks(content, delta, wide=False):
    """stco with another place, as co64 if @wide; all sizes above follow."""
    out, pos = b"", 0
    while pos + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, pos)
        inner = content[pos + 8:pos + size]
        if kind in (b"trak", b"mdia", b"minf", b"stbl"):
            out += atom(kind, move_chunks(inner, delta, wide))
        elif kind == b"stco":
            count = struct.unpack_from(">I", inner, 4)[0]
            offsets = [n + delta for n in struct.unpack_from(
                f">{count}I", inner, 8)]
            out += atom("co64" if wide else "stco", inner[:8], struct.pack(
                f">{count}{'Q' if wide else 'I'}", *offsets))
        else:
            out += content[pos:pos + size]
        pos += size
    return out + content[pos:]


def mp4(base, udta=b"", front=False, before=b"", between=b"", behind=b"",
        wide=False, wide_mdat=False, open_mdat=False, co64=False):
    """ftyp, @before, moov if @front, @between, mdat, moov if not, @behind; @udta
    is what stands at the end of moov."""
    source = mp4_read(base)
    for _ in range(2):
        # the sizes do not depend on the offsets
        moov = atom("moov", move_chunks(source.moov, 0, co64), udta, wide=wide)
        start = len(source.ftyp) + len(before) + len(between) + (
            len(moov) if front else 0) + (16 if wide_mdat else 8)
        moov = atom("moov", move_chunks(source.moov, start - source.offset,
                                        co64), udta, wide=wide)
    mdat = atom("mdat", source.mdat, wide=wide_mdat)
    if open_mdat:
        mdat = bytes(4) + mdat[4:]
    parts = ([moov, between, mdat] if front else [between, mdat, moov])
    return source.ftyp + before + b"".join(parts) + behind


def mp4_files(bases):
    base = bases["m4a"]
    full = atom("udta", meta(*ITEMS))
    genre = item("\xa9gen", b"Pop")
    free = atom("free", bytes(200))
    for front in False, True:
        where = "front" if front else "end"
        for name, udta in (
                ("none", b""), ("plain", full),
                ("genre", atom("udta", meta(*ITEMS[:2], genre, *ITEMS[2:]))),
                ("free", atom("udta", meta(*ITEMS, more=free))),
                ("free-small", atom("udta", meta(
                    *ITEMS, genre, more=atom("free", bytes(9))))),
                ("ilst-empty", atom("udta", meta()))):
            yield f"{name}-{where}.m4a", mp4(base, udta, front)
        yield f"free-between-{where}.m4a", mp4(base, full, front, between=free)
        yield f"free-empty-{where}.m4a", mp4(base, full, front,
                                             between=atom("free"))
        yield f"co64-{where}.m4a", mp4(base, full, front, co64=True)
        yield f"wide-{where}.m4a", mp4(base, full, front, wide_mdat=True)
        yield f"wide-moov-{where}.m4a", mp4(base, full, front, wide=True), MAY, (
            "moov|64|size")
        yield f"uuid-{where}.m4a", mp4(
            base, full, front, before=atom("uuid", bytes(16), b"x" * 40),
            between=atom("wide"), behind=atom("abcd", b"x"))
    # udta and meta as others write them
    yield "mdat-open.m4a", mp4(base, full, True, open_mdat=True), MAY, "mdat|size"
    mdir = atom("hdlr", bytes(8), b"mdir", bytes(12))
    odd = {
        "udta-empty": (atom("udta"), WRITE),
        "udta-terminated": (atom("udta", bytes(4)), WRITE),
        "udta-terminated-full": (atom("udta", meta(*ITEMS), bytes(4)), WRITE),
        "meta-short-hdlr": (atom("udta", meta(*ITEMS, hdlr=mdir)), WRITE),
        "meta-without-hdlr": (atom("udta", meta(*ITEMS, hdlr=b"")), MAY),
        "meta-without-version": (atom("udta", meta(*ITEMS, version=b"")), MAY),
        "meta-in-moov": (meta(*ITEMS), MAY),
        "udta-twice": (full + atom("udta", meta(*ITEMS[:1])), MAY),
        "meta-twice": (atom("udta", meta(*ITEMS), meta(*ITEMS[:1])), MAY),
        "ilst-twice": (atom("udta", meta(*ITEMS, more=atom("ilst", genre))), MAY),
        "udta-items": (atom("udta", atom("\xa9nam", b"\0\5\x55\xc4Title"),
                            atom("name", b"x")), WRITE),
        "udta-genre": (atom("udta", atom("\xa9nam", b"\0\5\x55\xc4Title"), atom(
            "\xa9gen", b"\0\3\x55\xc4Pop")), MAY),
        "udta-genre-and-meta": (atom("udta", atom(
            "\xa9gen", b"\0\3\x55\xc4Pop"), meta(*ITEMS)), MAY),
        "udta-chapters": (atom("udta", atom("chpl", b"\1" + bytes(7) + b"\1" +
                                            bytes(8) + b"\3one"), meta(*ITEMS)), WRITE),
        "gnre": (atom("udta", meta(*ITEMS, item("gnre", b"\0\x12", flag=0))), WRITE),
        "gnre-and-gen": (atom("udta", meta(item(
            "gnre", b"\0\x12", flag=0), *ITEMS, genre)), WRITE),
        "gnre-odd": (atom("udta", meta(*ITEMS, item("gnre", b"\x12"))), MAY),
        "gen-twice": (atom("udta", meta(genre, *ITEMS, genre)), MAY),
        "gen-several": (atom("udta", meta(*ITEMS, item(
            "\xa9gen", b"Pop", b"Rock"))), WRITE),
        "gen-without-data": (atom("udta", meta(*ITEMS, atom("\xa9gen"))), MAY),
        "gen-utf16": (atom("udta", meta(*ITEMS, item(
            "\xa9gen", b"\0P\0o", flag=2))), MAY),
        "gen-with-name": (atom("udta", meta(*ITEMS, atom(
            "\xa9gen", data_atom(b"Pop"), atom("name", bytes(4), b"x")))), MAY),
        "unknown-items": (atom("udta", meta(
            *ITEMS, item("zzzz", b"x"), item("\xa9\xa9\xa9\xa9", b"y"),
            atom("sosn", b"not data"), item("tmpo", b"\0\0\0x", flag=21))), WRITE),
        "duplicate-items": (atom("udta", meta(*ITEMS, *ITEMS)), WRITE),
        "freeform-odd": (atom("udta", meta(
            *ITEMS, atom("----", data_atom(b"x")), atom("----", atom(
                "name", bytes(4), b"no mean"), data_atom(b"x")),
            freeform(b"mood", b"x", b"org.example"), freeform(b"", b""))), WRITE),
        "covers": (atom("udta", meta(*ITEMS[:2], item(
            "covr", JPEG, b"\x89PNG", b"", flag=0), *ITEMS[2:])), WRITE),
        "items-not-utf8": (atom("udta", meta(item("\xa9nam", b"\xff\xfe\xe9"),
                                             item("\xa9ART", b"a\0b"))), WRITE),
        "free-in-ilst": (atom("udta", meta(*ITEMS[:2], free, *ITEMS[2:])), WRITE),
        "meta-more": (atom("udta", meta(*ITEMS, more=atom("xml ", b"<x/>") +
                                        free)), WRITE),
        "meta-end": (atom("udta", meta(*ITEMS, more=b"\0\0\0")), MAY),
        "ilst-end": (atom("udta", meta(*ITEMS, b"\0\0\0\0\0")), MAY),
        "item-too-long": (atom("udta", meta(*ITEMS, b"\0\0\1\0\xa9alb")), MAY),
        "keys": (atom("meta", atom("hdlr", bytes(8), b"mdta", bytes(13)), atom(
            "keys", struct.pack(">II", 0, 1), atom(
                "mdta", b"com.apple.quicktime.title")), atom(
                    "ilst", atom(b"\0\0\0\1", data_atom(b"Title")))), MAY),
        "keys-genre": (atom("meta", atom("hdlr", bytes(8), b"mdta", bytes(
            13)), atom("keys", struct.pack(">II", 0, 1), atom(
                "mdta", b"com.apple.quicktime.genre")), atom(
                    "ilst", atom(b"\0\0\0\1", data_atom(b"Pop")))), MAY),
    }
    for name, (udta, expect) in odd.items():
        words = "meta|ilst|udta|atom|gen|gnre|keys|item|hdlr"
        for front in ((False, True) if expect == WRITE else (True,)):
            yield (f"{name}-{'front' if front else 'end'}.m4a",
                   mp4(base, udta, front), expect, words)
    yield "garbage-at-end.m4a", mp4(base, full) + b"garbage" * 5, MAY, (
        "atom|end|byte|MP4")
    yield "zeros-at-end.m4a", mp4(base, full) + bytes(300), MAY, "atom|end|byte|MP4"
    yield "cut.m4a", mp4(base, full, True)[:-500], MAY, "atom|mdat|end|cut|trunc|MP4"
    yield "two-moov.m4a", mp4(base, full, True, behind=atom("moov", full)), MAY, (
        "moov|atom")
    # two tracks, the second of which is the first again
    source = mp4_read(base)
    trak = source.moov[source.moov.index(b"trak") - 4:]
    both = trak.replace(b"trak", b"trak", 1)
    yield "two-tracks.m4a", mp4(base, both + full, True), MAY, "trak|track"
    yield "trak-udta.m4a", mp4(base, full, True).replace(
        b"smhd", b"smhd"), WRITE, ""
    for kind in "mov", "3gp", "alac.m4a":
        end = kind.rpartition(".")[2]
        name = kind.replace(".", "-")
        other = bases[kind]
        yield f"{name}-as-made.{end}", other
        yield f"{name}-plain-front.{end}", mp4(other, full, True)
        yield f"{name}-terminated.{end}", mp4(other, atom("udta", bytes(4)), True)
        yield f"{name}-text.{end}", mp4(other, atom("udta", atom(
            "\xa9nam", b"\0\5\x55\xc4Title"), atom(
                "\xa9gen", b"\0\3\x55\xc4Pop"), bytes(4)), True), MAY, (
                    "udta|gen|QuickTime")
        yield f"{name}-3gp-text.{end}", mp4(other, atom("udta", atom(
            "titl", bytes(4), b"\x15\xc7Title\0"), atom(
                "gnre", bytes(4), b"\x15\xc7Pop\0")), True), MAY, "udta|gnre"
    for kind in "frag.m4a", "dash.m4a":
        yield f"fragmented-{kind}", bases[kind], MAY, "fragment"


# --- WAV and AIFF

def chunk(key, content, pad=True):
    return key + struct.pack("<I", len(content)) + content + bytes(
        len(content) & 1 if pad else 0)


def riff(*chunks, size=None, form=b"RIFF", kind=b"WAVE"):
    content = kind + b"".join(chunks)
    return form + struct.pack("<I", len(content) if size is None else size) + content


def info(*items):
    return chunk(b"LIST", b"INFO" + b"".join(
        chunk(key, value) for key, value in items))


def riff_chunks(data):
    """fmt and data of a base."""
    pos, found = 12, {}
    while pos + 8 <= len(data):
        key, size = data[pos:pos + 4], struct.unpack_from("<I", data, pos + 4)[0]
        found[key] = data[pos + 8:pos + 8 + size]
        pos += 8 + size + (size & 1)
    return found


def wav_files(bases):
    base = riff_chunks(bases["wav"])
    fmt, sound = chunk(b"fmt ", base[b"fmt "]), chunk(b"data", base[b"data"])
    odd_sound = chunk(b"data", base[b"data"][:-1])
    naked = chunk(b"data", base[b"data"][:-1], pad=False)
    song = info((b"INAM", b"Title\0"), (b"IART", b"Artist\0"))
    genre = info((b"INAM", b"T\0"), (b"IGNR", b"Pop\0"), (b"ICMT", b"x\0"))
    tag, tag3 = id3(common(4)), id3(common(3, b"\0Pop"), 3)
    bext = chunk(b"bext", b"Description".ljust(602, b"\0"))
    xml = chunk(b"iXML", b"<BWFXML></BWFXML>")
    cart = chunk(b"cart", b"0101" + bytes(2044))
    cue = chunk(b"cue ", struct.pack("<I", 0))
    adtl = chunk(b"LIST", b"adtl" + chunk(b"labl", bytes(4) + b"x\0"))
    junk = chunk(b"JUNK", bytes(92))
    for name, parts in (
            ("none", [fmt, sound]), ("info-front", [fmt, song, sound]),
            ("info-end", [fmt, sound, song]), ("info-first", [song, fmt, sound]),
            ("info-genre-front", [fmt, genre, sound]),
            ("info-genre-end", [fmt, sound, genre]),
            ("id3-end", [fmt, sound, chunk(b"id3 ", tag)]),
            ("id3-front", [fmt, chunk(b"ID3 ", tag), sound]),
            ("id3-v23", [fmt, sound, chunk(b"id3 ", tag3)]),
            ("id3-empty", [fmt, sound, chunk(b"id3 ", id3([]))]),
            ("both", [fmt, song, sound, chunk(b"id3 ", tag)]),
            ("both-genre", [fmt, genre, sound, chunk(b"ID3 ", tag3)]),
            ("info-empty", [fmt, info(), sound]),
            ("broadcast", [junk, bext, fmt, sound, xml, cart]),
            ("broadcast-info", [bext, fmt, sound, cue, adtl, song, cart]),
            ("odd-data", [fmt, odd_sound, song]),
            ("chunks-behind", [fmt, sound, chunk(b"abcd", b"odd"), chunk(
                b"\x20x~1", b"")]),
            ("fact-peak", [fmt, chunk(b"fact", bytes(4)), chunk(
                b"PEAK", bytes(16)), sound]),
            ("junk-between", [fmt, junk, sound, junk, song, junk]),
            ("adtl-first", [adtl, fmt, sound, song])):
        yield f"{name}.wav", riff(*parts)
    may = {
        "odd-naked": ([fmt, naked, song], "chunk|pad|data"),
        "odd-naked-end": ([fmt, naked], "chunk|pad|data"),
        "two-infos": ([fmt, song, sound, genre], "INFO|LIST|two"),
        "two-ids": ([fmt, sound, chunk(b"id3 ", tag), chunk(b"ID3 ", tag3)],
                    "id3|ID3|two"),
        "id3-garbage": ([fmt, sound, chunk(b"id3 ", b"garbage")], "id3|ID3"),
        "id3-zero": ([fmt, sound, chunk(b"id3 ", b"")], "id3|ID3"),
        "id3-longer": ([fmt, sound, chunk(b"id3 ", tag + bytes(40))], "id3|ID3"),
        "id3-shorter": ([fmt, sound, chunk(b"id3 ", tag[:-10])], "id3|ID3"),
        "info-too-long": ([fmt, sound, chunk(
            b"LIST", b"INFOINAM\xff\0\0\0Title")], "INFO|LIST|item"),
        "info-garbage": ([fmt, sound, chunk(
            b"LIST", b"INFO" + chunk(b"INAM", b"T\0") + b"\1\2\3")],
            "INFO|LIST|item"),
        "info-unpadded": ([fmt, sound, chunk(
            b"LIST", b"INFO" + chunk(b"INAM", b"Tit", False) + chunk(
                b"IART", b"A\0"))], "INFO|LIST|item|INAM"),
        "two-data": ([fmt, sound, sound], "data|chunk"),
    }
    for name, (parts, words) in may.items():
        yield f"{name}.wav", riff(*parts), MAY, words
    for name, items in (
            ("twice", [(b"IART", b"A\0"), (b"IART", b"B\0"), (b"IGNR", b"P\0")]),
            ("genre-twice", [(b"IGNR", b"P\0"), (b"INAM", b"T\0"),
                             (b"IGNR", b"Q\0")]),
            ("odd-values", [(b"INAM", b"no end"), (b"IART", b"caf\xe9\0\0\0"),
                            (b"ICMT", b""), (b"IPRD", b"\0"),
                            (b"ITRK", b"\xff\xfeT\0")]),
            ("unknown", [(b"zzzz", b"x\0"), (b"I~! ", b"x"), (b"INAM", b"T\0")]),
            ("lower-case", [(b"inam", b"t\0"), (b"INAM", b"T\0")]),
            ("genre-not-ended", [(b"INAM", b"T"), (b"IGNR", b"Pop")]),
            ("genre-empty", [(b"INAM", b"T\0"), (b"IGNR", b"")])):
        yield f"info-{name}.wav", riff(fmt, sound, info(*items)), (
            MAY if "twice" in name else WRITE), "IGNR|IART|INFO|twice"
    whole = riff(fmt, song, sound)
    bad_sizes = "RIFF|size|data|pipe|length"
    yield "riff-size-0.wav", riff(fmt, song, sound, size=0), MAY, bad_sizes
    yield "riff-size-small.wav", riff(fmt, sound, song, size=len(fmt) + 4), MAY, (
        bad_sizes)
    yield "riff-size-big.wav", riff(fmt, song, sound, size=1 << 30), MAY, bad_sizes
    for size in 0, 0x7ffff000, 0xffffffff:
        piped = sound[:4] + struct.pack("<I", size) + sound[8:]
        yield f"piped-{size:x}.wav", riff(fmt, piped, size=0xffffffff), MAY, (
            bad_sizes)
        yield f"piped-info-{size:x}.wav", riff(
            fmt, song, piped, size=0xffffffff), MAY, bad_sizes
    yield "garbage-at-end.wav", whole + b"\1garbage\2" * 5, MAY, "end|RIFF|byte|chunk"
    yield "zeros-at-end.wav", whole + bytes(40), MAY, "end|RIFF|byte|chunk"
    yield "id3v1.wav", whole + id3v1(), MAY, "ID3v1|end|RIFF|byte"
    yield "cut.wav", whole[:-200], MAY, "data|cut|trunc|end|size|RIFF"
    mp3 = riff_chunks(bases["mp3.wav"])
    inside = [chunk(b"fmt ", mp3[b"fmt "]), chunk(b"fact", mp3.get(
        b"fact", bytes(4)))]
    yield "mp3-inside.wav", riff(*inside, chunk(b"data", mp3[b"data"]), song)
    yield "mp3-with-tag-inside.wav", riff(*inside, chunk(
        b"data", tag + mp3[b"data"])), MAY, "ID3|data|know|decod"
    # RF64
    for name, parts in (("plain", [fmt]), ("info", [fmt, song])):
        size = 4 + 36 + sum(map(len, parts)) + len(sound)
        ds64 = chunk(b"ds64", struct.pack(
            "<QQQI", size, len(sound) - 8, len(sound) - 8, 0))
        yield f"rf64-{name}.wav", riff(
            ds64, *parts, sound[:4] + b"\xff" * 4 + sound[8:], form=b"RF64",
            size=0xffffffff), MAY, "RF64|format"


def big_chunk(key, content, pad=True):
    return key + struct.pack(">I", len(content)) + content + bytes(
        len(content) & 1 if pad else 0)


def aiff_files(bases):
    for kind in "aiff", "aifc":
        base = bases[kind]
        chunks, pos = {}, 12
        while pos + 8 <= len(base):
            key, size = struct.unpack_from(">4sI", base, pos)
            chunks[key] = big_chunk(key, base[pos + 8:pos + 8 + size])
            pos += 8 + size + (size & 1)
        sound = chunks.pop(b"SSND")
        heads = list(chunks.values())
        form = base[8:12]

        def aiff(*parts, size=None):
            content = form + b"".join(parts)
            return b"FORM" + struct.pack(
                ">I", len(content) if size is None else size) + content

        texts = [big_chunk(b"NAME", b"Title"), big_chunk(b"AUTH", b"Artist"),
                 big_chunk(b"ANNO", b"odd"), big_chunk(b"ANNO", b"again"),
                 big_chunk(b"(c) ", b"x")]
        tag, tag3 = id3(common(4)), id3(common(3, b"\0Pop"), 3)
        for name, parts in (
                ("none", [*heads, sound]), ("texts", [*heads, *texts, sound]),
                ("texts-end", [*heads, sound, *texts]),
                ("id3-end", [*heads, sound, big_chunk(b"ID3 ", tag)]),
                ("id3-front", [*heads, big_chunk(b"ID3 ", tag3), sound]),
                ("id3-odd", [*heads, big_chunk(b"ID3 ", id3(
                    common(4), padding=1 + len(tag) % 2)), sound, *texts]),
                ("id3-empty", [*heads, sound, big_chunk(b"ID3 ", id3([]))]),
                ("chunks", [big_chunk(b"MARK", bytes(2)), *heads, big_chunk(
                    b"APPL", b"stocx"), sound, big_chunk(b"COMT", bytes(2)),
                    big_chunk(b"MIDI", b"x"), *texts[:1]])):
            yield f"{name}.{kind}", aiff(*parts)
        for name, parts in (
                ("lower-case", [*heads, sound, big_chunk(b"id3 ", tag)]),
                ("two-tags", [*heads, big_chunk(b"ID3 ", tag), sound,
                              big_chunk(b"ID3 ", tag3)]),
                ("garbage-tag", [*heads, sound, big_chunk(b"ID3 ", b"junk")]),
                ("naked", [*heads, sound, big_chunk(b"NAME", b"odd", False),
                           big_chunk(b"AUTH", b"x", False)])):
            yield f"{name}.{kind}", aiff(*parts), MAY, "ID3|chunk|pad|NAME|AUTH"
        whole = aiff(*heads, *texts, sound)
        yield f"form-size-0.{kind}", aiff(*heads, sound, size=0), MAY, (
            "FORM|size|know|AIFF|decod")
        yield f"garbage-at-end.{kind}", whole + b"\1garbage", MAY, (
            "FORM|end|byte|AIFF|chunk")
        yield f"cut.{kind}", whole[:-300], MAY, "SSND|end|cut|trunc|AIFF|size"


# --- Matroska

def size_of(n, length=0):
    while not length or n >= (1 << 7 * length) - 1:
        length += 1
    return (n | 1 << 7 * length).to_bytes(length, "big")


def element(number, *contents, length=0):
    content = b"".join(contents)
    name = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return name + size_of(len(content), length) + content


def unknown_size(number, *contents):
    name = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return name + b"\x01" + b"\xff" * 7 + b"".join(contents)


def with_crc(number, *contents):
    content = b"".join(contents)
    return element(number, element(containers.CRC32, struct.pack(
        "<I", zlib.crc32(content))), content)


def simple_tag(name, value=None, *more, binary=False):
    parts = [element(0x45A3, name)]
    if value is not None:
        parts.append(element(0x4485 if binary else 0x4487, value))
    return element(0x67C8, *parts, *more)


def tag(*simple, targets=b""):
    return element(0x7373, element(0x63C0, targets), *simple)


def void(n):
    return element(containers.VOID, bytes(n), length=4)


class Mka:
    """The level-1 elements of a base."""

    def __init__(self, data):
        self.header = data[:containers.ebml_element(data, 0, len(data))[2]]
        self.clusters, self.cues = [], []
        segment = containers.ebml_element(data, len(self.header), len(data))
        _, begin, end = segment
        starts = {}
        for number, pos, content, after in containers.ebml_children(
                data, begin, len(data) if end < 0 else end)[0]:
            if number == containers.CLUSTER:
                starts[pos - begin] = len(self.clusters)
                # without Position and PrevSize
                self.clusters.append(b"".join(
                    data[a:b] for n, a, _, b in containers.ebml_children(
                        data, content, after)[0] if n not in (0xA7, 0xAB, 0xBF)))
            elif number == 0x1549A966:
                self.info = data[pos:after]
            elif number == 0x1654AE6B:
                self.tracks = data[pos:after]

    def write(self, tags=(), end_tags=(), seekhead=True, cues="end", crc=False,
              gap=0, live=False, positions=False, list_tags=True, behind=b"",
              extra=()):
        """A file; @tags before and @end_tags behind the clusters."""
        ids = {"info": 0x1549A966, "tracks": 0x1654AE6B, "tags": containers.TAGS,
               "cues": containers.CUES}
        place = {}
        head_size = 0
        for _ in range(4):
            # until the places in it are right
            heads = []
            for name, number in ids.items():
                if name in place and (name != "tags" or list_tags):
                    heads.append(element(containers.SEEK, element(
                        containers.SEEK_ID, number.to_bytes(4, "big")), element(
                            containers.SEEK_POSITION,
                            place[name].to_bytes(4, "big"))))
            make = with_crc if crc else element
            parts = []
            if seekhead:
                parts.append(("seekhead", make(containers.SEEKHEAD, *heads)))
            if gap:
                parts.append(("void", void(gap)))
            parts += [("info", self.info), ("tracks", self.tracks)]
            parts += [("extra", part) for part in extra]
            cue_element = ("cues", make(containers.CUES, *[
                element(containers.CUE_POINT, element(
                    0xB3, (1000 * i).to_bytes(2, "big")), element(
                        containers.CUE_TRACK, element(0xF7, b"\1"), element(
                            containers.CUE_CLUSTER, place.get(
                                f"cluster{i}", 0).to_bytes(4, "big"))))
                for i in range(len(self.clusters))]))
            if cues == "front":
                parts.append(cue_element)
            parts += [("tags", part) for part in tags]
            for i, blocks in enumerate(self.clusters):
                if positions:
                    blocks = element(containers.POSITION, place.get(
                        f"cluster{i}", 0).to_bytes(4, "big")) + blocks
                parts.append((f"cluster{i}", unknown_size(
                    containers.CLUSTER, blocks) if live else make(
                        containers.CLUSTER, blocks)))
            if cues == "end":
                parts.append(cue_element)
            parts += [("tags" if part[:4] == b"\x12\x54\xc3\x67" else "extra", part)
                      for part in end_tags]
            place, pos = {}, 0
            for name, part in parts:
                place.setdefault(name, pos)
                pos += len(part)
        content = b"".join(part for _, part in parts)
        if live:
            return self.header + unknown_size(containers.SEGMENT, content) + behind
        return self.header + element(containers.SEGMENT, content,
                                     length=8) + behind


def mka_files(bases):
    song = tag(simple_tag(b"TITLE", b"Title"), simple_tag(b"ARTIST", b"One"))
    genre = tag(simple_tag(b"TITLE", b"T"), simple_tag(b"GENRE", b"Pop"),
                simple_tag(b"ARTIST", b"A"))
    track = element(0x63C5, b"\1")
    for kind in "mka", "webm":
        mka = Mka(bases[kind])
        tags, end = element(containers.TAGS, song), element(containers.TAGS, genre)
        yield f"as-made.{kind}", bases[kind]
        yield f"no-tags.{kind}", mka.write()
        yield f"no-tags-gap.{kind}", mka.write(gap=300)
        yield f"no-tags-cues-front.{kind}", mka.write(cues="front")
        yield f"tags-front.{kind}", mka.write([tags])
        yield f"tags-front-genre.{kind}", mka.write([end])
        yield f"tags-end.{kind}", mka.write((), [tags])
        yield f"tags-end-genre.{kind}", mka.write((), [end], gap=50)
        yield f"tags-front-cues-front.{kind}", mka.write([tags], cues="front")
        yield f"positions.{kind}", mka.write([tags], positions=True)
        yield f"no-seekhead.{kind}", mka.write([tags], seekhead=False)
        yield f"no-seekhead-end.{kind}", mka.write((), [end], seekhead=False), MAY, (
            "Tags|SeekHead")
        yield f"no-cues.{kind}", mka.write([tags], cues=None)
        yield f"gap.{kind}", mka.write([tags], gap=1000)
        yield f"live.{kind}", mka.write([tags], live=True, cues=None,
                                        seekhead=False), MAY, "size|live|Segment|Cluster"
        yield f"live-no-tags.{kind}", mka.write(live=True, cues=None,
                                                seekhead=False), MAY, (
            "size|live|Segment|Cluster")
        yield f"crc.{kind}", mka.write([with_crc(
            containers.TAGS, song)], crc=True), MAY, "CRC"
        yield f"crc-end.{kind}", mka.write((), [with_crc(
            containers.TAGS, genre)], crc=True, gap=90), MAY, "CRC"
        yield f"garbage-at-end.{kind}", mka.write([tags], behind=b"garbage"), MAY, (
            "end|Segment|element|byte")
        yield f"not-in-seekhead.{kind}", mka.write(
            (), [tags], list_tags=False), MAY, "SeekHead|Tags"
        yield f"two-tags.{kind}", mka.write([tags], [end]), MAY, "Tags|two"
        yield f"cut.{kind}", mka.write([tags])[:-300], MAY, (
            "end|cut|trunc|Segment|Cluster|element|size|Cues")
    mka = Mka(bases["mka"])
    odd = {
        "per-track": [tag(simple_tag(b"TITLE", b"T"), targets=track)],
        "per-track-genre": [tag(simple_tag(b"GENRE", b"Pop"), targets=track), song],
        "levels": [tag(simple_tag(b"TITLE", b"Album"), targets=element(
            0x68CA, b"\x32") + element(0x63CA, b"ALBUM")), tag(
                simple_tag(b"TITLE", b"T"), simple_tag(b"GENRE", b"Pop"),
                targets=element(0x68CA, b"\x1e"))],
        "chapter-genre": [tag(simple_tag(b"GENRE", b"Talk"), targets=element(
            0x63C4, b"\5")), song],
        "nested": [tag(simple_tag(b"ARTIST", b"A", simple_tag(
            b"GENRE", b"inner"), simple_tag(b"URL", b"u")))],
        "lower-case": [tag(simple_tag(b"title", b"T"), simple_tag(
            b"genre", b"Pop"))],
        "mixed-case": [tag(simple_tag(b"Genre", b"Pop"), simple_tag(
            b"Title", b"T"))],
        "binary": [tag(simple_tag(b"COVER", JPEG, binary=True), simple_tag(
            b"TITLE", b"T"))],
        "languages": [tag(simple_tag(b"TITLE", b"T", element(
            0x447A, b"eng"), element(0x4484, b"\1")), simple_tag(
                b"TITLE", b"U", element(0x447A, b"pol"), element(0x447B, b"pl")))],
        "empty-values": [tag(simple_tag(b"TITLE", b""), simple_tag(b"X"),
                             simple_tag(b"", b"y"))],
        "not-utf8": [tag(simple_tag(b"TITLE", b"Caf\xe9\xff"))],
        "zero-ended": [tag(simple_tag(b"TITLE\0\0", b"T\0\0"), simple_tag(
            b"GENRE\0", b"Pop\0"))],
        "genre-several": [tag(simple_tag(b"GENRE", b"Pop"), simple_tag(
            b"TITLE", b"T"), simple_tag(b"GENRE", b"Rock"))],
        "void-inside": [tag(void(20), simple_tag(b"TITLE", b"T"), void(4))],
        "unknown-inside": [tag(element(0x4DDD, b"odd"), simple_tag(
            b"TITLE", b"T")), element(0x4DDE, b"x")],
        "no-targets": [element(0x7373, simple_tag(b"TITLE", b"T"))],
        "no-simple": [tag()],
        "wide-sizes": [element(0x7373, element(0x63C0, length=8), element(
            0x67C8, element(0x45A3, b"TITLE", length=4), element(
                0x4487, b"T", length=8), length=8), length=8)],
    }
    may = {"genre-several": "GENRE|several|two", "per-track-genre": "GENRE|track",
           "levels": "GENRE|target", "no-simple": "Tag", "zero-ended": "GENRE"}
    for name, tags in odd.items():
        for end in False, True:
            whole = element(containers.TAGS, *tags)
            yield (f"tags-{name}-{'end' if end else 'front'}.mka",
                   mka.write(() if end else [whole], [whole] if end else ()),
                   *((MAY, may[name]) if name in may else (WRITE, "")))
    header = mka.header[mka.header.index(b"\x42\x86"):]
    more = element(0x1A45DFA3, header, void(9), element(0x42F3, b"\x08"))
    mka.header = more
    yield "max-size.mka", mka.write([element(containers.TAGS, song)])
    attachment = element(0x1941A469, element(0x61A7, element(
        0x466E, b"cover.jpg"), element(0x4660, b"image/jpeg"), element(
            0x465C, JPEG), element(0x46AE, b"\7")))
    chapters = element(0x1043A770, element(0x45B9, element(0xB6, element(
        0x73C4, b"\5"), element(0x91, b"\0"))))
    yield "attachment.mka", mka.write([element(
        containers.TAGS, song)], extra=[attachment, chapters, void(12)])
    yield "attachment-end.mka", mka.write((), [attachment, element(
        containers.TAGS, genre)])


# --- ASF

def asf_object(name, content):
    return containers.guid(name) + struct.pack("<Q", 24 + len(content)) + content


EXTENDED = "D2D0A440-E307-11D2-97F0-00A0C95EA850"
METADATA = "C5F8CBEA-5BAF-4877-8467-AA8C44FA4CCA"
LIBRARY = "44231C94-9498-49D1-A141-1D134E457054"
DESCRIPTION = "75B22633-668E-11CF-A6D9-00AA0062CE6C"
EXTENSION = "5FBF03B5-A92E-11CF-8EE3-00C00C205365"
ASF_PADDING = "1806D474-CADF-4509-A4BA-9AABCB96AAE8"


def wide(text):
    return (text + "\0").encode("utf-16-le")


def descriptor(name, value, kind=0):
    name = wide(name)
    return struct.pack("<H", len(name)) + name + struct.pack(
        "<HH", kind, len(value)) + value


def record(name, value, stream=0, language=0, kind=0):
    name = wide(name)
    return struct.pack("<HHHHI", language, stream, len(name), kind,
                       len(value)) + name + value


def extended(*items):
    return asf_object(EXTENDED, struct.pack("<H", len(items)) + b"".join(items))


def library(*items, guid=LIBRARY):
    return asf_object(guid, struct.pack("<H", len(items)) + b"".join(items))


def extension(*objects):
    content = b"".join(objects)
    return asf_object(EXTENSION, containers.guid(
        "ABD3D211-A9BA-11CF-8EE6-00C00C205365") + struct.pack(
            "<HI", 6, len(content)) + content)


def description(*texts):
    texts = [wide(text) for text in texts]
    return asf_object(DESCRIPTION, struct.pack(
        "<5H", *map(len, texts)) + b"".join(texts))


def asf(base, *objects):
    """The base with these objects in its header instead of all its texts."""
    size = struct.unpack_from("<Q", base, 16)[0]
    kept, pos = [], 30
    texts = {containers.guid(name) for name in (
        EXTENDED, DESCRIPTION, EXTENSION, ASF_PADDING)}
    while pos < size:
        length = struct.unpack_from("<Q", base, pos + 16)[0]
        if base[pos:pos + 16] not in texts:
            kept.append(base[pos:pos + length])
        pos += length
    kept += objects
    content = b"".join(kept)
    head = base[:16] + struct.pack("<QI", 30 + len(content), len(kept)) + base[
        28:30]
    whole = head + content + base[size:]
    at = whole.index(containers.guid("8CABDCA1-A947-11CF-8EE4-00C00C205365"))
    return whole[:at + 40] + struct.pack("<Q", len(whole)) + whole[at + 48:]


def asf_files(bases):
    base = bases["wma"]
    text = description("Title", "Artist", "", "c", "")
    album = descriptor("WM/AlbumTitle", wide("Album"))
    genre = descriptor("WM/Genre", wide("Pop"))
    picture = descriptor("WM/Picture", b"\3" + struct.pack("<I", len(
        JPEG)) + wide("image/jpeg") + wide("") + JPEG, 1)
    pad = asf_object(ASF_PADDING, bytes(300))
    plain = extension()
    for name, objects in (
            ("as-plain", [plain]), ("description", [text, plain]),
            ("extended", [text, extended(album, picture), plain]),
            ("genre", [extended(album, genre, picture), text, plain]),
            ("extended-empty", [extended(), plain]),
            ("padding", [plain, text, extended(album, genre), pad]),
            ("padding-inside", [extension(pad), text, extended(album)]),
            ("odd-values", [plain, extended(
                descriptor("", wide("x")), descriptor("WM/Year", struct.pack(
                    "<I", 1999), 3), descriptor("WM/Flag", b"\1\0\0\0", 2),
                descriptor("WM/Text", b"odd"), descriptor("WM/Text", b""),
                descriptor("WM/Text", "no end".encode("utf-16-le")),
                descriptor("wm/text", b"\0\xd8x\0\0\0"), descriptor(
                    "WM/Type9", b"x", 9))]),
            ("duplicates", [plain, extended(album, album, album)]),
            ("library", [extension(library(record("WM/Text", wide(
                "x"), 1, 0), record("Big", bytes(70000), kind=1))),
                extended(album)]),
            ("metadata", [extension(library(record(
                "DeviceConformanceTemplate", wide("@"), 1), guid=METADATA)), text]),
            ("genre-of-stream", [extension(library(record(
                "WM/Genre", wide("Pop"), 1))), extended(album)]),
            ("unknown", [plain, asf_object(
                "00112233-4455-6677-8899-AABBCCDDEEFF", b"odd"), extended(album)])):
        yield f"{name}.wma", asf(base, *objects)
    for name, objects in (
            ("no-extension", [text]), ("genre-twice", [plain, extended(
                genre, album, genre)]),
            ("genre-case", [plain, extended(album, descriptor(
                "wm/genre", wide("Pop")))]),
            ("genre-number", [plain, extended(album, descriptor(
                "WM/Genre", struct.pack("<I", 17), 3))]),
            ("genre-id", [plain, extended(descriptor(
                "WM/GenreID", wide("(17)")), genre)]),
            ("genre-library", [extension(library(record(
                "WM/Genre", wide("Pop")))), extended(album)]),
            ("extended-twice", [plain, extended(album), extended(picture)]),
            ("count-wrong", [plain, asf_object(
                EXTENDED, b"\7\0" + album)]),
            ("extended-garbage", [plain, asf_object(
                EXTENDED, b"\1\0" + album + b"garbage")])):
        yield f"{name}.wma", asf(base, *objects), MAY, (
            "WM/Genre|ASF|object|header|descri|twice|Extended")
    yield "garbage-at-end.wma", asf(base, plain, text) + b"garbage" * 9, MAY, (
        "ASF|end|byte|object")
    yield "cut.wma", asf(base, plain, text)[:-500], MAY, "ASF|end|cut|trunc|size|object"


# --- DSF, and what has no tags

def dsf_files(bases):
    base = bases["dsf"]

    def dsf(tag=b"", pointer=None, total=None, behind=b""):
        whole = base + tag + behind
        return b"DSD " + struct.pack(
            "<QQQ", 28, len(whole) if total is None else total,
            (len(base) if tag else 0) if pointer is None else pointer) + whole[28:]

    tag, tag3 = id3(common(4)), id3(common(3, b"\0Pop"), 3)
    yield "none.dsf", dsf()
    yield "id3.dsf", dsf(tag)
    yield "id3-v23-genre.dsf", dsf(tag3)
    yield "id3-no-padding.dsf", dsf(id3(common(4, b"\0Pop"), padding=0))
    yield "id3-empty.dsf", dsf(id3([]))
    for name, data in (
            ("pointer-wrong", dsf(tag, len(base) - 9)),
            ("pointer-huge", dsf(tag, 1 << 40)), ("pointer-0", dsf(tag, 0)),
            ("pointer-end", dsf(b"", len(base))),
            ("size-wrong", dsf(tag, total=99)), ("size-0", dsf(tag, total=0)),
            ("behind", dsf(tag, behind=b"garbage")),
            ("zeros-behind", dsf(tag, behind=bytes(99))),
            ("id3v1", dsf(tag, behind=id3v1()))):
        yield f"{name}.dsf", data, MAY, "DSF|pointer|size|ID3|end|byte|behind"


def others(bases):
    # what has no tags, or none that anybody reads
    for kind in "au", "w64", "mpg":
        yield f"plain.{kind}", bases[kind], KEEP, "tag|written|decoder|know|MPEG|format"
    yield "plain.avi", bases["avi"], MAY, "tag|AVI|format"
    yield "id3v1.mpg", bases["mpg"] + id3v1(), KEEP, (
        "tag|written|decoder|know|MPEG|format")


BUILDERS = {
    "mp3": (mp3_frames, mp3_tags), "ape": (ape_tags,), "flac": (flac_files,),
    "ogg": (ogg_files,), "mp4": (mp4_files,), "wav": (wav_files,),
    "aiff": (aiff_files,), "mka": (mka_files,), "asf": (asf_files,),
    "dsf": (dsf_files,), "others": (others,)}


def make_cases(bases, families=None):
    """Every odd file, by family."""
    seen = set()
    for family, builders in BUILDERS.items():
        if families and family not in families:
            continue
        for builder in builders:
            for made in builder(bases):
                name, data, expect, words = (*made, WRITE, "")[:4] if len(
                    made) < 4 else made
                if len(made) == 3:
                    raise ValueError(f"{name}: no words")
                case = Case(f"{family}-{name}", data, expect, words)
                if case.name in seen:
                    raise ValueError(f"{case.name} is there twice")
                seen.add(case.name)
                yield case


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for case in make_cases(make_bases()):
        with open(os.path.join(folder, case.name), "wb") as f:
            f.write(case.data)
        print(case.name, case.expect, case.words)


if __name__ == "__main__":
    main()
