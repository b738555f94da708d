# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in an audio file, told by the bytes alone: the judge of who writes tags.

    before, after = parse(open(...).read()), parse(open(...).read())
    compare(before, after)               # what a writer of genres has spoiled
    compare(before, after, strict=True)  # what an undo of it has left

A file is a list of pieces in their order.  A piece has a name, such as
"ID3v2#0/TIT2", its bytes as they are in the file, and a role:

    FIELD    a field of a tag, or anything else that must stay as it is
    AUDIO    the same for what is heard
    HEAD     the header of a container of pieces, which are named below it
    GENRE    the genre's own field
    OURS     the field of the classifier, GENRECLASSIFY
    PADDING  zeros and what stands for them: Void, free, JUNK
    BOOK     sizes, offsets and checksums, which follow the rest

Offsets are resolved: the piece says which other one is meant, so that it stays the
same when that moves.  What does not hold, such as a checksum, is a fault.  Damaged
files are parsed as far as they can be understood, the rest is one piece.  All
pieces together have as many bytes as the file.

Nothing here knows of TagLib, mutagen or FFmpeg."""

import re
import struct
import typing
import zlib

FIELD, AUDIO, HEAD, GENRE, OURS, PADDING, BOOK = (
    "field", "audio", "head", "genre", "ours", "padding", "book")
OUR_NAME = "GENRECLASSIFY"

ID3V1_GENRES = """Blues|Classic Rock|Country|Dance|Disco|Funk|Grunge|Hip-Hop|Jazz|Metal|
New Age|Oldies|Other|Pop|R&B|Rap|Reggae|Rock|Techno|Industrial|Alternative|Ska|Death Metal|
Pranks|Soundtrack|Euro-Techno|Ambient|Trip-Hop|Vocal|Jazz+Funk|Fusion|Trance|Classical
""".replace("\n", "").split("|")


class Piece(typing.NamedTuple):
    name: str
    data: bytes
    role: str
    size: int  # bytes of the file that it stands for


class Parsed:
    def __init__(self, data):
        self.data = bytes(data)
        self.kind = "unknown"
        self.pieces = []
        self.faults = []

    def add(self, name, start, end, role, data=None):
        if data is None:
            data = self.data[start:end]
        self.pieces.append(Piece(name, data, role, end - start))

    def fault(self, text):
        self.faults.append(text)


def leaf(name):
    """The name of a field as the last part of a piece's name."""
    if isinstance(name, bytes):
        name = name.decode("latin-1")
    return name[:60].replace("/", "|")


def synchsafe(data):
    value = 0
    for byte in data:
        value = value << 7 | byte & 127
    return value


def text_of(data, encoding):
    """ID3v2's text; one that does not decode is not ours and not the genre's."""
    try:
        return data.decode(["latin-1", "utf-16", "utf-16-be", "utf-8"][encoding])
    except (UnicodeDecodeError, IndexError):
        return data.decode("latin-1")


def split_text(data, encoding):
    """At the first NUL: (before, after)."""
    if encoding in (1, 2):
        for i in range(0, len(data) - 1, 2):
            if data[i:i + 2] == b"\0\0":
                return data[:i], data[i + 2:]
        return data, b""
    before, _, after = data.partition(b"\0")
    return before, after


# --- ID3v2, ID3v1, APE, Lyrics3: in front of and behind the audio

def undo_unsynchronisation(body):
    """The plain bytes, and for each and the end where it is in @body."""
    plain, index, i = bytearray(), [], 0
    while i < len(body):
        plain.append(body[i])
        index.append(i)
        i += 2 if body[i] == 255 and body[i + 1:i + 2] == b"\0" else 1
    index.append(len(body))
    return bytes(plain), index


def scan_frames(plain, pos, major, plain_sizes):
    """[(id, start, end of its header, end)], where it stopped, whether well."""
    frames, width = [], 3 if major == 2 else 4
    header = 6 if major == 2 else 10
    # also those of 2.2 that iTunes put into 2.3, with a NUL behind
    pattern = re.compile(rb"[A-Za-z0-9][ -~]{%d}[ -~\0]" % (width - 2))
    while pos + header <= len(plain):
        name = plain[pos:pos + width]
        if not pattern.fullmatch(name):
            break
        size = plain[pos + width:pos + 2 * width]
        if major == 4 and not plain_sizes:
            if max(size) > 127:
                break
            length = synchsafe(size)
        else:
            length = int.from_bytes(size, "big")
        end = pos + header + length
        if end > len(plain):
            break
        frames.append((name.decode(), pos, pos + header, end))
        pos = end
    return frames, pos, pos == len(plain) or plain[pos] == 0


def frame_role(name, content, flags):
    if name in ("TCON", "TCO"):
        return GENRE
    if name in ("TXXX", "TXX") and content and not flags:
        description = split_text(content[1:], content[0])[0]
        if text_of(description, content[0]).lstrip("\ufeff") == OUR_NAME:
            return OURS
    return FIELD


def parse_extended_header(p, name, major, plain):
    """(its end, the span of padding's size and CRC within it, the CRC) or None."""
    if len(plain) < 6:
        return None
    if major == 3:
        size, flags = struct.unpack(">IH", plain[:6])
        end = 4 + size
        if size not in (6, 10) or end > len(plain):
            return None
        crc = plain[10:14] if flags & 0x8000 and size == 10 else None
        return end, plain[4:6], crc and int.from_bytes(crc, "big")
    end = synchsafe(plain[:4])
    if end < 6 or end > len(plain) or plain[4] != 1:
        return None
    flags, pos, kept, crc = plain[5], 6, plain[5:6], None
    for bit in 0x40, 0x20, 0x10:
        if flags & bit and pos < end:
            content = plain[pos + 1:pos + 1 + plain[pos]]
            pos += 1 + len(content)
            if bit == 0x20:
                crc = synchsafe(content)
            else:
                kept += content
    return end, kept, crc


def parse_id3v2(p, start, limit, name):
    """The end of the ID3v2 tag that begins at @start, or None."""
    d = p.data
    if limit - start < 10 or d[start:start + 3] != b"ID3":
        return None
    major, flags, size = d[start + 3], d[start + 5], d[start + 6:start + 10]
    if max(size) > 127 or d[start + 3] == 255 or d[start + 4] == 255:
        return None
    begin = start + 10
    end = begin + synchsafe(size)
    has_footer = major == 4 and flags & 0x10
    if end + (10 if has_footer else 0) > limit:
        p.fault(f"{name} is longer than its place")
        p.add(name, start, limit, FIELD)
        return limit
    if major not in (2, 3, 4) or major == 2 and flags & 0x40:
        p.add(name, start, end, FIELD)
        return end
    p.add(name, start, begin, HEAD, d[start + 3:start + 6])
    body = d[begin:end]
    if flags & 0x80 and major < 4:
        plain, index = undo_unsynchronisation(body)
    else:
        plain, index = body, range(len(body) + 1)

    def add(child, a, b, role, data=None):
        p.add(f"{name}/{child}", begin + index[a], begin + index[b], role, data)

    pos, crc = 0, None
    if flags & 0x40:
        extended = parse_extended_header(p, name, major, plain)
        if not extended:
            p.fault(f"{name}: extended header")
            p.add(f"{name}/damaged", begin, end, FIELD)
            return end
        pos, kept, crc = extended
        add("extended", 0, pos, FIELD, kept)
    first = pos
    frames, pos, well = scan_frames(plain, first, major, False)
    if major == 4 and any(plain[pos:]):
        # sizes that are not synchsafe, as iTunes wrote them
        other = scan_frames(plain, first, major, True)
        if other[2] and not (well and any(plain[other[1]:])) or (
                not well and other[1] > pos):
            frames, pos, well = other
    for frame, a, content, b in frames:
        bits = plain[a + 8:content] if major > 2 else b""
        add(leaf(frame), a, b, frame_role(frame, plain[content:b], any(bits)))
    if pos < len(plain):
        add("padding" if well else "damaged", pos, len(plain),
            PADDING if well else FIELD)
    if crc is not None:
        summed = plain[first:pos] if major == 3 else plain[first:]
        if zlib.crc32(summed) != crc:
            p.fault(f"{name}: CRC")
    if has_footer:
        if d[end:end + 10] != b"3DI" + d[start + 3:start + 10]:
            p.fault(f"{name}: footer")
        p.add(f"{name}/footer", end, end + 10, BOOK)
        end += 10
    return end


