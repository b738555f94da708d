# SPDX-License-Identifier: GPL-2.0-or-later
"""Damaged files of every format that is written: whatever happens to them, nothing but
the genre changes, --undo brings it back, and nothing crashes or hangs.

TEST_MUTATED=5000 is how many are made, by default a few; TEST_MUTATED_SEED=9 makes
others; those that fail are left in the folder TEST_MUTATED_KEEP."""

import os
import random
import re
import struct
import sys
import tempfile
import unittest

import containers
import judge
import oddfiles

PROGRAM = sys.argv.pop(1)
COUNT = int(os.environ.get("TEST_MUTATED", 150))
SEED = int(os.environ.get("TEST_MUTATED_SEED", 14))
KEEP = os.environ.get("TEST_MUTATED_KEEP")
BATCH = 250
LARGEST = 1 << 17


TAGS = re.compile(r"ID3v|APE#|Lyrics|comments|COMMENT|PICTURE|PADDING|udta|meta#"
                  r"|free|LIST|id3 |ID3 |Tags|Void|Content|Metadata|Padding|JUNK"
                  r"|SeekHead|page header")


def spans(data):
    """Where all the pieces are, in Ogg about so; those of tags; others but audio."""
    pieces, tags, others, pos = [], [], [], 0
    for piece in containers.parse(data).pieces:
        if piece.size:
            pieces.append((pos, pos + piece.size))
            if TAGS.search(piece.name):
                tags.append(pieces[-1])
            elif piece.role != containers.AUDIO:
                others.append(pieces[-1])
        pos += piece.size
    return pieces, tags or pieces, others or pieces


def flip(rng, data, pieces, tags):
    for _ in range(rng.choice((1, 1, 2, 8))):
        start, end = rng.choice(tags)
        data[rng.randrange(start, end)] = rng.choice(
            (0, 255, 127, 128, rng.randrange(256)))


def flip_bit(rng, data, pieces, tags):
    start, end = rng.choice(tags)
    # headers more than what is in them
    at = min(end - 1, start + int(rng.expovariate(0.1)))
    data[at] ^= 1 << rng.randrange(8)


def set_length(rng, data, pieces, tags):
    start, end = rng.choice(tags)
    at = start + rng.randrange(0, 12)
    width = rng.choice((1, 2, 3, 4, 4, 4, 8))
    order = rng.choice(("big", "little"))
    old = int.from_bytes(data[at:at + width], order)
    top = 1 << 8 * width
    new = rng.choice((0, old + 1, old - 1, old * 2, top - 1, top // 2, 8,
                      old + 256, len(data)))
    data[at:at + width] = (new % top).to_bytes(width, order)


def cut(rng, data, pieces, tags):
    at = rng.choice((rng.choice(pieces)[rng.randrange(2)],
                     rng.randrange(len(data) // 2, len(data))))
    if at > 1000:
        del data[at:]


def duplicate(rng, data, pieces, tags):
    start, end = rng.choice(tags)
    data[start:start] = data[start:end]


def remove(rng, data, pieces, tags):
    start, end = rng.choice(tags)
    del data[start:end]


def swap(rng, data, pieces, tags):
    (a, b), (c, d) = sorted((rng.choice(tags), rng.choice(tags)))
    if b <= c:
        data[a:d] = data[c:d] + data[b:c] + data[a:b]


def insert(rng, data, pieces, tags):
    start, end = rng.choice(pieces)
    at = rng.choice((start, end, rng.randrange(start, end + 1)))
    size = rng.choice((1, 2, 4, 10, 100, 1000))
    data[at:at] = rng.choice((bytes(size), rng.randbytes(size), b"\xff" * size))


def blank(rng, data, pieces, tags):
    start, end = rng.choice(tags)
    at = rng.randrange(start, end)
    size = min(end - at, rng.randrange(1, 20))
    data[at:at + size] = bytes(size)


MUTATIONS = (flip, flip, flip_bit, flip_bit, set_length, set_length, set_length,
             cut, duplicate, remove, swap, insert, blank)


def mend_ogg(data):
    """With right checksums; otherwise hardly any reader looks at a page."""
    data, pos = bytearray(data), 0
    while (pos := data.find(b"OggS", pos)) >= 0 and pos + 27 <= len(data):
        end = pos + 27 + data[pos + 26]
        end += sum(data[pos + 27:end])
        if end <= len(data):
            data[pos + 22:pos + 26] = struct.pack(
                "<I", containers.ogg_crc(bytes(data[pos:end])))
        pos += 4
    return bytes(data)


def mutate(rng, source):
    data = bytearray(source)
    pieces, tags, others = spans(source)
    # what cannot be played is not written: most damage is to tags
    tags = tags if rng.random() < 0.8 else others
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        rng.choice(MUTATIONS)(rng, data, pieces, tags)
        pieces, tags = ([(a, min(b, len(data))) for a, b in places
                         if a < len(data)] for places in (pieces, tags))
        if not tags:
            break
    return mend_ogg(data) if data[:4] == b"OggS" and rng.random() < 0.8 else bytes(
        data)


class Test(unittest.TestCase):
    def test_mutated(self):
        rng = random.Random(SEED)
        families = {}
        for case in oddfiles.make_cases(oddfiles.make_bases()):
            if case.expect == oddfiles.WRITE and len(case.data) < LARGEST:
                # every format, however many of its files there are
                families.setdefault(case.name.rpartition(".")[2], []).append(case)
        names = sorted(families)
        cases = []
        for i in range(COUNT):
            source = rng.choice(families[names[i % len(names)]])
            data = mutate(rng, source.data)
            if data and data != source.data:
                cases.append(oddfiles.Case(f"{i:05d}-{source.name}", data,
                                           oddfiles.MAY, judge.ANY))
        with tempfile.TemporaryDirectory() as root:
            court = judge.Judge(PROGRAM, root)
            for i in range(0, len(cases), BATCH):
                court.judge(cases[i:i + BATCH], f"batch{i}", again=5)
            report = court.report(KEEP, cases)
        print(f"{len(cases)} files: {court.written} written, "
              f"{court.refused} left alone, {len(court.problems)} with problems")
        if court.problems:
            self.fail("\n" + report)


if __name__ == "__main__":
    unittest.main()
