"""libgenre, the C engine that ships, from Python."""

import functools
import os
import tempfile

import numpy as np

import features
import weights
from answers import Answers


class EngineError(Exception):
    """What libgenre refused, in its own words."""


@functools.cache
def library(build=None):
    """gi.repository.Genre, of the build directory or else of the installed
    library; the first one that a process loads is the one that it has."""
    try:
        import gi
        gi.require_version("GIRepository", "2.0")
        from gi.repository import GIRepository
        # of the library, and of its typelib; where neither is nothing changes
        folders = [(os.path.join(folder, "src", "genre"),) * 2
                   for folder in features.build_folders(build)]
        if features.places:
            folders.append((features.places.LIBRARY, features.places.TYPELIB))
        for library_folder, folder in folders:
            if os.path.exists(os.path.join(folder, "Genre-1.0.typelib")):
                GIRepository.Repository.prepend_search_path(folder)
                GIRepository.Repository.prepend_library_path(library_folder)
                break
        gi.require_version("Genre", "1.0")
        from gi.repository import Genre
        return Genre
    except (ImportError, ValueError) as e:
        raise EngineError(f"libgenre cannot be used from Python: {e}; install "
                          "python3-gi and gir1.2-genre-1.0, or build the project with "
                          "-Dintrospection=enabled") from e


class Engine:
    """libgenre with one model loaded."""

    def __init__(self, model, build=None):
        from gi.repository import GLib
        genre, self._error = library(build), GLib.Error
        self._model = self._call(genre.Model.load, os.fspath(model))
        self._classifier = self._call(
            genre.Classifier.new, self._model, 22050, None)
        self.n_parameters = self._model.get_n_parameters()
        self.labels = self._model.get_labels()
        # of all heads, that of the genres first
        self.heads = [self._model.get_head_name(i)
                      for i in range(self._model.get_n_heads())]

    def _call(self, function, *arguments):
        try:
            return function(*arguments)
        except self._error as e:
            raise EngineError(e.message) from e

    def _analyse(self, db):
        """The Genre.Prediction of decibels [frames][128]."""
        columns = np.ascontiguousarray(db, np.float32).tobytes()
        return self._call(self._classifier.analyse_bytes, columns)

    def predict(self, x, head=0):
        """Probabilities [labels] of one mel image uint8 [frames][128], by the head of
        this number."""
        return self.predict_db(features.decibels(x), head)

    def predict_db(self, db, head=0):
        """The same of decibels [frames][128]."""
        return np.array(self._analyse(db).get_values(head), np.float32)

    def embed(self, x):
        """The embedding of one mel image, of length 1; of length 0 if the model has
        none."""
        return np.array(self._analyse(features.decibels(x)).get_embedding(),
                        np.float32)

    def find_head(self, name):
        """The number of the head of this name."""
        if name not in self.heads:
            raise features.DataError(f"the model has no head {name!r}")
        return self.heads.index(name)

    def labels_of(self, head):
        return self._model.get_head_labels(head)


def predict(model, data, build=None):
    """What the weights file `model` says of the tracks of data (features.Data):
    probabilities [tracks][labels], truths [tracks] as indices into the labels,
    and the labels."""
    engine = Engine(model, build)
    missing = [g for g in data.genres if g not in engine.labels]
    if missing:
        raise features.DataError(
            f"the model has no label {', '.join(missing)}")
    y = np.array([engine.labels.index(data.genres[i]) for i in data.y])
    p = np.stack([engine.predict(x) for x in data.x])
    return p, y, engine.labels


def of_folds(folder, names, build=None):
    """{name of a track: the Engine that was not trained on it} for the tracks `names`,
    of the networks in the folder of a cross-validation, and its Answers."""
    answers = Answers.load(folder)
    engines = {f: Engine(os.path.join(folder, f"fold{f}.safetensors"), build)
               for f in np.unique(answers.fold)}
    networks = {name: engines[f] for name, f in zip(answers.names, answers.fold)}
    missing = [name for name in names if name not in networks]
    if missing:
        raise features.DataError(f"{folder}: no fold has the track {missing[0]}")
    return networks, answers


def logits(model, x, build=None):
    """What the network's last dense layer gives for each of the images x, up to
    one number for all outputs of an image: [N][outputs]."""
    tensors, metadata = weights.load(model)
    layers = [{**layer, "temperature": 1.0} if layer["type"] == "softmax"
              else layer for layer in metadata["layers"]]
    labels = metadata["labels"]
    if layers[-1]["type"] == "share_other":
        layers, labels = layers[:-1], labels + ["other"]
    network = _open(tensors, metadata, labels, layers, build)
    p = np.stack([network.predict(image) for image in x])
    return np.log(np.maximum(p, 1e-30, dtype=np.float64))


def open_other(model, build=None):
    """The engine with the network of `model`, but with one label more, "other":
    the network's own output for what is not music, before its probability is
    shared out among the genres."""
    tensors, metadata = weights.load(model)
    if metadata["layers"][-1]["type"] != "share_other":
        raise features.DataError(f"{model}: the model has no output for what "
                                 "is not music")
    return _open(tensors, metadata, metadata["labels"] + ["other"],
                 metadata["layers"][:-1], build)


def _open(tensors, metadata, labels, layers, build):
    """The engine with these tensors, labels and layers."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "network.safetensors")
        weights.save(path, tensors, metadata["name"], metadata["version"], labels,
                     layers)
        return Engine(path, build)
