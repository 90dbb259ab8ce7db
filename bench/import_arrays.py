"""Arrays as the importer's benchmark reads them: NAME.bin with float64 numbers, little-endian, and NAME.json that says what lies where."""

import json
import math
from pathlib import Path

import numpy as np


def write_arrays(stem, groups):
    """groups: for each role (inputs, outputs ...) pairs of a name and a numpy array."""
    numbers, offset, index = [], 0, {}
    for role, entries in groups.items():
        index[role] = []
        for name, array in entries:
            whole = array.dtype.kind in "iub"
            index[role].append({"name": name, "shape": list(array.shape), "whole": whole, "offset": offset})
            numbers.append(array.astype("<f8").tobytes())
            offset += math.prod(array.shape)
    Path(f"{stem}.bin").write_bytes(b"".join(numbers))
    Path(f"{stem}.json").write_text(json.dumps(index))
