"""Files that scikit-learn (skl2onnx) and Keras (with PyTorch, and with TensorFlow by tf2onnx) write, with outputs and gradients in float64.

    python import_others.py FOLDER SEED BACKEND [NAME...]

BACKEND is torch, with which scikit-learn's nets come too, or tensorflow. Files and lines as those of import_nets.py. Parameters that a
writer folded into others are in no file, and so are not counted.
"""

import itertools
import json
import os
import sys
import warnings
from pathlib import Path

BACKEND = sys.argv[3]
os.environ.update({"KERAS_BACKEND": BACKEND, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"})
warnings.filterwarnings("ignore")

import keras
import numpy as np
import onnx
from import_arrays import write_arrays
from keras import layers

if BACKEND == "torch":
    import sklearn
    import skl2onnx
    import torch
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    torch.set_num_threads(1)
else:
    import tensorflow
    import tf2onnx


def keras_nets():
    chain = lambda shape, *parts: keras.Sequential([layers.Input(shape), *parts])
    return {
        "keras-mlp": lambda: chain((6,), layers.Dense(16, "relu"), layers.Dense(8, "tanh"), layers.Dense(3, "softmax")),
        "keras-cnn": lambda: chain(
            (12, 12, 3),
            *(layers.Conv2D(8, 3, padding="same", activation="relu"), layers.BatchNormalization(), layers.MaxPooling2D()),
            *(layers.SeparableConv2D(8, 3, activation="elu"), layers.GlobalAveragePooling2D(), layers.Dense(3)),
        ),
        "keras-decoder": lambda: chain(
            (8,),
            *(layers.Dense(72, "swish"), layers.Reshape((3, 3, 8)), layers.Conv2DTranspose(4, 4, 2, "same", activation="selu")),
            *(layers.UpSampling2D(), layers.Conv2D(1, 3, padding="same", activation="sigmoid")),
        ),
        "keras-lstm": lambda: chain((7, 4), layers.LSTM(6), layers.Dense(2)),
        "keras-text": lambda: chain(
            (9,), layers.Embedding(20, 8), layers.Conv1D(8, 3, activation="tanh"), layers.GlobalMaxPooling1D(), layers.Dense(2)
        ),
    }


def sklearn_nets():
    settings = {"hidden_layer_sizes": (12, 8), "max_iter": 20}
    return {
        "sklearn-classifier": lambda seed: MLPClassifier(**settings, random_state=seed),
        "sklearn-pipeline": lambda seed: make_pipeline(StandardScaler(), MLPClassifier(**settings, activation="tanh", random_state=seed)),
        "sklearn-regressor": lambda seed: MLPRegressor(**settings, activation="logistic", random_state=seed),
    }


def random_weights(net, random):
    """As after a training: none is equal to another, and variances are above zero."""
    for weight in net.weights:
        low, high = (0.5, 1.5) if "variance" in weight.path or "gamma" in weight.path else (-0.4, 0.4)
        weight.assign(random.uniform(low, high, weight.shape))


def in_float64(make, net):
    keras.config.set_floatx("float64")
    try:
        twin = make()
    finally:
        keras.config.set_floatx("float32")
    twin.set_weights(net.get_weights())
    return twin


def keras_reference(twin, x, factor):
    """Outputs, and gradients of mean(output * factor) by the numbers of their parameters."""
    x = x.astype(np.float64) if x.dtype.kind == "f" else x
    weights = twin.trainable_weights
    if BACKEND == "torch":
        output = twin(torch.from_numpy(x), training=False)
        gradients = torch.autograd.grad((output * torch.from_numpy(factor(output.shape))).mean(), [w.value for w in weights])
        output = output.detach()
    else:
        with tensorflow.GradientTape() as tape:
            output = twin(tensorflow.constant(x), training=False)
            loss = tensorflow.reduce_mean(output * factor(output.shape))
        gradients = [tensorflow.convert_to_tensor(g) for g in tape.gradient(loss, [w.value for w in weights])]
    numpy = lambda tensor: np.asarray(tensor, np.float64)
    return numpy(output), [(numpy(keras.ops.convert_to_numpy(w)), numpy(g)) for w, g in zip(weights, gradients)]


def sklearn_reference(model, x, factor):
    steps = list(model) if hasattr(model, "steps") else [model]
    for step in steps[:-1]:
        x = step.transform(x)
    net = steps[-1]
    activation = {"relu": torch.relu, "tanh": torch.tanh, "logistic": torch.sigmoid, "identity": lambda x: x, "softmax": lambda x: x.softmax(1)}
    as_parameter = lambda array: torch.tensor(array, dtype=torch.float64, requires_grad=True)
    layers_ = [(as_parameter(w), as_parameter(b)) for w, b in zip(net.coefs_, net.intercepts_)]
    h = torch.tensor(x, dtype=torch.float64)
    for i, (weight, bias) in enumerate(layers_):
        h = activation[net.out_activation_ if i == len(layers_) - 1 else net.activation](h @ weight + bias)
    (h * torch.from_numpy(factor(h.shape))).mean().backward()
    return h.detach().numpy(), [(p.detach().numpy(), p.grad.numpy()) for pair in layers_ for p in pair]


def by_weight(file, gradients):
    """Gradients by the names of the file, in which a writer may have moved the axes of a parameter."""
    known = {}
    for value, gradient in gradients:
        for axes in itertools.permutations(range(value.ndim)):
            known.setdefault(np.ascontiguousarray(value.transpose(axes), np.float32).tobytes(), gradient.transpose(axes))
    found = {}
    for tensor in onnx.load(file).graph.initializer:
        numbers = onnx.numpy_helper.to_array(tensor)
        if numbers.dtype == np.float32 and numbers.ndim > 0 and numbers.tobytes() in known:
            found[tensor.name] = np.ascontiguousarray(known[numbers.tobytes()])
    return found


def main(folder, seed, only):
    folder, seed = Path(folder), int(seed)
    versions = {"keras": keras.__version__}
    versions |= {"scikit-learn": sklearn.__version__, "skl2onnx": skl2onnx.__version__} if BACKEND == "torch" else {"tf2onnx": tf2onnx.__version__}
    print(json.dumps(versions), flush=True)

    def tell(name, exporter, output_name, x, factors, found):
        (output, factor) = factors
        groups = {"inputs": [("x", x)], "outputs": [(output_name, output)], "factors": [("0", factor)], "gradients": list(found.items())}
        stem = folder / f"{name}-{exporter}"
        write_arrays(stem, groups)
        print(json.dumps({"net": name, "exporter": exporter, "stem": str(stem), "parameters": max(1, len(found))}), flush=True)

    for name, make in keras_nets().items():
        if only and name not in only:
            continue
        exporter = "keras" if BACKEND == "torch" else "tf2onnx"
        random = np.random.default_rng(seed)
        net = make()
        random_weights(net, random)
        size = (3, *net.input_shape[1:])
        x = random.integers(0, 20, size).astype(np.int32) if name == "keras-text" else random.normal(size=size).astype(np.float32)
        kept = []
        factor = lambda shape: kept.append(random.normal(size=tuple(shape))) or kept[-1]
        net(x)
        file = folder / f"{name}-{exporter}.onnx"
        spec = [keras.InputSpec(shape=(None, *size[1:]), dtype=str(x.dtype))]
        try:
            net.export(str(file), format="onnx", verbose=False, input_signature=spec)
        except Exception as error:  # a writer's own failure is a row of the table
            failed = f"{type(error).__name__}: {str(error).splitlines()[0]}"
            print(json.dumps({"net": name, "exporter": exporter, "stem": str(file)[:-5], "failed": failed}), flush=True)
            continue
        output, gradients = keras_reference(in_float64(make, net), x, factor)
        tell(name, exporter, onnx.load(file).graph.output[0].name, x, (output, kept[-1]), by_weight(file, gradients))

    for name, make in (sklearn_nets() if BACKEND == "torch" else {}).items():
        if only and name not in only:
            continue
        random = np.random.default_rng(seed)
        x = random.normal(size=(120, 6)).astype(np.float32)
        target = x @ random.normal(size=6) if name == "sklearn-regressor" else (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
        model = make(seed).fit(x, target)
        kept = []
        factor = lambda shape: kept.append(random.normal(size=tuple(shape))) or kept[-1]
        output, gradients = sklearn_reference(model, x[:3], factor)
        file = folder / f"{name}-skl2onnx.onnx"
        # Without zipmap: lists of dictionaries are no tensors.
        options = None if name == "sklearn-regressor" else {"zipmap": False}
        onnx.save(skl2onnx.to_onnx(model, x[:1], options=options, target_opset={"": 18, "ai.onnx.ml": 3}), file)
        output_name = "variable" if name == "sklearn-regressor" else "probabilities"
        tell(name, "skl2onnx", output_name, x[:3], (output, kept[-1]), by_weight(file, gradients))


main(sys.argv[1], sys.argv[2], sys.argv[4:])
