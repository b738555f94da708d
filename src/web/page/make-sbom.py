#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later

"""Writes what the page bundles as an SBOM, SPDX 2.3 in JSON, the same bytes at every
build: make-sbom.py VERSION LOCK MODULES OUTPUT [PACKAGE NOTICE]...

VERSION is the page's; LOCK is package-lock.json, and MODULES the folder node_modules
that npm has made of it.  NOTICE is where the page has the text of a package's licence.
SOURCE_DATE_EPOCH is the time that the SBOM says, if it is given."""

import base64
import datetime
import json
import os
import pathlib
import re
import sys
import uuid

# when package-lock.json was last changed
CHANGED = datetime.datetime(2026, 11, 21, 14, 41, 58, tzinfo=datetime.timezone.utc)
LICENCE = "GPL-2.0-or-later"
NAMESPACE = "https://spdx.org/spdxdocs/genreclassify-page"


def created():
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        time = (datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc)
                if epoch else CHANGED)
    except (ValueError, OverflowError, OSError):
        sys.exit(f"SOURCE_DATE_EPOCH is \"{epoch}\", expected seconds since 1970.")
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def spdx_id(*parts):
    return "SPDXRef-" + re.sub("[^A-Za-z0-9.]+", "-", "-".join(parts)).strip("-")


def purl(name, version):
    """A scope's "@" is escaped."""
    return f"pkg:npm/{name.replace('@', '%40')}@{version}"


def address(name, version):
    """Where npm has it, whatever registry it was fetched from."""
    return f"https://registry.npmjs.org/{name}/-/{name.split('/')[-1]}-{version}.tgz"


def digest(name, integrity):
    for word in integrity.split():
        if word.startswith("sha512-"):
            return base64.b64decode(word.removeprefix("sha512-"), validate=True).hex()
    sys.exit(f"{name}: its integrity is \"{integrity}\", expected sha512-….")


def copyright_of(name, folder):
    """The lines of its licence that begin with "Copyright"."""
    texts = sorted(path for path in folder.iterdir()
                   if re.match("licen[cs]e|copying", path.name, re.I))
    lines = [line.strip() for text in texts
             for line in text.read_text("utf-8").splitlines()
             if re.match(r"copyright\b.*\d", line.strip(), re.I)]
    if not lines:
        sys.exit(f"{name}: no file LICENSE with a line \"Copyright\" is in {folder}.")
    return "\n".join(lines)


def bundled(path, locked, modules, notices):
    """What there is to say of a package that the lock has at PATH."""
    name = path.rpartition("node_modules/")[2]
    folder = modules / path.removeprefix("node_modules/")
    its = json.loads((folder / "package.json").read_text("utf-8"))
    version, licence = locked["version"], its.get("license")
    if (its["name"], its["version"]) != (name, version):
        sys.exit(f"{path}: it is {its['name']} {its['version']}, where the lock has "
                 f"{name} {version}.")
    if not isinstance(licence, str):
        sys.exit(f"{name}: its package.json has no licence as SPDX writes it.")
    if name not in notices:
        sys.exit(f"{name}: where does the page have the text of its licence?")
    return {
        "name": name,
        "SPDXID": spdx_id("Package", name, version),
        "versionInfo": version,
        "primaryPackagePurpose": "LIBRARY",
        "downloadLocation": address(name, version),
        "filesAnalyzed": False,
        "checksums": [{"algorithm": "SHA512",
                       "checksumValue": digest(name, locked["integrity"])}],
        **({"homepage": its["homepage"]} if "homepage" in its else {}),
        "licenseConcluded": licence,
        "licenseDeclared": licence,
        "copyrightText": copyright_of(name, folder),
        "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
             "referenceLocator": purl(name, version)},
            {"referenceCategory": "OTHER", "referenceType": "notice",
             "referenceLocator": notices[name],
             "comment": "The text of its licence, beside the page."},
        ],
    }


def make(version, lock, modules, notices):
    page = {
        "name": "genreclassify-page",
        "SPDXID": spdx_id("Package", "genreclassify-page"),
        "versionInfo": version,
        "primaryPackagePurpose": "APPLICATION",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": LICENCE,
        "licenseDeclared": LICENCE,
        "copyrightText": "NOASSERTION",
    }
    packages = [bundled(path, locked, modules, notices)
                for path, locked in sorted(lock["packages"].items())
                if path and not locked.get("dev")]
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"genreclassify-page-{version}",
        "documentNamespace": "",
        "creationInfo": {
            "created": created(),
            "creators": [f"Tool: genreclassify-make-sbom-{version}"],
        },
        "packages": [page, *packages],
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
             "relatedSpdxElement": page["SPDXID"]},
            *({"spdxElementId": page["SPDXID"], "relationshipType": "CONTAINS",
               "relatedSpdxElement": package["SPDXID"]} for package in packages),
        ],
    }
    # another content, another name
    content = json.dumps(document, sort_keys=True)
    document["documentNamespace"] = \
        f"{NAMESPACE}-{version}-{uuid.uuid5(uuid.NAMESPACE_URL, content)}"
    return document


def main():
    version, lock, modules, output, *notices = sys.argv[1:]
    document = make(version, json.loads(pathlib.Path(lock).read_text("utf-8")),
                    pathlib.Path(modules), dict(zip(notices[::2], notices[1::2])))
    pathlib.Path(output).write_text(
        json.dumps(document, ensure_ascii=False, indent=2) + "\n", "utf-8")


main()
