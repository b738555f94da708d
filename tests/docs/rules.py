# SPDX-License-Identifier: GPL-2.0-or-later
"""What the commands of the pages are run with instead, and what else a test has to know
of them.  Each line has its reason; what is in no table runs as it stands there, and must
exit with 0."""

import functools
import importlib.util
import shutil
import subprocess

# (what stands there, what is run, why); {home} and others are the home's.
SUBSTITUTIONS = [
    (r"(?<![\w.])/(home/me|srv|scratch|media)/",
     lambda m, home: f"{home.root}/" if m[1] == "home/me" else f"{home.root}{m[0]}",
     "folders of nobody's machine"),
    (r"/usr/(local/)?share/genreclassify", "{home}/usr/share/genreclassify",
     "the program is not installed"),
    (r"(localhost|127\.0\.0\.1):8000/", "127.0.0.1:{station}/", "the test's station"),
    (r"(localhost|127\.0\.0\.1):8080", "127.0.0.1:{service}", "a port that is free"),
    (r"genreclassify serve(?! --self-test)", "genreclassify serve --port {service}",
     "a port that is free"),
    (r"--listen :9155", "--listen 127.0.0.1:{metrics}", "a port that is free"),
    (r"localhost:9155", "127.0.0.1:{metrics}", "a port that is free"),
    (r"mqtt://(broker(?:\.example)?|localhost)/", "mqtt://127.0.0.1:{broker}/", "the test's broker"),
    (r"-h (broker\.example|localhost)", "-h 127.0.0.1 -p {broker}", "the test's broker"),
    (r"--parts \d\d+", "--parts 4", "there are a few songs"),
    (r"seq 0 99", "seq 0 3", "as many parts"),
    (r"\[OPTIONS OF train.py\]", "", "a placeholder"),
    (r"\[((?:OTHER_)?BUILD|--[^]]*)\]", r"\1", "what may be given, is"),
    (r"\b(OTHER_)?BUILD\b", "build", "a placeholder"),
    (r"\bWORK\b", "work", "a placeholder"),
    (r"\bSONG\b", "song.mp3", "a placeholder"),
    (r"\bLOG\b", lambda m, home: home.undo_log, "named by the command before"),
    (r"(?<=uploads/)ID\b|(?<=upload=)ID\b", lambda m, home: home.upload,
     "named by the command before"),
    (r"-m … !", "-m uridecodebin uri=file://{home}/song.mp3 !", "left out there"),
]

# What runs until it is ended: (the command, how it is seen to be ready, the exit status
# after SIGTERM).
BACKGROUND = [
    (r"genreclassify serve(?! --self-test)", "port", 0),
    (r"genreclassify monitor (?!report\b|--recorded\b)", "station", 0),
    (r"mosquitto_sub\b", "output", 0),
    (r"tests/examples/live-genre\S* http", "shown", -15),
]

# What comes before a command, once in a page, and why it does.
BEFORE = [
    (r"beet ", "beet import -q -A Music >/dev/null 2>&1",
     "the page says to import in a sentence"),
    (r"seq .* parallel genreclassify batch run --part \{\} DIR",
     "rm -rf DIR; genreclassify batch plan --parts 4 --out DIR Music",
     "the page says to make a plan in a sentence"),
]

# (page, command, exit status, why)
STATUSES = [
    (r".*README.md", r"(printf .*\s+)?genreclassify --files-from - --json --unordered$",
     1, "a file is shown that cannot be reached"),
]

# What is only looked at: (the command, the test of it, why).
LOOKED_AT = [
    (r"tests/bench/run\b", "sh -n tests/bench/run", "takes an hour"),
    (r"(LD_LIBRARY_PATH=\S+ )?build/tests/bench/\S+$", "test -x {last}",
     "takes minutes"),
    (r"/usr/bin/python3 tests/cluster/test_cluster.py \S+ -k \w+$",
     "test -f tests/cluster/test_cluster.py", "needs root and a cluster"),
    (r"cd tests/cluster && python3 -ic", "test -f tests/cluster/cluster.py",
     "needs root and a cluster"),
    (r"/usr/bin/python3 tests/bench/batch.py \S+ SONGS DATA$",
     "test -f tests/bench/batch.py",
     "takes minutes, and songs that are not here"),
]

# What a command needs that may be missing: (the command, the need).
NEEDS = [
    (r"\b(beet|curl|mosquitto_sub|parallel|sqlite3)\b", "program:{0}"),
    (r"\bgenreclassify (serve|monitor)\b", "command:{0}"),
    (r"127\.0\.0\.1:8080", "command:serve"),
    (r"radio\.db", "command:monitor"),
    (r"live-genre\.py", "module:gi"),
    (r"python3 (models|tests/bench)/", "module:numpy"),
]

# Words and signs in shown output that are others each time.
WORDS = {
    "genre": "blues|classical|country|disco|hip-?hop|jazz|metal|pop|reggae|rock",
    "state": "whole|running|waiting|failed|stopped|missing",
}

# What is shown only while something runs, or of a machine.
LEFT_OUT = [
    r"; [\d.]+ files a second, about \d+ \w+ left",
]


@functools.lru_cache(maxsize=None)
def is_missing(need, home):
    kind, name = need.split(":")
    if kind == "command":       # that the program may be built without
        return subprocess.run([home.build / "src/genreclassify", name, "--help"],
                              stdout=subprocess.DEVNULL).returncode != 0
    if kind == "program":
        return not shutil.which(name, path=home.environment()["PATH"])
    return not importlib.util.find_spec(name)
