# SPDX-License-Identifier: GPL-2.0-or-later
"""A plugin for beets: the genre of music by what it sounds like.

The files are classified by one command, genreclassify, that is kept open: it takes
names on its standard input and answers each with a line of JSON.  The genre of a
track, or of a whole album, goes into the field "genre" if that is empty; confidence
and probabilities go into flexible attributes:

    genreclassify_genre         the most probable genre, as the model calls it
    genreclassify_confidence    its probability
    genreclassify_<genre>       the probability of each one
    genreclassify_music         the probability that it is music at all
    genreclassify_model         name and version of the model
"""

import collections
import json
import os
import re
import shlex
import subprocess
import tempfile
import threading
import urllib.parse

from beets import config, ui, util
from beets.dbcore import types
from beets.library import Item
from beets.plugins import BeetsPlugin
from mutagen.id3 import TCON

# names that are sent ahead, so that all of the command's processes have work
AHEAD = 4 * (os.cpu_count() or 1)
# of the shipped models; those of another one are to be named in "labels"
LABELS = "blues classical country disco hiphop jazz metal pop reggae rock"

# what album artists say of a record with many artists
VARIOUS = {"various", "variousartists", "va"}

PREFIX = "genreclassify_"
OTHERS = GENRE, CONFIDENCE, MUSIC, MODEL = [
    PREFIX + name for name in ("genre", "confidence", "music", "model")]


class CommandError(Exception):
    """The command is missing or does not do what it should."""


class Probability(types.Float):
    """The same as the "float" of the types plugin, so that it does no harm to
    declare a field there as well."""

    def __init__(self):
        super().__init__(4)

    def __eq__(self, other):
        return isinstance(other, types.Float)

    __hash__ = types.Float.__hash__


def normalize(name):
    """What counts in the name of a genre, as genreclassify has it."""
    return re.sub(r"[^a-z0-9]", "", name.lower()) or name


def is_compilation(album):
    """The mark is missing in many an album of "Various Artists"."""
    return album.comp or normalize(album.albumartist) in VARIOUS or \
        album.albumartist == config["va_name"].as_str()


def own_fields(model):
    """An item's fields without those that it shows of its album."""
    return model.keys(with_album=False) if isinstance(model, Item) else model.keys()


def probabilities_of(item):
    """{genre: probability} as it is stored; without a type, that is text."""
    return {field[len(PREFIX):]: float(item[field]) for field in own_fields(item)
            if field.startswith(PREFIX) and field not in OTHERS}


SPELLINGS = {normalize(genre): genre for genre in reversed(TCON.GENRES)}


def read_map(path):
    """{genre of the model: names} of a file as genreclassify --genre-map has it."""
    names = {}
    try:
        with open(path, encoding="utf-8-sig") as f:
            lines = f.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ui.UserError(f"genreclassify: genre_map cannot be read: {error}")
    for number, line in enumerate(lines, 1):
        label, equals, targets = line.strip().partition("=")
        if not line.strip() or line.strip().startswith("#"):
            continue
        if not equals or not label.strip():
            raise ui.UserError(
                f"genreclassify: {path}, line {number}: expected was a genre of "
                'the model, "=" and the names to store, such as '
                '"hiphop = Hip-Hop/Rap"')
        names[normalize(label)] = [
            name.strip() for name in targets.split(";") if name.strip()]
    return names


def name_of(answer):
    """The file that an answer is for, as it was sent."""
    if "file_bytes" in answer:
        return urllib.parse.unquote_to_bytes(answer["file_bytes"])
    return os.fsencode(answer["file"])


class Command:
    """The command, which is started when it is needed."""

    def __init__(self, arguments):
        self._arguments = arguments
        self._process = None
        self._errors = None
        self.has_answered = False

    def _start(self):
        self._errors = tempfile.TemporaryFile()
        try:
            self._process = subprocess.Popen(
                self._arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=self._errors)
        except OSError as error:
            self._errors.close()
            raise CommandError(
                f"the command {self._arguments[0]} cannot be started: "
                f"{error.strerror}; the option \"command\" names another one")

    def _give_up(self, reason=None):
        """Raises CommandError.  Without a reason the command has ended."""
        if reason:
            self._process.kill()
        status = self._end()
        with self._errors as f:
            f.seek(0)
            said = f.read().decode(errors="replace").strip()
        if not reason:
            reason = f"ended: {said}" if said else f"ended with status {status}"
        raise CommandError(f"the command {self._arguments[0]} {reason}")

    def _end(self):
        """Waits for the command's end, and gives its status."""
        process, self._process = self._process, None
        for pipe in (process.stdin, process.stdout):
            try:
                pipe.close()
            except BrokenPipeError:
                pass  # there was something left to send
        return process.wait()

    def _send(self, path):
        try:
            self._process.stdin.write(path + b"\0")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._give_up()

    def _receive(self, path):
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            self._give_up()
        try:
            answer = json.loads(line)
            name = name_of(answer)
        except (ValueError, TypeError, KeyError):
            self._give_up("answers with what is no JSON of genreclassify")
        if name != path:
            self._give_up("answered for another file than was asked for: "
                          + util.displayable_path(name))
        self.has_answered = True
        return answer

    def ask(self, paths):
        """Gives the answer for each path, in their order."""
        waiting = collections.deque()
        if not self._process:
            self._start()
        try:
            for path in paths:
                waiting.append(path)
                self._send(path)
                if len(waiting) >= AHEAD:
                    yield self._receive(waiting.popleft())
            while waiting:
                yield self._receive(waiting.popleft())
        finally:
            # nobody has waited for the answers that are under way
            if waiting and self._process:
                self._process.kill()
                self.close()

    def close(self):
        if self._process:
            self._end()
            self._errors.close()


