#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The recipe's modules import one another in one direction: no module imports
itself by way of others, not even inside a function.

  test_imports.py BUILD_DIRECTORY
"""

import ast
import os
import sys
import unittest

MODELS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..",
                      "models")


def imported_by(path):
    """The names of all modules that a file imports, wherever it does."""
    with open(path, encoding="utf-8") as f:
        tree = ast.parse(f.read(), path)
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    return names


def read_imports(folder):
    """{module: the modules of the same folder that it imports}"""
    paths = {os.path.splitext(name)[0]: os.path.join(folder, name)
             for name in os.listdir(folder) if name.endswith(".py")}
    return {module: sorted(imported_by(path) & set(paths))
            for module, path in paths.items()}


def find_circle(imports):
    """The modules of a circle, the first one once more at its end; or None."""
    done = set()

    def walk(module, way):
        if module in way:
            return way[way.index(module):] + [module]
        if module in done:
            return None
        done.add(module)
        for other in imports[module]:
            circle = walk(other, way + [module])
            if circle:
                return circle
        return None
    for module in sorted(imports):
        circle = walk(module, [])
        if circle:
            return circle
    return None


class Test(unittest.TestCase):
    def test_find_circle(self):
        self.assertIsNone(find_circle({"a": ["b", "c"], "b": ["c"], "c": []}))
        self.assertEqual(
            find_circle({"a": ["b"], "b": ["c"], "c": ["b"]}),
            ["b", "c", "b"])

    def test_one_direction(self):
        imports = read_imports(MODELS)
        self.assertIn("features", imports["train"])
        circle = find_circle(imports)
        self.assertIsNone(circle, circle and " imports ".join(circle))

    def test_training_needs_no_evaluation(self):
        """Nor the engine, which measures what was trained."""
        imports, reached, waiting = read_imports(MODELS), set(), ["train"]
        while waiting:
            module = waiting.pop()
            if module not in reached:
                reached.add(module)
                waiting += imports[module]
        self.assertFalse(reached & {"evaluate", "engine", "crossvalidate"})


if __name__ == "__main__":
    del sys.argv[1:]
    unittest.main()
