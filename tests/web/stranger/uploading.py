# SPDX-License-Identifier: GPL-2.0-or-later
"""Strangers who upload: good and odd files, in good and odd forms; what is kept."""

import gzip
import json
import re
import struct

from .talk import Wrong, chunks, form, head
from .visit import kind


@kind(10)
def predict(visit):
    file = visit.good()
    body, headers = visit.body(file)
    visit.judge(file, visit.ask("POST", "/predict", body, headers))


@kind(12)
def predict_odd(visit):
    file = visit.file()
    body, headers = visit.body(file)
    visit.judge(file, visit.ask("POST", "/predict", body, headers))


@kind(0.3)
def predict_bomb(visit):
    file = visit.file("silence.flac", "silence.opus")
    visit.judge(file, visit.ask("POST", "/predict", file.data))


@kind(4)
def by_model(visit):
    """The same by the path and by the query."""
    file = visit.good()
    name = visit.r.choice(visit.world.models)
    by_path = visit.described(visit.ask("POST", f"/predict/{name}", file.data),
                              "POST", "/predict/{model}", 200)
    by_key = visit.described(visit.ask("POST", f"/predict?model={name}", file.data),
                             "POST", "/predict", 200)
    if by_path != by_key:
        raise Wrong(f"/predict?model={name} is by {by_key['model']}")


@kind(2)
def no_such_model(visit):
    name = visit.r.choice(("nothing", "%00", "..%2f..%2fetc%2fpasswd", "crnn.safetensors",
                           "CRNN", "", "a" * 1000, "%ff"))
    target = visit.r.choice((f"/predict/{name}", f"/predict?model={name}"))
    answer = visit.ask("POST", target, visit.good().data)
    visit.refused(answer, (400, 404))
    if not 0 < len(name) < 1000:
        return
    if "%" not in name and answer.status != 404:
        raise Wrong(f"{target}: {answer.status}")


@kind(4)
def picture(visit):
    file = visit.file()
    body, headers = visit.body(file)
    answer = visit.ask("POST", "/spectrogram", body, headers)
    if answer.status != 200:
        if file.is_good():
            raise Wrong(f"{file.name}: {answer.status} instead of a picture")
        visit.described(answer, "POST", "/spectrogram", 400, 415, 422, 504)
        return
    if file.statuses == (422,):
        raise Wrong(f"{file.name}: a picture of what is to be refused")
    data = visit.described(answer, "POST", "/spectrogram", 200)
    if data[:8] != b"\x89PNG\r\n\x1a\n" or data[-8:-4] != b"IEND":
        raise Wrong(f"no picture: {data[:20]!r}")
    width, height = struct.unpack(">II", data[16:24])
    if height != 128 or not 1 <= width <= 4096:
        raise Wrong(f"a picture of {width} x {height}")


@kind(4)
def waveform(visit):
    file = visit.good()
    points = visit.r.choice((None, 100, 777, 4000))
    body, headers = visit.body(file)
    answer = visit.ask("POST", f"/waveform?points={points}" if points else "/waveform",
                       body, headers)
    check_waveform(visit, file, answer, points)


def check_waveform(visit, file, answer, points):
    value = visit.described(answer, "POST", "/waveform", 200)
    if len(value["peaks"]) != (points or 1000):
        raise Wrong(f"{len(value['peaks'])} points instead of {points or 1000}")
    if not all(0 <= peak <= 1 for peak in value["peaks"]):
        raise Wrong("a peak is not between 0 and 1")
    if max(value["peaks"]) < 0.05:
        raise Wrong("music is flat")
    if abs(value["duration"] - file.expected["duration"]) > 0.1:
        raise Wrong(f"duration {value['duration']}, the command says "
                    f"{file.expected['duration']}")


@kind(2)
def bad_points(visit):
    points = visit.r.choice(("99", "4001", "0", "-1", "", "a", "1e3", "100.5", "0x100",
                             "99999999999999999999", "+200", "%20200"))
    visit.refused(visit.ask("POST", f"/waveform?points={points}", visit.good().data), (400,))


@kind(5)
def events(visit):
    """The segments as they are known; the client may go in between."""
    file = visit.good()
    body, headers = visit.body(file)
    headers.append(("Accept", visit.r.choice((
        "text/event-stream", "application/json;q=0.5, Text/Event-Stream;q=0.9"))))
    if visit.r.random() < 0.2:
        with visit.open(buffer=2048) as client:
            client.send(head("POST", "/predict", [visit.host(), *headers,
                                                  ("Content-Length", len(body))]) + body)
            client.read(100)
            client.reset()
        return
    answer = visit.ask("POST", "/predict", body, headers)
    text = visit.described(answer, "POST", "/predict", 200)
    found = [re.fullmatch("event: ([a-z]+)\ndata: (.*)", event)
             for event in text.decode().split("\n\n")[:-1]]
    if not all(found) or [f[1] for f in found][-1:] != ["result"]:
        raise Wrong(f"no events: {text[:60]!r}")
    values = [json.loads(f[2]) for f in found]
    for value in values[:-1]:
        visit.world.schema(visit.world.named("Segment"), value)
    visit.world.schema(visit.world.named("Prediction"), values[-1])
    if values[:-1] != values[-1]["segments"]:
        raise Wrong("the events are not the segments")
    visit.same(file, values[-1])


