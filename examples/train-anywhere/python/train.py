"""Trains a saved step on recorded inputs: python train.py RUN INPUTS OUT"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime as ort

DTYPES = {"F32": np.float32, "I32": np.int32}


def read_arrays(path):
    """The header of a safetensors file, and its arrays by name."""
    data = Path(path).read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    entries = json.loads(data[8:start])
    entries.pop("__metadata__", None)
    arrays = {}
    for name, entry in entries.items():
        begin, end = entry["data_offsets"]
        numbers = np.frombuffer(data[start + begin : start + end], DTYPES[entry["dtype"]])
        arrays[name] = numbers.reshape(entry["shape"])
    return data[:start], arrays


run, inputs_file, out = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
training = json.loads((run / "manifest.json").read_text())["training"]
(step,) = training["steps"].values()
header, state = read_arrays(run / training["state"]["file"])
_, recorded = read_arrays(inputs_file)

session = ort.InferenceSession(run / step["file"], providers=["CPUExecutionProvider"])
outputs = [*step["assigns"].values(), *step["metrics"]]
learning_rates = {
    host["name"]: np.full(host["shape"], host["value"], np.float32)
    for host in step["hostInputs"]
    if host["kind"] == "learningRate"
}
steps = len(next(iter(recorded.values())))
for index in range(steps):
    feeds = {name: array[index] for name, array in recorded.items()}  # a batch and its random numbers
    feeds.update(learning_rates)
    feeds.update({name: state[name] for name in step["reads"]})
    results = dict(zip(outputs, session.run(outputs, feeds)))
    for name, output in step["assigns"].items():
        state[name] = results[output]
    if (index + 1) % 50 == 0:
        print(f"step {index + 1}", *(f"{name} {results[name]:.4f}" for name in step["metrics"]))

out.write_bytes(header + b"".join(array.tobytes() for array in state.values()))
