# SPDX-License-Identifier: GPL-2.0-or-later
"""A visit of one stranger: what it may ask, and how it judges the answers."""

import collections
import re
import time

import jsonschema

from .talk import Client, Wrong, form, head

KINDS = {}   # name: (function, weight)


class Busy(Exception):
    """The service has too much to do, and said so as it should."""


def kind(weight):
    """Registers a function of a Visit as a kind of request; the weight is how often
    it comes."""
    def register(function):
        KINDS[function.__name__] = (function, weight)
        return function
    return register


class Forgotten(Exception):
    """An upload that was kept is there no more, as the service began anew."""


class World:
    """What all visits share.  A service that may_forget begins anew on the way."""

    def __init__(self, service, guarded, token, files, may_forget):
        self.may_forget = may_forget
        self.service, self.guarded, self.token = service, guarded, token
        self.files = files
        self.identifiers = set()
        # answers without an X-Request-Id of their own, by status
        self.nameless = collections.Counter()
        first = Visit(self, None, "127.0.0.1")
        self.description = first.ask("GET", "/openapi.json").json()
        self.models = [m["name"] for m in first.ask("GET", "/models").json()["models"]]
        self.status_of = self.statuses()
        index = first.ask("GET", "/")
        self.pages = {}
        if index.status == 200:
            names = re.findall(r'(?:src|href)="([\w./-]+)"', index.body.decode())
            for path in {"/", *(f"/{name.removeprefix('/')}" for name in names)}:
                answer = first.ask("GET", path)
                if answer.status == 200:
                    self.pages[path] = answer

    def resolve(self, thing):
        while "$ref" in thing:
            found = self.description
            for key in thing["$ref"].removeprefix("#/").split("/"):
                found = found[key]
            thing = found
        return thing

    def responses(self, method, route):
        path = self.description["paths"].get(route)
        if path is None or method.lower() not in path:
            raise Wrong(f"{method} {route} is not in the description")
        return path[method.lower()]["responses"]

    def statuses(self):
        """code: status, as POST /predict describes its errors."""
        found = {}
        for status, thing in self.responses("POST", "/predict").items():
            if status == "default":     # of several statuses, and of no file
                continue
            for code in re.findall(r"'enum': \[([^]]*)\]", str(self.resolve(thing))):
                for name in re.findall(r"'([\w-]+)'", code):
                    found[name] = int(status)
        return found

    def schema(self, schema, value):
        error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(
            {**schema, "components": self.description["components"]}
        ).iter_errors(value))
        if error:
            raise Wrong(f"not as described: {error.json_path}: {error.message[:150]}")

    def named(self, name):
        return {"$ref": f"#/components/schemas/{name}"}


