"""PyTorch peers of the recipe `classifier` and of the tfjs program `mnist-convnet`."""

import torch
import torch.nn.functional as F
from torch import nn

from torch_peers.timing import Steps, update


def digit_classifier():
    return nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2, 2),
        nn.Conv2d(16, 32, 5), nn.ReLU(), nn.MaxPool2d(2, 2),
        nn.Flatten(), nn.Linear(512, 128), nn.ReLU(),
        nn.Dropout(0.4), nn.Linear(128, 10),
    )  # fmt: skip


def bench_classifier(options, batch=64):
    torch.manual_seed(1)
    net = digit_classifier()
    if options.channels_last:
        net = net.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3, **options.adam)
    x, labels = torch.rand(batch, 784), torch.randint(10, (batch,))
    step = update(optimizer, options.compiled(lambda: F.cross_entropy(net(x), labels)))
    return {"classifier_step_ms": Steps(step, max(options.steps, 100))}


def bench_mnist_convnet(options, batch=64):
    torch.manual_seed(1)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2, 2),
        nn.Conv2d(8, 16, 5), nn.ReLU(), nn.MaxPool2d(2, 2),
        nn.Flatten(), nn.Linear(256, 10),
    )  # fmt: skip
    if options.channels_last:
        net = net.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, **options.adam)
    x, labels = torch.rand(batch, 1, 28, 28), torch.randint(10, (batch,))
    step = update(optimizer, options.compiled(lambda: F.cross_entropy(net(x), labels)))
    return {"mnist_convnet_step_ms": Steps(step, max(options.steps, 100))}
