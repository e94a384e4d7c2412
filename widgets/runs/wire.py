"""The form in which runs travel, live and recorded; `wire.js` beside it is the other half.

A message is one buffer of bytes: two unsigned 32-bit numbers (length of the header, and a flag that can be
read without reading the rest), the header in JSON, and all arrays, each part padded to a multiple of eight
bytes. In the header an array stands as {"array": [offset, type, shape]}, with the offset in bytes behind the
header. All numbers are little-endian, as in every browser.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

# numpy's names of what JavaScript has an array of
TYPES: dict[str, np.dtype[Any]] = {
    "f8": np.dtype("<f8"),
    "f4": np.dtype("<f4"),
    "i4": np.dtype("<i4"),
    "u1": np.dtype("u1"),
}


def pack(message: Mapping[str, Any], flag: int = 0) -> bytes:
    """A message with arrays as one buffer.

    Parameters
    ----------
    message : nested mappings and lists of plain values and arrays of any shape. Floats that are not finite
        become None, those in arrays stay.
    flag : see above.

    Raises
    ------
    TypeError : an array, or a value, of a type that has no form here.
    """
    arrays: list[bytes] = []
    offset = 0

    def plain(value: Any) -> Any:
        nonlocal offset
        if isinstance(value, Mapping):
            return {name: plain(entry) for name, entry in value.items()}
        if isinstance(value, np.ndarray):
            kind, data = as_bytes(value)
            arrays.append(data)
            offset += len(data)
            return {"array": [offset - len(data), kind, list(value.shape)]}
        if isinstance(value, list | tuple):
            return [plain(entry) for entry in value]
        if isinstance(value, np.generic):
            value = value.item()
        return None if isinstance(value, float) and not math.isfinite(value) else value

    header = padded(json.dumps(plain(message), separators=(",", ":")).encode(), b" ")
    start = np.array([len(header), flag], dtype="<u4")
    return b"".join([start.tobytes(), header, *arrays])


def unpack(buffer: bytes) -> Any:
    """The message in a buffer, with its arrays as read-only views.

    Raises
    ------
    ValueError : the buffer is not one that `pack` has made.
    """
    try:
        length = int(np.frombuffer(buffer, "<u4", 1)[0])
        header = json.loads(buffer[8 : 8 + length])
        return with_arrays(header, memoryview(buffer)[8 + length :])
    except (KeyError, TypeError, IndexError, UnicodeDecodeError) as error:
        raise ValueError(f"these bytes are no message: {error}") from error


def with_arrays(value: Any, data: memoryview) -> Any:
    """A value of the header with its arrays in place."""
    if isinstance(value, list):
        return [with_arrays(entry, data) for entry in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"array"}:
        offset, kind, shape = value["array"]
        return np.frombuffer(data, TYPES[kind], math.prod(shape), offset).reshape(shape)
    return {name: with_arrays(entry, data) for name, entry in value.items()}


def as_bytes(array: np.ndarray) -> tuple[str, bytes]:
    """Type and bytes of an array."""
    if array.dtype == bool:
        kind = "u1"
    elif array.dtype.kind in "iu" and array.dtype != np.uint8:
        kind = "i4" if not array.size or np.abs(array).max() < 2**31 else "f8"
    else:
        kind = f"{array.dtype.kind}{array.dtype.itemsize}"
    if kind not in TYPES:
        raise TypeError(f"an array of type {array.dtype} has no form in a message")
    return kind, padded(np.ascontiguousarray(array, TYPES[kind]).tobytes(), b"\0")


def padded(data: bytes, filler: bytes) -> bytes:
    """The same bytes with a length that is a multiple of eight."""
    return data + filler * (-len(data) % 8)
