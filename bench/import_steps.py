"""The peer of `npm run imports -- steps`: exports nets of random weights, and times PyTorch's own training step of them.

python import_steps.py FOLDER NAME        prints a line of JSON when NAME.onnx is in the folder; then one a line of standard input: the
                                          milliseconds of the processor that a step took, the mean of as many steps as the line says
"""
import json
import math
import sys
import time
from pathlib import Path

import torch
import torchvision
from torch import nn


class Vit(nn.Module):
    def __init__(self, width=64, depth=4, heads=4):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 4, 4)
        self.places = nn.Parameter(0.02 * torch.randn(1, 64, width))
        layer = lambda: nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
        self.layers = nn.ModuleList([layer() for _ in range(depth)])
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2) + self.places
        for layer in self.layers:
            x = layer(x)
        return self.head(x.mean(1))


def lenet():
    convs = [nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*convs, nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


NETS = {
    "mlp": (lambda: nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)), (64, 784)),
    "lenet": (lenet, (64, 1, 28, 28)),
    "resnet18": (lambda: torchvision.models.resnet18(num_classes=10), (8, 3, 64, 64)),
    "vit": (Vit, (16, 3, 32, 32)),
}


def main(folder, name):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    make, shape = NETS[name]
    net, size = make().eval(), math.prod(shape)
    x = (((37 * torch.arange(size) + 5) % 1009).float() / 1009).reshape(shape)
    labels = torch.arange(shape[0]) % 10
    torch.onnx.export(
        net, (x,), str(Path(folder) / f"{name}.onnx"), dynamo=False, do_constant_folding=False,
        training=torch.onnx.TrainingMode.PRESERVE, input_names=["x"], output_names=["y"],
    )
    # Batch normalisation keeps its statistics, as in the file; else both would not do the same.
    optimizer = torch.optim.Adam(net.parameters(), 1e-4)

    def step():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    print(json.dumps({"shape": shape, "torch": torch.__version__, "loss": step()}), flush=True)
    step()
    for line in sys.stdin:
        start = time.process_time()
        for _ in range(int(line)):
            step()
        print(json.dumps({"ms": 1000 * (time.process_time() - start) / int(line)}), flush=True)


main(*sys.argv[1:])
