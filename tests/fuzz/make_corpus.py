#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes corpus/*: for each fuzz target a few small inputs that are accepted, from
which libFuzzer makes others.

  tests/fuzz/make_corpus.py

Run it by hand when a format changes; it needs ffmpeg and python3-mutagen.  Files
that it did not write, such as inputs that once broke a target, stay there."""

import io
import json
import os
import random
import struct
import subprocess
import tempfile

from mutagen import (aiff, apev2, asf, flac, id3, mp4, oggflac, oggopus, oggspeex,
                     oggvorbis, trueaudio, wave)

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "corpus")


def write(target, name, data):
    os.makedirs(os.path.join(CORPUS, target), exist_ok=True)
    with open(os.path.join(CORPUS, target, name), "wb") as f:
        f.write(data)


# Weights files

FRONTEND = {"sample_rate": 22050, "n_fft": 2048, "hop_length": 512,
            "n_mels": 128, "f_min": 0, "f_max": 11025, "frames": 387,
            "duration": 30, "top_db": 80}
POOL = {"type": "max_pool", "bands": 64, "frames": 2}
DENSE = {"type": "dense", "name": "dense", "units": 2}
SOFTMAX = {"type": "softmax"}


def tensors(prefix, **shapes):
    return {f"{prefix}.{name}": shape for name, shape in shapes.items()}


def norm(n, prefix="norm"):
    return tensors(prefix, weight=[n], bias=[n], running_mean=[n],
                   running_var=[n])


def recurrent(name, gates, inputs, n):
    return tensors(name, weight_ih_l0=[gates * n, inputs],
                   weight_hh_l0=[gates * n, n], bias_ih_l0=[gates * n],
                   bias_hh_l0=[gates * n])


def dense(n):
    return tensors("dense", weight=[2, n], bias=[2])


HEADS = [{"name": "tags", "labels": ["a"], "layers": [
    {"type": "dense", "name": "tags", "units": 1}, {"type": "sigmoid"}]}]
EMBEDDING = [{"type": "dense", "name": "embedding", "units": 3}]

# name: (layers, the shapes of their tensors, and what else is in the metadata)
NETWORKS = {
    "dense": ([POOL, {"type": "mean"}, DENSE, SOFTMAX], dense(2)),
    "conv": ([{"type": "conv2d", "name": "conv", "channels": 2},
              {"type": "batch_norm", "name": "norm", "epsilon": 1e-3},
              {"type": "max_pool", "bands": 128, "frames": 2},
              {"type": "elu"}, {"type": "mean"}, DENSE,
              {"type": "softmax", "temperature": 2.5}],
             {**tensors("conv", weight=[2, 1, 3, 3], bias=[2]), **norm(2),
              **dense(2)}),
    "gru": ([POOL, {"type": "relu"},
             {"type": "gru", "name": "gru", "hidden": 2}, {"type": "last"},
             DENSE, SOFTMAX], {**recurrent("gru", 3, 2, 2), **dense(2)}),
    "lstm": ([{"type": "mfcc", "coefficients": 3},
              {"type": "lstm", "name": "lstm", "hidden": 2}, {"type": "last"},
              {"type": "dense", "name": "dense", "units": 3}, SOFTMAX,
              {"type": "share_other"}],
             {**recurrent("lstm", 4, 3, 2),
              **tensors("dense", weight=[3, 2], bias=[3])}),
    "heads": ([POOL, {"type": "mean"}, DENSE, SOFTMAX],
              {**dense(2), **tensors("tags", weight=[1, 2], bias=[1]),
               **tensors("embedding", weight=[3, 2], bias=[3])},
              {"heads": json.dumps(HEADS), "embedding": json.dumps(EMBEDDING)}),
}


def make_model(layers, shapes, metadata=()):
    header, data = {"__metadata__": {
        **dict(metadata),
        "format": "genreclassify-1", "name": "small", "version": "7",
        "labels": '["quiet","loud"]', "frontend": json.dumps(FRONTEND),
        "layers": json.dumps(layers)}}, b""
    for name, shape in shapes.items():
        n = 1
        for dimension in shape:
            n *= dimension
        values = struct.pack("<f", 0.5) * n
        header[name] = {"dtype": "F32", "shape": shape,
                        "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text)) + text + data


# Results

def make_results():
    shares = {"blues": 0.75, "jazz": 0.25}
    common = {"file": "a [song].mp3", "model": "crnn 3", "genre": "blues",
              "confidence": 0.75, "silent": False, "duration": 36.0,
              "probabilities": shares, "tag": "Jazz", "error": None,
              "error_code": None, "retryable": False, "skipped": False}
    segment = {"start": 0.0, "duration": 30.0, "genre": "blues",
               "confidence": 0.75, "silent": False, "probabilities": shares}
    silent = {"start": 30.0, "duration": 6.0, "genre": None, "confidence": 0.0,
              "silent": True, "probabilities": None}
    nothing = {"genre": None, "confidence": 0.0, "probabilities": None}
    no_genre = {"genre": None, "confidence": 0.0, "music": 0.03}
    return {
        "whole": common,
        "segments": {**common, "segments": [segment, silent]},
        "silent": {**common, **nothing, "silent": True, "segments": [silent]},
        "not-music": {**common, **no_genre, "missing": 0.5,
                      "segments": [{**segment, **no_genre}, silent]},
        "album": {**common, **nothing, "silent": True, "artist": "A; B",
                  "album": "C", "album_artist": None, "compilation": True,
                  "group": {"id": "0123456789abcdef", "name": "C",
                            "artist": None, "tracks": 2, "compilation": False,
                            "genre": "blues", "confidence": 0.75,
                            "probabilities": shares}},
        "error": {**common, **nothing, "model": None, "tag": None,
                  "duration": 0.0, "file": "b\ufffd",
                  "file_bytes": "b%FF", "error": "It is empty.",
                  "error_code": "not-audio", "skipped": True},
    }


# Undo logs

def make_logs():
    def line(path, tags, **more):
        return json.dumps({"path": path, **more,
                           "time": "2026-01-31T12:00:00+01:00", "old": ["Folk"],
                           "new": ["Jazz"], "tags": tags}).encode() + b"\n"

    vorbis = {"Vorbis comment": {"old": ["Folk", "Hip-Hop"], "new": ["Jazz"],
                                 "new_classifier": "Jazz, confidence 0.90"}}
    both = {"ID3v2": {"old": None, "new": ["Jazz"]},
            "ID3v1": {"old": ["Folk"], "new": ["Jazz"]}}
    return {
        "one": line("/music/a.ogg", vorbis),
        "two": line("/music/b\ufffd.mp3", both, path_bytes="/music/b%FF.mp3")
        + line("/music/a.ogg", vorbis),
        "torn": line("/music/a.ogg", vorbis) + line("/music/c", both)[:90],
        "zeros": line("/music/a.ogg", vorbis) + bytes(20) + b"[]\n",
    }


# Messages

def make_messages(results):
    """A byte that is the length of the pieces, then messages."""
    def message(kind, data):
        return struct.pack("=II", kind, len(data)) + data

    one = message(4, json.dumps(results["whole"]).encode())
    return {"one": b"\xff" + one,
            "pieces": b"\x06" + message(2, b"") + message(3, b"{}") + one,
            "too-long": b"\x40" + message(4, bytes(1001)),
            "unknown": b"\x40" + message(99, b"")}


# Forms

HEADERS = b'Content-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
FORMS = {
    "plain": b"\xff--limit\r\n" + HEADERS + b"abc\r\n--limit--\r\n",
    "second": b"\x03a preamble\r\n--limit \t\r\n"
              b'Content-Disposition: form-data; name="other"\r\n\r\nnot this'
              b"\r\n--limit\r\n\r\nwithout headers\r\n--limit\r\n"
              b"content-type: text/plain\r\n"
              b"content-disposition: form-data; filename=x; name=file\r\n\r\n"
              b"a\r\n--lim\r\n--limi\n--limit\r\r\n\r\n--limi"
              b"\r\n--limit--\r\nan epilogue\r\n--limit\r\n",
    "quoted": b"\x01--limit\r\nContent-Disposition: form-data;\r\n\t"
              b'filename="a \\"b\\".mp3" ; name="file"\r\n\r\n\r\n--limit--',
}


# Requests

REQUESTS = {
    "page": b"\x04\r\nGET /?a=%20b HTTP/1.1\r\nHost: [::1]:80\r\nRange: bytes=0-9\r\n"
            b'If-None-Match: "x"\r\nTE: trailers\r\nAccept-Language:pl,\ten\r\n\r\n',
    "absolute": b"\xffGET http://localhost:80?x HTTP/1.1\r\nHost: a\r\n"
                b"Range: bytes=-5\r\nConnection: close\r\n\r\n",
    "old": b"\x02POST /predict HTTP/1.0\r\nContent-Length: 003\r\n"
           b"Expect: 100-continue\r\n\r\nabc",
    "chunked": b"\x00POST /predict HTTP/1.1\r\nHost: localhost\r\n"
               b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
               b'3\r\nabc\r\n00A;b="c"\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nand more',
    "options": b"\x07OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


# Tags

ENCODERS = {
    "mp3": "-ar 8000 -c:a libmp3lame -b:a 8k -id3v2_version 0 -write_xing 0",
    "flac": "-ar 8000 -c:a flac", "ogg": "-ar 8000 -c:a libvorbis",
    "opus": "-ar 8000 -c:a libopus -b:a 6k", "m4a": "-ar 8000 -c:a aac -b:a 8k",
    "wav": "-ar 8000 -c:a pcm_u8", "aiff": "-ar 8000 -c:a pcm_s8",
    "wv": "-ar 8000 -c:a wavpack", "oga": "-ar 8000 -c:a flac",
    "spx": "-ar 8000 -c:a libspeex", "wma": "-ar 8000 -c:a wmav1 -b:a 24k",
    "tta": "-ar 8000 -c:a tta", "aac": "-ar 8000 -c:a aac -b:a 8k",
    # of these, FFmpeg writes the tags
    "mka": "-ar 8000 -c:a libopus -b:a 6k -metadata genre=Jazz -metadata title=Ä",
    "webm": "-ar 8000 -c:a libvorbis -metadata genre=Jazz -live 1",
    "mov": "-ar 8000 -c:a aac -b:a 8k -metadata genre=Jazz -metadata title=Ä",
    "3gp": "-ar 8000 -c:a aac -b:a 8k -metadata genre=Jazz",
    "fragments.mp4": "-ar 8000 -c:a aac -b:a 8k -movflags +frag_every_frame",
}


def add_id3(tags, version):
    tags.add(id3.TIT2(3, "Title Ä"))
    tags.add(id3.TCON(3, ["Jazz", "(17)"]))
    tags.add(id3.APIC(0, "image/jpeg", 3, "cover", b"\xff\xd8\xff\xd9"))
    tags.add(id3.TXXX(3, "GENRECLASSIFY", "crnn 3"))
    tags.add(id3.CHAP("c1", 0, 9, 9, 9, [id3.TIT2(3, "Chapter")]))
    tags.add(id3.TYER(0, "1999") if version == 3 else id3.TDRC(3, "1999"))


def add_tags(path, extension):
    """The genre and some other tags, as each format has them."""
    if extension in ("flac", "ogg", "opus", "oga", "spx"):
        kind = {"flac": flac.FLAC, "ogg": oggvorbis.OggVorbis,
                "opus": oggopus.OggOpus, "oga": oggflac.OggFLAC,
                "spx": oggspeex.OggSpeex}[extension]
        audio = kind(path)
        audio.update({"GENRE": ["Jazz", "Blues"], "title": "Title Ä"})
        if extension == "flac":
            picture = flac.Picture()
            picture.data, picture.mime = b"\xff\xd8\xff\xd9", "image/jpeg"
            audio.add_picture(picture)
            audio.save(padding=lambda info: 16)
        else:
            audio.save()
    elif extension == "m4a":
        audio = mp4.MP4(path)
        audio.update({"\xa9gen": ["Jazz"], "\xa9nam": "Title Ä",
                      "----:com.apple.iTunes:GENRECLASSIFY": b"crnn 3"})
        audio.save(padding=lambda info: 16)
    elif extension in ("wav", "aiff", "tta"):
        audio = {"wav": wave.WAVE, "aiff": aiff.AIFF,
                 "tta": trueaudio.TrueAudio}[extension](path)
        audio.add_tags()
        add_id3(audio.tags, 4)
        audio.save(padding=lambda info: 16)
    elif extension == "aac":
        tags = id3.ID3()
        add_id3(tags, 4)
        tags.save(path, padding=lambda info: 16)
    elif extension == "wma":
        audio = asf.ASF(path)
        audio.update({"WM/Genre": ["Jazz", "Blues"], "Title": "Title Ä"})
        audio["GENRECLASSIFY"] = "crnn 3"
        audio["WM/Mood"] = asf.ASFUnicodeAttribute("Ä", language=0, stream=1)
        audio.save()
    elif extension == "wv":
        tags = apev2.APEv2()
        tags.update({"Genre": ["Jazz", "Blues"], "Title": "Title Ä"})
        tags.save(path)


def make_ape():
    """Monkey's Audio, which nothing in Debian writes: any bits are noise."""
    frame = bytes(4) + random.Random(4).randbytes(60)
    header = struct.pack("<HHIIIHHI", 1000, 32, 1000, 1000, 1, 16, 1, 8000)
    descriptor = struct.pack("<4sHHIIIIIII16s", b"MAC ", 3990, 0, 52, 24, 4,
                             0, len(frame), 0, 0, bytes(16))
    return descriptor + header + struct.pack("<I", 80) + frame


