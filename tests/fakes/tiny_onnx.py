"""A local embedding model of a few hundred bytes: a table of word vectors, in the files that real models come in."""

import struct

import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace


def _number(value):
    out = b""
    while True:
        value, low = value >> 7, value & 127
        out += bytes([low | (128 if value else 0)])
        if not value:
            return out


def _field(tag, value):
    """One field of a protocol buffer: a number, or bytes."""
    if isinstance(value, int):
        return _number(tag << 3) + _number(value)
    raw = value.encode() if isinstance(value, str) else value
    return _number(tag << 3 | 2) + _number(len(raw)) + raw


def _value(name, kind, dims):
    shape = b"".join(_field(1, _field(1, dim) if isinstance(dim, int) else _field(2, dim)) for dim in dims)
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + _field(2, shape)))


def write(folder, words, dimensions=64, seed=1):
    """``model.onnx`` (Gather from a table by input_ids) and ``tokenizer.json`` over ``words``."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {"[UNK]": 0, "[PAD]": 1, **{word: n for n, word in enumerate(words, 2)}}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    table = np.random.default_rng(seed).normal(size=(len(vocabulary), dimensions)).astype("<f4")
    node = _field(1, "table") + _field(1, "input_ids") + _field(2, "last_hidden_state") + _field(4, "Gather")
    tensor = _field(1, table.shape[0]) + _field(1, table.shape[1]) + _field(2, 1) + _field(8, "table") + _field(9, table.tobytes())
    graph = (
        _field(1, node)
        + _field(2, "tiny")
        + _field(5, tensor)
        + _field(11, _value("input_ids", 7, ["batch", "length"]))
        + _field(11, _value("attention_mask", 7, ["batch", "length"]))
        + _field(12, _value("last_hidden_state", 1, ["batch", "length", dimensions]))
    )
    model = _field(1, 8) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 13))
    (folder / "model.onnx").write_bytes(model)
    assert struct.calcsize("<f") == table.itemsize
    return folder