def parse_ape_items(p, name, start, end, count):
    pos = start
    for _ in range(count):
        if end - pos < 9:
            break
        size = struct.unpack_from("<I", p.data, pos)[0]
        key_end = p.data.find(b"\0", pos + 8, end)
        if key_end < 0 or key_end + 1 + size > end:
            break
        key = p.data[pos + 8:key_end].decode("latin-1")
        role = {"GENRE": GENRE, OUR_NAME: OURS}.get(key.upper(), FIELD)
        p.add(f"{name}/{leaf(key)}", pos, key_end + 1 + size, role)
        pos = key_end + 1 + size
    else:
        if pos == end:
            return
    if pos < end:
        p.add(f"{name}/damaged", pos, end, FIELD)
    p.fault(f"{name}: items")


def ape_block(p, pos):
    """(version, size, count, flags) of a header or footer."""
    if pos < 0 or p.data[pos:pos + 8] != b"APETAGEX" or pos + 32 > len(p.data):
        return None
    return struct.unpack_from("<4I", p.data, pos + 8)


def parse_ape(p, name, start, items, end):
    """A tag whose footer ends at @end, with a header if @start is not @items."""
    block = ape_block(p, end - 32)
    p.add(name, start, items, HEAD,
          struct.pack("<II", block[0], block[3]) + p.data[end - 8:end])
    parse_ape_items(p, name, items, end - 32, block[2])
    if items > start:
        header = ape_block(p, start)
        if header[:3] != block[:3]:
            p.fault(f"{name}: header")
    p.add(f"{name}/footer", end - 32, end, BOOK)


def parse_ape_in_front(p, start, limit, name):
    block = ape_block(p, start)
    if not block or not block[3] & 1 << 29 or block[1] < 32:
        return None
    end = start + 32 + block[1]
    if end > limit or not ape_block(p, end - 32):
        return None
    parse_ape(p, name, start, start + 32, end)
    return end


def find_last_tag(p, start, end):
    """What stands at the end of start..end: (kind, its start, its items' start)."""
    d = p.data
    if end - 128 >= start and d[end - 128:end - 125] == b"TAG" and d[
            end - 131:end - 123] != b"APETAGEX":
        return "ID3v1", end - 128, 0
    if end - 227 >= start and d[end - 227:end - 223] == b"TAG+":
        return "ID3v1+", end - 227, 0
    block = ape_block(p, end - 32) if end - 32 >= start else None
    if block and not block[3] & 1 << 29:
        items = end - block[1]
        first = items - 32 if block[3] & 1 << 31 else items
        if not ape_block(p, first):
            # readers go by the footer, with or without a header
            first = items
        if block[1] >= 32 and first >= start:
            return "APE", first, items
    if d[end - 9:end] == b"LYRICS200" and re.fullmatch(
            rb"\d{6}", d[end - 15:end - 9]):
        begin = end - 15 - int(d[end - 15:end - 9])
        if begin >= start and d[begin:begin + 11] == b"LYRICSBEGIN":
            return "Lyrics3", begin, 0
    if d[end - 9:end] == b"LYRICSEND":
        begin = d.rfind(b"LYRICSBEGIN", max(start, end - 5120), end)
        if begin >= 0:
            return "Lyrics3", begin, 0
    if end - 20 >= start and d[end - 10:end - 7] == b"3DI" and max(
            d[end - 4:end]) < 128:
        begin = end - 20 - synchsafe(d[end - 4:end])
        if begin >= start and d[begin:begin + 3] == b"ID3":
            return "ID3v2", begin, 0
    return None


def find_tail(p, start, end):
    """Tags behind the audio in their order, and where they begin."""
    tail = []
    while True:
        tag = find_last_tag(p, start, end)
        if not tag:
            return tail, end
        tail.insert(0, (*tag, end))
        end = tag[1]


def parse_tail(p, tail, counts):
    for kind, start, items, end in tail:
        name = f"{kind}#{counts.get(kind, 0)}"
        counts[kind] = counts.get(kind, 0) + 1
        if kind == "APE":
            parse_ape(p, name, start, items, end)
        elif kind == "ID3v2":
            if parse_id3v2(p, start, end, name) != end:
                p.fault(f"{name}: its end")
        elif kind == "ID3v1":
            p.add(f"{name}/fields", start, end - 1, FIELD)
            p.add(f"{name}/genre", end - 1, end, GENRE)
        elif kind == "ID3v1+":
            # title, artist, album, speed, genre, start time, end time
            p.add(f"{name}/fields", start, start + 185, FIELD)
            p.add(f"{name}/genre", start + 185, start + 215, GENRE)
            p.add(f"{name}/times", start + 215, end, FIELD)
        else:
            p.add(name, start, end, FIELD)


# --- Vorbis comments, FLAC, Ogg

def vorbis_comment(name, data):
    """(vendor, pieces, rest) of a comment packet's inside."""
    pieces = []
    if len(data) < 8:
        return None
    size = struct.unpack_from("<I", data)[0]
    if size > len(data) - 8:
        return None
    vendor, pos = data[4:4 + size], 8 + size
    for _ in range(struct.unpack_from("<I", data, pos - 4)[0]):
        if pos + 4 > len(data):
            return None
        size = struct.unpack_from("<I", data, pos)[0]
        if pos + 4 + size > len(data):
            return None
        field = data[pos + 4:pos + 4 + size]
        key, equals, _ = field.partition(b"=")
        key = key.decode("latin-1")
        role = {"GENRE": GENRE, OUR_NAME: OURS}.get(
            key.upper(), FIELD) if equals else FIELD
        pieces.append(Piece(f"{name}/{leaf(key)}", field, role, 4 + size))
        pos += 4 + size
    return vendor, pieces, data[pos:]


def add_comments(p, name, prefix, data, suffix):
    """A comment packet or block; @suffix says what role its end has.  @prefix are
    bytes in front of it that belong to the same packet."""
    parsed = vorbis_comment(name, data)
    size = len(prefix) + len(data)
    if not parsed:
        p.fault(f"{name}: comments")
        p.pieces.append(Piece(name, prefix + data, FIELD, size))
        return
    vendor, pieces, rest = parsed
    own = size - sum(piece.size for piece in pieces) - len(rest)
    p.pieces.append(Piece(name, prefix + vendor, HEAD, own))
    p.pieces.extend(pieces)
    if rest:
        p.pieces.append(Piece(f"{name}/end", rest, suffix(rest), len(rest)))


def zeros_are_padding(rest):
    return FIELD if any(rest) else PADDING


FLAC_BLOCKS = {0: "STREAMINFO", 1: "PADDING", 2: "APPLICATION", 3: "SEEKTABLE",
               4: "VORBIS_COMMENT", 5: "CUESHEET", 6: "PICTURE"}


