"""The unlabelled corpus: windows of varied audio, and what two teachers, taggers
that were trained on far more music, say of each.

A folder holds corpus_mel.zip (one 8-bit grey PNG per window, <id>.png, frames x
bands, in steps of 4 of a mel image's 255), corpus_teachers.npz (ids, musicnn_tags,
musicnn_emb, mn04_probs, mn04_emb, class_names, kind, source, genre_word: one row
per window) and gtzan_teachers.npz (ids, musicnn_tags of tracks with labels).
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
# those of its classes that GTZAN's genres are
CLASS_OF_GENRE = {
    "blues": "Blues", "classical": "Classical music", "country": "Country",
    "disco": "Disco", "hiphop": "Hip hop music", "jazz": "Jazz",
    "metal": "Heavy metal", "pop": "Pop music", "reggae": "Reggae",
    "rock": "Rock music"}


@dataclass
class Corpus:
    x: np.ndarray           # uint8 [N][frames][bands]
    tags: np.ndarray        # float32 [N][50], musicnn's probabilities
    classes: np.ndarray     # float32 [N][146], mn04's of music
    class_names: list       # [146]
    embedding: np.ndarray   # float32 [N][584], both teachers', standardised
    music: np.ndarray       # bool [N]
    kind: np.ndarray        # str [N]
    hint: np.ndarray        # str [N], genres in a name or prompt: "pop|rock"
    held_out: np.ndarray    # bool [N], not music and not to be trained on

    def part(self, keep):
        return Corpus(**{k: v if k == "class_names" else v[keep]
                         for k, v in vars(self).items()})


def load(folder):
    images = os.path.join(folder, "corpus_mel.zip")
    teachers = os.path.join(folder, "corpus_teachers.npz")
    try:
        with np.load(teachers, allow_pickle=False) as z:
            ids, kind, source = z["ids"], z["kind"], z["source"]
            hint = z["genre_word"]
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
    return Corpus(x, tags, classes, names[block], np.concatenate(embeddings, 1),
                  music, kind, hint, ~music & np.isin(source, HELD_OUT))


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


def genres_of_tags(tags, y, n_genres, decay=1.0):
    """Fits what genres follow from tags: logistic regression on their log-odds
    (tags [N][50], y [N]; rows with NaN are left out).  Gives a function from
    tags [M][50] to probabilities [M][n_genres]."""
    import torch
    known = np.isfinite(tags).all(1)
    x, y = torch.from_numpy(log_odds(tags[known])), torch.from_numpy(y[known])
    mean, deviation = x.mean(0), x.std(0) + 1e-6
    weight = torch.zeros(x.shape[1], n_genres, requires_grad=True)
    bias = torch.zeros(n_genres, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=300)

    def logits(x):
        return ((x - mean) / deviation) @ weight + bias

    def closure():
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(logits(x), y) \
            + decay * weight.square().sum() / len(y)
        loss.backward()
        return loss
    optimiser.step(closure)

    @torch.no_grad()
    def predict(tags):
        return logits(torch.from_numpy(log_odds(tags))).softmax(1).numpy()
    return predict


def genre_columns(corpus, genres):
    """Where in `classes` the genres are."""
    unknown = [g for g in genres if g not in CLASS_OF_GENRE]
    if unknown:
        raise features.DataError(
            f"the corpus knows no genre {', '.join(unknown)}; expected some of "
            + ", ".join(CLASS_OF_GENRE))
    return [corpus.class_names.index(CLASS_OF_GENRE[g]) for g in genres]


def guess_genres(corpus, genres, of_tags):
    """What the genres of the corpus' windows are, [N][genres]: the geometric
    mean of what its tags say and of mn04's probabilities of the genres
    themselves.  Where the two name different genres it is NaN: much of the
    corpus is of none of them."""
    by_tags = of_tags(corpus.tags)
    by_class = corpus.classes[:, genre_columns(corpus, genres)] + 1e-5
    p = np.sqrt(by_tags * by_class)
    p /= p.sum(1, keepdims=True)
    p[by_tags.argmax(1) != by_class.argmax(1)] = np.nan
    return p
