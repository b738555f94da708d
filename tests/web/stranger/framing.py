# SPDX-License-Identifier: GPL-2.0-or-later
"""Strangers whose HTTP is wrong, old, or cut off."""

from .talk import Wrong, chunks, form, head
from .visit import kind


def raw(visit, data, half_close=False, version="1.1", method="POST"):
    """Sends the bytes; returns the answer."""
    with visit.open() as client:
        client.send(data)
        if half_close:
            client.half_close()
        return visit.common(client.answer(method, version))


def post(visit, headers, target="/predict", version="HTTP/1.1"):
    return head("POST", target, [visit.host(), *headers], version)


@kind(5)
def chunked(visit):
    """A good body in chunks of odd sizes, with extensions or a trailer."""
    file = visit.good()
    body, headers = visit.body(file)
    sizes = [visit.r.choice((1, 2, 7, 1000, 4096, 65536)) for _ in range(3)] + [9000]
    extension = visit.r.choice((b"", b"", b";x", b';name="a b"', b" ; x=1"))
    data = chunks(body, sizes, extension)
    if visit.r.random() < 0.2:
        data = data[:-2] + visit.r.choice((
            b"X-Trailer: x\r\n\r\n", b"Content-Length: 5\r\nHost: example.org\r\n\r\n"))
    coding = visit.r.choice(("chunked", "chunked", "Chunked", "CHUNKED"))
    answer = raw(visit, post(visit, [*headers, ("Transfer-Encoding", coding)]) + data)
    visit.judge(file, answer)