def parse_flac(p, start, end):
    p.kind = "FLAC"
    p.add("FLAC", start, start + 4, FIELD)
    pos, counts, last = start + 4, {}, False
    while not last:
        if end - pos < 4:
            p.fault("FLAC: no last block")
            break
        kind = p.data[pos] & 127
        size = int.from_bytes(p.data[pos + 1:pos + 4], "big")
        if pos + 4 + size > end or kind == 127:
            p.fault("FLAC: block's size")
            break
        last = p.data[pos] >= 128
        block = FLAC_BLOCKS.get(kind, f"block {kind}")
        name = f"FLAC/{block}#{counts.get(kind, 0)}"
        counts[kind] = counts.get(kind, 0) + 1
        if kind == 1:
            p.add(name, pos, pos + 4 + size, PADDING)
        elif kind == 4:
            p.add(name + "/size", pos, pos + 4, BOOK)
            add_comments(p, name, b"", p.data[pos + 4:pos + 4 + size],
                         zeros_are_padding)
        else:
            p.add(name, pos, pos + 4 + size, FIELD,
                  p.data[pos + 4:pos + 4 + size])
        pos += 4 + size
    p.add("audio", pos, end, AUDIO)


REVERSED = bytes(int(f"{i:08b}"[::-1], 2) for i in range(256))


def ogg_crc(page):
    """zlib's polynomial, the other way round."""
    page = page[:22] + bytes(4) + page[26:]
    crc = zlib.crc32(page.translate(REVERSED), 0xffffffff) ^ 0xffffffff
    return int(f"{crc:032b}"[::-1], 2)


class OggStream:
    def __init__(self, number):
        self.number = number
        self.codec = None
        self.headers = 0       # packets that are headers
        self.packets = 0       # that were seen of them
        self.pending = b""
        self.sequence = None
        self.flac_left = None

    def begin(self, packet):
        if packet[:7] == b"\x01vorbis":
            self.codec, self.headers = "Vorbis", 3
        elif packet[:8] == b"OpusHead":
            self.codec, self.headers = "Opus", 2
        elif packet[:8] == b"Speex   ":
            extra = int.from_bytes(packet[68:72], "little")
            self.codec, self.headers = "Speex", 2 + extra
        elif packet[:5] == b"\x7fFLAC" and len(packet) > 9:
            count = int.from_bytes(packet[7:9], "big")
            self.codec, self.headers = "FLAC", 1 + (count or 1 << 20)

    def header(self, p, packet):
        """Adds the pieces of a header packet."""
        i = self.packets
        self.packets += 1
        name = f"Ogg/{self.codec}#{self.number}"
        comments = f"{name}/comments"

        def add(name, role, data=packet):
            p.pieces.append(Piece(name, data, role, len(packet)))

        if self.codec == "FLAC":
            if i == 0:  # without the number of headers
                return add(f"{name}/header", FIELD, packet[:7] + packet[9:])
            if packet[:1] and packet[0] & 128 and self.headers >= 1 << 20:
                self.headers = self.packets
            last = bool(packet[:1]) and packet[0] >= 128
            if last != (self.packets == self.headers):
                p.fault(f"{name}: the number of headers")
            kind = packet[0] & 127 if packet else 127
            if kind == 4:
                p.pieces.append(Piece(f"{comments}/size", packet[:4], BOOK, 4))
                if int.from_bytes(packet[1:4], "big") != len(packet) - 4:
                    p.fault(f"{name}: size of a block")
                return add_comments(p, comments, b"", packet[4:],
                                    zeros_are_padding)
            if kind == 1:
                return add(f"{name}/padding", PADDING)
            return add(f"{name}/block {kind}", FIELD,
                       packet[:1].translate(bytes(i & 127 for i in range(256)))
                       + packet[1:])
        if i == 1 and self.codec == "Vorbis" and packet[:7] == b"\x03vorbis":
            # the framing bit stays; there may be zeros behind it
            return add_comments(p, comments, packet[:7], packet[7:],
                                lambda rest: FIELD)
        if i == 1 and self.codec == "Opus" and packet[:8] == b"OpusTags":
            return add_comments(
                p, comments, packet[:8], packet[8:],
                lambda rest: FIELD if rest[0] & 1 else PADDING)
        if i == 1 and self.codec == "Speex":
            return add_comments(p, comments, b"", packet, zeros_are_padding)
        return add(f"{name}/header {i}", FIELD)


def parse_ogg_page(p, stream, pos, lacing, body, end):
    d, page = p.data, p.data[pos:end]
    flags, granule = d[pos + 5], d[pos + 6:pos + 14]
    sequence = int.from_bytes(d[pos + 18:pos + 22], "little")
    gap = 0 if stream.sequence is None else sequence - stream.sequence - 1
    stream.sequence = sequence
    right = ogg_crc(page) == int.from_bytes(page[22:26], "little")
    name = f"Ogg/{stream.codec or 'stream'}#{stream.number}"
    if not right:
        p.fault(f"{name}: CRC of a page")
    if stream.packets >= stream.headers:
        # the whole page stays, but for its number
        if stream.pending:
            p.fault(f"{name}: a packet begins in a page of headers")
            stream.pending = b""
        known = stream.codec is not None
        number = struct.pack("<q", gap if known else sequence)
        p.add(f"{name}/page", pos, end, AUDIO,
              bytes([flags, right]) + granule + number + lacing + body)
        return
    p.add(f"{name}/page header", pos, end - len(body), BOOK)
    if gap:
        p.fault(f"{name}: numbers of pages")
    if bool(flags & 1) != bool(stream.pending):
        p.fault(f"{name}: continued packets")
    a = 0
    ended = False
    for i, segment in enumerate(lacing):
        stream.pending += body[a:a + segment]
        a += segment
        if segment < 255:
            packet, stream.pending, ended = stream.pending, b"", True
            if stream.packets < stream.headers:
                stream.header(p, packet)
            else:
                p.pieces.append(Piece(f"{name}/packet", granule + packet, AUDIO,
                                      len(packet)))
    if granule != (bytes(8) if ended else b"\xff" * 8):
        # granule positions of header pages
        p.fault(f"{name}: granule position of a header")
    if stream.packets >= stream.headers and stream.pending:
        p.pieces.append(Piece(f"{name}/begun packet", stream.pending, AUDIO,
                              len(stream.pending)))


def parse_ogg(p, start, end):
    p.kind = "Ogg"
    d, pos, streams, count = p.data, start, {}, 0
    while pos < end:
        body = 0
        if d[pos:pos + 4] == b"OggS" and pos + 27 <= end:
            lacing = d[pos + 27:pos + 27 + d[pos + 26]]
            body = pos + 27 + len(lacing)
        if not body or body + sum(lacing) > end or len(lacing) != d[pos + 26]:
            after = d.find(b"OggS", pos + 1, end)
            after = end if after < 0 else after
            p.add("Ogg/garbage", pos, after, FIELD)
            pos = after
            continue
        after = body + sum(lacing)
        serial = d[pos + 14:pos + 18]
        if d[pos + 5] & 2 or serial not in streams:
            left_over(p, streams.get(serial))
            streams[serial] = OggStream(count)
            count += 1
            if d[pos + 5] & 2:
                streams[serial].begin(d[body:after])
        parse_ogg_page(p, streams[serial], pos, lacing, d[body:after], after)
        pos = after
    for stream in streams.values():
        left_over(p, stream)


def left_over(p, stream):
    """A header packet that does not end."""
    if stream and stream.pending and stream.packets < stream.headers:
        p.fault("Ogg: a header does not end")
        p.pieces.append(Piece(f"Ogg/{stream.codec}#{stream.number}/unfinished",
                              stream.pending, FIELD, len(stream.pending)))


# --- MP4