class GenreClassifyPlugin(BeetsPlugin):
    def __init__(self):
        super().__init__()
        self.config.add({
            "auto": True,
            "force": False,
            "write": None,  # as import.write
            "album": False,
            "min_confidence": 0.7,
            "command": "genreclassify",
            "model": "",
            "genre_map": "",
            "separator": ", ",
            "placeholders": "unknown other none genre",
            "labels": LABELS,
        })
        fields = [PREFIX + normalize(label)
                  for label in self.config["labels"].as_str_seq()]
        self.item_types = dict.fromkeys([CONFIDENCE, MUSIC, *fields],
                                        Probability())
        self.album_types = self.item_types
        self._lock = threading.Lock()
        self._command = None
        self._map = None
        self._is_broken = False
        self._changed = set()  # IDs of items that got a genre
        self.register_listener("cli_exit", self._close)
        if self.config["auto"].get(bool):
            self.import_stages = [self._on_stage]
            self.register_listener("album_imported", self._on_album_imported)
            self.register_listener("item_imported", self._on_item_imported)

    def commands(self):
        command = ui.Subcommand(
            "genreclassify", help="find the genre of music by its sound")
        command.parser.add_option(
            "-f", "--force", action="store_true",
            help="classify again, and replace genres")
        command.parser.add_option(
            "-p", "--pretend", action="store_true",
            help="only show what would be stored")
        command.parser.add_option(
            "-a", "--album", action="store_true",
            help="one genre for all tracks of an album")
        command.parser.add_option(
            "-w", "--write", action="store_true", default=None,
            help="write the genre into the files")
        command.parser.add_option(
            "-W", "--nowrite", action="store_false", dest="write",
            help="do not write it")
        command.func = self._run
        return [command]

    # Options

    def _is_set(self, option, given=None):
        return bool(given) or self.config[option].get(bool)

    def _writes(self, given=None):
        if given is None:
            given = self.config["write"].get()
        return ui.should_write(None if given is None else bool(given))

    def _is_empty(self, genre):
        genre = (genre or "").strip().lower()
        return not genre or genre in map(
            str.lower, self.config["placeholders"].as_str_seq())

    def _prepare(self):
        """What is wrong here is so for every file."""
        if self._map is None:
            self._map = read_map(self.config["genre_map"].as_filename()) \
                if self.config["genre_map"].get() else {}
        if self._command is None:
            arguments = shlex.split(self.config["command"].as_str())
            if not arguments:
                raise ui.UserError('genreclassify: the option "command" is empty')
            arguments[0] = os.path.expanduser(arguments[0])
            model = os.path.expanduser(self.config["model"].as_str())
            # --null, as names may have newlines
            self._command = Command(
                [*arguments, *(["--model", model] if model else []), "--json",
                 "--quiet", "--null", "--files-from", "-"])

    def _close(self, lib=None):
        if self._command:
            self._command.close()

    # Classifying

    def _take(self, model, genre, confidence, probabilities, name):
        """Sets the flexible attributes of an item or album."""
        for field in list(own_fields(model)):
            if field.startswith(PREFIX):
                del model[field]
        model[GENRE] = genre or ""
        model[MODEL] = name
        # more digits would be stored as 1e-05, and mean nothing
        model[CONFIDENCE] = round(confidence, 4)
        for label, probability in probabilities.items():
            model[PREFIX + normalize(label)] = round(probability, 4)

    def _classify(self, items, force):
        """Gives each item, and whether its genre is known then.  What an earlier
        run has found is not looked for again, unless that is forced."""
        known = set() if force else {item.id for item in items
                                     if item.get(MODEL, with_album=False)}
        with self._lock:
            answers = self._command.ask(
                [item.path for item in items if item.id not in known])
            for item in items:
                if item.id in known:
                    yield item, True
                    continue
                answer = next(answers)
                error = answer["error"]
                if answer.get("truncated") and not force:
                    error = "Its end is missing; --force takes it as it is."
                if error:
                    self._log.warning("{0}: {1}",
                                      util.displayable_path(item.path), error)
                else:
                    # of what is silent or no music no genre is probable
                    self._take(item, answer["genre"], answer["confidence"],
                               answer["probabilities"] if answer["genre"] else {},
                               answer["model"])
                    item[MUSIC] = round(answer.get("music", 1), 4)
                yield item, not error

    def _classify_album(self, album, items):
        """Sets the album's attributes to the mean of its items', weighted by their
        lengths.  False if there is none, or the album is one of many artists."""
        sums = collections.Counter()
        seconds = 0
        for item in items:
            probabilities = probabilities_of(item)
            if probabilities:
                # a length of 0 is one that is not known
                seconds += item.length or 1
                for label, probability in probabilities.items():
                    sums[label] += probability * (item.length or 1)
        if not sums or is_compilation(album):
            return False
        means = {label: total / seconds for label, total in sums.items()}
        best = max(means, key=means.get)
        # as the model spells it, if a track tells
        spelled = {normalize(item[GENRE]): item[GENRE] for item in items}
        self._take(album, spelled.get(best, best), means[best], means,
                   items[0][MODEL])
        return True

    def _name_genre(self, model):
        """The genre to store for what is known of an item or album, or None."""
        label = model.get(GENRE)
        if not label or float(model[CONFIDENCE]) < \
                self.config["min_confidence"].as_number():
            return None
        label = normalize(label)
        names = self._map.get(label, [SPELLINGS.get(label, model[GENRE])])
        return self.config["separator"].as_str().join(names)

    # Storing

    def _set_genre(self, model, genre, force, pretend):
        """Whether the genre of an item or album was changed."""
        before = model.genre
        if not genre or genre == before or not (force or self._is_empty(before)):
            return False
        was = f", was {before}" if before else ""
        if pretend:
            ui.print_(f"{model}: would store {genre}{was}")
        else:
            self._log.info("{0}: {1}{2}", model, genre, was)
        model.genre = genre
        return True

    def _finish(self, item, genre, force, write, pretend):
        changed = self._set_genre(item, genre, force, pretend)
        if not pretend:
            item.try_sync(write and changed, False)
            if changed:
                self._changed.add(item.id)

    def _finish_album(self, items, force, write, pretend):
        album = items[0].get_album()
        has_answer = self._classify_album(album, items)
        genre = self._name_genre(album) if has_answer else None
        genres = {item.id: item.genre for item in album.items()}
        if self._set_genre(album, genre, force, pretend) and not pretend:
            # this also sets the genre of items that have one; they get it back
            album.store()
            for item in album.items():
                item.genre = genres[item.id]
                item.store()
        elif not pretend:
            album.store()
        for item in items:
            self._finish(item, genre if has_answer else self._name_genre(item),
                         force, write, pretend)

    def _process(self, items, force, write, pretend=False, by_album=False):
        """Classifies items and stores what was found.  Those of an album are to
        follow each other."""
        self._prepare()
        tracks = []
        for item, is_known in self._classify(items, force):
            if tracks and tracks[0].album_id != item.album_id:
                self._finish_album(tracks, force, write, pretend)
                tracks = []
            if not is_known:
                continue
            if by_album and item.get_album():
                tracks.append(item)
            else:
                self._finish(item, self._name_genre(item), force, write, pretend)
        if tracks:
            self._finish_album(tracks, force, write, pretend)

    def _run(self, lib, options, arguments):
        items = list(lib.items(arguments))
        by_album = self._is_set("album", options.album)
        if by_album:
            # all tracks of each album of which there is one
            albums = {item.album_id: item.get_album() for item in items}
            items = [item for item in items if not albums[item.album_id]] + [
                item for album in albums.values() if album
                for item in album.items()]
        try:
            self._process(items, self._is_set("force", options.force),
                          self._writes(options.write), options.pretend, by_album)
        except CommandError as error:
            raise ui.UserError(f"genreclassify: {error}")

    # Importing.  The genre is found before beets moves and writes the files, so
    # that paths can have it and it is among the tags; but afterwards if beets is
    # to write all but that.  What beets does not write, as of files that are
    # imported as they are, is written in the end if "write" says so.

    def _is_for_beets(self):
        return self.config["write"].get() is not False or \
            not ui.should_write()

    def _on_stage(self, session, task):
        if self._is_for_beets():
            self._import(task.imported_items())

    def _on_album_imported(self, lib, album):
        self._on_imported(list(album.items()))

    def _on_item_imported(self, lib, item):
        self._on_imported([item])

    def _on_imported(self, items):
        if not self._is_for_beets():
            self._import(items)
        elif self.config["write"].get():
            for item in items:
                if item.id in self._changed:
                    item.try_sync(True, False)
        self._changed.difference_update(item.id for item in items)

    def _import(self, items):
        if self._is_broken:
            return
        try:
            self._process(items, self._is_set("force"), False,
                          by_album=self._is_set("album"))
        except (CommandError, ui.UserError) as error:
            self._log.error("{0}", error)
            # what never worked is not tried for each album anew
            self._is_broken = not (self._command and self._command.has_answered)
