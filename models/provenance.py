"""Where a weights file comes from, for those who have only the file: by which command,
from which data, under which licence, when, and by which version of this program."""

import json
import os
import re
import shlex
import sys
from collections import Counter
from datetime import datetime, timezone

import command
import corpus
import features
import weights

# what a file was of which it is not known
UNKNOWN = "not recorded"


def version():
    """Of this program: the build has noted it, and the sources have it."""
    try:
        from version import VERSION
        return VERSION
    except ImportError:
        with open(os.path.join(features.ROOT, "meson.build"), encoding="utf-8") as f:
            return re.search(r"^  version: '(.*)',$", f.read(), re.M)[1]


def without_place(word):
    """An argument without the folders of this machine: "--data=/srv/x.npz" is
    "--data=x.npz"."""
    option, equals, path = word.rpartition("=") if word.startswith("--") \
        else ("", "", word)
    if os.path.isabs(path) or os.pardir in path.split(os.sep):
        path = os.path.basename(os.path.abspath(path))
    # what is not UTF-8 cannot stand in the file
    return f"{option}{equals}{path}".encode("utf-8", "backslashreplace").decode()


def typed():
    """The command of this process."""
    script = os.path.basename(sys.argv[0])
    words = shlex.join(map(without_place, sys.argv[1:]))
    return f"{command.name(os.path.join('models', script))} {words}".strip()


def part(what, file, sha256, of=()):
    """What a file was made from.  what: "tracks" or "windows"; file: its name, a
    folder's with a / behind it; sha256: of the file, or None of a folder; of: the label
    or kind of each track or window."""
    counts = {str(k): n for k, n in sorted(Counter(of).items())}
    return {"what": what, "file": file, "sha256": sha256, "number": len(of),
            "of": counts}


def network(path):
    return {"what": "network", "file": without_place(path),
            "sha256": weights.digest(path)}


def today():
    """The day, in UTC, or the one that reproducible builds are given."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.fromtimestamp(int(epoch), timezone.utc) if epoch \
        else datetime.now(timezone.utc)
    return now.strftime("%Y-%m-%d")


def describe(args, data, keep, windows=None):
    """The metadata for a file that was made by options.arguments() `args`, of the
    tracks `keep`, bool [tracks], of features.Data `data`, and of the corpus.Corpus
    `windows`; both may be None."""
    parts = [part("tracks", *data.origin, [data.genres[i] for i in data.y[keep]])] \
        if data else []
    if windows:
        parts += [part("windows", os.path.basename(path), weights.digest(path),
                       windows.kind[windows.file == path])
                  for path in corpus.find(args.corpus)]
    parts += [network(path) for path in (args.init, args.pretrained,
                                         args.pretrain_from) if path]
    about = {"command": typed(), "data": json.dumps(parts), "created": today(),
             "program": f"genreclassify {version()}"}
    return {**about, "license": args.license} if args.license else about