@kind(5)
def bad_form(visit):
    data = visit.good().data
    body, media = form(data)
    plain = "multipart/form-data"
    body, media = visit.r.choice((
        (b"", media), form(b""), form(data, "fil"), (body[:-9], media), (body, plain),
        (body, f"{plain}; boundary=another"), (body, f"{plain}; boundary={'x' * 71}"),
        (body, f"{plain}; boundary="),
        (b"--limit\r\n" + b"x" * 100_000, media), (b"--limit?\r\n\r\n\r\n--limit--", media),
        (b"--limit--\r\n", media), (b"--limit\r\n\r\n--limit--", media),
        (b"--limit\r\n" * 20_000, media), (data, media),
        (body.replace(b"\r\n", b"\n"), media), (body.replace(b"--limit\r\n", b"--limit"),
                                                media),
        (body.replace(b'name="file"', b"name=file;name*=utf-8''x" + b"y" * 9000), media),
        (body.replace(b'name="file"', b'name="fi\0le"'), media)))
    visit.refused(visit.ask("POST", "/predict", body, [("Content-Type", media)]), (400,))


@kind(4)
def odd_form(visit):
    """Forms that are right, as browsers and programs make them."""
    file = visit.good()
    boundary = visit.r.choice(("limit", "----WebKitFormBoundary7MA4YWxkTrZu0gW", "x" * 70,
                               "a'()+_,-./:=?b", "0"))
    body, media = form(
        file.data, boundary=boundary, filename=visit.r.choice((
            "", "../../etc/passwd", "a%22b", "\u4f60\u597d.mp3", "a" * 900, "C:\\x.mp3",
            "a;b=c", "nul\u2028", "<script>")),
        more=visit.r.choice(((), [("model", "x")] * 3, [(f"f{n}", "x" * 100)
                                                        for n in range(100)])))
    if boundary != "limit":
        media = f'multipart/form-data; boundary="{boundary}"'
    if visit.r.random() < 0.3:
        body = b"a preamble\r\n" + body + b"an epilogue"
    visit.judge(file, visit.ask("POST", "/predict", body, [("Content-Type", media)]))


@kind(2)
def encoded(visit):
    body = gzip.compress(visit.good().data)
    coding = visit.r.choice(("gzip", "br", "deflate", "x-gzip", "zstd", "gzip, gzip"))
    answer = visit.ask("POST", "/predict", body, [("Content-Encoding", coding)])
    visit.refused(answer, (415,), "encoded")


@kind(2)
def too_large(visit):
    """Refused by its length, before it is sent, or as it comes in chunks."""
    if visit.r.random() < 0.5:
        with visit.open() as client:
            client.send(head("POST", "/predict", [
                visit.host(), ("Content-Length", visit.r.choice((10 ** 8, 2 ** 62))),
                ("Expect", "100-continue")]))
            answer = visit.common(client.answer("POST"))
    else:
        # a little more than --max-size
        data = chunks(bytes(8_500_000), [65536])
        with visit.open() as client:
            client.send(head("POST", "/predict", [
                visit.host(), ("Transfer-Encoding", "chunked")]) + data)
            answer = visit.common(client.answer("POST"))
    visit.refused(answer, (413,), "too-large")


@kind(6)
def kept(visit):
    """One upload, several questions, and its end."""
    file = visit.good()
    body, headers = visit.body(file)
    answer = visit.ask("POST", "/uploads", body, headers)
    value = visit.described(answer, "POST", "/uploads", 201)
    name = value["id"]
    if not re.fullmatch("[A-Za-z0-9_-]{32,}", name):
        raise Wrong(f"the id {name!r}")
    if answer.get("Location") != f"uploads/{name}" or value["size"] != len(file.data):
        raise Wrong(f"Location {answer.get('Location')}, size {value['size']}")
    questions = [lambda: visit.judge(file, question("/predict")),
                 lambda: visit.described(question("/predict", "&model="
                                                  + visit.r.choice(visit.world.models)),
                                         "POST", "/predict", 200),
                 lambda: visit.described(question("/spectrogram"), "POST", "/spectrogram",
                                         200),
                 lambda: check_waveform(visit, file, question("/waveform"), None)]

    is_deleted = False

    def question(route, more=""):
        answer = visit.ask("POST", f"{route}?upload={name}{more}", b"")
        if answer.status == 404 and not is_deleted:
            visit.forgotten()
        return answer

    for ask in visit.r.sample(questions, visit.r.randrange(1, 4)):
        ask()
    if visit.r.random() < 0.8:
        answer = visit.ask("DELETE", f"/uploads/{name}")
        if answer.status == 404:
            visit.forgotten()
        if answer.status != 204 or answer.body:
            raise Wrong(f"DELETE: {answer.status}")
        is_deleted = True
        visit.refused(visit.ask("DELETE", f"/uploads/{name}"), (404,), "no-upload")
        visit.refused(question("/predict"), (404,), "no-upload")


@kind(3)
def no_upload(visit):
    name = visit.r.choice(("x", "A" * 32, "A" * 43, "0" * 5000, "..%2f..", "%00", "",
                           "%ff" * 16, "*", "'"))
    if visit.r.random() < 0.3 and name:
        answer = visit.ask("DELETE", f"/uploads/{name}")
    else:
        route = visit.r.choice(("/predict", "/spectrogram", "/waveform"))
        answer = visit.ask("POST", f"{route}?upload={name}", b"")
    visit.refused(answer, (400, 404))
    if name in ("x", "A" * 32) and answer.status != 404:
        raise Wrong(f"upload {name}: {answer.status}")


@kind(2)
def upload_bad(visit):
    """What is not kept: an empty body, a bad form, both an id and a body."""
    what = visit.r.randrange(3)
    if what == 0:
        visit.refused(visit.ask("POST", "/uploads", b""), (400,))
    elif what == 1:
        body, media = form(visit.good().data, "fil")
        visit.refused(visit.ask("POST", "/uploads", body, [("Content-Type", media)]), (400,))
    else:
        visit.refused(visit.ask("POST", "/predict?upload=" + "A" * 32,
                                visit.good().data), (400, 404))