@kind(6)
def bad_chunk(visit):
    """Half of the body comes well, then what is no chunk."""
    file = visit.good()
    half = chunks(file.data[:len(file.data) * 9 // 10], [5000])[:-5]
    broken = visit.r.choice((
        b"zz\r\n", b"-5\r\n", b"0x10\r\n" + b"x" * 16 + b"\r\n", b"+5\r\nabcde\r\n",
        b" 5\r\nabcde\r\n", b"\r\n", b"5\r\nabcdefg\r\n0\r\n\r\n",
        b"5\r\nabcde0\r\n\r\n", b"ffffffffffffffff\r\n", b"10000000000000000\r\nx",
        b"7fffffffffffffff\r\nx", b"5" * 100 + b"\r\n", b"5;" + b"x" * 100_000 + b"\r\n",
        b"5_0\r\n" + b"x" * 50 + b"\r\n", b"5\r\nabcde\r\r\n", b"0\r\nno trailer\r\n\r\n",
        b"5;\x00\r\nabcde\r\n", b"5\nabcde\n0\n\n", b"0\r\n: x\r\n\r\n",
        b"5;a\nb\r\nabcde\r\n0\r\n\r\n"))
    answer = raw(visit, post(visit, [("Transfer-Encoding", "chunked")]) + half + broken
                 + b"0\r\n\r\n", half_close=visit.r.random() < 0.5)
    if answer.status not in (400, 413):
        raise Wrong(f"{answer.status} on {file.name} with the chunk {broken[:20]!r}")
    visit.refused(answer, (400, 413))


@kind(4)
def cut_off(visit):
    """The client says that no more comes, in the midst of the body."""
    file = visit.good()
    part = file.data[:len(file.data) * 9 // 10]
    if visit.r.random() < 0.6:
        data = post(visit, [("Transfer-Encoding", "chunked")]) + \
            chunks(part, [5000])[:-visit.r.choice((5, 4, 3, 2, 1, 900))]
    else:
        data = post(visit, [("Content-Length", len(file.data))]) + part
    visit.refused(raw(visit, data, half_close=True), (400,))


@kind(4)
def bad_length(visit):
    value = visit.r.choice((
        "-1", "-5", "+5", "0x10", "5, 6", "5,6", "", " ", "5 5", "1e3", "5.0", "five",
        "99999999999999999999999", "18446744073709551616", "9223372036854775808", "1_0",
        "\xb2", "5;", "5\x0b", "0-0"))
    answer = raw(visit, post(visit, [("Content-Length", value)]) + b"x" * 20)
    visit.refused(answer, (400, 413) if len(value) > 15 else (400,))


@kind(3)
def two_lengths(visit):
    headers = visit.r.choice((
        [("Content-Length", 5), ("Content-Length", 6)],
        [("Content-Length", 6), ("content-length", 5)],
        [("Content-Length", 5), ("Transfer-Encoding", "chunked")],
        [("Transfer-Encoding", "chunked"), ("Content-Length", 5)],
        [("Content-Length", 0), ("Content-Length", 5)]))
    answer = raw(visit, post(visit, headers) + b"0\r\n\r\nGET /x HTTP/1.1\r\n\r\n")
    visit.refused(answer, (400,))


@kind(3)
def bad_coding(visit):
    value = visit.r.choice((
        "gzip", "gzip, chunked", "chunked, gzip", "identity", "chunked, chunked",
        "xchunked", "chunked;q=1", "", "\x0bchunked", "chun ked", "chunked, identity",
        "deflate", "chunked\x00", "br", "cow"))
    if visit.r.random() < 0.2:
        headers = [("Transfer-Encoding", "chunked"), ("Transfer-Encoding", value)]
    else:
        headers = [("Transfer-Encoding", value)]
    answer = raw(visit, post(visit, headers) + chunks(b"x" * 100, [10]))
    visit.refused(answer, (400, 501))


@kind(6)
def bad_head(visit):
    """A head that is none by the rules."""
    host = b"Host: localhost\r\n"
    get = b"GET /health HTTP/1.1\r\n"
    data = visit.r.choice((
        b"GET /health\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /health HTTP/1.1 x\r\n" + host + b"\r\n",
        b"GET  /health HTTP/1.1\r\n" + host + b"\r\n", b"GET /health HTTP/11\r\n\r\n",
        b"GET /health HTTP/9.9\r\n" + host + b"\r\n", b"GET /health http/1.1\r\n\r\n",
        b"GET health HTTP/1.1\r\n" + host + b"\r\n", b"GET /health HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/1.-1\r\n" + host + b"\r\n", get + host + host + b"\r\n",
        get + host + b"Host: example.org\r\n\r\n", get + b" folded\r\n" + host + b"\r\n",
        get + host + b"X-A: b\r\n c\r\n\r\n", get + host + b"no colon\r\n\r\n",
        get + host + b"X-A : b\r\n\r\n", get + host + b": b\r\n\r\n",
        get + host + b"X A: b\r\n\r\n", get + host + b"X-A: b\0c\r\n\r\n",
        get + host + b"X-A: b\rc\r\n\r\n", get + host + b"X\0A: b\r\n\r\n",
        get + host + b"X-\xe9: b\r\n\r\n", get + b"Host: a b\r\n\r\n",
        get + b"Host: localhost, localhost\r\n\r\n", get + b"Host: @localhost\r\n\r\n",
        b"GET /health\0 HTTP/1.1\r\n" + host + b"\r\n", b"\0" * 300 + b"\r\n\r\n",
        b"GET /a b HTTP/1.1\r\n" + host + b"\r\n", b"\r\n" * 5000 + b"x\r\n\r\n",
        get + host + b"X-A: b\x7f\x08\r\n\r\n", b"SSH-2.0-OpenSSH_9\r\n\r\n"))
    with visit.open() as client:
        client.send(data)
        client.half_close()
        # whether answers to what is no HTTP/1.1 may be shorter is not for us to say
        answer = visit.common(client.answer())
    if answer.status == 403 and b"Host: a" in data:
        return
    visit.refused(answer, (400, 403, 405, 501, 505) if b"Host: " in data
                  else (400, 405, 501, 505))


@kind(2)
def large_head(visit):
    pad = visit.r.choice((
        b"X-A: " + b"a" * 200_000 + b"\r\n", b"X-A: b\r\n" * 20_000,
        b"".join(b"X-%d: b\r\n" % n for n in range(9000)), b"a" * 150_000))
    if visit.r.random() < 0.3:
        data = b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    else:
        data = b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + pad + b"\r\n\r\n"
    visit.refused(raw(visit, data, method="GET"), (400, 414, 431))


@kind(3)
def tolerated(visit):
    """Unusual, and right."""
    data = visit.r.choice((
        b"\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /health HTTP/1.1\r\nhOST:localhost\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost:\t localhost \t\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: \xe9\xff\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-A:\r\n\r\n",
        b"GET http://localhost/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /%68ealth HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: b\r\n" * 50 + b"\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close, x\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: LOCALHOST:80\r\nConnection: keep-alive\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\n"
        b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nTE: trailers\r\n\r\n"))
    answer = raw(visit, data, method="GET")
    visit.described(answer, "GET", "/health", 200)


@kind(4)
def half_closing(visit):
    """A client that has said all, and waits."""
    if visit.r.random() < 0.4:
        answer = raw(visit, head("GET", "/models", [visit.host()]), half_close=True,
                     method="GET")
        visit.described(answer, "GET", "/models", 200)
        return
    file = visit.good()
    body, headers = visit.body(file)
    if visit.r.random() < 0.5:
        data = post(visit, [*headers, ("Content-Length", len(body))]) + body
    else:
        data = post(visit, [*headers, ("Transfer-Encoding", "chunked")]) + \
            chunks(body, [8000])
    visit.judge(file, raw(visit, data, half_close=True))


@kind(4)
def old_version(visit):
    """HTTP/1.0, with and without a host."""
    hosts = visit.r.choice(([], [visit.host()]))
    headers = hosts + visit.r.choice(([], [("Connection", "keep-alive")]))
    what = visit.r.randrange(3)
    if what == 0:
        route = visit.r.choice(("/health", "/openapi.json"))
        answer = raw(visit, head("GET", route, headers, "HTTP/1.0"), version="1.0",
                     method="GET")
        visit.described(answer, "GET", route, 200)
        return
    file = visit.good()
    headers = [*headers, ("Content-Length", len(file.data))]
    if what == 2:
        headers.append(("Accept", "text/event-stream"))
    answer = raw(visit, head("POST", "/predict", headers, "HTTP/1.0") + file.data,
                 version="1.0")
    if what == 1:
        visit.judge(file, answer)
    elif answer.status != 200 or b"event: result\n" not in answer.body:
        raise Wrong(f"events by HTTP/1.0: {answer.status} {answer.body[:40]!r}")


@kind(2)
def old_chunks(visit):
    """HTTP/1.0 has none."""
    data = head("POST", "/predict", [visit.host(), ("Transfer-Encoding", "chunked")],
                "HTTP/1.0") + chunks(visit.good().data, [9000])
    visit.refused(raw(visit, data, version="1.0"), (400, 501))


@kind(4)
def expecting(visit):
    """Expect: 100-continue, and what else may be expected."""
    if visit.r.random() < 0.3:
        answer = raw(visit, post(visit, [("Content-Length", 5), ("Expect", visit.r.choice(
            ("200-ok", "100-continue, x", "chocolate")))]) + b"abcde")
        visit.refused(answer, (417,))
        return
    file = visit.good()
    with visit.open() as client:
        client.send(post(visit, [("Content-Length", len(file.data)),
                                 ("Expect", visit.r.choice(("100-continue",
                                                            "100-Continue")))]))
        if visit.r.random() < 0.5:
            while b"\r\n\r\n" not in client.pending and client.read():
                pass
        client.send(file.data)
        answer = visit.common(client.answer("POST"))
    if answer.interim not in ([], [100]):
        raise Wrong(f"interim answers {answer.interim}")
    visit.judge(file, answer)


@kind(4)
def pipelined(visit):
    """More than one request, or garbage after it: one answer, and the end."""
    first = head("GET", "/health", [visit.host()])
    after = visit.r.choice((first, b"garbage\r\n\r\n", visit.r.randbytes(5000), b"\r\n",
                            first * 50, b"POST /predict HTTP/1.1\r\n", b"\0"))
    if visit.r.random() < 0.5:
        visit.described(raw(visit, first + after, method="GET"), "GET", "/health", 200)
    else:
        file = visit.good()
        visit.judge(file, raw(visit, post(visit, [("Content-Length", len(file.data))])
                              + file.data + after))


@kind(5)
def aborting(visit):
    """Goes away at some point; the service is to forget it."""
    file = visit.good()
    body, headers = visit.body(file)
    request = post(visit, [*headers, ("Content-Length", len(body)),
                           *visit.r.choice(([], [("Accept", "text/event-stream")]))],
                   visit.r.choice(("/predict", "/spectrogram"))) + body
    size = visit.r.choice((0, 1, 30, len(request) // 2, len(request) - 1, len(request)))
    with visit.open() as client:
        client.send(request[:size])
        if size == len(request):
            visit.pause(visit.r.choice((0, 0.01, 0.1, 0.4)))
        if visit.r.random() < 0.5:
            client.reset()


@kind(2)
def trickle(visit):
    """A head in single bytes, a body in small pieces."""
    file = visit.world.files["song.mp3"]
    body, kind_of_body = form(file.data)
    request = post(visit, [("Content-Type", kind_of_body), ("Content-Length", len(body))])
    with visit.open() as client:
        for at in range(len(request)):
            client.send(request[at:at + 1])
        step = max(1000, len(body) // 20)
        for at in range(0, len(body), step):
            client.send(body[at:at + step])
            visit.pause(0.01)
        answer = visit.common(client.answer("POST"))
    visit.judge(file, answer)
