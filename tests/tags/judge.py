# SPDX-License-Identifier: GPL-2.0-or-later
"""Lets the command write a folder of files and take it back, and judges it by what
is in the files, as containers.py sees them, and by FFmpeg and mutagen."""

import json
import os
import re
import shutil
import struct
import subprocess
import typing
import zlib
from concurrent.futures import ThreadPoolExecutor

import mutagen
from mutagen.apev2 import APEv2
from mutagen.id3 import ID3

import containers

MODEL = os.path.join(os.environ["TEST_SMALL_MODELS"], "crnn.safetensors")
GENRE, ID3V1_GENRE = "Reggae", 16
# seconds; twice as long without progress is a hang, on however busy a machine
PATIENCE = 20
# what is damaged by chance may be refused for any reason
ANY = "."


class Answer(typing.NamedTuple):
    error: typing.Optional[str]       # why it was not analysed
    written: bool
    old: typing.Optional[str]
    new: typing.Optional[str]
    reason: typing.Optional[str]      # why it was not written
    code: typing.Optional[str]
    skipped: bool


def make_model(path, label="reggae"):
    """One whose answer is always the same."""
    with open(MODEL, "rb") as f:
        size = struct.unpack("<Q", f.read(8))[0]
        header = json.loads(f.read(size))
        weights = f.read()
    header["__metadata__"]["labels"] = json.dumps(
        [label + i * "-" for i in range(10)])
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + weights)
    return path


def read(path):
    with open(path, "rb") as f:
        return f.read()


def play(path):
    """(MD5 of the decoded audio or None, the genre that FFmpeg sees)"""
    try:
        result = subprocess.run(
            ["ffmpeg", "-nostdin", "-hide_banner", "-i", path, "-map", "0:a",
             "-bitexact", "-f", "md5", "-"],
            capture_output=True, timeout=3 * PATIENCE)
    except subprocess.TimeoutExpired:
        return None, None
    genre = re.search(rb"^ +genre +: (.*)$", result.stderr,
                      re.MULTILINE | re.IGNORECASE)
    return (result.stdout.strip() or None,
            genre and genre.group(1).decode("utf-8", "replace"))


def mutagen_genre(path):
    """What mutagen sees: None if it cannot read the file or its tags."""
    try:
        audio = mutagen.File(path)
        tags = audio.tags
        if tags is None or isinstance(tags, ID3) and "TCON" not in tags:
            # an APE tag may be there as well
            tags = APEv2(path)
        for key in "TCON", "\xa9gen", "WM/Genre", "genre":
            try:
                value = tags[key]
            except (KeyError, ValueError, TypeError):
                continue
            return "; ".join(str(v) for v in (
                value if isinstance(value, list) else getattr(
                    value, "text", [value])))
        return ""
    except Exception:  # whatever mutagen raises for files that it was not made for
        return None