MP4_CONTAINERS = {"moov", "trak", "mdia", "minf", "stbl", "udta", "ilst", "moof",
                  "traf", "mfra"}


def mp4_header(d, pos, end, top):
    """(type, end of its header, its end) or None."""
    if end - pos < 8:
        return None
    size, kind = struct.unpack_from(">I4s", d, pos)
    header = pos + 8
    if size == 1 and end - pos >= 16:
        size = struct.unpack_from(">Q", d, header)[0]
        header += 8
    elif size == 0 and top:
        size = end - pos
    if pos + size > end or header > pos + size:
        return None
    return kind.decode("latin-1"), header, pos + size


class Mp4:
    def __init__(self, p, start, end):
        self.p = p
        self.places = []  # of mdat and moof: (name, start, end)
        counts, pos = {}, start
        while atom := mp4_header(p.data, pos, end, True):
            kind, header, after = atom
            if kind in ("mdat", "moof"):
                name = f"{kind}#{counts.get(kind, 0)}"
                self.places.append(
                    (name, header if kind == "mdat" else pos, after))
            counts[kind] = counts.get(kind, 0) + 1
            pos = after
        self.atoms("MP4", start, end)

    def place(self, offset):
        """What is at an offset, however it moves."""
        for name, start, end in self.places:
            if start <= offset < end:
                return f"{name}+{offset - start} ".encode()
        return f"nowhere {offset} ".encode()

    def atoms(self, path, start, end, keys=()):
        p, pos, counts = self.p, start, {}
        parent = path.rpartition("/")[2].partition("#")[0]
        while pos < end:
            atom = mp4_header(p.data, pos, end, path == "MP4")
            if not atom:
                if parent == "udta" and not any(p.data[pos:end]):
                    p.add(f"{path}/terminator", pos, end, FIELD)
                else:
                    p.fault(f"{path}: atom's size")
                    p.add(f"{path}/damaged", pos, end, FIELD)
                return
            kind, header, after = atom
            name = f"{path}/{leaf(kind)}#{counts.get(kind, 0)}"
            counts[kind] = counts.get(kind, 0) + 1
            if kind in ("free", "skip"):
                p.add(name, pos, after, PADDING)
            elif kind == "mdat":
                p.add(name + "/size", pos, header, BOOK)
                p.add(name, header, after, AUDIO)
            elif kind in MP4_CONTAINERS and parent != "ilst":
                p.add(name, pos, header, HEAD, b"")
                self.atoms(name, header, after, keys)
            elif kind == "meta" and parent in ("udta", "moov", "MP4"):
                self.meta(name, pos, header, after)
            else:
                self.leaf(name, kind, parent, pos, header, after, keys)
            pos = after

    def meta(self, name, pos, header, after):
        p, d = self.p, self.p.data
        begin = header
        if d[header + 4:header + 8] != b"hdlr":
            begin = min(header + 4, after)
        p.add(name, pos, begin, HEAD, d[header:begin])
        # QuickTime's keys, by which the items of its ilst are numbered
        keys, inner = [], begin
        while atom := mp4_header(d, inner, after, False):
            if atom[0] == "keys":
                keys = self.keys(d[atom[1]:atom[2]])
            inner = atom[2]
        self.atoms(name, begin, after, keys)

    @staticmethod
    def keys(content):
        keys, pos = [], 8
        while pos + 8 <= len(content):
            size = int.from_bytes(content[pos:pos + 4], "big")
            if size < 8:
                break
            keys.append(content[pos + 8:pos + size].decode("latin-1"))
            pos += size
        return keys

    def leaf(self, name, kind, parent, pos, header, after, keys):
        p, d = self.p, self.p.data
        content = d[header:after]
        role, data = FIELD, None
        if kind in ("stco", "co64"):
            name = name.replace("co64", "stco")
            letter = "I" if kind == "stco" else "Q"
            count = int.from_bytes(content[4:8], "big")
            if len(content) == 8 + count * struct.calcsize(">" + letter):
                data = content[:8] + b"".join(
                    self.place(offset) for offset in
                    struct.unpack(f">{count}{letter}", content[8:]))
        elif kind == "tfhd" and len(content) >= 16 and content[3] & 1:
            data = content[:8] + self.place(
                int.from_bytes(content[8:16], "big")) + content[16:]
        elif kind == "sidx" and len(content) >= 24:
            version = content[0]
            size = 8 if version else 4
            offset = content[12 + size:12 + 2 * size]
            data = content[:12 + size] + self.place(
                after + int.from_bytes(offset, "big")) + content[
                    12 + 2 * size:]
        elif kind == "tfra":
            data = self.tfra(content)
        elif kind == "keys" and parent == "meta":
            p.add(name, pos, after, HEAD, content[:4])
            return
        elif parent == "meta" and kind == "hdlr":
            # of a meta that is made for the genre
            p.add(name, pos, after, HEAD, content)
            return
        elif parent in ("ilst", "udta"):
            role = self.item_role(kind, content, parent, name, keys)
        p.add(name, pos, after, role, data)

    def item_role(self, kind, content, parent, name, keys):
        if "/trak#" in name:
            return FIELD
        if kind in ("\xa9gen", "gnre"):
            return GENRE
        if kind == "----":
            at = content.find(b"name")
            if at >= 4:
                size = int.from_bytes(content[at - 4:at], "big")
                if content[at + 8:at - 4 + size] == OUR_NAME.encode():
                    return OURS
        number = int.from_bytes(kind.encode("latin-1"), "big")
        if parent == "ilst" and 0 < number <= len(keys) and keys[
                number - 1].lower().rpartition(".")[2] == "genre":
            return GENRE
        return FIELD

    def tfra(self, content):
        if len(content) < 16:
            return None
        sizes = int.from_bytes(content[8:12], "big")
        width = (16 if content[0] else 8) + 3 + sum(
            sizes >> shift & 3 for shift in (0, 2, 4))
        data, pos, half = content[:16], 16, 8 if content[0] else 4
        while pos + width <= len(content):
            entry = content[pos:pos + width]
            data += entry[:half] + self.place(int.from_bytes(
                entry[half:2 * half], "big")) + entry[2 * half:]
            pos += width
        return data


def parse_mp4(p, start, end):
    p.kind = "MP4"
    Mp4(p, start, end)


# --- RIFF and AIFF

def looks_like_chunk(d, pos, end, order):
    if end - pos < 8 or not re.fullmatch(rb"[ -~]{4}", d[pos:pos + 4]):
        return False
    return int.from_bytes(d[pos + 4:pos + 8], order) <= end - pos - 8


def parse_info(p, name, start, end):
    pos = start
    while pos < end:
        if end - pos < 8 or not re.fullmatch(rb"[ -~]{4}", p.data[pos:pos + 4]):
            if not any(p.data[pos:end]):
                p.add(f"{name}/padding", pos, end, PADDING)
                return
            break
        key, size = struct.unpack_from("<4sI", p.data, pos)
        after = pos + 8 + size
        if after > end:
            break
        role = GENRE if key == b"IGNR" else FIELD
        p.add(f"{name}/{leaf(key)}", pos, after, role)
        pos = after
        if size & 1 and pos < end and p.data[pos] == 0:
            p.add(f"{name}/pad byte", pos, pos + 1, PADDING)
            pos += 1
    if pos < end:
        p.fault(f"{name}: items")
        p.add(f"{name}/damaged", pos, end, FIELD)


