"""The unlabelled corpus: windows of varied audio, and what two teachers, taggers
that were trained on far more music, say of each.

A folder holds corpus_mel.zip (one 8-bit grey PNG per window, <id>.png, frames x
bands, in steps of 4 of a mel image's 255), corpus_teachers.npz (ids, musicnn_tags,
musicnn_emb, mn04_probs, mn04_emb, class_names, kind, source: one row per window)
and gtzan_teachers.npz (ids, musicnn_tags of tracks with labels).
"""

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


@dataclass
class Corpus:
    x: np.ndarray           # uint8 [N][frames][bands]
    tags: np.ndarray        # float32 [N][50], musicnn's probabilities
    classes: np.ndarray     # float32 [N][146], mn04's of music
    embedding: np.ndarray   # float32 [N][584], both teachers', standardised
    music: np.ndarray       # bool [N]
    kind: np.ndarray        # str [N]
    held_out: np.ndarray    # bool [N], not music and not to be trained on

    def part(self, keep):
        return Corpus(**{k: v[keep] for k, v in vars(self).items()})


def load(folder):
    images = os.path.join(folder, "corpus_mel.zip")
    teachers = os.path.join(folder, "corpus_teachers.npz")
    try:
        with np.load(teachers, allow_pickle=False) as z:
            ids, kind, source = z["ids"], z["kind"], z["source"]
            tags = z["musicnn_tags"].astype(np.float32)
            names = z["class_names"].tolist()
            block = slice(names.index(FIRST_CLASS),
                          names.index(LAST_CLASS) + 1)
            classes = z["mn04_probs"][:, block].astype(np.float32)
            embeddings = [z[k].astype(np.float32)
                          for k in ("musicnn_emb", "mn04_emb")]
    except KeyError as e:
        raise features.DataError(f"{teachers}: {e.args[0]}")
    except Exception as e:  # zipfile's and numpy's errors have no parent
        raise features.DataError(f"{teachers}: not a readable npz: {e}")
    try:
        x = _read_images(images, ids)
    except Exception as e:
        raise features.DataError(f"{images}: not a readable zip of PNGs: {e}")
    music = ~np.isin(kind, NOT_MUSIC)
    for e in embeddings:
        e -= e[music].mean(0)
        e /= e[music].std(0) + 1e-3
    return Corpus(x, tags, classes, np.concatenate(embeddings, 1), music, kind,
                  ~music & np.isin(source, HELD_OUT))


def _read_images(path, ids):
    from PIL import Image
    images = []
    with zipfile.ZipFile(path) as z:
        for i in ids:
            image = Image.open(io.BytesIO(z.read(f"{i}.png")))
            images.append(np.minimum(np.asarray(image, np.uint16) * 4, 255))
    return np.stack(images).astype(np.uint8)


def track_tags(folder, names):
    """musicnn's tags of labelled tracks, float32 [len(names)][50], from
    gtzan_teachers.npz; NaN for a track that it does not know."""
    path = os.path.join(folder, "gtzan_teachers.npz")
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
    return np.stack([known.get(name, unknown) for name in names])


def log_odds(p):
    p = np.clip(p, 1e-4, 1 - 1e-4)
    return np.log(p / (1 - p))
