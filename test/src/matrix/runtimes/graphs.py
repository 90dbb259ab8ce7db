"""Checks or runs exported graphs: graphs.py check|run FOLDER. Prints one JSON object a line."""

import base64
import json
import sys
from pathlib import Path


def array(entry):
    import numpy

    data = numpy.frombuffer(base64.b64decode(entry["data"]), entry["type"])
    return data.reshape(entry["dims"])


def worst_error(found, expected):
    import numpy

    if found.shape != expected.shape or found.dtype != expected.dtype:
        raise ValueError(f"{found.dtype}{found.shape} instead of {expected.dtype}{expected.shape}")
    if expected.size == 0:
        return 0.0
    found, expected = found.astype("float64"), expected.astype("float64")
    same = (found == expected) | (numpy.isnan(found) & numpy.isnan(expected))
    with numpy.errstate(invalid="ignore"):
        error = numpy.where(same, 0, numpy.abs(found - expected) / numpy.maximum(1, numpy.abs(expected)))
    return float(numpy.nan_to_num(error, nan=numpy.inf).max())


def run(folder, graph):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    path = str(folder / graph["file"])
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feeds = {name: array(entry) for name, entry in graph["inputs"].items()}
    names = list(graph["expected"])
    results = session.run(names, feeds)
    return max(worst_error(result, array(graph["expected"][name])) for name, result in zip(names, results))


def check(folder, graph):
    import onnx

    onnx.checker.check_model(str(folder / graph["file"]), full_check=True)
    return 0.0


def main(mode, folder):
    module = __import__("onnx" if mode == "check" else "onnxruntime")
    print(json.dumps({"version": module.__version__}), flush=True)
    for line in (folder / "graphs.jsonl").open():
        graph = json.loads(line)
        result = {"name": graph["name"]}
        try:
            error = {"check": check, "run": run}[mode](folder, graph)
            if not error <= graph["tolerance"]:
                result["fault"] = f"off by {error:.1e}, {graph['tolerance']:.0e} is allowed"
        except Exception as error:
            result["fault"] = " ".join(str(error).split())[:400]
        print(json.dumps(result), flush=True)


main(sys.argv[1], Path(sys.argv[2]))