def parse_chunk(p, form, name, key, start, end, order):
    """The inside of a chunk, from @start to @end."""
    d = p.data
    if key in (b"id3 ", b"ID3 ", b"Id3 ") and parse_id3v2_chunk(
            p, name, start, end):
        return
    if form != "AIFF" and key == b"LIST" and d[start:start + 4] == b"INFO":
        p.add(name, start - 8, start + 4, HEAD, b"INFO")
        parse_info(p, name, start + 4, end)
    elif form != "AIFF" and key in (b"JUNK", b"junk", b"PAD ", b"FLLR"):
        p.add(name, start - 8, end, PADDING)
    elif key in (b"data", b"SSND"):
        p.add(name + "/size", start - 8, start, BOOK)
        p.add(name, start, end, AUDIO)
    elif key == b"ds64" and end - start >= 24:
        riff, data = struct.unpack_from("<QQ", d, start)
        if riff + 8 != len(d):
            p.fault("RIFF: size in ds64")
        p.add(name, start - 8, end, FIELD, struct.pack("<Q", data) +
              d[start + 16:end])
    else:
        p.add(name, start - 8, end, FIELD)


def parse_id3v2_chunk(p, name, start, end):
    inner = Parsed(p.data)
    after = parse_id3v2(inner, start, end, name + "/ID3v2")
    if after is None:
        return False
    p.add(name, start - 8, start, HEAD, b"")
    p.pieces += inner.pieces
    p.faults += inner.faults
    if after < end:
        rest = p.data[after:end]
        p.add(f"{name}/rest", after, end, FIELD if any(rest) else PADDING)
    return True


def parse_riff(p, start, end):
    d = p.data
    order = "big" if d[start:start + 4] == b"FORM" else "little"
    form = "AIFF" if order == "big" else d[start:start + 4].decode()
    p.kind = form
    p.add(form + "/size", start, start + 8, BOOK)
    p.add(form, start + 8, start + 12, FIELD)
    size = int.from_bytes(d[start + 4:start + 8], order)
    pos, counts = start + 12, {}
    right = {end, end - 1} if order == "little" else {end}
    while pos < end:
        if end - pos < 8 or not re.fullmatch(rb"[ -~]{4}", d[pos:pos + 4]):
            p.add(f"{form}/rest", pos, end, FIELD)
            right.add(pos)
            break
        key = d[pos:pos + 4]
        length = int.from_bytes(d[pos + 4:pos + 8], order)
        label = key.decode()
        name = f"{form}/{leaf(label)}#{counts.get(label, 0)}"
        counts[label] = counts.get(label, 0) + 1
        after = pos + 8 + length
        if form in ("RF64", "BW64") and key == b"data" and length == 0xffffffff:
            if d[start + 12:start + 16] == b"ds64":
                after = pos + 8 + int.from_bytes(
                    d[start + 28:start + 36], "little")
        if after > end or key == b"data" and length == 0:
            if after > end and length < 0xfffffe00:
                p.fault(f"{name}: longer than the file")
            after = end
        parse_chunk(p, form, name, key, pos + 8, after, order)
        if length & 1 and after < end and not (
                d[after] and looks_like_chunk(d, after, end, order)):
            p.add(name + "/pad byte", after, after + 1, PADDING)
            after += 1
        pos = after
    if start + 8 + size not in right and form in ("RIFF", "AIFF"):
        p.fault(f"{form}: its size")


# --- ASF

def guid(text):
    a, b, c, d, e = text.split("-")
    return (bytes.fromhex(a)[::-1] + bytes.fromhex(b)[::-1] +
            bytes.fromhex(c)[::-1] + bytes.fromhex(d + e))


ASF_HEADER = guid("75B22630-668E-11CF-A6D9-00AA0062CE6C")
ASF_OBJECTS = {
    guid("75B22636-668E-11CF-A6D9-00AA0062CE6C"): "Data",
    guid("8CABDCA1-A947-11CF-8EE4-00C00C205365"): "File Properties",
    guid("5FBF03B5-A92E-11CF-8EE3-00C00C205365"): "Header Extension",
    guid("75B22633-668E-11CF-A6D9-00AA0062CE6C"): "Content Description",
    guid("D2D0A440-E307-11D2-97F0-00A0C95EA850"): "Extended Content",
    guid("C5F8CBEA-5BAF-4877-8467-AA8C44FA4CCA"): "Metadata",
    guid("44231C94-9498-49D1-A141-1D134E457054"): "Metadata Library",
    guid("1806D474-CADF-4509-A4BA-9AABCB96AAE8"): "Padding",
}


def asf_name(raw):
    return raw.decode("utf-16-le", "replace").rstrip("\0")


def asf_role(name):
    return {"WM/GENRE": GENRE, OUR_NAME: OURS}.get(name.upper(), FIELD)


def parse_asf_descriptors(p, path, start, end, library):
    """Of the Extended Content Description or, with streams and languages, of the
    Metadata and Metadata Library Objects."""
    d, pos = p.data, start + 2
    for _ in range(int.from_bytes(d[start:start + 2], "little")):
        if library:
            if end - pos < 12:
                break
            stream, length, _, size = struct.unpack_from("<2xHHHI", d, pos)
            name_at = pos + 12
            after = name_at + length + size
        else:
            if end - pos < 6:
                break
            stream, length = 0, struct.unpack_from("<H", d, pos)[0]
            name_at = pos + 2
            if name_at + length + 4 > end:
                break
            after = name_at + length + 4 + struct.unpack_from(
                "<H", d, name_at + length + 2)[0]
        if after > end:
            break
        name = asf_name(d[name_at:name_at + length])
        p.add(f"{path}/{leaf(name)}", pos, after,
              FIELD if stream else asf_role(name))
        pos = after
    else:
        if pos == end:
            return
    p.fault(f"{path}: descriptors")
    p.add(f"{path}/damaged", pos, end, FIELD)


def parse_asf_objects(p, path, start, end):
    d, pos, counts, number = p.data, start, {}, 0
    while pos < end:
        size = int.from_bytes(d[pos + 16:pos + 24], "little")
        if end - pos < 24 or size < 24 or pos + size > end:
            p.fault(f"{path}: object's size")
            p.add(f"{path}/damaged", pos, end, FIELD)
            return number
        kind = ASF_OBJECTS.get(d[pos:pos + 16], d[pos:pos + 16].hex())
        name = f"{path}/{kind}#{counts.get(kind, 0)}"
        counts[kind] = counts.get(kind, 0) + 1
        number += 1
        begin, after = pos + 24, pos + size
        if kind == "Padding":
            p.add(name, pos, after, PADDING)
        elif kind == "Data":
            p.add(name, pos, after, AUDIO)
        elif kind == "File Properties" and size >= 48:
            if int.from_bytes(d[begin + 16:begin + 24], "little") != len(d):
                p.fault("ASF: the file's size")
            p.add(name, pos, after, FIELD, d[begin:begin + 16] +
                  d[begin + 24:after])
        elif kind == "Header Extension" and size >= 46:
            if int.from_bytes(d[pos + 42:pos + 46], "little") != size - 46:
                p.fault(f"{name}: size")
            p.add(name, pos, pos + 46, HEAD, d[pos + 24:pos + 42])
            parse_asf_objects(p, name, pos + 46, after)
        elif kind in ("Extended Content", "Metadata Library",
                      "Metadata") and size >= 26:
            p.add(name, pos, begin + 2, HEAD, b"")
            parse_asf_descriptors(p, name, begin, after,
                                  kind != "Extended Content")
        else:
            p.add(name, pos, after, FIELD)
        pos = after
    return number


def parse_asf(p, start, end):
    p.kind = "ASF"
    d = p.data
    size = int.from_bytes(d[start + 16:start + 24], "little")
    if size < 30 or start + size > end:
        p.fault("ASF: header")
        return p.add("ASF", start, end, FIELD)
    p.add("ASF/Header", start, start + 30, FIELD, d[start + 28:start + 30])
    number = parse_asf_objects(p, "ASF/Header", start + 30, start + size)
    if number != int.from_bytes(d[start + 24:start + 28], "little"):
        p.fault("ASF: number of objects")
    parse_asf_objects(p, "ASF", start + size, end)


