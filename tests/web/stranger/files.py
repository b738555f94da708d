# SPDX-License-Identifier: GPL-2.0-or-later
"""The files that strangers upload, and what the command says of each."""

import gzip
import io
import json
import os
import random
import struct
import subprocess
import wave
import zipfile
from pathlib import Path

SECONDS = 8   # of a good file; 5 are needed

ENCODERS = {
    "song.mp3": "lamemp3enc ! id3v2mux",
    "song.flac": "flacenc",
    "song.m4a": "avenc_aac ! mp4mux",
    "song.webm": "vorbisenc ! webmmux",
    "song.ogg": "vorbisenc ! oggmux",
    "song.opus": "audioresample ! opusenc ! oggmux",
}


class File:
    """data is the content.  expected is what the command said of it, as its JSON;
    statuses are those that the service may answer with where the command does not
    decide, or None.  cost is the seconds that the command took."""

    def __init__(self, name, data, statuses=None):
        self.name, self.data, self.statuses = name, data, statuses
        self.expected, self.cost = None, 0

    def is_good(self):
        return self.statuses is None and self.expected["error_code"] is None


def wav(data, rate, channels=1, bits=16, kind=1, size=None):
    block = channels * bits // 8
    return (b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt "
            + struct.pack("<IHHIIHH", 16, kind, channels, rate, rate * block & 0xffffffff,
                          block & 0xffff, bits)
            + b"data" + struct.pack("<I", len(data) if size is None else size)
            + data)


def aiff(frames, channels):
    """Of little-endian samples of 16 bits at 44.1 kHz."""
    swapped = bytearray(len(frames))
    swapped[::2], swapped[1::2] = frames[1::2], frames[::2]
    count = len(frames) // (2 * channels)
    common = struct.pack(">hIh", channels, count, 16) + bytes.fromhex(
        "400eac44000000000000")
    sound = bytes(8) + bytes(swapped)
    body = b"AIFFCOMM" + struct.pack(">I", len(common)) + common + b"SSND" + \
        struct.pack(">I", len(sound)) + sound
    return b"FORM" + struct.pack(">I", len(body)) + body


def encode(source, encoder, target):
    subprocess.run(["gst-launch-1.0", "-q", "filesrc", f"location={source}", "!",
                    "decodebin", "!", "audioconvert", "!", *encoder.split(), "!",
                    "filesink", f"location={target}"], check=True)
    return Path(target).read_bytes()


def songs(clip, folder):
    """The beginning of the clip in each format."""
    whole = os.path.join(folder, "whole.wav")
    encode(clip, "audioresample ! audio/x-raw,format=S16LE,rate=44100 ! wavenc", whole)
    with wave.open(whole) as f:
        rate, channels = f.getframerate(), f.getnchannels()
        frames = f.readframes(rate * SECONDS)
    path = os.path.join(folder, "song.wav")
    Path(path).write_bytes(wav(frames, rate, channels))
    yield "song.wav", Path(path).read_bytes()
    yield "song.aiff", aiff(frames, channels)
    for name, encoder in ENCODERS.items():
        yield name, encode(path, encoder, os.path.join(folder, name))