class Judge:
    """@cases have a name, data, expect and words (oddfiles.Case); the folder of
    the run is below @root."""

    def __init__(self, program, root, jobs=2):
        self.program = program
        self.root = root
        self.jobs = jobs
        self.model = make_model(os.path.join(root, "model.safetensors"))
        self.problems = {}
        self.written = self.refused = 0
        self.reasons = {}
        self.crashes = []

    def problem(self, name, text):
        self.problems.setdefault(name, []).append(text)

    def run(self, *arguments, files=1):
        """The command's output; one that hangs is a problem of no one file."""
        command = [self.program, *arguments]
        environment = {**os.environ,
                       "XDG_STATE_HOME": os.path.join(self.root, "state")}
        process = subprocess.Popen(command, env=environment,
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=120 + files * 5)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.problem("the command", f"hangs: {' '.join(arguments)}")
        return process.returncode, out.decode("utf-8", "replace"), err.decode(
            "utf-8", "replace")

    def answers(self, output):
        """{name: Answer}"""
        result = {}
        for line in output.splitlines():
            try:
                value = json.loads(line)
            except ValueError:
                self.problem("the command", f"prints no JSON: {line[:80]}")
                continue
            write = value.get("write") or {}
            result[os.path.basename(value["file"])] = Answer(
                value["error"], bool(write.get("written")), write.get("old"),
                write.get("new"), write.get("error") or write.get("note"),
                write.get("error_code") or value["error_code"],
                value["skipped"])
        return result

    def write_arguments(self, *more):
        return ["--write", "--overwrite", "--min-confidence=0", "--json",
                "--quiet", f"--jobs={self.jobs}", f"--timeout={2 * PATIENCE}",
                f"--model={self.model}", *more]

    def judge(self, cases, batch, again=True):
        """Writes them all and takes it back; @again: whether to write all a second
        time, or every fifth."""
        folder = os.path.join(self.root, batch)
        os.mkdir(folder)
        cases = {case.name: case for case in cases}
        for case in cases.values():
            with open(os.path.join(folder, case.name), "wb") as f:
                f.write(case.data)
        cache = f"--cache={folder}.cache"
        count = len(cases)
        dry = self.run(*self.write_arguments(folder, "--dry-run", cache),
                       files=count)
        self.check_status("--dry-run", dry)
        for name, case in cases.items():
            if read(os.path.join(folder, name)) != case.data:
                self.problem(name, "a dry run changes it")
        self.check_kept(folder, cases, cache)
        log = f"{folder}.log"
        real = self.run(*self.write_arguments(folder, cache, f"--log={log}"),
                        files=count)
        self.check_status("--write", real)
        self.check_folder(folder, cases, "after --write")
        promised, answers = self.answers(dry[1]), self.answers(real[1])
        changed = {}
        for name, case in cases.items():
            path = os.path.join(folder, name)
            if not os.path.exists(path):
                self.problem(name, "is gone")
                continue
            after = read(path)
            self.check_answer(case, answers.get(name), promised.get(name))
            if after != case.data:
                changed[name] = after
                self.check_change(case, answers.get(name), after)
            elif name in answers and answers[name].written:
                self.problem(name, "is said to be written, and is untouched")
        self.check_players(folder, cases, changed)
        if again:
            self.check_again(folder, {
                name: data for name, data in changed.items()
                if again is True or zlib.crc32(name.encode()) % 5 == 0})
        if changed:
            self.check_undo(folder, log, cases, changed)
        return changed

    def check_kept(self, folder, cases, cache):
        """A genre that is there is kept by default."""
        present = {name: genres for name, genres in (
            (name, plain_genres(case.data)) for name, case in cases.items())
            if genres}
        if not present:
            return
        arguments = self.write_arguments("--dry-run", cache, *(
            os.path.join(folder, name) for name in present))
        arguments.remove("--overwrite")
        result = self.run(*arguments, files=len(present))
        self.check_status("--dry-run", result)
        for name, answer in self.answers(result[1]).items():
            if answer.written:
                self.problem(name, "the default replaces the genre "
                             f"{present[name]}")

    def check_status(self, what, result):
        if result[0] not in (0, 1, 3):
            self.problem("the command", f"{what} ends with {result[0]}: "
                         f"{result[2][-300:]}")

    def check_folder(self, folder, cases, when):
        for name in os.listdir(folder):
            if name not in cases:
                self.problem("the command", f"leaves {name} {when}")

    def check_answer(self, case, answer, promise):
        name = case.name
        if not answer:
            return self.problem(name, "there is no answer")
        # a damaged file does not always fail in the same way
        if promise != answer and not (promise and (promise.error or answer.error)):
            self.problem(name, f"a dry run says {describe(promise)}, "
                         f"the run {describe(answer)}")
        if answer.code == "decoder-crashed" and case.words == ANY:
            # in a process of its own, by a fault of GStreamer's
            self.crashes.append(name)
        elif answer.code in ("timeout", "decoder-crashed"):
            self.problem(name, f"hangs or crashes: {answer.error or answer.reason}")
        if answer.error:
            if case.expect == "write":
                self.problem(name, f"is not analysed: {answer.error}")
            if not answer.code:
                self.problem(name, "there is no error_code")
            return None
        if answer.written:
            self.written += 1
            if case.expect == "keep":
                self.problem(name, "is written")
            return None
        self.refused += 1
        if case.expect == "write":
            self.problem(name, f"is refused: {answer.reason} ({answer.code})")
        elif not answer.reason or not answer.code:
            self.problem(name, f"is not written, with reason {answer.reason} and "
                         f"code {answer.code}")
        else:
            self.reasons.setdefault(answer.reason, []).append(name)
            if not re.search(case.words, answer.reason, re.IGNORECASE):
                self.problem(name, f"the reason does not name the obstacle "
                             f"({case.words}): {answer.reason}")
        return None

    def check_change(self, case, answer, data):
        name = case.name
        if not answer or not answer.written:
            self.problem(name, "is changed, and not said to be")
        before, after = containers.parse(case.data), containers.parse(data)
        for difference in containers.compare(before, after):
            self.problem(name, difference)
        genres = containers.read_genres(after)
        if [GENRE] not in genres.values():
            self.problem(name, f"the genre is not in it: {genres}")
        for container, values in genres.items():
            if values != [GENRE] and not foreign_genre(container, after, before):
                self.problem(name, f"{container} has the genre {values}")

    def check_players(self, folder, cases, changed):
        """FFmpeg decodes the same, and it or mutagen sees the genre."""
        with ThreadPoolExecutor(2) as pool:
            after = list(pool.map(
                lambda name: play(os.path.join(folder, name)), changed))
            before_folder = folder + ".before"
            os.mkdir(before_folder)
            for name in changed:
                with open(os.path.join(before_folder, name), "wb") as f:
                    f.write(cases[name].data)
            before = list(pool.map(
                lambda name: play(os.path.join(before_folder, name)), changed))
        for name, (old, _), (new, genre) in zip(changed, before, after):
            path = os.path.join(before_folder, name)
            if old != new:
                # of what is damaged, FFmpeg's threads do not always make the same
                old, new = play(path)[0], play(os.path.join(folder, name))[0]
            if old != new:
                self.problem(name, f"FFmpeg decodes other audio: {old} -> {new}")
            readable = mutagen_genre(path) is not None
            seen = mutagen_genre(os.path.join(folder, name))
            if readable and seen is None:
                self.problem(name, "mutagen cannot read it any more")
            if GENRE not in (seen, genre) and (readable or seen is not None):
                self.problem(name, "neither mutagen nor FFmpeg sees the genre, but "
                             f"{seen} and {genre}")
        shutil.rmtree(before_folder)

    def check_again(self, folder, changed):
        """The genre that was written is seen, and kept."""
        if not changed:
            return
        arguments = self.write_arguments(*(
            os.path.join(folder, name) for name in changed))
        arguments.remove("--overwrite")
        result = self.run(*arguments, files=len(changed))
        self.check_status("a second --write", result)
        answers = self.answers(result[1])
        for name, data in changed.items():
            if read(os.path.join(folder, name)) != data:
                self.problem(name, "a second run changes it")
            elif name in answers and answers[name].old != GENRE:
                self.problem(name, f"a second run sees the genre "
                             f"{answers[name].old}: "
                             f"{answers[name].error or answers[name].reason}")

    def check_undo(self, folder, log, cases, changed):
        result = self.run("--undo", log, files=len(changed))
        self.check_status("--undo", result)
        self.check_folder(folder, cases, "after --undo")
        failed = {}
        for line in result[2].splitlines():
            match = re.match(r"genreclassify: .*?/([^/]*?): (.*)", line)
            if match:
                failed[match.group(1)] = match.group(2)
        for name, case in cases.items():
            data = read(os.path.join(folder, name))
            if name not in changed:
                if data != case.data:
                    self.problem(name, "--undo changes what was not written")
                continue
            if data == case.data:
                continue
            if name in failed:
                self.problem(name, f"--undo: {failed[name]}")
                continue
            for difference in containers.compare(
                    containers.parse(case.data), containers.parse(data),
                    strict=True):
                self.problem(name, f"after --undo: {difference}")

    def report(self, keep=None, cases=()):
        """The problems as text; files that have any are put into @keep."""
        if keep and self.problems:
            os.makedirs(keep, exist_ok=True)
            for case in cases:
                if case.name in self.problems:
                    with open(os.path.join(keep, case.name), "wb") as f:
                        f.write(case.data)
        return "\n".join(
            f"{name}: {text}" for name, texts in sorted(self.problems.items())
            for text in texts[:4])


def plain_genres(data):
    """Those that anybody would call one, where players look."""
    parsed = containers.parse(data)
    return [genre for container, genres in containers.read_genres(parsed).items()
            for genre in genres if re.fullmatch(r"[A-Z][A-Za-z /-]{2,}", genre)
            and genre.lower() not in ("other", "none", "unknown", "genre")
            and (parsed.kind != "Ogg" or container.endswith("#0/comments"))]


def foreign_genre(container, after, before):
    """One that may stay as it is: of another stream, of a chained one, of a track or
    of a level in Matroska, or where a player does not look."""
    if container.startswith("ID3v1#"):
        # no genre, or the same
        return any(piece.name == container + "/genre" and piece.data in (
            b"\xff", bytes([ID3V1_GENRE])) for piece in after.pieces)
    return container.startswith(("Tags#", "ID3v1+#")) or (
        after.kind == "Ogg" and not container.endswith("#0/comments"))


def describe(answer):
    if not answer:
        return "nothing"
    if answer.error:
        return f"error: {answer.error}"
    return (f"written, {answer.old} -> {answer.new} ({answer.reason})"
            if answer.written else f"not written: {answer.reason} ({answer.code})")
