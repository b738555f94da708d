"""libgenre, the C engine that ships, from Python."""

import ctypes
import os
import tempfile

import numpy as np

import features
import weights


class EngineError(Exception):
    """What libgenre refused, in its own words."""


class _GError(ctypes.Structure):
    _fields_ = [("domain", ctypes.c_uint32), ("code", ctypes.c_int),
                ("message", ctypes.c_char_p)]


class Engine:
    """libgenre with one model loaded."""

    def __init__(self, model, build=None):
        library = self._library = ctypes.CDLL(self._find(build))
        for name, result, parameters in (
                ("genre_model_load", "p", "sp"),
                ("genre_model_unref", None, "p"),
                ("genre_model_get_n_labels", "u", "p"),
                ("genre_model_get_label", "s", "pu"),
                ("genre_model_get_n_parameters", "z", "p"),
                ("genre_classifier_new", "p", "puqqqp"),
                ("genre_classifier_free", None, "p"),
                ("genre_classifier_predict", "i", "ppzpp"),
                ("g_clear_error", None, "p")):
            kinds = {"p": ctypes.c_void_p, "s": ctypes.c_char_p,
                     "u": ctypes.c_uint, "q": ctypes.c_uint64,
                     "z": ctypes.c_size_t, "i": ctypes.c_int, None: None}
            function = getattr(library, name)
            function.restype = kinds[result]
            function.argtypes = [kinds[p] for p in parameters]
        self._error = ctypes.POINTER(_GError)()
        self._model = self._check(library.genre_model_load(
            os.fsencode(model), ctypes.byref(self._error)))
        self._classifier = self._check(library.genre_classifier_new(
            self._model, 22050, 30 * 10**9, 0, 0, ctypes.byref(self._error)))
        self.n_parameters = library.genre_model_get_n_parameters(self._model)
        self.labels = [
            library.genre_model_get_label(self._model, i).decode()
            for i in range(library.genre_model_get_n_labels(self._model))]

    @staticmethod
    def _find(build):
        name = "libgenre.so.0"
        local = os.path.join(build or os.path.join(features.ROOT, "build"),
                             "src", "genre", name)
        return local if os.path.exists(local) else name

    def _check(self, result):
        if not result:
            message = self._error.contents.message.decode()
            self._library.g_clear_error(ctypes.byref(self._error))
            raise EngineError(message)
        return result

    def close(self):
        self._library.genre_classifier_free(self._classifier)
        self._library.genre_model_unref(self._model)

    def predict(self, x):
        """Probabilities [labels] of one mel image uint8 [frames][128]."""
        return self.predict_db(x.astype(np.float32) * (80 / 255) - 80)

    def predict_db(self, db):
        """The same of decibels [frames][128]."""
        db = np.ascontiguousarray(db, np.float32)
        probabilities = np.empty(len(self.labels), np.float32)
        self._check(self._library.genre_classifier_predict(
            self._classifier, db.ctypes.data, len(db),
            probabilities.ctypes.data, ctypes.byref(self._error)))
        return probabilities


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
    engine.close()
    return p, y, engine.labels


def open_other(model, build=None):
    """The engine with the network of `model`, but with one label more, "other":
    the network's own output for what is not music, before its probability is
    shared out among the genres."""
    tensors, metadata = weights.load(model)
    if metadata["layers"][-1]["type"] != "share_other":
        raise features.DataError(f"{model}: the model has no output for what "
                                 "is not music")
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "other.safetensors")
        weights.save(path, tensors, metadata["name"], metadata["version"],
                     metadata["labels"] + ["other"], metadata["layers"][:-1])
        return Engine(path, build)
