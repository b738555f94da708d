"""The unlabelled corpora: windows of varied audio, and what two teachers, taggers
that were trained on far more music, say of each.

A corpus called NAME is NAME_mel.zip (one 8-bit grey PNG per window, <id>.png, frames
x bands, in steps of 4 of a mel image's 255) beside NAME_teachers.npz (ids,
musicnn_tags, musicnn_emb, mn04_probs, mn04_emb, kind, source: one row per window;
tag_names, class_names) and, for licences, NAME_manifest.csv (id, licence).  It is given
by its NAME_mel.zip, and all corpora of a folder by the folder.  Beside the first lies
gtzan_teachers.npz (ids, musicnn_tags of tracks with labels).
"""

import fnmatch
import io
import os
import zipfile
from dataclasses import dataclass

import numpy as np

import features

NOT_MUSIC = ("speech", "noise", "AI sound")

# Sources whose windows are never trained on: whether speech and noise are told
# from music is measured on these.
HELD_OUT = ("asterisk-core-sounds-ru-wav", "boswars-data", "librosa+data",
            "rafaelmardojai+blanket", "redeclipse-data", "scorched3d-data",
            "Stability-AI+stable-audio-2-demo", "Stability-AI+stable-audio-demo")

# mn04's classes of music: AudioSet's list has them in one block.
FIRST_CLASS, LAST_CLASS = "Music", "Scary music"

IMAGES = "_mel.zip"

# The windows that sound most like a genre are all drawn alike up to the first rank, and
# from the second on like any other.
GENRE_RANKS = (120, 480)

# The tags and classes that are called like a genre, or like what it is made of.
GENRE_TAGS = {
    "blues": ("blues", "Blues"), "classical": ("instrumental", "Classical music"),
    "country": ("country", "Country"), "disco": ("funk", "70s", "Disco"),
    "hiphop": ("Hip-Hop", "Hip hop music"), "jazz": ("jazz", "Jazz"),
    "metal": ("metal", "heavy metal", "Heavy metal"), "pop": ("pop", "Pop music"),
    "reggae": ("Reggae",),
    "rock": ("rock", "classic rock", "Rock music", "Rock and roll"),
}


@dataclass
class Corpus:
    x: np.ndarray           # uint8 [N][frames][bands]
    tags: np.ndarray        # float32 [N][50], musicnn's probabilities
    classes: np.ndarray     # float32 [N][146], mn04's of music
    names: list             # str [196]: of the tags, then of the classes
    embedding: np.ndarray   # float32 [N][584], both teachers', standardised
    music: np.ndarray       # bool [N]
    kind: np.ndarray        # str [N]
    source: np.ndarray      # str [N]
    stated: np.ndarray      # bool [N], the source states a licence
    held_out: np.ndarray    # bool [N], not music and not to be trained on
    file: np.ndarray        # str [N], the NAME_mel.zip

    def part(self, keep):
        return Corpus(**{k: v if k == "names" else v[keep]
                         for k, v in vars(self).items()})

    def weights(self, rules):
        """How often each window is drawn, float [N]: 1, or what the last rule
        (pattern, weight) says whose pattern its kind or source matches."""
        weight = np.ones(len(self.x))
        for pattern, value in rules:
            hit = np.array([fnmatch.fnmatchcase(k, pattern)
                            or fnmatch.fnmatchcase(s, pattern)
                            for k, s in zip(self.kind, self.source)])
            if not hit.any():
                raise features.DataError(
                    f"no kind and no source of the corpus is called {pattern!r}")
            weight[hit] = value
        if not weight.any():
            raise features.DataError("no window of the corpus has a weight above 0")
        return weight

    def genre_weights(self, genres, ratio):
        """How often windows are drawn, float [N], so that what sounds most like one of
        the genres comes `ratio` times as often as what sounds like none: those whose
        tags and classes called like it stand out most, down to a rank.  There is
        little blues among the music of games."""
        odds = log_odds(np.concatenate([self.tags, self.classes], 1))[self.music]
        tags = genre_tags(self.names, genres)
        tags = tags[tags.any(1)]    # of other genres nothing is known
        likeness = (odds - odds.mean(0)) / (odds.std(0) + 1e-3) @ tags.T
        rank = np.argsort(np.argsort(-likeness, 0), 0).min(1, initial=len(odds))
        weight = np.ones(len(self.x))
        weight[self.music] = np.interp(rank, GENRE_RANKS, (ratio, 1))
        return weight


def find(paths):
    """The NAME_mel.zip of all corpora that `paths`, folders and such files, name."""
    found = []
    for path in paths:
        if not os.path.isdir(path):
            if not path.endswith(IMAGES):
                raise features.DataError(
                    f"{path}: expected a folder or a file NAME{IMAGES}")
            found.append(path)
            continue
        names = sorted(n for n in os.listdir(path) if n.endswith(IMAGES))
        if not names:
            raise features.DataError(f"{path}: no file NAME{IMAGES} in it")
        found += [os.path.join(path, name) for name in names]
    return found


