#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the processor time of the command goes into: parts of the process.

  shares.py BUILD WORK [--formats FORMAT ...] [--seconds N]

An hour of MP3 and of WAV, made in WORK as pipeline.py does, under perf (linux-perf)
with its clock of the processor.  The build needs debugging symbols of libgenre, by
whose source files its functions are grouped; a second table has each of the network's
and the front end's.
"""

import argparse
import collections
import os
import re
import shutil
import subprocess
import sys

import measure
import pipeline

FREQUENCY = 997     # samples a second, and not in step with what recurs
PROGRAM = "genreclassify"
LOADERS = "model", "gst-plugin-scan"     # threads that only load
LEAST = 0.1         # % of a function that is worth a line

START = "start: what loads libraries, plugins and weights"
KERNEL = "kernel"
DECODER = "decoder and parser"
FFT = "FFT"
FRAMEWORK = "GStreamer, GLib and libc"
REST = "the rest"
NETWORK = "network: "
FRONT = "front end: "
PARTS = (
    DECODER,
    *(NETWORK + part for part in ("convolutions", "GRUs", "rest")),
    FFT,
    *(FRONT + part for part in (
        "mono mix", "halving the rate", "window", "powers", "filterbank", "decibels",
        "columns and segments")),
    "element", FRAMEWORK, KERNEL, START, REST)

# Of other libraries, by their names.
LIBRARIES = (
    (r"^\[kernel|^\[vdso|^\[guest", KERNEL),
    (r"^ld-linux|^ld-musl", START),
    (r"^libfftw", FFT),
    (r"^libopenblas|^libgfortran|^libblas", NETWORK + "rest"),
    (r"^libgstgenreclassify", "element"),
    (r"^libmpg123|^libgstmpg123|^libgstaudioparsers|^libFLAC|^libgstflac"
     r"|^libgstwavparse|^libgstlibav|^libav|^libgsttypefind", DECODER),
    (r"^libgst|^libglib|^libgobject|^libgmodule|^libgio|^libffi|^libc\.|^libpthread"
     r"|^liborc", FRAMEWORK),
)

# Of libgenre, by function and then by source file.
FUNCTIONS = (
    (r"^(conv2d_(pack|fold)|genre_(pack|first_pack)|.*(dup_tensor|safetensors))",
     START),
    (r"^(genre_)?(elu|sigmoid|softmax|standardise)", NETWORK + "rest"),
    (r"^(genre_)?window", FRONT + "window"),
    (r"^(genre_)?(real_)?powers?(_|$)", FRONT + "powers"),
    (r"^(genre_)?filter(bank)?(_|$)", FRONT + "filterbank"),
    (r"^(genre_)?halve(_|$)", FRONT + "halving the rate"),
    (r"^(genre_)?decibels", FRONT + "decibels"),
)
SOURCES = (
    (r"/weights/|/modelfolder\.c", START),
    (r"/downmix", FRONT + "mono mix"),
    (r"/filterbank", FRONT + "filterbank"),
    (r"/kernels/spectrum", FRONT + "columns and segments"),
    (r"/kernels/(product|gates)\.|/layers/(gru|lstm|recurrent|linear|matrix)",
     NETWORK + "GRUs"),
    # most of the others are of these: what of them is not, the second table shows
    (r"/kernels/|/layers/conv2d", NETWORK + "convolutions"),
    (r"/layers/|/(network|chain|head|model|prediction)\.c", NETWORK + "rest"),
    (r"/genre/", FRONT + "columns and segments"),
)


def find(table, text):
    return next((part for pattern, part in table if re.search(pattern, text)), None)


def read_sources(library):
    """{function: source file} of libgenre; of static ones of the same name, the
    first."""
    lines = subprocess.run(["nm", "--line-numbers", "--defined-only", library],
                           stdout=subprocess.PIPE, text=True, check=True).stdout
    sources = {}
    for line in lines.splitlines():
        fields, _, place = line.partition("\t")
        words = fields.split()
        if len(words) == 3 and words[1] in "tT" and place:
            sources.setdefault(words[2], place.rpartition(":")[0])
    if not any("/genre/" in source for source in sources.values()):
        sys.exit(f"{library}: expected a library with debugging symbols (meson setup "
                 "--buildtype=debug)")
    return sources


def find_part(loads, library, function, sources):
    if loads:
        return START
    if library.startswith("libgenre"):
        return (find(FUNCTIONS, function)
                or find(SOURCES, sources.get(function, "")) or REST)
    return find(LIBRARIES, library) or REST


def record(program, path, data, environment):
    measure.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", str(FREQUENCY),
                 "-o", data, "--", program, "--quiet", "--jobs", "1", path],
                environment)
    lines = subprocess.run(
        ["perf", "script", "-i", data, "-F", "comm,pid,tid,ip,sym,dso"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        check=True).stdout
    for line in lines.splitlines():
        fields = re.match(
            r"\s*(.*?)\s+(\d+)/(\d+)\s+[0-9a-f]+ (.*) \((.*)\)$", line)
        if fields:
            name, process, thread, function, library = fields.groups()
            # main threads load what there is, and wait
            yield (name in LOADERS or process == thread, os.path.basename(library),
                   function)


def print_table(head, rows, shares):
    print(f"| {head} | " + " | ".join(f"{name}, %" for name in shares) + " |")
    print("|---" * (1 + len(shares)) + "|")
    for row in rows:
        print(f"| {row} | " + " | ".join(
            f"{of[row]:.1f}" for of in shares.values()) + " |")
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", help="build directory")
    parser.add_argument("work", help="directory for the files to play")
    parser.add_argument("--formats", nargs="+", choices=pipeline.FORMATS,
                        metavar="FORMAT", default=["mp3", "wav"])
    parser.add_argument("--seconds", type=measure.positive, default=pipeline.HOUR,
                        metavar="N", help="length of the files instead of an hour")
    args = parser.parse_args()
    for program, package in ("perf", "linux-perf"), ("nm", "binutils"):
        if not shutil.which(program):
            print(f"no {program} here ({package}): no profile")
            return
    os.makedirs(args.work, exist_ok=True)
    environment = measure.environment_of(
        args.build, os.path.join(args.work, "registry"))
    sources = read_sources(os.path.join(args.build, "src", "genre", "libgenre.so"))
    parts, functions = {}, {}
    for name in args.formats:
        path = pipeline.make(args.work, name, environment, args.seconds)
        parts[name] = collections.Counter()
        functions[name] = collections.Counter()
        samples = list(record(os.path.join(args.build, "src", PROGRAM), path,
                              os.path.join(args.work, "perf.data"), environment))
        one = 100 / len(samples)
        for loads, library, function in samples:
            part = find_part(loads, library, function, sources)
            parts[name][part] += one
            if part.startswith((NETWORK, FRONT)) and library.startswith("libgenre"):
                functions[name][f"{part}: `{function}`"] += one
    print(f"{measure.processor()}, {args.seconds} s of sound\n")
    print_table("part of the process", PARTS, parts)
    largest = {row: max(of[row] for of in functions.values())
               for of in functions.values() for row in of}
    print_table("function of libgenre", [
        row for row in sorted(largest, key=lambda row: (
            PARTS.index(row.rpartition(": ")[0]), -largest[row]))
        if largest[row] >= LEAST], functions)


if __name__ == "__main__":
    main()
