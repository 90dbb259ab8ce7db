"""The benchmark's onnxsim peer: training steps that `onnxsim.compile_training` makes of ONNX graphs, run by onnxruntime.

The nets, batches and Adam of the recipes `vae-mlp` and `classifier`; the noise and dropout's mask are drawn by NumPy
inside the step and fed. Protocol and clocks are those of torch_peer.py with `--serve`: a line of JSON, a list of arguments,
for a line of JSON, numbers or what went wrong.

    python bench/onnxsim_peer.py --serve [--threads 2]

Needs `onnx`, `onnxsim` and `onnxruntime`.
"""

import argparse
import json
import sys

import numpy as np
import onnx
import onnxruntime
import onnxsim.version
from onnx import TensorProto, helper, numpy_helper
from onnxsim.compile_training import compile_training_loop
from torch_peers.clock import median_ms

OPSET = 17


class Graph:
    """Nodes one after the other; weights and numbers become initializers."""

    def __init__(self):
        self.random = np.random.default_rng(1)
        self.nodes, self.initializers, self.trained = [], [], []

    def op(self, name, *inputs, outputs=1, **attributes):
        made = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(name, list(inputs), made, **attributes))
        return made[0] if outputs == 1 else made

    def constant(self, value, dtype=np.float32):
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def weight(self, *shape):
        fan_in = int(np.prod(shape[1:])) if len(shape) == 4 else shape[0]
        name = self.constant(self.random.standard_normal(shape) / np.sqrt(fan_in))
        self.trained.append(name)
        return name

    def dense(self, x, inputs, outputs):
        return self.op("Gemm", x, self.weight(inputs, outputs), self.weight(outputs))

    def convolution(self, x, inputs, outputs, kernel):
        return self.op("Conv", x, self.weight(outputs, inputs, kernel, kernel), self.weight(outputs))

    def step(self, loss, inputs):
        """The compiled step: feeds -> loss."""
        ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()]
        out = [helper.make_tensor_value_info(loss, TensorProto.FLOAT, [])]
        graph = helper.make_graph(self.nodes, "step", ports, out, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        return compile_training_loop(onnx.shape_inference.infer_shapes(model), loss, self.trained)


def vae_mlp(batch=64, latent=20):
    g = Graph()
    h = "x"
    for inputs, outputs in ((784, 400), (400, 400)):
        h = g.op("Elu", g.dense(h, inputs, outputs))
    mu, log_var = g.dense(h, 400, latent), g.dense(h, 400, latent)
    half = g.op("Exp", g.op("Mul", log_var, g.constant(0.5)))
    h = g.op("Add", mu, g.op("Mul", half, "noise"))
    for inputs, outputs in ((latent, 400), (400, 400)):
        h = g.op("Elu", g.dense(h, inputs, outputs))
    logits = g.dense(h, 400, 784)
    # Cross-entropy of bits: softplus(logits) - x logits. The KL in closed form: -(1 + log var - mu^2 - var) / 2.
    pixels = g.op("Sub", g.op("Softplus", logits), g.op("Mul", "x", logits))
    spread = g.op("Add", g.op("Mul", mu, mu), g.op("Exp", log_var))
    kl = g.op("Mul", g.op("Sub", g.op("Sub", spread, log_var), g.constant(1)), g.constant(0.5))
    per_image = [g.op("Mul", g.op("ReduceMean", part, keepdims=0), g.constant(n)) for part, n in ((pixels, 784), (kl, latent))]
    step = g.step(g.op("Add", *per_image), {"x": [batch, 784], "noise": [batch, latent]})
    x = (np.random.default_rng(2).random((batch, 784)) < 0.2).astype(np.float32)
    return lambda: step({"x": x, "noise": g.random.standard_normal((batch, latent), np.float32)}, lr=1e-3)


def classifier(batch=64):
    g = Graph()
    h = "x"
    for inputs, outputs in ((1, 16), (16, 32)):
        h = g.op("Relu", g.convolution(h, inputs, outputs, 5))
        h = g.op("MaxPool", h, kernel_shape=[2, 2], strides=[2, 2])
    h = g.op("Reshape", h, g.constant([batch, 512], np.int64))
    h = g.op("Mul", g.op("Relu", g.dense(h, 512, 128)), "mask")
    log_p = g.op("Log", g.op("Softmax", g.dense(h, 128, 10), axis=-1))
    mean = g.op("ReduceMean", g.op("Mul", log_p, "target"), keepdims=0)
    feeds = {"x": [batch, 1, 28, 28], "mask": [batch, 128], "target": [batch, 10]}
    step = g.step(g.op("Mul", mean, g.constant(-10)), feeds)
    x = g.random.random((batch, 1, 28, 28), np.float32)
    target = np.eye(10, dtype=np.float32)[np.arange(batch) % 10]

    def run():
        mask = (g.random.random((batch, 128), np.float32) < 0.6).astype(np.float32) / np.float32(0.6)
        return step({"x": x, "mask": mask, "target": target}, lr=2e-3)

    return run


STEPS = {"vae-mlp": vae_mlp, "classifier": classifier}


def limit_threads(threads):
    """onnxsim opens its sessions without options."""
    session = onnxruntime.InferenceSession

    class Limited(session):
        def __init__(self, model, sess_options=None, **others):
            options = sess_options or onnxruntime.SessionOptions()
            options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
            super().__init__(model, options, **others)

    onnxruntime.InferenceSession = Limited


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--serve", action="store_true", required=True)
    limit_threads(parser.parse_args().threads)
    asked = argparse.ArgumentParser()
    asked.add_argument("--only", choices=STEPS, required=True)
    asked.add_argument("--steps", type=int, default=40)
    made = {}
    print(json.dumps({"onnxsim": onnxsim.version.version, "onnxruntime": onnxruntime.__version__}), flush=True)
    for line in sys.stdin:
        try:
            request = asked.parse_args(json.loads(line))
            if request.only not in made:
                made[request.only] = STEPS[request.only]()
            answer = {"step_ms": median_ms(made[request.only], request.steps)}
        except Exception as error:
            lines = str(error).strip().splitlines()
            answer = {"error": f"{type(error).__name__}: {lines[0] if lines else ''}"[:200]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
