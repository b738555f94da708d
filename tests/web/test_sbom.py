# SPDX-License-Identifier: GPL-2.0-or-later
"""The SBOM of the page says what the lock and the packages say, and is the same at
every build.

    test_sbom.py SCRIPT [unittest's arguments]"""

import base64
import copy
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

SCRIPT = os.path.abspath(sys.argv.pop(1))

DIGEST = hashlib.sha512(b"a package").digest()
LOCK = {"lockfileVersion": 3, "packages": {
    "": {"name": "page"},
    "node_modules/a.js": {
        "version": "1.2.3", "license": "MIT",
        "integrity": "sha512-" + base64.b64encode(DIGEST).decode()},
    "node_modules/@b/c": {
        "version": "0.1.0", "license": "ISC",
        "integrity": "sha512-" + base64.b64encode(DIGEST).decode()},
    "node_modules/only-tests": {"version": "1.0.0", "dev": True},
}}
NOTICES = ("a.js", "a-licence.txt", "@b/c", "c-licence.txt")


class Test(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.lock = copy.deepcopy(LOCK)
        self.add("a.js", "1.2.3", "MIT", "The MIT License\n\n"
                 "Copyright (c) 2020 Ann Ł\ncopyright 2021 others\n\nPermission is\n"
                 "copyright notice\n")
        self.add("@b/c", "0.1.0", "ISC", "  Copyright 2019 b\n", homepage="https://c")

    def add(self, name, version, licence, text, **more):
        folder = os.path.join(self.folder, "node_modules", name)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "package.json"), "w") as f:
            json.dump({"name": name, "version": version, "license": licence, **more}, f)
        with open(os.path.join(folder, "LICENSE"), "w", encoding="utf-8") as f:
            f.write(text)

    def run_script(self, *notices, **env):
        with open(os.path.join(self.folder, "lock.json"), "w") as f:
            json.dump(self.lock, f)
        output = os.path.join(self.folder, "sbom.json")
        run = subprocess.run(
            [sys.executable, SCRIPT, "3.2.1", "lock.json", "node_modules", output,
             *(notices or NOTICES)], cwd=self.folder, text=True, capture_output=True,
            env={key: value for key, value in {**os.environ, **env}.items()
                 if key != "SOURCE_DATE_EPOCH" or key in env})
        self.assertNotIn("Traceback", run.stderr)
        if run.returncode:
            return run.stderr
        with open(output, encoding="utf-8") as f:
            return f.read()

    def test_packages(self):
        sbom = json.loads(self.run_script())
        self.assertEqual((sbom["spdxVersion"], sbom["dataLicense"], sbom["SPDXID"]),
                         ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT"))
        page, scoped, plain = sbom["packages"]
        self.assertEqual((page["name"], page["versionInfo"], page["licenseDeclared"]),
                         ("genreclassify-page", "3.2.1", "GPL-2.0-or-later"))
        self.assertEqual(
            (plain["name"], plain["versionInfo"], plain["licenseDeclared"]),
            ("a.js", "1.2.3", "MIT"))
        self.assertEqual(plain["copyrightText"],
                         "Copyright (c) 2020 Ann Ł\ncopyright 2021 others")
        self.assertEqual(plain["checksums"], [
            {"algorithm": "SHA512", "checksumValue": DIGEST.hex()}])
        self.assertEqual(plain["downloadLocation"],
                         "https://registry.npmjs.org/a.js/-/a.js-1.2.3.tgz")
        self.assertEqual([ref["referenceLocator"] for ref in plain["externalRefs"]],
                         ["pkg:npm/a.js@1.2.3", "a-licence.txt"])
        self.assertEqual(scoped["downloadLocation"],
                         "https://registry.npmjs.org/@b/c/-/c-0.1.0.tgz")
        self.assertEqual(scoped["externalRefs"][0]["referenceLocator"],
                         "pkg:npm/%40b/c@0.1.0")
        self.assertEqual(scoped["homepage"], "https://c")

    def test_references(self):
        """Ids are as SPDX wants them, differ, and all that are named are there."""
        sbom = json.loads(self.run_script())
        ids = [sbom["SPDXID"], *(part["SPDXID"] for part in sbom["packages"])]
        self.assertEqual(len(ids), len(set(ids)))
        for name in ids:
            self.assertRegex(name, r"^SPDXRef-[A-Za-z0-9.-]+$")
        found = [(link["spdxElementId"], link["relationshipType"],
                  link["relatedSpdxElement"]) for link in sbom["relationships"]]
        self.assertEqual(found, [(ids[0], "DESCRIBES", ids[1]),
                                 (ids[1], "CONTAINS", ids[2]),
                                 (ids[1], "CONTAINS", ids[3])])

    def test_same_at_every_build(self):
        first = self.run_script()
        self.assertEqual(self.run_script(TZ="Asia/Tokyo", LC_ALL="C"), first)
        dated = json.loads(self.run_script(SOURCE_DATE_EPOCH="86400"))
        self.assertEqual(dated["creationInfo"]["created"], "1970-01-02T00:00:00Z")
        self.assertRegex(json.loads(first)["creationInfo"]["created"],
                         r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        # another content has another name
        names = {json.loads(text)["documentNamespace"] for text in (
            first, self.run_script(SOURCE_DATE_EPOCH="86400"))}
        self.assertEqual(len(names), 2)
        for name in names:
            self.assertRegex(name, r"^https://[^#\s]+$")

    def test_refusals(self):
        """What cannot be told is not left out."""
        self.assertRegex(self.run_script("a.js", "x"), "@b/c: where .* licence")
        self.assertRegex(self.run_script(SOURCE_DATE_EPOCH="today"),
                         'SOURCE_DATE_EPOCH is "today"')
        for change, said in (
                (lambda: self.add("a.js", "1.2.4", "MIT", "Copyright 2020"),
                 r"it is a\.js 1\.2\.4, where the lock has a\.js 1\.2\.3"),
                (lambda: self.add("a.js", "1.2.3", None, "Copyright 2020"),
                 r"a\.js: its package\.json has no licence"),
                (lambda: self.add("a.js", "1.2.3", "MIT", "All yours.\n"),
                 r'a\.js: no file LICENSE with a line "Copyright"'),
                (lambda: self.lock["packages"]["node_modules/a.js"].update(
                    integrity="sha1-abcd"), r"a\.js: its integrity is .sha1-abcd")):
            with self.subTest(said):
                self.setUp()
                change()
                self.assertTrue(re.search(said, self.run_script()))


if __name__ == "__main__":
    unittest.main()
