# SPDX-License-Identifier: GPL-2.0-or-later
"""The description that the service gives of itself is valid OpenAPI, as two programs
say that know nothing of each other; and has each status that there is.

    test_openapi.py PROGRAM NODE NODE_MODULES [unittest's arguments]"""

import http
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from service import Service, described_errors

Service.program, NODE, MODULES = sys.argv[1:4]
del sys.argv[1:4]
SOURCES = Path(__file__).resolve().parents[2] / "src"
# the oldest that Redocly runs on
NEEDED = (20, 19)
VERSION = tuple(map(int, subprocess.run(
    [NODE, "-p", "process.versions.node"], text=True, capture_output=True, check=True
).stdout.split(".")[:2]))


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service("--log-format=none")
        cls.description = json.loads(cls.service.ask("GET", "/openapi.json").body)
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)

    @classmethod
    def tearDownClass(cls):
        assert cls.service.stop() == 0

    def need_node(self):
        if VERSION < NEEDED:
            self.skipTest(f"Redocly needs Node.js {NEEDED[0]}.{NEEDED[1]}; "
                          f"this is {VERSION[0]}.{VERSION[1]}")

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
        self.need_node()
        self.assertEqual(self.lint(), [])
        self.assertEqual(self.run_tool("validate-api"), {"valid": True})

    def test_faults_are_found(self):
        self.need_node()
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
            if name == "Refused":
                self.assertEqual(own["enum"], sorted(re.findall(
                    r"\d `([a-z-]+)`", response["description"])))

    def test_every_status_is_described(self):
        """Those of the tables that all errors are made of, with their codes."""
        tables = (SOURCES / "web/weberror.c").read_text(encoding="utf-8")
        codes = dict(re.findall(
            r'\[(REASON_\w+)\] = \{ "([a-z-]+)"',
            (SOURCES / "analysis/reason.c").read_text(encoding="utf-8")))
        found = re.findall(r'\[WEB_ERROR_\w+\] = \{ (\w+),\s+"([a-z-]+)"', tables)
        self.assertEqual(len(found), tables.count("[WEB_ERROR_"))
        reasons = re.findall(r"\[(REASON_\w+)\] = (\w+),", tables)
        self.assertEqual(len(reasons), tables.count("[REASON_"))
        found += [(status, codes[reason]) for reason, status in reasons]
        # what is in no table of reasons is the service's fault
        found += [("500", code) for code in ("internal", "bad-model",
                                             "plugin-missing")]
        self.assertEqual({
            (int(status) if status.isdigit() else
             http.HTTPStatus[status.removeprefix("SOUP_STATUS_")].value, code)
            for status, code in found} - described_errors(self.description), set())

    def test_other_methods(self):
        """A method that a resource does not have is an error which is described, and
        Allow has those that it has."""
        refusal = self.description["components"]["responses"]["Refused"]
        for path, operations in self.description["paths"].items():
            own = {method.upper() for method in operations} - {"PARAMETERS"}
            for method in {"GET", "PUT", "POST", "DELETE", "PATCH"} - own:
                with self.subTest(f"{method} {path}"):
                    answer = self.service.ask(method, re.sub(r"\{\w+\}", "x", path))
                    error = json.loads(answer.body)["error"]
                    self.assertEqual(set(answer.headers["Allow"].split(", ")) -
                                     {"HEAD"}, own)
                    self.assertIn(f"{answer.status} `{error['code']}`",
                                  refusal["description"])

    def test_every_operation_may_be_refused(self):
        for path, operations in self.description["paths"].items():
            for method, operation in operations.items():
                if method != "parameters":
                    self.assertEqual(operation["responses"].get("default"), {
                        "$ref": "#/components/responses/Refused"}, (method, path))

    def test_version(self):
        version = subprocess.run([Service.program, "--version"], check=True, text=True,
                                 capture_output=True).stdout.split()
        self.assertIn(self.description["info"]["version"], version)


if __name__ == "__main__":
    unittest.main()
