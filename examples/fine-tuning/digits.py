"""A net that PyTorch trains on the digits 0 to 4 and onnx-forge on 5 to 9.

python digits.py pretrain SEED FOLDER     trains in PyTorch; writes base.onnx, few.npz (1,000 images of 5 to 9) and test.npz
python digits.py score FOLDER RUN         a fine-tuned run on test.npz, in onnxruntime and, with its weights put back, in PyTorch
python digits.py peers SEED FOLDER        the same fine-tunings in PyTorch, and a net that begins anew
python digits.py study FOLDER             all of it for the seeds 1, 2 and 3; prints the table of README.md

MNIST lies in $ONNX_FORGE_DATA/mnist (`onnx-forge data fetch mnist`). Needs torch, numpy, onnx and onnxruntime.
"""
import copy
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

EPOCHS, BATCH, RATE, FEW, MANY = 10, 32, 1e-3, 1000, 8000

# Small nets: threads wait for each other longer than they work.
torch.set_num_threads(1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.norm, self.conv2 = nn.Conv2d(1, 16, 5), nn.BatchNorm2d(16), nn.Conv2d(16, 32, 5)
        self.body, self.head = nn.Linear(512, 128), nn.Linear(128, 5)

    def forward(self, x):
        x = torch.max_pool2d(torch.relu(self.norm(self.conv1(x))), 2)
        x = torch.max_pool2d(torch.relu(self.conv2(x)), 2)
        return self.head(torch.relu(self.body(x.flatten(1))))


def mnist(part):
    folder = Path(os.environ.get("ONNX_FORGE_DATA", "data")) / "mnist"
    read = lambda name, skip: np.frombuffer(gzip.open(folder / f"{part}-{name}-ubyte.gz").read(), np.uint8, offset=skip)
    return read("images-idx3", 16).reshape(-1, 28, 28), read("labels-idx1", 8)


def tensors(images):
    return torch.from_numpy(images.astype(np.float32) / 255)[:, None]


def train(net, weights, images, labels, seed, epochs):
    """Adam; batch normalisation keeps its statistics, as the exported file does, unless the whole net is new."""
    torch.manual_seed(seed)
    optimizer = torch.optim.Adam(weights, RATE)
    x, y = tensors(images), torch.from_numpy(labels.astype(np.int64))
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x[batch]), y[batch]).backward()
            optimizer.step()
    return net.eval()


def accuracy(logits, labels):
    return float((np.asarray(logits).argmax(1) == labels).mean())


@torch.no_grad()
def logits_of(net, images):
    return np.concatenate([net(part).numpy() for part in tensors(images).split(500)])