def make_dsf():
    """DSF, with silence: a tag behind it."""
    tags = id3.ID3()
    add_id3(tags, 4)
    tag = io.BytesIO()
    tags.save(tag, padding=lambda info: 16)
    data = b"data" + struct.pack("<Q", 12 + 64) + b"\x69" * 64
    form = b"fmt " + struct.pack("<QIIIIIIQII", 52, 1, 0, 1, 1, 2822400, 1, 512,
                                 4096, 0)
    size = 28 + len(form) + len(data)
    header = b"DSD " + struct.pack(
        "<QQQ", 28, size + len(tag.getvalue()), size)
    return header + form + data + tag.getvalue()


def make_skeleton(opus):
    """Ogg with a Skeleton that has an index, but no right checksums."""
    def page(flags, number, packet):
        return b"OggS\0" + struct.pack(
            "<BQIIIBB", flags, 0, 9, number, 0, 1, len(packet)) + packet

    head = b"fishead\0" + struct.pack("<HH", 4, 0) + bytes(68)
    second = opus.index(b"OggS", 4)
    return (page(2, 0, head) + opus[:second] + page(0, 1, b"index\0" + bytes(36))
            + page(4, 2, b"") + opus[second:])


def write_tags(folder):
    outputs = []
    for extension, options in ENCODERS.items():
        path = os.path.join(folder, f"song.{extension}")
        outputs += [*options.split(), "-bitexact", "-t", "0.1", path]
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                    "sine=r=8000:d=0.1", *outputs], check=True)
    for extension in ENCODERS:
        path = os.path.join(folder, f"song.{extension}")
        add_tags(path, extension)
        with open(path, "rb") as f:
            data = f.read()
        if extension == "opus":
            write("tags", "skeleton.opus", make_skeleton(data))
        if extension != "mp3":
            write("tags", extension, data)
            continue
        for version in (3, 4):
            tags = id3.ID3()
            add_id3(tags, version)
            tagged = os.path.join(folder, "id3")
            with open(tagged, "wb") as f:
                f.write(data)
            tags.save(tagged, v1=2, v2_version=version,
                      padding=lambda info: 16)
            with open(tagged, "rb") as f:
                write("tags", f"id3v2{version}.mp3", f.read())
    write("tags", "ape", make_ape())
    write("tags", "dsf", make_dsf())


