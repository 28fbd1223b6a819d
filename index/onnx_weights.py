"""PURE. The weights inside a serialised ONNX model, found and changed in place.

Such a model is a Protocol Buffers message: a row of fields, each a number, a type and a value (protobuf.dev, "Encoding"). A
walk over three levels of it finds every weight, which spares the package `onnx`. How a model's fields are numbered is in
onnx.proto: ModelProto.graph 7, GraphProto.initializer 5, TensorProto.dims 1, data_type 2, name 8 and raw_data 9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

GRAPH, INITIALIZER, DIMS, DATA_TYPE, NAME, RAW_DATA = 7, 5, 1, 2, 8, 9
TYPES = {1: np.float32, 3: np.int8, 7: np.int64, 9: np.bool_}
"""TensorProto.DataType, as far as it is met with here."""

WIDEST = 127
"""The greatest number of a weight in eight bits."""


def weights_in(model: bytearray | bytes) -> dict[str, Array]:
    """The model's weights by name, in its order, each a view of its bytes: what is written there changes the model.

    Weights of another type than those of TYPES, or stored elsewhere, are left out. Raises ValueError for what is no such
    message.
    """
    found: dict[str, Array] = {}
    for number, graph in _fields(memoryview(model)):
        if number != GRAPH:
            continue
        for kind, tensor in _fields(_message(graph)):
            if kind == INITIALIZER:
                named = _tensor(_message(tensor))
                if named is not None:
                    found[named[0]] = named[1]
    return found


def changed(model: bytes, change: Mapping[str, NDArray[np.float32]]) -> bytearray:
    """The model with its weights changed.

    `NAME` takes the place of the weight NAME, which must be of its shape. `NAME.a` (r, in) and `NAME.b` (out, r) add their
    product, transposed, to the matrix (in, out) that is stored as NAME_q in eight bits, times NAME_scale (1, out): a change
    of low rank (Hu et al. 2021), after which the matrix is rounded anew. Raises KeyError for a name that the model lacks.
    """
    result = bytearray(model)
    weights = weights_in(result)
    for name, value in change.items():
        if name.endswith(".b"):
            continue
        if not name.endswith(".a"):
            weights[name][...] = value
            continue
        name = name.removesuffix(".a")
        rounded, scale = weights[f"{name}_q"], weights[f"{name}_scale"]
        whole = rounded * scale + (change[f"{name}.b"] @ value).T
        scale[...] = np.abs(whole).max(axis=0, keepdims=True) / WIDEST
        rounded[...] = np.rint(whole / scale)
    return result


def _tensor(message: memoryview) -> tuple[str, Array] | None:
    dims: list[int] = []
    kind, name, data = 0, "", None
    for number, value in _fields(message):
        if number == DIMS:
            # Packed or one by one: a parser must take both.
            dims += [value] if isinstance(value, int) else _varints(value)
        elif number == DATA_TYPE and isinstance(value, int):
            kind = value
        elif number == NAME:
            name = bytes(_message(value)).decode("utf-8")
        elif number == RAW_DATA:
            data = _message(value)
    if data is None or kind not in TYPES:
        return None
    return name, np.frombuffer(data, TYPES[kind]).reshape(dims)


def _message(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number stands where the model should have a message")
    return value


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of a message: numbers as such, the rest as bytes."""
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
            continue
        if kind == 2:
            size, at = _varint(message, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"the model has a field of an unknown type {kind}")
        if at + size > end:
            raise ValueError("the model ends in the middle of a field")
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message):
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise ValueError("the model ends in the middle of a number")


def _varints(message: memoryview) -> list[int]:
    found, at = [], 0
    while at < len(message):
        value, at = _varint(message, at)
        found.append(value)
    return found
