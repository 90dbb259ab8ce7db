"""A second peer of `npm run imports -- steps`: PyPI's onnxsim, which compiles training steps of ONNX files for onnxruntime.

python import_steps_onnxsim.py FOLDER NAME   takes FOLDER/NAME.onnx of import_steps.py. Prints a line of JSON: the first loss, or why it
                                             is absent; then as import_steps.py does: milliseconds of the processor for each line of input
"""
import json
import sys
import time
from pathlib import Path


def say(**what):
    print(json.dumps(what), flush=True)


def main(folder, name):
    try:
        import numpy as np
        import onnx
        import onnxruntime
        import onnxsim
        from onnx import TensorProto, helper
        from onnxsim.compile_training import compile_training_loop
    except ImportError as error:
        say(absent=str(error))
        return

    # It takes no options of a session: one thread, as the others have.
    plain = onnxruntime.InferenceSession

    def with_one_thread(model, *_, **settings):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return plain(model, options, **{name: value for name, value in settings.items() if name != "sess_options"})

    onnxruntime.InferenceSession = with_one_thread

    # Arithmetic on sizes is folded, and nothing else: a batch normalisation stays one.
    model, _ = onnxsim.simplify(onnx.load(str(Path(folder) / f"{name}.onnx")), perform_optimization=False)
    model = onnx.shape_inference.infer_shapes(model)
    graph = model.graph
    shape = [dim.dim_value for dim in graph.input[0].type.tensor_type.shape.dim]
    batch, size = shape[0], int(np.prod(shape))
    weights = [tensor.name for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT and tensor.dims]
    # It has no gradient of Flatten, which is a Reshape here.
    for node in graph.node:
        if node.op_type == "Flatten":
            node.op_type = "Reshape"
            node.input.append("rows")
            del node.attribute[:]
    graph.initializer.append(helper.make_tensor("rows", TensorProto.INT64, [2], [batch, -1]))
    # Cross-entropy by Softmax and Log: it has no gradient of the loss, nor of LogSoftmax.
    graph.input.append(helper.make_tensor_value_info("labels", TensorProto.FLOAT, [batch, 10]))
    graph.initializer.append(helper.make_tensor("minus_classes", TensorProto.FLOAT, [], [-10.0]))
    for op, inputs, output, attributes in (
        ("Softmax", ["y"], "probabilities", {"axis": -1}),
        ("Log", ["probabilities"], "logs", {}),
        ("Mul", ["logs", "labels"], "products", {}),
        ("ReduceMean", ["products"], "mean", {"keepdims": 0}),
        ("Mul", ["mean", "minus_classes"], "loss", {}),
    ):
        graph.node.append(helper.make_node(op, inputs, [output], **attributes))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("loss", TensorProto.FLOAT, []))

    x = (((37 * np.arange(size) + 5) % 1009) / 1009).astype(np.float32).reshape(shape)
    feeds = {"x": x, "labels": np.eye(10, dtype=np.float32)[np.arange(batch) % 10]}
    try:
        loop = compile_training_loop(model, "loss", weights)
        say(version=onnxsim.__version__, loss=float(loop(feeds, lr=1e-4)))
    except Exception as error:  # what it has no gradient of is a row of the table
        say(absent=str(error).splitlines()[0].split(";")[0])
        return
    loop(feeds, lr=1e-4)
    for line in sys.stdin:
        start = time.process_time()
        for _ in range(int(line)):
            loop(feeds, lr=1e-4)
        say(ms=1000 * (time.process_time() - start) / int(line))


main(*sys.argv[1:])
