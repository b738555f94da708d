# SPDX-License-Identifier: GPL-2.0-or-later
"""Strangers who come by another name, from another page, or without the word."""

from .talk import Wrong, head
from .visit import kind


@kind(4)
def wrong_host(visit):
    headers = visit.r.choice((
        [("Host", "example.org")], [("Host", "localhost.example.org:80")],
        [("Host", "127.0.0.1.example.org")], [("Host", "")],
        [("Host", "localhost"), ("Origin", "http://example.org")],
        [("Host", "localhost"), ("Origin", "null")],
        [("Host", "localhost"), ("Origin", "http://localhost.example.org")],
        [("Host", "localhost"), ("Origin", "file://")],
        [("Host", "localhost"), ("Sec-Fetch-Site", "cross-site")],
        # nobody who is not trusted says for whom it asks
        [("Host", "localhost"), ("Origin", "https://example.org"),
         ("X-Forwarded-Host", "example.org")],
        [("Host", "example.org"), ("X-Forwarded-Host", "localhost")],
        [("Host", "example.org"), ("Forwarded", "host=localhost;for=127.0.0.1")]))
    data = visit.good().data
    with visit.open() as client:
        client.send(head("POST", "/predict", [*headers, ("Content-Length", len(data))])
                    + data)
        answer = visit.common(client.answer("POST"))
    if answer.status == 400 and headers[0][1] == "":
        return
    if answer.status != 403:
        raise Wrong(f"{answer.status} to {headers}")
    visit.refused(answer, (403,), "forbidden")


@kind(2)
def own_origin(visit):
    host = f"localhost:{visit.world.service.address[1]}"
    headers = visit.r.choice(([("Origin", f"http://{host}")],
                              [("Sec-Fetch-Site", "same-origin")],
                              [("Sec-Fetch-Site", "none")]))
    with visit.open() as client:
        client.send(head("GET", "/models", [("Host", host), *headers]))
        answer = visit.common(client.answer())
    visit.described(answer, "GET", "/models", 200)


@kind(2)
def liar_about_itself(visit):
    """Who is no trusted proxy is not believed, and not refused for it."""
    name, value = visit.r.choice((
        ("X-Forwarded-For", "127.0.0.77"), ("X-Forwarded-For", "a" * 3000),
        ("X-Real-IP", "10.0.0.1"), ("Forwarded", "for=\"[::1]:x\";;;by="),
        ("X-Forwarded-Proto", "https"), ("X-Request-Id", "0" * 16),
        ("X-Request-Id", "<script>"), ("X-Forwarded-Prefix", "/../..")))
    answer = visit.ask("GET", "/models", headers=[(name, value)])
    visit.described(answer, "GET", "/models", 200)


@kind(5)
def token(visit):
    """The guarded service: 401 without a word, 403 with a wrong one."""
    right = visit.world.token
    value, expected, code = visit.r.choice((
        (None, 401, "unauthorized"), (f"Bearer {right}", 200, None),
        (f"bearer {right}", 200, None), (f"Bearer {right[:-1]}", 403, "forbidden-token"),
        (f"Bearer {right}x", 403, "forbidden-token"),
        ("Bearer " + "x" * 5000, 403, "forbidden-token"),
        (f"Basic {right}", 401, "unauthorized")))
    headers = [("Authorization", value)] if value else []
    if visit.r.random() < 0.5:
        answer = visit.ask("GET", "/models", headers=headers,
                           service=visit.world.guarded)
    else:
        answer = visit.ask("POST", "/predict", visit.good().data, headers,
                           service=visit.world.guarded)
    if answer.status != expected:
        raise Wrong(f"{answer.status} instead of {expected} to {(value or '-')[:12]}")
    if expected != 200:
        visit.refused(answer, (expected,), code)
    if expected == 401 and not answer.get("WWW-Authenticate"):
        raise Wrong("401 without WWW-Authenticate")


@kind(2)
def odd_token(visit):
    """Never let in, never a crash."""
    headers = visit.r.choice((
        [("Authorization", "")], [("Authorization", "Bearer")],
        [("Authorization", "Bearer ")], [("Authorization", "\xff\xfe")],
        [("Authorization", "Bearer x"), ("Authorization", f"Bearer {visit.world.token}")],
        [("Authorization", 'Digest username="' + "a" * 3000)],
        [("Authorization", "Digest realm=")], [("Authorization", "Basic ====")],
        [("Proxy-Authorization", f"Bearer {visit.world.token}")],
        [("Cookie", f"token={visit.world.token}")]))
    answer = visit.ask("GET", visit.r.choice(("/models", "/metrics")), headers=headers,
                       service=visit.world.guarded)
    visit.refused(answer, (400, 401, 403))
