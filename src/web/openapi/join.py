#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later

"""Makes openapi.json, the description of the service, of its parts:
join.py DESCRIPTION SCHEMAS RESPONSES VERSION OUTPUT."""

import json
import pathlib
import sys


def main():
    *parts, version, output = sys.argv[1:]
    description, schemas, responses = (
        json.loads(pathlib.Path(part).read_text("utf-8")) for part in parts)
    description["info"]["version"] = version
    description["components"].update(schemas=schemas, responses=responses)
    pathlib.Path(output).write_text(
        json.dumps(description, ensure_ascii=False, indent=2) + "\n", "utf-8")


main()
