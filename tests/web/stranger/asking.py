# SPDX-License-Identifier: GPL-2.0-or-later
"""Strangers who look: the page, its files, the small answers, their heads and parts."""

import re
from urllib.parse import quote

from .talk import Wrong, head
from .visit import kind

ROUTES = ("/health", "/models", "/about", "/metrics", "/openapi.json")


@kind(4)
def get_small(visit):
    route = visit.r.choice(ROUTES)
    visit.described(visit.ask("GET", route), "GET", route, 200)


@kind(3)
def get_page(visit):
    path = visit.r.choice(sorted(visit.world.pages))
    answer = visit.ask("GET", path)
    if (answer.status, answer.body) != (200, visit.world.pages[path].body):
        raise Wrong(f"{path} is another now, {answer.status}")


@kind(2)
def get_head(visit):
    path = visit.r.choice((*ROUTES, *sorted(visit.world.pages)))
    answer = visit.ask("HEAD", path)
    if answer.status != 200:
        raise Wrong(f"HEAD {path}: {answer.status}")
    if path in visit.world.pages and \
            answer.get("Content-Length") != str(len(visit.world.pages[path].body)):
        raise Wrong(f"HEAD: Content-Length {answer.get('Content-Length')}")


@kind(2)
def conditional(visit):
    path = visit.r.choice(sorted(visit.world.pages))
    tag = visit.world.pages[path].get("ETag")
    if not tag:
        raise Wrong(f"{path} has no ETag")
    value, expected = visit.r.choice((
        (tag, 304), (f'"x", {tag}', 304), ("*", 304), ('"x"', 200), ("W/" + tag, 304),
        ("", 200), ("no quotes", 200), ('"x' * 2000, 200)))
    answer = visit.ask("GET", path, headers=[("If-None-Match", value)])
    if answer.status != expected:
        raise Wrong(f"If-None-Match {value[:40]!r}: {answer.status}, not {expected}")


@kind(2)
def condition_ignored(visit):
    """Small answers and uploads know no conditions."""
    name, value = visit.r.choice((
        ("If-Modified-Since", "Sun, 29 Nov 2099 00:00:00 GMT"), ("If-Match", '"x"'),
        ("If-None-Match", "*"), ("If-Unmodified-Since", "Sun, 29 Nov 1999 00:00:00 GMT"),
        ("If-Range", '"x"')))
    route = visit.r.choice(ROUTES)
    visit.described(visit.ask("GET", route, headers=[(name, value)]), "GET", route, 200)


@kind(3)
def one_range(visit):
    """A part of a file of the page; all of it is right, too."""
    path = visit.r.choice(sorted(visit.world.pages))
    body = visit.world.pages[path].body
    size = len(body)
    a = visit.r.randrange(size)
    b = visit.r.randrange(a, size)
    text, part = visit.r.choice((
        (f"bytes={a}-{b}", body[a:b + 1]), (f"bytes={a}-", body[a:]),
        (f"bytes=-{size - a}", body[a:]), (f"bytes={a}-{10 ** 19}", body[a:]),
        (f"bytes=-{10 ** 19}", body)))
    answer = visit.ask("GET", path, headers=[("Range", text)])
    if answer.status == 206:
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", answer.get("Content-Range", ""))
        if not found or answer.body != part or int(found[3]) != size or \
                body[int(found[1]):int(found[2]) + 1] != part:
            raise Wrong(f"Range {text} of {size}: {answer.get('Content-Range')}, "
                        f"{len(answer.body)} bytes")
    elif answer.status != 200 or answer.body != body:
        raise Wrong(f"Range {text} of {size}: {answer.status}, {len(answer.body)} bytes")


@kind(3)
def odd_range(visit):
    """No answer has more than one part, nor a body longer than the file."""
    path = visit.r.choice(sorted(visit.world.pages))
    body = visit.world.pages[path].body
    size = len(body)
    text = visit.r.choice((
        f"bytes={size}-", f"bytes={10 ** 19}-", "bytes=-0", "bytes=5-2", "bytes=",
        "bytes=-", "bytes=a-b", "bytes=0-1,", "lines=0-1", "bytes=0-0,-1",
        "bytes=" + ",".join(["0-"] * visit.r.choice((2, 50, 1000))),
        "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 200, 2)),
        "bytes=" + ",".join(["-1"] * 300), "bytes=0x0-1", "bytes=0-18446744073709551615"))
    answer = visit.ask(visit.r.choice(("GET", "GET", "HEAD")), path,
                       headers=[("Range", text)])
    if answer.status == 416:
        visit.refused(answer, (416,))
    elif answer.status not in (200, 206):
        raise Wrong(f"Range {text[:40]}: {answer.status}")
    elif "multipart" in answer.get("Content-Type", "") or len(answer.body) > size:
        raise Wrong(f"Range {text[:40]}: {answer.get('Content-Type').split(';')[0]} "
                    f"of {len(answer.body)} bytes, the file has {size}")


