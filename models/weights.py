"""The weights file: safetensors, with the network's description beside it.

The format is public: 8 bytes little-endian length of the header, a JSON header
{name: {dtype, shape, data_offsets}}, then the raw tensors.  Everything that the
engine needs to know stands in the header's "__metadata__", whose values are
strings by that format's rule; the structured ones hold JSON.
"""

import hashlib
import json
import os
import struct

import numpy as np

import features

# The front end that the engine computes; it refuses a file that asks another.
FRONTEND = {
    "sample_rate": 22050, "n_fft": 2048, "hop_length": 512, "n_mels": 128,
    "f_min": 0, "f_max": 11025, "frames": 387, "duration": 30, "top_db": 80,
}
# what the engine takes; and what pretraining ends with, which knows no genre
FORMAT, PRETRAINED = "genreclassify-1", "genreclassify-pretrained-1"


def save(path, tensors, name, version, labels, layers, heads=(), embedding=(),
         extra=None):
    """Writes `tensors` {name: float array} to `path`, whole or not at all.  heads:
    what else answers from the features (what the last layer "mean" or "last" gives), at
    most 8 of {"name", "labels", "layers"}, the last layer of each softmax or
    sigmoid.  embedding: the layers that make the embedding of the features."""
    metadata = {
        "format": FORMAT, "name": name, "version": version,
        "labels": json.dumps(labels), "frontend": json.dumps(FRONTEND),
        "layers": json.dumps(layers), **(extra or {}),
    }
    if heads:
        metadata["heads"] = json.dumps(heads)
    if embedding:
        metadata["embedding"] = json.dumps(embedding)
    header, offset = {"__metadata__": metadata}, 0
    arrays = {k: np.ascontiguousarray(v, "<f4") for k, v in tensors.items()}
    # of all that follows the header: a file cannot hold its own
    hashed = hashlib.sha256()
    for array in arrays.values():
        hashed.update(array)
    metadata["sha256"] = hashed.hexdigest()
    for key, array in arrays.items():
        header[key] = {"dtype": "F32", "shape": list(array.shape),
                       "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    temporary = f"{path}.part"
    with open(temporary, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            f.write(array.tobytes())
    os.replace(temporary, path)


def load(path):
    """Gives (tensors, metadata), the structured metadata already parsed."""
    with open(path, "rb") as f:
        content = f.read()
    try:
        size, = struct.unpack("<Q", content[:8])
        header, data = json.loads(content[8:8 + size]), content[8 + size:]
        metadata = header.pop("__metadata__")
        for key in ("labels", "frontend", "layers"):
            metadata[key] = json.loads(metadata[key])
        for key in ("heads", "embedding"):
            metadata[key] = json.loads(metadata.get(key, "[]"))
        tensors = {}
        for key, entry in header.items():
            begin, end = entry["data_offsets"]
            tensors[key] = np.frombuffer(
                data[begin:end], "<f4").reshape(entry["shape"])
    except (struct.error, ValueError, KeyError, TypeError, AttributeError,
            OverflowError, RecursionError) as e:
        raise features.DataError(f"{path}: not a weights file: {e}")
    return tensors, metadata


def has_other(path):
    """Whether the network has an output for what is not music."""
    return load(path)[1]["layers"][-1]["type"] == "share_other"


def set_temperature(path, temperature):
    """Writes the file anew with this temperature of its softmax."""
    def change(layers):
        for layer in layers:
            if layer["type"] == "softmax":
                layer["temperature"] = temperature
    _rewrite(path, change)


def add_metadata(path, **texts):
    """Writes the file anew with these strings in its metadata as well."""
    _rewrite(path, **texts)


def figures(result, split, new_artists):
    """metrics.measure()'s `result` as metadata, for those who have only the file:
    `genreclassify models` and the service's page show it.  split: of which tracks;
    new_artists: whether none of their artists was trained on."""
    return {"figures": json.dumps({
        "split": split, "n": result["n"], "new_artists": new_artists,
        **{k: round(result[k], 4) for k in ("accuracy", "macro_f1", "ece")}})}


def _rewrite(path, change_layers=lambda layers: None, **texts):
    tensors, metadata = load(path)
    change_layers(metadata["layers"])
    known = {k: metadata.pop(k)
             for k in ("name", "version", "labels", "layers", "heads", "embedding")}
    extra = {k: v for k, v in metadata.items()
             if k not in ("format", "frontend")}
    save(path, tensors, **known, extra={**extra, **texts})


def save_network(path, network, **description):
    """Writes a PyTorch network; names are PyTorch's own (conv1.weight ...)."""
    save(path, _arrays(network), layers=network.layers, heads=network.heads,
         embedding=network.embedding_layers, **description)


def save_pretrained(path, student, name, tags, without=(), extra=None):
    """Writes a student.Student that has learnt no genre yet: its network
    (network.conv1.weight ...) with its heads (heads.tags.weight ...).  tags: what
    each output of the head "tags" is called; without: sources of the corpus that it
    has not heard."""
    save(path, _arrays(student), name, "", [], student.network.layers,
         extra={"format": PRETRAINED, "tags": json.dumps(tags),
                "without": json.dumps(list(without)), **(extra or {})})


def load_pretrained(path):
    """Gives (tensors, names of the tags, sources that it has not heard) of what
    save_pretrained() wrote."""
    tensors, metadata = load(path)
    if metadata.get("format") != PRETRAINED:
        raise features.DataError(f"{path}: a weights file, but not one of pretraining: "
                                 f"its format is {metadata.get('format')}, expected "
                                 f"{PRETRAINED}")
    return (tensors, json.loads(metadata["tags"]),
            json.loads(metadata.get("without", "[]")))


def digest(path):
    """What tells one file from another; None of None."""
    if path is None:
        return None
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def _arrays(module):
    return {k: v.numpy() for k, v in module.state_dict().items()
            if not k.endswith("num_batches_tracked")}
