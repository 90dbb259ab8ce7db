"""PyTorch peers of the recipes `siamese` (its own design, not the assignment's) and `simsiam` (preset `small`)."""

import torch
import torch.nn.functional as F
from torch import nn

from torch_peers.timing import Steps, update
from torch_peers.updating import Averages, averaged


class Siamese(nn.Module):
    """Several small convolutional nets side by side, each with an embedding of its own."""

    def __init__(self, members=2, filters=16, embedding=64, margin=2.0):
        super().__init__()
        self.margin = margin

        def convolution(inputs, outputs, kernel, stride=1):
            layer = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
            return layer, nn.BatchNorm2d(outputs), nn.ReLU()

        self.bodies = nn.ModuleList(
            nn.Sequential(
                *convolution(1, filters, 5, 2),
                *convolution(filters, 2 * filters, 3), nn.MaxPool2d(2),
                *convolution(2 * filters, 4 * filters, 3), nn.MaxPool2d(2),
                nn.Flatten(),
            )
            for _ in range(members)
        )  # fmt: skip
        self.heads = nn.ModuleList(nn.Linear(4 * filters * 7 * 5, embedding) for _ in range(members))

    def forward(self, x, dropout=0.4):
        """Faces [batch, 1, 112, 92] -> the members' embeddings."""
        seen = (F.avg_pool2d(x, 2) - 0.5) * 4
        for body, head in zip(self.bodies, self.heads):
            yield head(F.dropout(body(seen), dropout)) * 0.1


def pairwise_contrastive(embeddings, labels, margin):
    """All pairs of a batch, no image with itself; same and different people half and half."""
    squared = (embeddings[:, None] - embeddings[None]).square().sum(-1)
    equal = (labels[:, None] == labels[None]).float()
    same, different = equal - torch.eye(len(labels)), 1 - equal
    apart = F.relu(margin - torch.sqrt(squared + 1e-12)).square()

    def mean(values, pairs):
        return (values * pairs).sum() / pairs.sum().clamp(min=1)

    return (mean(squared, same) + mean(apart, different)) / 2


def bench_siamese(options, batch=64, people=30):
    torch.manual_seed(1)
    net = Siamese()
    if options.channels_last:
        net = net.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, **options.adam)
    x, labels = torch.rand(batch, 1, 112, 92), torch.randint(people, (batch,))

    def loss():
        losses = [pairwise_contrastive(embeddings, labels, net.margin) for embeddings in net(x)]
        return torch.stack(losses).mean()

    step = averaged(update(optimizer, options.compiled(loss)), Averages(net))
    return {"siamese_step_ms": Steps(step, options.steps)}


class BasicBlock(nn.Module):
    """He et al. 2016: two 3 x 3 convolutions beside the identity, or beside a 1 x 1 convolution where the shape changes."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs),
        )  # fmt: skip
        same = stride == 1 and inputs == outputs
        self.outer = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        )

    def forward(self, x):
        return F.relu(self.inner(x) + self.outer(x))


def encoder(width, stages=4):
    blocks, channels = [], width
    for stage in range(stages):
        blocks.append(BasicBlock(channels, width * 2**stage, 2 if stage else 1))
        channels = width * 2**stage
    stem = nn.Conv2d(3, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def dense(*sizes):
    """Linear layers without biases, each normalised, then ReLU."""
    for inputs, outputs in zip(sizes, sizes[1:]):
        yield from (nn.Linear(inputs, outputs, bias=False), nn.BatchNorm1d(outputs), nn.ReLU())


def bench_simsiam(options, batch=64, width=16, dimensions=256):
    torch.manual_seed(1)
    features = 8 * width
    backbone = encoder(width)
    output = nn.Linear(features, dimensions, bias=False), nn.BatchNorm1d(dimensions, affine=False)
    projector = nn.Sequential(*dense(features, features, features), *output)
    predictor = nn.Sequential(*dense(dimensions, dimensions // 4), nn.Linear(dimensions // 4, dimensions))
    if options.channels_last:
        backbone = backbone.to(memory_format=torch.channels_last)
    parameters = [p for net in (backbone, projector, predictor) for p in net.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=0.4 * batch / 256, momentum=0.9, weight_decay=5e-4)
    views = [torch.randn(batch, 3, 32, 32) for _ in range(2)]

    def loss():
        z1, z2 = (projector(backbone(x)) for x in views)
        p1, p2 = predictor(z1), predictor(z2)
        return -(F.cosine_similarity(p1, z2.detach()).mean() + F.cosine_similarity(p2, z1.detach()).mean()) / 2

    return {"simsiam_step_ms": Steps(update(optimizer, options.compiled(loss)), options.steps)}