def load(*paths):
    """The corpora of folders and files NAME_mel.zip as one."""
    paths = find(paths)
    parts = [_load_one(path) for path in paths]
    for path, part in zip(paths, parts):
        for key in "class_names", "tag_names":
            if part[key] != parts[0][key]:
                raise features.DataError(f"{path}: its teachers have other "
                                         f"{key} than those of {paths[0]}")
    names = parts[0]["class_names"]
    block = slice(names.index(FIRST_CLASS), names.index(LAST_CLASS) + 1)

    def joined(key):
        return np.concatenate([part[key] for part in parts])
    kind, source = joined("kind"), joined("source")
    music = ~np.isin(kind, NOT_MUSIC)
    embeddings = [joined(k) for k in ("musicnn_emb", "mn04_emb")]
    for e in embeddings:
        e -= e[music].mean(0)
        e /= e[music].std(0) + 1e-3
    return Corpus(joined("x"), joined("musicnn_tags"),
                  joined("mn04_probs")[:, block],
                  parts[0]["tag_names"] + names[block],
                  np.concatenate(embeddings, 1), music, kind, source, joined("stated"),
                  ~music & np.isin(source, HELD_OUT),
                  np.repeat(paths, [len(part["kind"]) for part in parts]))


def _load_one(path):
    """The arrays of one corpus by their names in its files."""
    base = path[:-len(IMAGES)]
    teachers = f"{base}_teachers.npz"
    try:
        with np.load(teachers, allow_pickle=False) as z:
            part = {k: z[k].astype(np.float32) for k in (
                "musicnn_tags", "musicnn_emb", "mn04_probs", "mn04_emb")}
            part.update({k: z[k].astype(str) for k in ("ids", "kind", "source")})
            part["class_names"] = z["class_names"].tolist()
            part["tag_names"] = z["tag_names"].tolist()
    except KeyError as e:
        raise features.DataError(f"{teachers}: {e.args[0]}")
    except Exception as e:  # zipfile's and numpy's errors have no parent
        raise features.DataError(f"{teachers}: not a readable npz: {e}")
    for name in FIRST_CLASS, LAST_CLASS:
        if name not in part["class_names"]:
            raise features.DataError(f"{teachers}: no class {name!r}")
    try:
        part["x"] = _read_images(path, part["ids"])
    except Exception as e:
        raise features.DataError(f"{path}: not a readable zip of PNGs: {e}")
    part["stated"] = _licence_stated(f"{base}_manifest.csv", part["ids"])
    return part


def _licence_stated(path, ids):
    if not os.path.exists(path):
        return np.zeros(len(ids), bool)
    licences = features.read_csv(path, "id", "licence")
    return np.array([not licences.get(i, "not stated").startswith("not stated")
                     for i in ids])


def _read_images(path, ids):
    from PIL import Image
    images = []
    with zipfile.ZipFile(path) as z:
        for i in ids:
            image = Image.open(io.BytesIO(z.read(f"{i}.png")))
            images.append(np.minimum(np.asarray(image, np.uint16) * 4, 255))
    return np.stack(images).astype(np.uint8)


def track_tags(paths, names):
    """musicnn's tags of labelled tracks, float32 [len(names)][50], from the
    gtzan_teachers.npz beside the first corpus; NaN for a track that it does not
    know."""
    path = os.path.join(os.path.dirname(find(paths)[0]), "gtzan_teachers.npz")
    try:
        with np.load(path, allow_pickle=False) as z:
            known = dict(zip(z["ids"].tolist(),
                             z["musicnn_tags"].astype(np.float32)))
    except KeyError as e:
        raise features.DataError(f"{path}: {e.args[0]}")
    except Exception as e:
        raise features.DataError(f"{path}: not a readable npz: {e}")
    width = len(next(iter(known.values())))
    unknown = np.full(width, np.nan, np.float32)
    # those of audio files are label/name.wav
    stems = [os.path.splitext(os.path.basename(name))[0] for name in names]
    return np.stack([known.get(name, known.get(stem, unknown))
                     for name, stem in zip(names, stems)])


def genre_tags(names, genres):
    """Float32 [genres][names]: how much each tag says for a genre by its name alone;
    a genre's sum is 2, one for each teacher, or 0 where no tag is called like it."""
    matrix = np.zeros((len(genres), len(names)), np.float32)
    for row, genre in zip(matrix, genres):
        called = [i for i, name in enumerate(names)
                  if name in GENRE_TAGS.get(genre, ())]
        row[called] = 2 / max(len(called), 1)
    return matrix


def over_music(speech, music, louder):
    """Images uint8 [N][frames][bands] of each of the images `speech` together with that
    of `music`, and louder [N] decibels louder than it."""
    power = [10 ** (features.decibels(x) / 10) for x in (speech, music)]
    mean = [p.mean((1, 2), keepdims=True) for p in power]
    scale = mean[1] / mean[0] * 10 ** (np.asarray(louder)[:, None, None] / 10)
    return features.image_of(10 * np.log10(scale * power[0] + power[1]))


def log_odds(p):
    p = np.clip(p, 1e-4, 1 - 1e-4)
    return np.log(p / (1 - p))
