# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may include whom, as src/README.md says it: nothing goes up a floor, and
nothing goes round in a circle."""

import unittest
from pathlib import Path

import sources

# The rooms of src/, on their floors from below.  A room may include itself and the
# rooms of the floors below it, not one on its own floor.
FLOORS = [
    ["genre/kernels"],
    ["genre/weights"],
    ["genre/layers"],
    ["genre"],
    ["analysis"],
    ["about", "process", "tags/formats", "monitor/record"],
    ["tags", "plot"],
    ["monitor/lists", "monitor/history", "monitor/outputs", "monitor/table"],
    ["monitor/listening"],
    ["cli", "web", "monitor"],
    ["batch"],
    [""],   # main.c
]
FLOOR = {Path(room): floor for floor, rooms in enumerate(FLOORS)
         for room in rooms}
MAX_LINES = 700

FILES = sources.find("src", "gst")
INCLUDED = {path: [sources.resolve(path, name)
                   for name in sources.includes(path)[1]] for path in FILES}
INCLUDED = {path: [file for file in files if file]
            for path, files in INCLUDED.items()}


PUBLIC = Path("src/genre/genre.h")


def public_headers():
    """genre.h and what it includes."""
    headers, waiting = set(), [PUBLIC]
    while waiting:
        header = waiting.pop()
        if header not in headers:
            headers.add(header)
            waiting += INCLUDED[header]
    return headers


# The ground, which everyone in src/ may include: the library's public header, and
# small headers of no room, such as src/io.h.
GROUND = public_headers() | {
    path for path in FILES if path.parent == Path("src") and path.suffix == ".h"}


def room(path):
    """The room of a file of src/."""
    return path.parent.relative_to("src")


def circles(graph):
    """Each circle of the graph {node: nodes}, once, as "a -> b -> a"."""
    found, done, way = [], set(), []

    def visit(node):
        if node in way:
            found.append(" -> ".join(
                str(n) for n in [*way[way.index(node):], node]))
        elif node not in done:
            way.append(node)
            for following in sorted(graph.get(node, ())):
                visit(following)
            way.pop()
            done.add(node)

    for node in sorted(graph):
        visit(node)
    return found


class Test(unittest.TestCase):
    maxDiff = None

    def test_there_are_files(self):
        """The paths are right: the other tests would be content with nothing."""
        self.assertGreater(len(FILES), 100)
        self.assertGreater(sum(map(len, INCLUDED.values())), 200)
        self.assertIn(PUBLIC, FILES)

    def test_every_room_has_a_floor(self):
        rooms = {room(path) for path in FILES if path.parts[0] == "src"}
        self.assertEqual(rooms - set(FLOOR), set())

    def test_floors(self):
        def is_wrong(path, file):
            if path in GROUND or file.parts[0] != "src":
                return True
            return room(path) != room(file) and \
                FLOOR[room(path)] <= FLOOR[room(file)]

        self.assertEqual(
            [f"{path} includes {file}" for path in FILES
             if path.parts[0] == "src" for file in INCLUDED[path]
             if file not in GROUND and is_wrong(path, file)], [])

    def test_library_is_used_by_its_public_header(self):
        self.assertEqual(
            [f"{path} includes {file}" for path in FILES
             if path.parts[:2] != ("src", "genre") for file in INCLUDED[path]
             if file.parts[:2] == ("src", "genre") and file not in GROUND], [])

    def test_plugin_sees_only_the_public_header(self):
        self.assertEqual(
            [f"{path} includes {file}" for path in FILES
             if path.parts[0] == "gst" for file in INCLUDED[path]
             if file.parts[0] != "gst" and file != PUBLIC], [])

    def test_no_circle_of_files(self):
        """A .c file and its header count as one."""
        graph = {}
        for path, files in INCLUDED.items():
            one = path.with_suffix("")
            graph.setdefault(one, set()).update(
                file.with_suffix("") for file in files
                if file.with_suffix("") != one)
        self.assertEqual(circles(graph), [])

    def test_no_circle_of_folders(self):
        folders = {}
        for path, files in INCLUDED.items():
            folders.setdefault(path.parent, set()).update(
                file.parent for file in files
                if file not in GROUND and file.parent != path.parent)
        self.assertEqual(circles(folders), [])

    def includes_of(self, folder, words):
        """The includes, of any kind, by files of the folder that have one of these
        words."""
        return [f"{path} includes {name}" for path in FILES
                if path.is_relative_to(folder)
                for names in sources.includes(path) for name in names
                if any(word in name for word in words)]

    def test_library_does_not_know_gstreamer(self):
        self.assertEqual(self.includes_of("src/genre", ["gst/"]), [])

    def test_kernels_do_not_know_json(self):
        """Not even by a header that they include."""
        graph, seen = dict(INCLUDED), set()
        waiting = [path for path in FILES
                   if path.is_relative_to("src/genre/kernels")]
        while waiting:
            path = waiting.pop()
            if path not in seen:
                seen.add(path)
                waiting += graph[path]
        self.assertEqual([str(path) for path in sorted(seen)
                          if any("json" in name
                                 for name in sources.includes(path)[0])], [])

    def test_files_are_short(self):
        """All that people write, but for the page."""
        lengths = {str(path): sources.read(path).count("\n")
                   for path in sources.find_texts("src", "gst")
                   if Path("src/web/page") not in path.parents}
        self.assertEqual({path: n for path, n in lengths.items()
                          if n > MAX_LINES}, {})


if __name__ == "__main__":
    unittest.main()
