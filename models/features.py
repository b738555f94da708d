"""Mel images to train and measure with: an npz, or a folder of audio files.

An npz holds X uint8 [N][frames][bands] (dB = X / 255 * 80 - 80), y, genres,
names and split.  The mel of audio files is computed by the engine's own
program `genremel`, never here.
"""

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import zlib
from dataclasses import dataclass

import numpy as np

try:
    import places       # of an installed recipe, by ./meson.build
except ImportError:
    places = None

AUDIO = (".wav", ".au", ".mp3", ".flac", ".ogg", ".opus", ".m4a", ".aif",
         ".aiff")
MIN_LABELS, MAX_LABELS = 2, 500
MIN_SECONDS = 5             # of a track, as the command has it
COLUMNS_PER_SECOND = 387 / 30
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class DataError(Exception):
    """What is wrong with the data, as a sentence for the user."""


@dataclass
class Data:
    x: np.ndarray       # uint8 [N][frames][bands]
    y: np.ndarray       # int64 [N], index into genres
    names: list
    genres: list
    split: np.ndarray   # str [N]
    # the name of the file, or of the folder with a / behind it, and its SHA-256
    origin: tuple = (None, None)

    def in_split(self, split):
        """Which tracks, bool [N], are of one split ("train", "valid"); all of them
        for None."""
        keep = np.ones(len(self.y), bool) if split is None \
            else self.split == split
        if not keep.any():
            raise DataError(f"no track has the split {split!r}; there are: "
                            + ", ".join(sorted(set(self.split.tolist()))))
        return keep

    def part(self, split):
        return self.part_of(self.in_split(split))

    def part_of(self, keep):
        """The tracks that `keep`, bool [N], names."""
        return Data(self.x[keep], self.y[keep],
                    [n for n, k in zip(self.names, keep) if k],
                    self.genres, self.split[keep], self.origin)


def decibels(x):
    """What a mel image uint8 [...] stands for, float32."""
    return x.astype(np.float32) * (80 / 255) - 80


def image_of(db):
    """The mel image uint8 [...][frames][bands] of decibels, of which the loudest is
    255."""
    db = np.clip(db - db.max((-2, -1), keepdims=True), -80, 0)
    return np.rint((db + 80) / 80 * 255).astype(np.uint8)


def read_csv(path, key, value):
    """{key: value} of two columns of a CSV with a header, by their names."""
    try:
        with open(path, newline="", encoding="utf-8") as f:
            table = {row[key]: row[value] for row in csv.DictReader(f)}
    except KeyError as e:
        raise DataError(f"{path}: no column {e.args[0]!r}; expected {key} and "
                        f"{value}")
    except (csv.Error, UnicodeDecodeError) as e:
        raise DataError(f"{path}: not a readable CSV: {e}")
    for name, text in table.items():
        if name is None or text is None:
            raise DataError(f"{path}: the row of {name or text} is too short; "
                            f"expected {key} and {value}")
    return table


def load_npz(path):
    try:
        with open(path, "rb") as f:
            content = f.read()
        with np.load(io.BytesIO(content), allow_pickle=False) as z:
            x, y = z["X"], z["y"].astype(np.int64)
            names = [str(n) for n in z["names"]]
            genres = [str(g) for g in z["genres"]]
            split = z["split"].astype(str)
    except KeyError as e:
        raise DataError(f"{path}: {e.args[0]}; expected the arrays X, y, "
                        "names, genres and split")
    except (OSError, ValueError, zlib.error, EOFError) as e:
        raise DataError(f"{path}: not a readable npz: {e}")
    except Exception as e:  # zipfile's own errors have no common parent
        raise DataError(f"{path}: not a readable npz: {e}")
    if x.ndim != 3 or x.dtype != np.uint8 or x.shape[2] != 128:
        raise DataError(f"{path}: X is {x.dtype} {list(x.shape)}; expected "
                        "uint8 [tracks][frames][128]")
    if y.ndim != 1 or split.ndim != 1:
        raise DataError(f"{path}: y and split have {y.ndim} and {split.ndim} "
                        "dimensions; expected one value for each track")
    if not len(x):
        raise DataError(f"{path}: there is no track in it")
    if not len(x) == len(y) == len(names) == len(split):
        raise DataError(f"{path}: X, y, names and split differ in length")
    if len(y) and not 0 <= y.min() <= y.max() < len(genres):
        raise DataError(f"{path}: y goes from {y.min()} to {y.max()}; "
                        f"expected an index into {len(genres)} genres")
    return Data(x, y, names, genres, split,
                (os.path.basename(path), hashlib.sha256(content).hexdigest()))


def build_folders(build=None):
    """Where a build may be: the folder given; or else `build` beside the recipe, or
    around it, as a build has a copy."""
    return [build] if build else [os.path.join(ROOT, "build"), ROOT]