# --- Matroska

SEGMENT, SEEKHEAD, SEEK, SEEK_ID, SEEK_POSITION = (
    0x18538067, 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC)
CLUSTER, POSITION, VOID, CRC32 = 0x1F43B675, 0xA7, 0xEC, 0xBF
CUES, CUE_POINT, CUE_TRACK, CUE_CLUSTER = 0x1C53BB6B, 0xBB, 0xB7, 0xF1
TAGS, TAG, TARGETS, SIMPLE_TAG, TAG_NAME, TAG_STRING = (
    0x1254C367, 0x7373, 0x63C0, 0x67C8, 0x45A3, 0x4487)
TOP_LEVEL = {
    SEEKHEAD: "SeekHead", CLUSTER: "Cluster", CUES: "Cues", TAGS: "Tags",
    0x1549A966: "Info", 0x1654AE6B: "Tracks", 0x1043A770: "Chapters",
    0x1941A469: "Attachments"}
NOT_MUSIC = (0x63C4, 0x63C6, 0x63C9)  # tags of chapters, attachments, editions


def ebml_number(d, pos, end, keep):
    """(number, where it ends); with @keep it has its length bit, as IDs have;
    -1 is an unknown size."""
    if pos >= end or not d[pos]:
        return None
    length = 9 - d[pos].bit_length()
    if pos + length > end or keep and length > 4:
        return None
    value = int.from_bytes(d[pos:pos + length], "big")
    if not keep:
        value &= (1 << 7 * length) - 1
        if value == (1 << 7 * length) - 1:
            value = -1
    return value, pos + length


def ebml_element(d, pos, end):
    """(ID, where its content begins, where it ends or -1) or None."""
    number = ebml_number(d, pos, end, True)
    size = number and ebml_number(d, number[1], end, False)
    if not size:
        return None
    if size[0] < 0:
        return number[0], size[1], -1
    if size[1] + size[0] > end:
        return None
    return number[0], size[1], size[1] + size[0]


def ebml_children(d, start, end):
    """[(ID, start, content, end)] and where they stop."""
    children, pos = [], start
    while pos < end:
        element = ebml_element(d, pos, end)
        if not element:
            break
        number, content, after = element
        if after < 0:
            # unknown: to the next of its level
            after = content
            while after < end:
                inner = ebml_element(d, after, end)
                if not inner or inner[0] in TOP_LEVEL or inner[2] < 0:
                    break
                after = inner[2]
        children.append((number, pos, content, after))
        pos = after
    return children, pos


class Matroska:
    def __init__(self, p, start, end):
        self.p, self.d = p, p.data
        header = ebml_element(self.d, start, end)
        after = header[2] if header and header[2] > 0 else start
        p.add("EBML", start, after, FIELD)
        segment = ebml_element(self.d, after, end)
        if not segment or segment[0] != SEGMENT:
            # one that is longer than the file is as one without a size
            number = ebml_number(self.d, after, end, True)
            size = number and ebml_number(self.d, number[1], end, False)
            if not size or number[0] != SEGMENT:
                if after < end:
                    p.add("Matroska/damaged", after, end, FIELD)
                return
            p.fault("Matroska: Segment is longer than the file")
            segment = SEGMENT, size[1], end
        _, self.begin, self.end = segment
        if self.end < 0:
            self.end = end
        p.add("Segment", after, self.begin, BOOK)
        self.segment()
        if self.end < end:
            p.add("Matroska/rest", self.end, end, FIELD)

    def segment(self):
        children, stop = ebml_children(self.d, self.begin, self.end)
        self.names, counts, named = {}, {}, []
        for number, pos, content, after in children:
            label = TOP_LEVEL.get(number, f"{number:X}")
            name = f"{label}#{counts.get(label, 0)}"
            counts[label] = counts.get(label, 0) + 1
            self.names[pos - self.begin] = name, number
            named.append((name, number, pos, content, after))
        self.tags_found = self.seekhead = False
        tags_at, clusters = None, False
        for name, number, pos, content, after in named:
            self.check_crc(name, content, after)
            if number == VOID:
                self.p.add(name, pos, after, PADDING)
            elif number == SEEKHEAD:
                self.seekhead = True
                self.p.add(name, pos, content, HEAD, b"")
                self.master(name, content, after, self.seek)
            elif number == CUES:
                self.p.add(name, pos, content, HEAD, b"")
                self.master(name, content, after, self.cue)
            elif number == TAGS:
                tags_at = clusters
                self.p.add(name, pos, content, HEAD, b"")
                self.master(name, content, after, self.tag)
            elif number == CLUSTER:
                clusters = True
                self.cluster(name, pos, content, after)
            else:
                self.p.add(name, pos, after, FIELD)
        if self.seekhead and tags_at and not self.tags_found:
            self.p.fault("Matroska: Tags behind the Clusters are not in SeekHead")
        if stop < self.end:
            self.p.fault("Matroska: an element's size")
            self.p.add("Segment/damaged", stop, self.end, FIELD)

    def check_crc(self, name, content, after):
        if self.d[content:content + 2] == b"\xbf\x84":
            crc = int.from_bytes(self.d[content + 2:content + 6], "little")
            if zlib.crc32(self.d[content + 6:after]) != crc:
                self.p.fault(f"{name}: CRC-32")

    def master(self, name, content, after, child):
        """Void and CRC-32 can be in any."""
        children, stop = ebml_children(self.d, content, after)
        counts = {}
        for number, pos, inner, end in children:
            if number == VOID:
                self.p.add(f"{name}/Void", pos, end, PADDING)
            elif number == CRC32:
                self.p.add(f"{name}/CRC-32", pos, end, BOOK)
            else:
                label = f"{name}/{number:X}#{counts.get(number, 0)}"
                counts[number] = counts.get(number, 0) + 1
                child(label, number, pos, inner, end)
        if stop < after:
            self.p.fault(f"{name}: an element's size")
            self.p.add(f"{name}/damaged", stop, after, FIELD)

    def number(self, content, after):
        return int.from_bytes(self.d[content:after], "big")

    def seek(self, name, number, pos, content, after):
        if number != SEEK:
            return self.p.add(name, pos, after, FIELD)
        target = position = None
        for child, _, inner, end in ebml_children(self.d, content, after)[0]:
            if child == SEEK_ID:
                target = self.number(inner, end)
            elif child == SEEK_POSITION:
                position = self.number(inner, end)
        found = self.names.get(position, ("nowhere", None))
        if found[1] != target or target is None:
            self.p.fault(f"SeekHead: of {TOP_LEVEL.get(target, target)}")
        if target == TAGS:
            self.tags_found = True
            return self.p.add(f"{name} of Tags", pos, after, BOOK)
        return self.p.add(f"SeekHead/{found[0]}", pos, after, FIELD,
                          f"{target} {found[0]}".encode())

    def cue(self, name, number, pos, content, after):
        """The bytes, but for the positions, which become names."""
        if number != CUE_POINT:
            return self.p.add(name, pos, after, FIELD)
        data = b""
        for child, start, inner, end in ebml_children(
                self.d, content, after)[0]:
            if child != CUE_TRACK:
                data += self.d[start:end]
                continue
            for part, begin, value, stop in ebml_children(
                    self.d, inner, end)[0]:
                if part == CUE_CLUSTER:
                    place = self.number(value, stop)
                    found = self.names.get(place, (f"nowhere {place}", None))
                    if found[1] != CLUSTER:
                        self.p.fault("Cues: of a Cluster")
                    data += found[0].encode()
                else:
                    data += self.d[begin:stop]
        return self.p.add(name, pos, after, FIELD, data)

    def cluster(self, name, pos, content, after):
        self.p.add(name, pos, content, HEAD, b"")
        children, stop = ebml_children(self.d, content, after)
        begin = content
        for number, start, inner, end in children:
            if number not in (POSITION, VOID, CRC32):
                continue
            if begin < start:
                self.p.add(f"{name}/blocks", begin, start, AUDIO)
            begin = end
            if number == POSITION and self.number(
                    inner, end) != pos - self.begin:
                self.p.fault("Cluster: its Position")
            self.p.add(f"{name}/{number:X}", start, end,
                       PADDING if number == VOID else BOOK)
        if begin < after:
            self.p.add(f"{name}/blocks", begin, after, AUDIO)

    def tag(self, name, number, pos, content, after):
        if number != TAG:
            return self.p.add(name, pos, after, FIELD)
        self.check_crc(name, content, after)
        targets = b""
        for child, start, inner, end in ebml_children(
                self.d, content, after)[0]:
            if child == TARGETS:
                targets += self.d[start:end]
                self.music = not any(
                    part[0] in NOT_MUSIC and any(self.d[part[2]:part[3]])
                    for part in ebml_children(self.d, inner, end)[0])
                break
        else:
            self.music = True
        self.p.add(name, pos, content, HEAD, targets)
        return self.master(name, content, after, self.simple_tag)

    def simple_tag(self, name, number, pos, content, after):
        if number == TARGETS:
            # which are the head's
            return self.p.add(f"{name}/Targets", pos, after, BOOK)
        key = ""
        if number == SIMPLE_TAG:
            for child, _, inner, end in ebml_children(
                    self.d, content, after)[0]:
                if child == TAG_NAME:
                    key = self.d[inner:end].rstrip(b"\0").decode(
                        "utf-8", "replace")
                    break
        role = {"GENRE": GENRE, OUR_NAME: OURS}.get(key.upper(), FIELD)
        parent = name.rpartition("/")[0]
        return self.p.add(f"{parent}/{leaf(key or f'{number:X}')}", pos, after,
                          role if self.music else FIELD)