@kind(2)
def range_of_json(visit):
    route = visit.r.choice(ROUTES)
    answer = visit.ask("GET", route, headers=[
        ("Range", visit.r.choice(("bytes=0-3", "bytes=-2", "bytes=0-,0-,0-",
                                  "bytes=99999999-")))])
    visit.described(answer, "GET", route, 200)


@kind(3)
def no_such_path(visit):
    path = visit.r.choice((
        "/nothing", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//", "/%00",
        "/..%2f..%2fetc%2fpasswd", "/index.html/x", "/predict/", "/%", "/%zz", "/%ff%fe",
        "/health/", "/HEALTH", "/health%00", "/.git/config", "/" + "a" * 4000,
        "/" + "../" * 500, "/;", "/health;x=1", "/app.js%20", "/a\\b", "/\xff",
        "/models/..", "/uploads/", "/uploads/../health"))
    answer = visit.ask(visit.r.choice(("GET", "HEAD")), path)
    # a path may be made simple before it is looked up
    if answer.status == 200 and "/.." in path and b"root:" not in answer.body:
        return
    visit.refused(answer, (400, 404, 405, 414))


@kind(3)
def wrong_method(visit):
    method, route = visit.r.choice((
        ("GET", "/predict"), ("PUT", "/predict/crnn"), ("POST", "/models"),
        ("DELETE", "/health"), ("PATCH", "/"), ("OPTIONS", "/predict"), ("OPTIONS", "*"),
        ("TRACE", "/health"), ("CONNECT", "localhost:1"), ("BREW", "/health"),
        ("PROPFIND", "/"), ("get", "/health"), ("GET", "*"), ("GETGETGET" * 20, "/"),
        ("PUT", "/uploads"), ("HEAD", "/predict")))
    answer = visit.ask(method, route, *((b"x",) if method in ("PUT", "POST") else ()))
    allowed = (400, 405, 501) if route in ("*", "localhost:1") or \
        method not in ("GET", "PUT", "POST", "DELETE", "HEAD") else (405,)
    if method == "PUT" and route == "/uploads":
        allowed = (404, 405)
    if route == "/":    # a service without the page has none
        allowed = (*allowed, 404)
    visit.refused(answer, allowed)
    if answer.status == 405 and not answer.get("Allow"):
        raise Wrong("405 without Allow")


@kind(3)
def unknown_key(visit):
    route = visit.r.choice((*ROUTES, "/predict", "/spectrogram"))
    key = quote(visit.r.choice(("nothing", "Model", "models", "upload ", "a" * 500, "\xe9",
                                "constructor", "")))
    target = f"{route}?{key}=1"
    if visit.r.random() < 0.2:
        target = f"{route}?model={visit.world.models[0]}&{key}=1"
    if route in ("/predict", "/spectrogram"):
        file = visit.file("silent.wav")
        answer = visit.ask("POST", target, file.data)
    else:
        answer = visit.ask("GET", target)
    visit.refused(answer, (400,), "unknown-parameter")


@kind(2)
def slow_reader(visit):
    """Takes the answer in small bits, from a small window."""
    path = visit.r.choice(("/openapi.json", *visit.world.pages))
    with visit.open(buffer=2048) as client:
        client.send(head("GET", path, [visit.host()]))
        while b"\r\n\r\n" not in client.pending and client.read(200):
            pass
        for _ in range(40):
            client.read(visit.r.choice((1, 100, 700)))
        answer = visit.common(client.answer())
    if answer.status != 200:
        raise Wrong(f"{answer.status}")


@kind(1)
def never_reads(visit):
    """Asks for what is large, reads nothing, and goes."""
    path = max(visit.world.pages, key=lambda p: len(visit.world.pages[p].body))
    with visit.open(buffer=2048) as client:
        client.send(head("GET", path, [visit.host(), (
            "Range", "bytes=" + ",".join(["0-"] * 12_000))]))
        visit.pause(0.5)
        client.reset()
