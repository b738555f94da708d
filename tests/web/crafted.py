# SPDX-License-Identifier: GPL-2.0-or-later
"""Small files that are much work, or that no decoder expects: each function returns
the bytes of one."""

import random
import struct
import zlib


def wav(rate, channels, data, bits=16, floats=False):
    """A WAV file of @data."""
    frame = channels * bits // 8
    head = struct.pack("<HHIIHH", 3 if floats else 1, channels, rate,
                       min(rate * frame, 0xffffffff), frame, bits)
    return (b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " +
            struct.pack("<I", len(head)) + head + b"data" +
            struct.pack("<I", len(data)) + data)


def slow_wav(rate=1, n_samples=500_000):
    """Days of audio in a megabyte."""
    return wav(rate, 1, random.Random(1).randbytes(2 * n_samples))


def many_channels(channels=64, rate=4000, seconds=10):
    """More than the plain header can place around a listener: it is extensible."""
    head = struct.pack("<HHIIHHHHIH14s", 0xfffe, channels, rate, 2 * rate * channels,
                       2 * channels, 16, 22, 16, 0, 1,
                       bytes.fromhex("000000001000800000aa00389b71"))
    data = random.Random(1).randbytes(2 * channels * rate) * seconds
    return (b"RIFF" + struct.pack("<I", 60 + len(data)) + b"WAVEfmt " +
            struct.pack("<I", len(head)) + head + b"data" +
            struct.pack("<I", len(data)) + data)


def floats(value, seconds=10, rate=8000):
    """@value, such as "nan", for all of the time."""
    return wav(rate, 1, struct.pack("<f", float(value)) * rate * seconds, 32, True)


# Ogg

def _make_table():
    table = []
    for i in range(256):
        r = i << 24
        for _ in range(8):
            r = ((r << 1) ^ 0x04c11db7 if r & 0x80000000 else r << 1) & 0xffffffff
        table.append(r)
    return table


_TABLE = _make_table()


def _checksum(page):
    crc = 0
    for byte in page:
        crc = (crc << 8 & 0xffffffff) ^ _TABLE[(crc >> 24) ^ byte]
    return crc


def ogg_page(serial, number, packets, granule=0, flags=0):
    """A page of whole packets, each shorter than 255 bytes."""
    page = bytearray(b"OggS" + struct.pack(
        "<BBqIIIB", 0, flags, granule, serial, number, 0, len(packets)))
    page += bytes(map(len, packets)) + b"".join(packets)
    struct.pack_into("<I", page, 22, _checksum(page))
    return bytes(page)


def opus_head(serial, channels=2):
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, channels, 0, 48000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 4) + b"test" + struct.pack("<I", 0)
    return (ogg_page(serial, 0, [head], flags=2) + ogg_page(serial, 1, [tags]))


def opus_silence(hours=10):
    """Packets of two bytes that are 60 ms of nothing each: 36000 s in 1.8 MB."""
    packet = bytes([0xff & (3 << 3 | 1 << 2)])     # SILK, 60 ms, stereo, empty
    data = [opus_head(1)]
    n_pages = round(hours * 3600 / (0.06 * 250))
    for i in range(n_pages):
        data.append(ogg_page(1, 2 + i, [packet] * 250, (i + 1) * 250 * 2880,
                             4 if i == n_pages - 1 else 0))
    return b"".join(data)


def ogg_chain(links=20000):
    """Streams of Opus one after another, each of a single packet."""
    data = []
    for serial in range(links):
        data += [opus_head(serial), ogg_page(serial, 2, [bytes([31 << 3])], 960, 4)]
    return b"".join(data)


# ID3

def id3_frames(n, audio):
    """A tag of @n text frames in front of @audio."""
    frames = b"".join(
        b"TXXX" + struct.pack(">IH", 14, 0) + b"\x03" + b"%06d" % i + b"\0" + b"%06d" % i
        for i in range(n))
    size = len(frames)
    return (b"ID3\x03\0\0" + bytes(size >> shift & 127 for shift in (21, 14, 7, 0)) +
            frames + audio)


# TTA

def tta(seconds=600, rate=48000, unary=255):
    """Frames of bytes that are all @unary: a decoder reads unary codes without end."""
    n = seconds * rate
    head = struct.pack("<4sHHHII", b"TTA1", 1, 2, 16, rate, n)
    head += struct.pack("<I", zlib.crc32(head))
    length = 256 * rate // 245
    n_frames = -(-n // length)
    sizes = struct.pack("<I", 4000) * n_frames
    frame = bytes([unary]) * 3996
    frame += struct.pack("<I", zlib.crc32(frame))
    return head + sizes + struct.pack("<I", zlib.crc32(sizes)) + frame * n_frames