def parse_matroska(p, start, end):
    p.kind = "Matroska"
    Matroska(p, start, end)


# --- DSF

def parse_dsf(p, start, end):
    p.kind = "DSF"
    d = p.data
    if end - start < 28:
        return p.add("DSF", start, end, FIELD)
    size, total, pointer = struct.unpack_from("<QQQ", d, start + 4)
    p.add("DSF", start, start + 28, FIELD, struct.pack("<Q", size))
    if total != len(d):
        p.fault("DSF: the file's size")
    tag = end
    if pointer and start + pointer < end and d[
            start + pointer:start + pointer + 3] == b"ID3":
        tag = start + pointer
    elif pointer:
        p.fault("DSF: the metadata's place")
    p.add("audio", start + 28, tag, AUDIO)
    if tag < end:
        after = parse_id3v2(p, tag, end, "ID3v2#0")
        if after is None:
            after = tag
        if after < end:
            p.add("rest", after, end, FIELD)
    return None


# --- any file

def is_mp4(head):
    return head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip",
                         b"pnot", b"styp")


def parse_plain(kind):
    """A stream with nothing of interest inside."""
    def parse_it(p, start, end):
        p.kind = kind
        if start < end:
            p.add("audio", start, end, AUDIO)
    return parse_it


def find_parser(head):
    """The parser of what begins so, and whether tags can stand behind it."""
    if head[:4] == b"OggS":
        return parse_ogg, True
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return parse_riff, False
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return parse_riff, False
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return parse_matroska, False
    if head[:16] == ASF_HEADER:
        return parse_asf, False
    if head[:4] == b"DSD ":
        return parse_dsf, False
    if head[:4] == b"fLaC":
        return parse_flac, True
    for magic, kind in ((b"TTA1", "TTA"), (b"TTA2", "TTA"), (b"wvpk", "WavPack"),
                        (b"MAC ", "Monkey's Audio"), (b"MACF", "Monkey's Audio")):
        if head[:4] == magic:
            return parse_plain(kind), True
    if is_mp4(head):
        return parse_mp4, False
    return parse_plain("MPEG"), True


def parse(data):
    p = Parsed(data)
    end, pos, counts = len(p.data), 0, {}
    while True:
        for kind, front in ("ID3v2", parse_id3v2), ("APE", parse_ape_in_front):
            name = f"{kind}#{counts.get(kind, 0)}"
            after = front(p, pos, end, name)
            if after is not None:
                counts[kind] = counts.get(kind, 0) + 1
                break
        if after is None:
            break
        pos = after
    parser, has_tail = find_parser(p.data[pos:pos + 16])
    tail = []
    if has_tail:
        tail, end = find_tail(p, pos, end)
    parser(p, pos, end)
    parse_tail(p, tail, counts)
    covered = sum(piece.size for piece in p.pieces)
    if covered != len(p.data):
        raise AssertionError(
            f"{covered} of {len(p.data)} bytes were parsed as {p.kind}")
    return p


# --- what changed

CHANGING = (GENRE, OURS, PADDING, BOOK)


def parent_of(piece):
    return piece.name if piece.role == HEAD else piece.name.rpartition("/")[0]


def is_below(name, container):
    return name == container or name.startswith(container + "/")


def new_containers(before, after):
    """Those that were made for the genre: nothing else is in them."""
    known = {piece.name for piece in before.pieces if piece.role == HEAD}
    return {
        head.name for head in after.pieces
        if head.role == HEAD and head.name not in known and not any(
            is_below(piece.name, head.name) and piece.role in (FIELD, AUDIO)
            for piece in after.pieces)}


def emptied(before, after):
    """Tags without any field that were there, and are not."""
    left = {piece.name for piece in after.pieces if piece.role == HEAD}
    return {
        head.name for head in before.pieces
        if head.role == HEAD and head.name not in left
        and (head.name.startswith(("ID3v2#", "APE#")) or not head.data)
        and not any(is_below(piece.name, head.name)
                    and piece.role in (FIELD, GENRE, OURS)
                    for piece in before.pieces)}


def shorten(data):
    text = repr(data)
    return text if len(text) <= 80 else f"{text[:70]}… ({len(data)} bytes)"


