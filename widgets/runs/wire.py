"""The form in which the state of a run travels; `wire.js` beside it is the other half."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def pack(message: dict[str, Any]) -> bytes:
    """A message with arrays as one buffer; `wire.js` unpacks it.

    Two unsigned 32-bit numbers (length of the header, and 1 if the run has ended, else 0), the header in JSON
    padded to a multiple of eight bytes, then all arrays as float64. In the header an array stands as
    {"array": [offset, length]}, counted in numbers.
    """
    arrays: list[np.ndarray] = []
    offset = 0

    def plain(value: Any) -> Any:
        nonlocal offset
        if isinstance(value, Mapping):
            return {name: plain(entry) for name, entry in value.items()}
        if isinstance(value, np.ndarray):
            arrays.append(np.ascontiguousarray(value, dtype=np.float64).ravel())
            offset += value.size
            return {"array": [offset - value.size, value.size]}
        if isinstance(value, list | tuple):
            return [plain(entry) for entry in value]
        if isinstance(value, np.generic):
            value = value.item()
        return None if isinstance(value, float) and not math.isfinite(value) else value

    header = json.dumps(plain(message)).encode()
    padding = b" " * (-len(header) % 8)
    ended = "failure" in message or message.get("finished", False)
    start = np.array([len(header), ended], dtype=np.uint32)
    return b"".join([start.tobytes(), header, padding, *(array.tobytes() for array in arrays)])
