# SPDX-License-Identifier: GPL-2.0-or-later
"""The description that the service gives of itself is valid OpenAPI, as two programs
say that know nothing of each other.

    test_openapi.py PROGRAM NODE NODE_MODULES [unittest's arguments]"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

from service import Service

Service.program, NODE, MODULES = sys.argv[1:4]
del sys.argv[1:4]
# the oldest that Redocly runs on
NEEDED = (20, 19)
VERSION = tuple(map(int, subprocess.run(
    [NODE, "-p", "process.versions.node"], text=True, capture_output=True, check=True
).stdout.split(".")[:2]))


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if VERSION < NEEDED:
            raise unittest.SkipTest(f"Redocly needs Node.js {NEEDED[0]}.{NEEDED[1]}; "
                                    f"this is {VERSION[0]}.{VERSION[1]}")
        service = Service()
        cls.description = json.loads(service.ask("GET", "/openapi.json").body)
        assert service.stop() == 0
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)

    def run_tool(self, name, *arguments):
        """Runs it with the description's file; returns its JSON.  No other file is
        there, and it asks nothing of the network."""
        with open(os.path.join(self.folder.name, "openapi.json"), "w") as f:
            json.dump(self.description, f)
        result = subprocess.run(
            [NODE, os.path.join(MODULES, ".bin", name), *arguments, "openapi.json"],
            cwd=self.folder.name, capture_output=True, text=True,
            env={**os.environ, "REDOCLY_TELEMETRY": "off",
                 "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"})
        try:
            return json.loads(result.stdout)
        except json.JSONDecodeError:
            self.fail(result)

    def lint(self):
        """Redocly's findings, as "rule: message"."""
        problems = self.run_tool("redocly", "lint", "--format=json")["problems"]
        return [f"{problem['ruleId']}: {problem['message']}" for problem in problems]

    def test_valid(self):
        self.assertEqual(self.lint(), [])
        self.assertEqual(self.run_tool("validate-api"), {"valid": True})

    def test_faults_are_found(self):
        original = json.dumps(self.description)
        try:
            del self.description["info"]["title"]
            self.assertNotEqual(self.lint(), [])
            self.assertIs(self.run_tool("validate-api")["valid"], False)
        finally:
            self.description.clear()
            self.description.update(json.loads(original))

    def test_every_refusal_has_a_code(self):
        """Each code of a refusal is among those of all errors."""
        schemas = self.description["components"]["schemas"]
        codes = schemas["Error"]["properties"]["error"]["properties"]["code"]["enum"]
        self.assertEqual(codes, sorted(set(codes)))
        for name, response in self.description["components"]["responses"].items():
            schema = response["content"]["application/json"]["schema"]
            own = schema["allOf"][1]["properties"]["error"]["properties"]["code"]
            self.assertLessEqual(set(own["enum"]), set(codes), name)


if __name__ == "__main__":
    unittest.main()