def odd(song, r, trap):
    """Files made by hand.  song is name: bytes; trap an address that nobody may ask."""
    mp3, flac, m4a = song["song.mp3"], song["song.flac"], song["song.m4a"]
    noise = r.randbytes(2 * 8000 * SECONDS)
    refused = (415, 422)
    yield File("empty", b"", (400,))
    yield File("one byte", b"\0")
    yield File("text", b"some text\n" * 99)
    yield File("html", b"<!DOCTYPE html><title>no music</title>" * 9)
    yield File("noise", r.randbytes(30000))
    yield File("zeros", bytes(30000))
    yield File("gzip", gzip.compress(mp3), refused)
    yield File("gzip bomb", gzip.compress(bytes(30_000_000)), refused)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as f:
        f.writestr("song.mp3", mp3)
    yield File("zip", archive.getvalue())
    yield File("silent.wav", wav(bytes(len(noise)), 8000))
    yield File("noise.wav", wav(noise, 8000))
    yield File("short.wav", wav(noise[:32000], 8000))
    yield File("no samples.wav", wav(b"", 8000))
    for rate in 1, 7, 3999:
        yield File(f"{rate} Hz.wav", wav(noise[:rate * 200], rate), (422,))
    yield File("4000 Hz.wav", wav(noise[:80_000], 4000))
    yield File("384 kHz.wav", wav(r.randbytes(384_000 * 12), 384_000))
    yield File("rate 0.wav", wav(noise, 0), (200, *refused))
    yield File("rate 4 GHz.wav", wav(noise, 0xffffffff), (200, *refused))
    yield File("64 channels.wav", wav(noise[:64 * 2 * 4000 // 2], 4000, 64),
               (200, *refused))
    yield File("65535 channels.wav", wav(noise, 8000, 65535), refused)
    yield File("no channels.wav", wav(noise, 8000, 0), refused)
    for name in "nan", "inf", "-inf":
        yield File(f"{name}.wav",
                   wav(struct.pack("<f", float(name)) * 8000 * SECONDS, 8000,
                       bits=32, kind=3), (200, 422))
    yield File("lying size.wav", wav(noise, 8000, size=0xffffffff))
    yield File("lying small size.wav", wav(noise, 8000, size=10))
    for name, data in song.items():
        yield File(f"truncated {name}", data[:len(data) * 7 // 10])
        yield File(f"head of {name}", data[:200], (200, *refused))
    damaged = bytearray(flac)
    for _ in range(50):
        damaged[r.randrange(2000, len(damaged))] ^= 255
    yield File("damaged.flac", bytes(damaged), (200, *refused))
    yield File("swapped.m4a", m4a[len(m4a) // 2:] + m4a[:len(m4a) // 2], refused)
    yield File("text, then mp3", b"text\n" * 50 + mp3, (200, *refused))
    frames = b"TXXX\0\0\0\2\0\0\0x" * 20_000
    size = len(frames)
    length = bytes(size >> shift & 127 for shift in (21, 14, 7, 0))
    yield File("20,000 frames.mp3", b"ID3\4\0\0" + length + frames + mp3,
               (200, 422, 504))
    yield File("lying ID3.mp3", b"ID3\4\0\0\x7f\x7f\x7f\x7f" + mp3, (200, *refused))
    yield File("chain.ogg", song["song.ogg"] * 5)
    # what refers to others: it is not opened
    url = f"http://{trap[0]}:{trap[1]}/song.mp3"
    for name, text in (
            ("m3u", f"#EXTM3U\n#EXTINF:9,x\n{url}\n"),
            ("hls", "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n"
                    f"#EXTINF:9,\n{url}\n#EXT-X-ENDLIST\n"),
            ("pls", f"[playlist]\nFile1={url}\nNumberOfEntries=1\n"),
            ("asx", f'<asx version="3.0"><entry><ref href="{url}"/></entry></asx>'),
            ("dash", '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"'
                     f' type="static"><BaseURL>{url}</BaseURL></MPD>'),
            ("sdp", f"v=0\no=- 0 0 IN IP4 {trap[0]}\ns=x\nc=IN IP4 {trap[0]}\n"
                    f"t=0 0\nm=audio {trap[1]} RTP/AVP 0\n"),
            ("concat", f"ffconcat version 1.0\nfile '{url}'\n"),
            ("file", "#EXTM3U\nfile:///etc/passwd\n")):
        yield File(f"refers.{name}", text.encode(), refused)


def bombs(folder):
    """Small files that decode for long."""
    for name, encoder, seconds in (("silence.flac", "flacenc", 1200),
                                   ("silence.opus", "opusenc ! oggmux", 300)):
        path = os.path.join(folder, "bomb")
        subprocess.run(["gst-launch-1.0", "-q", "audiotestsrc", "wave=silence",
                        "samplesperbuffer=8000", f"num-buffers={seconds}", "!",
                        "audio/x-raw,rate=8000,channels=1", "!", *encoder.split(), "!",
                        "filesink", f"location={path}"], check=True)
        yield File(name, Path(path).read_bytes(), (200, 422, 504))


def listen(program, folder, files):
    """Asks the command what each file is."""
    for n, file in enumerate(files):
        path = os.path.join(folder, f"{n}")
        Path(path).write_bytes(file.data)
        result = subprocess.run([program, "--json", "--quiet", path],
                                capture_output=True, text=True, timeout=120)
        file.expected = json.loads(result.stdout)


def make(program, clip, folder, trap):
    """All files, by name."""
    r = random.Random(1)
    song = dict(songs(clip, folder))
    files = [File(name, data) for name, data in song.items()]
    files += [*odd(song, r, trap), *bombs(folder)]
    listen(program, folder, [file for file in files if file.statuses is None])
    return {file.name: file for file in files}
