"""ONNX's own tests of its operators, as files: those of its own domain (`ai.onnx`).

    python import_node_tests.py FOLDER [OPERATOR...]

Writes NAME.onnx with NAME.json and NAME.bin (inputs and outputs), and NAME-constants.onnx, in which inputs after the first that are
whole numbers, scalars or lists of at most 8 numbers are initializers (the first, too, where all are such scalars or lists). One line of JSON on stdout for each test.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
from import_arrays import write_arrays
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

warnings.filterwarnings("ignore")


# Half-precision results are rounded at every step there, and at none here.
ROUNDING = {"float16": 2 * 2.0**-10, "bfloat16": 2 * 2.0**-7}


def as_array(value):
    """Types that numpy has not come as TensorProto."""
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def is_numeric(array):
    """Texts, sequences, complex numbers and absent optionals are not."""
    return isinstance(array, (np.ndarray, np.generic)) and np.asarray(array).dtype.kind not in "OUSc"


def with_constants(model, inputs):
    """The model with small inputs as initializers, and the names of those."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph, moved = model.graph, []
    few = lambda array: array.ndim <= 1 and array.size <= 8
    first = 0 if all(few(array) for array in inputs) else 1
    for port, array in list(zip(graph.input, inputs))[first:]:
        if array.dtype.kind in "iub" or few(array):
            tensor = numpy_helper.from_array(array, port.name)
            if tensor.data_type != port.type.tensor_type.elem_type:
                continue
            graph.initializer.append(tensor)
            graph.input.remove(port)
            moved.append(port.name)
    return model, moved


def own_domain(model):
    return all(node.domain in ("", "ai.onnx") for node in model.graph.node)


def main(folder, only):
    folder = Path(folder)
    print(json.dumps({"onnx": onnx.__version__}), flush=True)
    cases = [case for case in collect_testcases() if case.model is not None and own_domain(case.model)]
    operators = {}
    for case in cases:
        if "_expanded" not in case.name:
            operators[case.name] = case.model.graph.node[0].op_type if len(case.model.graph.node) == 1 else case.model.graph.node[-1].op_type
    for case in cases:
        operator = operators.get(case.name.split("_expanded")[0], case.model.graph.node[-1].op_type)
        if only and operator not in only:
            continue
        inputs, outputs = ([as_array(value) for value in part] for part in case.data_sets[0])
        stem = folder / case.name
        row = {"name": case.name, "operator": operator, "stem": str(stem), "rtol": case.rtol, "atol": case.atol}
        Path(f"{stem}.onnx").write_bytes(case.model.SerializeToString())
        if not all(is_numeric(array) for array in [*inputs, *outputs]):
            print(json.dumps({**row, "numeric": False}), flush=True)
            continue
        inputs, outputs = [np.asarray(x) for x in inputs], [np.asarray(x) for x in outputs]
        row["rtol"] = max([case.rtol] + [ROUNDING.get(y.dtype.name, 0) for y in outputs])
        graph = case.model.graph
        named = lambda ports, arrays: [(port.name, array) for port, array in zip(ports, arrays)]
        write_arrays(stem, {"inputs": named(graph.input, inputs), "outputs": named(graph.output, outputs)})
        constants, moved = with_constants(case.model, inputs)
        Path(f"{stem}-constants.onnx").write_bytes(constants.SerializeToString())
        print(json.dumps({**row, "numeric": True, "moved": moved}), flush=True)


main(sys.argv[1], sys.argv[2:])
