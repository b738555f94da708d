# SPDX-License-Identifier: GPL-2.0-or-later
"""Strangers who bring what other services that take uploads once stumbled over, as
their trackers tell it."""

from .files import wav
from .talk import Wrong, chunks, form, head
from .framing import post, raw
from .visit import kind


@kind(2)
def stripped_whitespace(visit):
    """gunicorn 3091, 3364: what is a space to a programming language is none here."""
    pad = visit.r.choice((b"\x0b", b"\x0c", b"\x85", b"\xa0", b"\x1c\x1d", b"\x00"))
    line = visit.r.choice((
        b"Transfer-Encoding: " + pad + b"chunked" + pad, b"Transfer-Encoding: chunked" + pad,
        b"Transfer-Encoding" + pad + b": chunked", pad + b"Transfer-Encoding: chunked",
        b"Content-Length" + pad + b": 5", b"Content-Length: 5" + pad))
    data = b"POST /predict HTTP/1.1\r\nHost: localhost\r\n" + line + b"\r\n\r\n" + \
        chunks(b"x" * 100, [10])
    visit.refused(raw(visit, data), (400, 501))


@kind(2)
def empty_elements(visit):
    """gunicorn 3087: a list may have empty elements; to refuse them is safe, too."""
    file = visit.good()
    value = visit.r.choice((",chunked", "chunked,", ", chunked ,", ",,chunked"))
    answer = raw(visit, post(visit, [("Transfer-Encoding", value)])
                 + chunks(file.data, [9000]))
    if answer.status == 200:
        visit.judge(file, answer)
    else:
        visit.refused(answer, (400, 501))


@kind(1)
def padded_chunks(visit):
    """Go CVE-2023-39326, Bun 34504: a body of a few bytes, and megabytes of chunk
    extensions."""
    if visit.r.random() < 0.5:
        data = b"2;" + b"e" * 12_000_000 + b"\r\nhi\r\n0\r\n\r\n"
    else:
        data = chunks(b"x" * 3000, [1], b";" + b"e" * 4000)
    answer = raw(visit, post(visit, [("Transfer-Encoding", "chunked")]) + data)
    visit.refused(answer, (400, 413))


@kind(1)
def long_part_head(visit):
    """gradio 11433, python-multipart CVE-2026-42561: the head of a part is the attack."""
    head_of_part = b'--limit\r\nContent-Disposition: form-data; name="file"; filename="'
    body = visit.r.choice((
        head_of_part + b"5" * 6_000_000 + b'"\r\n\r\ntest\r\n--limit--\r\n',
        head_of_part + b'x"\r\n' + b"X-A: b\r\n" * 700_000 + b"\r\ntest\r\n--limit--\r\n",
        head_of_part + b'x"\r\nX-A: ' + b"b" * 6_000_000,
        b"--limit\r\n" + b"X" * 6_000_000))
    answer = visit.ask("POST", "/predict", body,
                       [("Content-Type", "multipart/form-data; boundary=limit")])
    visit.refused(answer, (400, 413))


@kind(1)
def around_the_form(visit):
    """python-multipart CVE-2024-53981: megabytes of line breaks around the parts."""
    file = visit.world.files["song.mp3"]
    body, media = form(file.data)
    breaks = visit.r.choice((b"\r\n", b"\n", b"\r", b"\r\n--limi", b"--")) * 500_000
    if visit.r.random() < 0.5:
        body = breaks + b"\r\n" + body
    else:
        body += breaks
    answer = visit.ask("POST", "/predict", body, [("Content-Type", media)])
    if answer.status == 200:
        visit.judge(file, answer)
    else:
        visit.refused(answer, (400,))


@kind(2)
def almost_a_boundary(visit):
    """coreruleset 2999: files in which the boundary nearly comes."""
    file = visit.world.files["song.wav"]
    near = visit.r.choice((b"\r\n--limi", b"\r\n-", b"\r\r\n--lim", b"\n--limit", b"\r",
                           b"--limit", b"\r\n--LIMIT"))
    data = bytearray(file.data)
    near = b"x" + near   # no line break may be before it
    for at in (*range(100, len(data) - 100, 40_000), len(data) - len(near)):
        data[at:at + len(near)] = near
    plain = visit.described(visit.ask("POST", "/predict", bytes(data)), "POST", "/predict",
                            200)
    body, media = form(bytes(data))
    as_form = visit.described(visit.ask("POST", "/predict", body, [("Content-Type", media)]),
                              "POST", "/predict", 200)
    if plain["confidence"] != as_form["confidence"]:
        raise Wrong(f"a form with {near!r} is another file")


@kind(2)
def odd_parts(visit):
    """multipart 51, actix-web 3193, busboy 151: the order of a part's headers, parts
    without a name, an empty part before the file."""
    file = visit.good()
    body, media = form(file.data)
    first = b'--limit\r\nContent-Disposition: form-data; name="file"; filename="a file"\r\n\r\n'
    what = visit.r.randrange(3)
    if what == 0:
        body = body.replace(first, b"--limit\r\nContent-Type: audio/mpeg\r\nX-A: b\r\n"
                            b"content-disposition: Form-Data; filename=x; name=file"
                            b"\r\n\r\n", 1)
    elif what == 1:
        body = b'--limit\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' + body
    else:
        body = b"--limit\r\nContent-Type: text/plain\r\n\r\nno name\r\n" + body
    answer = visit.ask("POST", "/predict", body, [("Content-Type", media)])
    if what == 2 and answer.status == 400:
        return
    visit.judge(file, answer)


@kind(2)
def expecting_nothing(visit):
    """playframework 10733: 100-continue for a body that is empty or is no body."""
    length = visit.r.choice(([], [("Content-Length", 0)]))
    answer = raw(visit, post(visit, [*length, ("Expect", "100-continue")]))
    visit.refused(answer, (400, 411))
    answer = raw(visit, head("GET", "/health", [visit.host(), ("Expect", "100-continue")]),
                 method="GET")
    visit.described(answer, "GET", "/health", 200)


@kind(2)
def refused_while_sending(visit):
    """axum 2168, hyper 2384: who sends megabytes to what refuses them reads why."""
    body = bytes(6_000_000)
    host = [visit.host()]
    method, target, headers, expected = visit.r.choice((
        ("POST", "/predict", [("Host", "example.org")], 403),
        ("POST", "/predict", [*host, ("Origin", "http://example.org")], 403),
        ("POST", "/nothing", host, 404), ("PUT", "/predict", host, 405),
        ("POST", "/health", host, 405), ("POST", "/predict/nothing", host, 404),
        ("POST", "/predict", [*host, ("Content-Encoding", "gzip")], 415)))
    with visit.open() as client:
        client.send(head(method, target, [*headers, ("Content-Length", len(body))]) + body)
        answer = visit.common(client.answer(method))
    visit.refused(answer, (expected,))


@kind(1)
def stalling(visit):
    """tusd 494: a client that sends half, and no more; its file is to go."""
    data = wav(bytes(500_000), 8000)
    with visit.open() as client:
        client.send(post(visit, [("Content-Length", len(data))]) + data[:300_000])
        answer = visit.common(client.answer("POST"))
    visit.refused(answer, (408,), "slow-client")