def differences(before, after):
    """Of two lists of pieces, in words."""
    import difflib
    keys = [[(piece.name, piece.data) for piece in pieces]
            for pieces in (before, after)]
    if keys[0] == keys[1]:
        return []
    # the same at both ends, which is most
    a = 0
    while a < min(len(keys[0]), len(keys[1])) and keys[0][a] == keys[1][a]:
        a += 1
    b = 0
    while b < min(len(keys[0]), len(keys[1])) - a and keys[0][
            -1 - b] == keys[1][-1 - b]:
        b += 1
    old, new = (pieces[a:len(pieces) - b] for pieces in keys)
    result = []
    if len(old) * len(new) > 250000:
        return [f"{len(old)} pieces from {old[0][0] if old else ''} on became "
                f"{len(new)}"]
    for what, i, j, k, m in difflib.SequenceMatcher(
            None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        gone, come = old[i:j], new[k:m]
        for x, y in zip(gone, come):
            if x[0] == y[0]:
                result.append(f"{x[0]} changed: {shorten(x[1])} -> "
                              f"{shorten(y[1])}")
            else:
                result.append(f"{x[0]} {shorten(x[1])} became {y[0]} "
                              f"{shorten(y[1])}")
        for x in gone[len(come):]:
            result.append(f"{x[0]} is gone: {shorten(x[1])}")
        for y in come[len(gone):]:
            result.append(f"{y[0]} is new: {shorten(y[1])}")
    return result


def genre_places(pieces, dropped):
    """For each container with a genre, how many fields stand before the first one,
    and how its name is spelled."""
    places, counts = {}, {}
    for piece in pieces:
        parent = parent_of(piece)
        if piece.role == GENRE and parent not in places:
            places[parent] = counts.get(parent, 0), piece.name.rpartition("/")[2]
        elif piece.role == FIELD and parent not in dropped:
            counts[parent] = counts.get(parent, 0) + 1
    return places


SAME_SPELLING = re.compile(r"(©gen|gnre)#\d+")


def compare_places(before, after, made):
    result = []
    places = genre_places(after.pieces, made)
    for parent, (place, spelling) in genre_places(before.pieces, made).items():
        if parent not in places:
            result.append(f"{parent}/{spelling}: the genre is gone")
            continue
        new_place, new_spelling = places[parent]
        if new_place != place:
            result.append(f"{parent}/{spelling}: the genre has moved")
        if SAME_SPELLING.sub("genre", spelling) != SAME_SPELLING.sub(
                "genre", new_spelling):
            result.append(f"{parent}/{spelling}: the genre is spelled "
                          f"{new_spelling}")
    return result


def tags_of(parsed):
    """The kinds of tags with something in them."""
    kinds = set()
    for piece in parsed.pieces:
        if piece.role not in (FIELD, GENRE, OURS):
            continue
        for pattern in (r"(ID3v2)#\d+/", r"(APE)#\d+/", r"(ID3v1)#\d+/",
                        r"RIFF/(LIST)#\d+/", r"(?:RIFF|AIFF)/(id3) ?#\d+/"):
            match = re.match(pattern, piece.name, re.IGNORECASE)
            if match:
                kinds.add(match.group(1))
    return kinds


def compare_kinds(before, after):
    """No second kind of tag beside one that can hold the genre."""
    old, new = tags_of(before), tags_of(after)
    if not old - {"ID3v1"}:
        return []
    return [f"a new {kind} tag stands beside {' and '.join(sorted(old))}"
            for kind in sorted(new - old)]


def id3v1_texts(parsed):
    for piece in parsed.pieces:
        if piece.name == "ID3v1#0/fields":
            fields = piece.data[3:]
            return {fields[a:b].split(b"\0")[0].rstrip()
                    for a, b in ((0, 30), (30, 60), (60, 90), (90, 94), (94, 124))}
    return set()


def without_copies_of_id3v1(before, after):
    """The pieces of @after without an ID3v2 tag that was made of an ID3v1 tag, the
    only one there was."""
    texts = id3v1_texts(before)
    if not texts or tags_of(before) != {"ID3v1"}:
        return after.pieces
    return [piece for piece in after.pieces if not (
        piece.name.startswith("ID3v2#0/") and piece.name[8] in "TC"
        and piece.role == FIELD and
        (piece.data[11:].rstrip(b"\0").lstrip(b"\0") in texts
         or piece.name.endswith("/TRCK") or piece.name.endswith("/COMM")))]


def compare(before, after, strict=False):
    """What is not as it was, but for the genre, or with @strict and it."""
    if before.data == after.data:
        return []
    if before.kind != after.kind:
        return [f"it was {before.kind} and is {after.kind}"]
    result = []
    if strict:
        gone = emptied(before, after)
        lists = [[piece for piece in parsed.pieces
                  if piece.role not in (PADDING, BOOK)
                  and not (piece.role == HEAD and piece.name in gone)]
                 for parsed in (before, after)]
    else:
        after_pieces = without_copies_of_id3v1(before, after)
        slim = Parsed(after.data)
        slim.pieces = after_pieces
        made = new_containers(before, slim)
        lists = [[piece for piece in before.pieces
                  if piece.role not in CHANGING],
                 [piece for piece in after_pieces if piece.role not in CHANGING
                  and not (piece.role == HEAD and piece.name in made)]]
        result += compare_places(before, slim, made)
        result += compare_kinds(before, slim)
    result += differences(*lists)
    old = list(before.faults)
    for fault in after.faults:
        if fault in old:
            old.remove(fault)
        else:
            result.append(f"not right: {fault}")
    return result


# --- the genre

def read_id3_genre(piece):
    """The strings of TCON; a frame that is compressed or the like has none."""
    header = 6 if piece.name.endswith("/TCO") else 10
    content = piece.data[header:]
    if not content:
        return []
    text = text_of(content[1:], content[0])
    return [part.lstrip("\ufeff") for part in text.rstrip("\0").split("\0")]


def read_data_atoms(content):
    """The values of an item of ilst."""
    values, pos = [], 0
    while pos + 16 <= len(content):
        size = int.from_bytes(content[pos:pos + 4], "big")
        if size < 16:
            break
        values.append(content[pos + 16:pos + size])
        pos += size
    return values


def read_genre_piece(parsed, piece):
    """The genres in one piece, as strings."""
    data, name = piece.data, piece.name
    last = name.rpartition("/")[2]
    if last in ("TCON", "TCO"):
        return read_id3_genre(piece)
    if name.startswith("ID3v1#"):
        index = data[0]
        return [ID3V1_GENRES[index] if index < len(ID3V1_GENRES) else
                f"({index})"] if index < 255 else []
    if name.startswith("ID3v1+#"):
        return [data.rstrip(b"\0").decode("latin-1")]
    if name.startswith("APE#"):
        value = data[data.index(b"\0", 8) + 1:]
        return value.decode("utf-8", "replace").split("\0")
    if last == "IGNR":
        return [data[8:].rstrip(b"\0").decode("utf-8", "replace")]
    if parsed.kind in ("FLAC", "Ogg"):
        return [data.partition(b"=")[2].decode("utf-8", "replace")]
    if parsed.kind == "MP4":
        if "/ilst#" in name:
            values = read_data_atoms(data[8:])
            if last.startswith("gnre"):
                return [ID3V1_GENRES[number - 1] for number in
                        (int.from_bytes(value, "big") for value in values
                         if len(value) == 2)
                        if 0 < number <= len(ID3V1_GENRES)]
            return [value.decode("utf-8", "replace") for value in values]
        if last.startswith("gnre"):  # 3GP: version, language, text
            return [data[14:].rstrip(b"\0").decode("utf-8", "replace")]
        size = int.from_bytes(data[8:10], "big")
        return [data[12:12 + size].decode("utf-8", "replace")]
    if parsed.kind == "ASF":
        text = "WM/Genre".encode("utf-16-le")
        at = data.lower().find(text.lower()) + len(text)
        if "Metadata" not in name:
            at = 2 + int.from_bytes(data[:2], "little") + 4
        else:
            at = 12 + int.from_bytes(data[4:6], "little")
        return [data[at:].decode("utf-16-le", "replace").rstrip("\0")]
    if parsed.kind == "Matroska":
        element = ebml_element(data, 0, len(data))
        return [data[inner:end].rstrip(b"\0").decode("utf-8", "replace")
                for number, _, inner, end in ebml_children(
                    data, element[1], element[2])[0] if number == TAG_STRING]
    return []


def read_genres(parsed):
    """{container: its genres}"""
    result = {}
    for piece in parsed.pieces:
        if piece.role == GENRE:
            result.setdefault(parent_of(piece), []).extend(
                read_genre_piece(parsed, piece))
    return {name: genres for name, genres in result.items() if genres}


def read_genre(parsed):
    """The first one that is there, in the order in which players look."""
    genres = read_genres(parsed)
    for name in sorted(genres, key=lambda n: n.startswith("ID3v1#")):
        return genres[name]
    return []