def pretrain(seed, folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    (images, labels), (test_images, test_labels) = mnist("train"), mnist("t10k")
    net = Net().train()
    below = np.flatnonzero(labels < 5)[:MANY]
    train(net, net.parameters(), images[below], labels[below], seed, 2)
    torch.save(net.state_dict(), folder / "base.pt")
    torch.onnx.export(
        net, (torch.zeros(1, 1, 28, 28),), str(folder / "base.onnx"), dynamo=False, do_constant_folding=False,
        training=torch.onnx.TrainingMode.PRESERVE, input_names=["image"], output_names=["logits"],
        dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
    )
    chosen = np.random.default_rng(seed).permutation(np.flatnonzero(labels > 4))[:FEW]
    np.savez(folder / "few.npz", images=images[chosen], labels=labels[chosen] - 5)
    above = test_labels > 4
    np.savez(folder / "test.npz", images=test_images[above], labels=test_labels[above] - 5)
    old = accuracy(logits_of(net, test_images[~above]), test_labels[~above])
    print(json.dumps({"seed": seed, "digits 0 to 4": old}))


def score(folder, run):
    test = np.load(Path(folder) / "test.npz")
    graph = Path(run) / "graphs" / "classify.onnx"
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    x = test["images"].reshape(-1, 784).astype(np.float32) / 255
    by_runtime = session.run(["logits"], {"x": x})[0]
    net, names = Net().eval(), dict(Net().state_dict())
    weights = {t.name.removeprefix("model/"): onnx.numpy_helper.to_array(t) for t in onnx.load(graph).graph.initializer}
    # Equal weights were stored once: those of a fresh batch normalisation have the name of the node that reads them behind theirs.
    weights = {name.split("@")[0]: value for name, value in weights.items()} | {n: v for n, v in weights.items() if "@" not in n}
    net.load_state_dict({n: torch.tensor(weights[n]) if n in weights else v for n, v in names.items()})
    by_torch = logits_of(net, test["images"])
    print(json.dumps({
        "onnxruntime": accuracy(by_runtime, test["labels"]),
        "pytorch": accuracy(by_torch, test["labels"]),
        "furthest logits": float(np.abs(by_runtime - by_torch).max()),
    }))


def peers(seed, folder):
    few, test = np.load(Path(folder) / "few.npz"), np.load(Path(folder) / "test.npz")
    kept = int(0.8 * len(few["labels"]))
    images, labels = few["images"][:kept], few["labels"][:kept]
    base = Net().eval()
    base.load_state_dict(torch.load(Path(folder) / "base.pt"))
    found = {}
    for what in ["head", "all", "new"]:
        torch.manual_seed(seed)
        net = Net().train() if what == "new" else copy.deepcopy(base)
        if what != "new":
            net.head = nn.Linear(128, 5)
        weights = net.head.parameters() if what == "head" else net.parameters()
        found[what] = accuracy(logits_of(train(net, weights, images, labels, seed, EPOCHS), test["images"]), test["labels"])
    print(json.dumps(found))


WAYS = {"head": ["--train", "head.*"], "lora": ["--train", "body.weight", "--lora", "4"], "all": []}


def study(folder):
    run = lambda *words: subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE).stdout
    forge = os.environ.get("ONNX_FORGE", "npx onnx-forge").split()
    me = [sys.executable, __file__]
    rows = {way: {"here": [], "onnxruntime": [], "pytorch": [], "furthest logits": []} for way in WAYS}
    trained = {"head": [], "all": [], "new": []}
    for seed in (1, 2, 3):
        place = f"{folder}/{seed}"
        run(*me, "pretrain", str(seed), place)
        for what, value in json.loads(run(*me, "peers", str(seed), place)).items():
            trained[what].append(value)
        for way, words in WAYS.items():
            out = f"{place}/{way}"
            more = ["--epochs", str(EPOCHS), "--batch-size", str(BATCH), "--seed", str(seed), "--no-figures", "--force", "-o", out]
            run(*forge, "finetune", f"{place}/base.onnx", "--data", f"{place}/few.npz", "--head", "5", *words, *more)
            rows[way]["here"].append(json.loads(run("node", str(Path(__file__).with_name("classify.mjs")), out, f"{place}/test.npz"))["accuracy"])
            for key, value in json.loads(run(*me, "score", place, out)).items():
                rows[way][key].append(value)
    show = lambda values: f"{100 * np.mean(values):.2f} +- {100 * np.std(values, ddof=1):.2f}"
    print("| trained | onnx-forge, here | in onnxruntime (Python) | in PyTorch | furthest logits | the same in PyTorch |")
    print("| --- | --: | --: | --: | --: | --: |")
    for way, row in rows.items():
        peer = show(trained[way]) if way in trained else ""
        print(f"| {way} | {show(row['here'])} | {show(row['onnxruntime'])} | {show(row['pytorch'])} | {max(row['furthest logits']):.1e} | {peer} |")
    print(f"| a new net | | | | | {show(trained['new'])} |")


if __name__ == "__main__":
    command, *words = sys.argv[1:] or ["help"]
    if command == "pretrain":
        pretrain(int(words[0]), words[1])
    elif command == "score":
        score(*words)
    elif command == "peers":
        peers(int(words[0]), words[1])
    elif command == "study":
        study(*words)
    else:
        print(__doc__)