LISTS = {
    "m3u": b"\xef\xbb\xbf#EXTM3U\r\n#EXTINF:-1 tvg-id=\"a\" tvg-name=\"A, B\",A\r\n"
           b"http://user:word@one.example:8000/a?b=c#d\r\n\r\nicy://two.example/\r\n"
           b"live/stream\n",
    "latin1": b"#EXTM3U\n#EXTINF:-1,Caf\xe9 (#1 - 2/30)\nhttp://one.example/\n",
    "pls": b"[playlist]\nNumberOfEntries=2\nFile2=http://two.example/\nTitle2=Two\n"
           b"file1=http://one.example/\nLength1=-1\nVersion=2\n",
    "xspf": b'<?xml version="1.0" encoding="UTF-8"?><playlist version="1" '
            b'xmlns="http://xspf.org/ns/0/"><trackList><track><location>'
            b"http://one.example/</location><title>One &amp; two</title></track>"
            b"</trackList></playlist>",
    "opml": b'<opml version="1"><body><outline text="Jazz"><outline type="audio" '
            b'text="One" URL="http://one.example/"/></outline></body></opml>',
    "hls": b"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\na.ts\n",
    "utf16": "#EXTM3U\nhttp://one.example/\n".encode("utf-16"),
    "drive": b"#EXTM3U\nx:/..//y\n",
    "page": b"<!DOCTYPE html><html><body>http://one.example/</body></html>",
}


def main():
    for name, network in NETWORKS.items():
        write("model", name, make_model(*network))
    results = make_results()
    for name, result in results.items():
        write("result", name, json.dumps(result).encode())
    for name, log in make_logs().items():
        write("undolog", name, log)
    for name, data in make_messages(results).items():
        write("wire", name, data)
    for name, form in FORMS.items():
        write("multipart", name, form)
    for name, request in REQUESTS.items():
        write("request", name, request)
    for name, content in LISTS.items():
        write("stationlist", name, content)
    with tempfile.TemporaryDirectory() as folder:
        write_tags(folder)


if __name__ == "__main__":
    main()
