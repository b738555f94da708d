#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later

"""Makes of the page's files those that are served, so that a slow line shows the page
soon: pack.py LIST OUTPUT_LIST DEPFILE FOLDER...

LIST and OUTPUT_LIST are GResource lists; the files of LIST are looked for in FOLDERs,
those of OUTPUT_LIST lie in the folder "packed" beside it.

A request costs two round trips, one for its connection. So index.html has its
stylesheets in it, and names all modules that app.js needs at once. Every file of
text is there a second time, as NAME.gz, the same bytes at every build."""

import gzip
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

TEXT = {".html", ".css", ".js", ".json", ".svg", ".txt"}

SHEET = re.compile(r'[ \t]*<link rel="stylesheet" href="([^"]+)">\n')
START = re.compile(r'[ \t]*<script type="module" src="([^"]+)"></script>\n')
IMPORT = re.compile(r"^(?:import|\}) [^;]*?from '\./([^']+)';$", re.M)
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def modules_of(name, read, found):
    """The modules that the module NAME imports when it is loaded."""
    for module in IMPORT.findall(read(name)):
        if module not in found:
            found.append(module)
            modules_of(module, read, found)
    return found


def pack_html(html, read):
    sheets = "".join(COMMENT.sub("", read(name)) for name in SHEET.findall(html))
    sheets = re.sub(r"\s*\n\s*", "\n", sheets)
    start, = START.findall(html)
    links = "".join(f'    <link rel="modulepreload" href="{name}">\n'
                    for name in modules_of(start, read, []))
    html = SHEET.sub("", html)
    return START.sub(lambda script:
                     f"    <style>{sheets}</style>\n{script[0]}{links}", html)


def main():
    source, target, depfile = map(pathlib.Path, sys.argv[1:4])
    folders = [pathlib.Path(folder) for folder in sys.argv[4:]]
    packed = target.parent / "packed"
    tree = ElementTree.parse(source)
    group = tree.getroot().find("gresource")
    used = {}

    def find(name):
        for folder in folders:
            if (folder / name).exists():
                used[name] = folder / name
                return used[name]
        sys.exit(f"There is no {name} in {', '.join(map(str, folders))}.")

    def read(name):
        return find(name).read_text("utf-8")

    for entry in list(group):
        name = entry.get("alias") or entry.text
        if pathlib.Path(name).suffix == ".css":
            find(entry.text)  # it is in index.html
            group.remove(entry)
            continue
        data = find(entry.text).read_bytes()
        if name == "index.html":
            data = pack_html(data.decode(), read).encode()
        (packed / name).parent.mkdir(parents=True, exist_ok=True)
        (packed / name).write_bytes(data)
        entry.text = name
        entry.attrib.pop("alias", None)
        if pathlib.Path(name).suffix in TEXT:
            (packed / f"{name}.gz").write_bytes(gzip.compress(data, 9, mtime=0))
            ElementTree.SubElement(group, "file").text = f"{name}.gz"
    tree.write(target, "utf-8", xml_declaration=True)
    depfile.write_text(f"{target.name}: {' '.join(map(str, used.values()))}\n")


main()