class Visit:
    """r is its source of chance, address where it comes from."""

    def __init__(self, world, r, address):
        self.world, self.r, self.address = world, r, address

    def open(self, service=None, **more):
        return Client((service or self.world.service).address, self.address, **more)

    def pause(self, seconds):
        """A stranger that does nothing for a while."""
        time.sleep(seconds)

    def host(self):
        return ("Host", "localhost")

    def file(self, *wanted):
        """A file of the wanted, or any that is not slow."""
        names = wanted or [name for name, file in self.world.files.items()
                           if not name.startswith("silence.")]
        return self.world.files[self.r.choice(names)]

    def good(self):
        return self.file(*(name for name, file in self.world.files.items()
                           if name.startswith("song.") and file.is_good()))

    def ask(self, method, target, body=None, headers=(), service=None,
            version="1.1"):
        """A request by the rules."""
        headers = [self.host(), *headers]
        if body is not None:
            headers.append(("Content-Length", len(body)))
        with self.open(service) as client:
            client.send(head(method, target, headers, f"HTTP/{version}")
                        + (body or b""))
            return self.common(client.answer(method, version))

    def common(self, answer):
        """What every answer has."""
        if answer.get("X-Content-Type-Options") != "nosniff":
            raise Wrong(f"status {answer.status} without nosniff")
        if "default-src 'none'" not in answer.get("Content-Security-Policy", ""):
            raise Wrong(f"status {answer.status} without a policy")
        if answer.get("Server"):
            raise Wrong("it names its server")
        if answer.status >= 400 and answer.body:
            code = self.error(answer)["code"]
            if answer.status == 503:
                if not re.fullmatch("[1-9][0-9]*", answer.get("Retry-After", "")):
                    raise Wrong("503 without Retry-After")
                if code in ("busy", "overtaken"):
                    raise Busy
            # a 4xx is for what is wrong with the request, a 500 with the service
            if answer.status == 500:
                raise Wrong(f"500 {code}")
        identifier = answer.get("X-Request-Id")
        if not re.fullmatch("[0-9a-f]{16}", identifier or "") or \
                identifier in self.world.identifiers:
            self.world.nameless[answer.status] += 1
        self.world.identifiers.add(identifier)
        return answer

    def forgotten(self):
        """An upload of this visit was not found."""
        if self.world.may_forget:
            raise Forgotten
        raise Wrong("the upload is gone")

    def error(self, answer):
        value = answer.json()
        if hasattr(self.world, "description"):
            self.world.schema(self.world.named("Error"), value)
        return value["error"]

    def refused(self, answer, statuses, code=None):
        """An error of one of these statuses, with the code."""
        if answer.status not in statuses:
            raise Wrong(f"{answer.status} instead of "
                        f"{' or '.join(map(str, statuses))}")
        if answer.body:   # none to HEAD
            found = self.error(answer)["code"]
            if code and found != code:
                raise Wrong(f"{answer.status} {found} instead of {code}")
        return answer

    def described(self, answer, method, route, *statuses):
        """An answer that the route's description has; returns its JSON, if any."""
        if answer.status not in statuses:
            what = ""
            if answer.status >= 400 and answer.body:
                what = " " + self.error(answer)["code"]
            raise Wrong(f"{answer.status}{what} instead of "
                        f"{' or '.join(map(str, statuses))}")
        responses = self.world.responses(method, route)
        if str(answer.status) not in responses:
            raise Wrong(f"{method} {route}: {answer.status} is not described")
        response = self.world.resolve(responses[str(answer.status)])
        content = response.get("content")
        if content is None:
            if answer.body:
                raise Wrong(f"{answer.status} with a body")
            return None
        media = (answer.get("Content-Type") or "").split(";")[0]
        if media not in content:
            raise Wrong(f"{answer.status} with Content-Type {media}")
        for name, header in response.get("headers", {}).items():
            if header.get("required") and answer.get(name) is None:
                raise Wrong(f"{answer.status} without {name}")
        if media == "application/json":
            value = answer.json()
            self.world.schema(content[media]["schema"], value)
            return value
        return answer.body

    def judge(self, file, answer, route="/predict"):
        """The answer to an upload of that file to a route that predicts."""
        if file.statuses is not None:
            if answer.status not in file.statuses:
                raise Wrong(f"{file.name}: {answer.status}")
            value = self.described(answer, "POST", route, *file.statuses)
            if answer.status == 200 and file.name in ("nan.wav", "inf.wav", "-inf.wav") \
                    and value["silent"]:
                raise Wrong(f"{file.name} is said to be silent")
            return
        code = file.expected["error_code"]
        if code:
            expected = self.world.status_of[code]
            if answer.status != expected:
                raise Wrong(f"{file.name}: {answer.status} instead of {code}")
            value = self.described(answer, "POST", route, expected)
            if value["error"]["code"] != code:
                raise Wrong(f"{file.name}: {value['error']['code']} instead of {code}")
        else:
            self.same(file, self.described(answer, "POST", route, 200))

    def same(self, file, value):
        """Is it what the command said?"""
        for key in ("genre", "silent", "truncated"):
            if value[key] != file.expected[key]:
                raise Wrong(f"{file.name}: {key} {value[key]} instead of "
                            f"{file.expected[key]}")
        for key in ("confidence", "music", "duration", "missing"):
            if abs(value[key] - file.expected[key]) > 1e-3:
                raise Wrong(f"{file.name}: {key} {value[key]} instead of "
                            f"{file.expected[key]}")

    def body(self, file, more=()):
        """The file as a form or as it is, and the headers for it."""
        if self.r.random() < 0.5:
            body, kind_of_body = form(file.data, more=more)
            return body, [("Content-Type", kind_of_body)]
        kind_of_body = self.r.choice((None, "audio/mpeg", "application/octet-stream",
                                      "text/plain; charset=utf-8"))
        return file.data, [("Content-Type", kind_of_body)] if kind_of_body else []