def program(name, build=None):
    """Path of a program of the build directory, or of the installed one."""
    folders = [os.path.join(folder, "src", "cli") for folder in build_folders(build)]
    if places:
        folders.append(places.PROGRAMS)
    for folder in folders + os.get_exec_path():
        candidate = os.path.join(folder, name)
        if os.access(candidate, os.X_OK):
            return candidate
    raise DataError(f"{name} was not found; build the project first "
                    "(meson setup build && meson compile -C build)")


def load_audio(folder, valid_every=4, build=None):
    """The mel images of FOLDER/<label>/**, GTZAN's own layout or deeper, with the
    folders' names as labels, or what FOLDER/labels.json maps them to.  One track in
    `valid_every` of each label, by name, is its "valid" split.  What cannot be heard is
    named and left out."""
    labels = _labels_of(folder)
    genremel = program("genremel", build)
    x, y, names, split = [], [], [], []
    for index, (name, label) in enumerate(labels.items()):
        directory = os.path.join(folder, name)
        tracks = list(_hear_all(directory, genremel))
        if not tracks:
            raise DataError(f"{directory}: no audio file that can be heard; every "
                            "label needs at least one")
        for i, (file, image) in enumerate(tracks):
            x.append(image)
            y.append(index)
            names.append(f"{name}/{file}")
            split.append("valid" if i % valid_every == valid_every - 1
                         else "train")
        print(f"{label}: {len(tracks)} files", file=sys.stderr)
    frames = max(map(len, x))
    # Shorter tracks are repeated: a crop of one stays music throughout.
    x = np.stack([np.resize(m, (frames, m.shape[1])) for m in x])
    called = os.path.basename(os.path.abspath(folder))
    return Data(x, np.array(y), names, list(labels.values()), np.array(split), (
        called.encode("utf-8", "backslashreplace").decode() + "/", None))


def _find_audio(directory):
    """Names of the audio files in a folder and in those in it, sorted; hidden ones are
    none."""
    found = []
    for entry in os.scandir(directory):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            found += [os.path.join(entry.name, file)
                      for file in _find_audio(entry.path)]
        elif entry.name.lower().endswith(AUDIO):
            found.append(entry.name)
    return sorted(found)


def _hear_all(directory, genremel):
    """Names and images of the tracks in a folder."""
    for file in _find_audio(directory):
        path = os.path.join(directory, file)
        try:
            image = mel_of_file(path, genremel)
            if len(image) < MIN_SECONDS * COLUMNS_PER_SECOND:
                raise DataError(f"{path}: shorter than {MIN_SECONDS} seconds")
            if image.min() == image.max():
                raise DataError(f"{path}: silence")
        except DataError as e:
            print(f"left out: {e}", file=sys.stderr)
            continue
        yield file, image


def _labels_of(folder):
    """{name of the folder in `folder`: its label}, by name."""
    if not os.path.isdir(folder):
        raise DataError(f"{folder}: not a folder; expected FOLDER/<label>/*")
    found = sorted(e.name for e in os.scandir(folder)
                   if e.is_dir() and not e.name.startswith("."))
    if not MIN_LABELS <= len(found) <= MAX_LABELS:
        raise DataError(f"{folder}: {len(found)} folders of labels; expected "
                        f"{MIN_LABELS} to {MAX_LABELS}")
    for name in found:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise DataError(f"{os.path.join(folder, name)!a}: its name is not UTF-8, "
                            "which a label is")
    labels = {name: name for name in found}
    labels.update(_read_labels(os.path.join(folder, "labels.json"), found))
    if len(set(labels.values())) < len(labels):
        raise DataError(f"{folder}: two of its folders have the same label")
    return labels


def _read_labels(path, found):
    """What labels.json, if there is one, says of the folders `found`."""
    if not os.path.exists(path):
        return {}
    try:
        with open(path, encoding="utf-8") as f:
            labels = json.load(f)
    except ValueError as e:
        raise DataError(f"{path}: not JSON: {e}")
    if not isinstance(labels, dict) or not all(
            isinstance(label, str) and label.strip().isprintable()
            and label.strip() for label in labels.values()):
        raise DataError(f"{path}: expected an object {{folder: label}}, each label of "
                        "printable characters")
    for name in labels:
        if name not in found:
            raise DataError(f"{path}: there is no folder {name!r} beside it")
    return {name: label.strip() for name, label in labels.items()}


def mel_of_file(path, genremel):
    """uint8 [frames][128] of the file's first 30 s, as the npz holds it."""
    with tempfile.TemporaryDirectory() as directory:
        out = os.path.join(directory, "mel.npy")
        run = subprocess.run([genremel, "--duration", "30", path, out],
                             capture_output=True, text=True)
        if run.returncode:
            raise DataError(run.stderr.strip().removeprefix("genremel: ") or
                            f"{path}: genremel failed ({run.returncode})")
        db = np.load(out)
    return image_of(db)
