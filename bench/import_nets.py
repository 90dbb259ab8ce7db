"""Exports thirty small PyTorch nets with both of PyTorch's exporters, with outputs and gradients in float64 beside them.

    python import_nets.py FOLDER SEED [NAME...]

Writes NAME-dynamo.onnx and NAME-torchscript.onnx, NAME-EXPORTER.bin (float64 numbers, little-endian) and NAME-EXPORTER.json, which
says where in it each array lies. Weights are random; nothing is downloaded. One line of JSON on stdout for each file.
"""

import copy
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from import_arrays import write_arrays
from torchvision.models.efficientnet import EfficientNet, MBConvConfig

warnings.filterwarnings("ignore")
torch.set_num_threads(1)

OPSETS = {"torchscript": 17, "dynamo": 18}


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.b1 = nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.c2, self.b2 = nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)

    def forward(self, x):
        return F.relu(x + self.b2(self.c2(F.relu(self.b1(self.c1(x))))))


class UNet(nn.Module):
    def __init__(self, mode):
        super().__init__()
        self.mode = mode
        self.down1 = nn.Conv2d(1, 8, 3, padding=1)
        self.down2 = nn.Conv2d(8, 16, 3, padding=1, stride=2)
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2) if mode == "transposed" else nn.Conv2d(16, 8, 1)
        self.out = nn.Conv2d(16, 1, 3, padding=1)

    def forward(self, x):
        a = F.relu(self.down1(x))
        u = self.up(F.relu(self.down2(a)))
        if self.mode != "transposed":
            corners = {} if self.mode == "nearest" else {"align_corners": False}
            u = F.interpolate(u, scale_factor=2, mode=self.mode, **corners)
        return self.out(torch.cat([a, u], 1))


class Recurrent(nn.Module):
    def __init__(self, kind, layers=1, both=False):
        super().__init__()
        self.embedding = nn.Embedding(20, 8)
        self.cells = getattr(nn, kind)(8, 12, batch_first=True, bidirectional=both, num_layers=layers)
        self.out = nn.Linear(24 if both else 12, 3)

    def forward(self, x):
        return self.out(self.cells(self.embedding(x))[0][:, -1])


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.position = nn.Embedding(30, 32), nn.Embedding(16, 32)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(32), nn.LayerNorm(32), nn.LayerNorm(32)
        self.qkv, self.projection = nn.Linear(32, 96), nn.Linear(32, 32)
        self.f1, self.f2 = nn.Linear(32, 64), nn.Linear(64, 32)
        self.head = nn.Linear(32, 30, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, x):
        batch, length = x.shape
        h = self.embedding(x) + self.position(torch.arange(length, device=x.device))
        # Without optimisations the newer exporter writes chunks as a sequence of tensors.
        q, k, v = (each.view(batch, length, 4, 8).transpose(1, 2) for each in self.qkv(self.norm1(h)).chunk(3, -1))
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        h = h + self.projection(a.transpose(1, 2).reshape(batch, length, 32))
        h = h + self.f2(F.gelu(self.f1(self.norm2(h))))
        return self.head(self.norm3(h))


def encoder(**settings):
    layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True, activation="gelu", **settings)
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)


class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.encoder, self.out = nn.Embedding(30, 32), encoder(), nn.Linear(32, 2)

    def forward(self, x):
        return self.out(self.encoder(self.embedding(x))[:, 0])


class Vit(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 32, 4, 4)
        self.token, self.position = nn.Parameter(torch.randn(1, 1, 32)), nn.Parameter(torch.randn(1, 17, 32))
        self.encoder, self.out = encoder(norm_first=True), nn.Linear(32, 10)

    def forward(self, x):
        h = self.patches(x).flatten(2).transpose(1, 2)
        h = torch.cat([self.token.expand(h.shape[0], -1, -1), h], 1) + self.position
        return self.out(self.encoder(h)[:, 0])


class ConvNeXt(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.depthwise = nn.Conv2d(3, 16, 4, 4), nn.Conv2d(16, 16, 7, padding=3, groups=16)
        self.norm, self.f1, self.f2 = nn.LayerNorm(16), nn.Linear(16, 64), nn.Linear(64, 16)
        self.scale, self.out = nn.Parameter(0.1 * torch.ones(16)), nn.Linear(16, 10)

    def forward(self, x):
        r = self.stem(x)
        h = self.depthwise(r).permute(0, 2, 3, 1)
        h = self.f2(F.gelu(self.f1(self.norm(h)))) * self.scale
        return self.out((r + h.permute(0, 3, 1, 2)).mean((2, 3)))


class Vae(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.mean, self.log_variance = nn.Linear(64, 32), nn.Linear(32, 4), nn.Linear(32, 4)
        self.decoder, self.out = nn.Linear(4, 32), nn.Linear(32, 64)

    def forward(self, x, noise):
        h = torch.tanh(self.encoder(x))
        m, v = self.mean(h), self.log_variance(h)
        z = m + noise * torch.exp(0.5 * v)
        return torch.sigmoid(self.out(torch.tanh(self.decoder(z)))), m, v


class SwiGlu(nn.Module):
    """RMS normalisation by hand, as language models have it: the older exporter has none for nn.RMSNorm."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(16))
        self.gate, self.up = nn.Linear(16, 48, bias=False), nn.Linear(16, 48, bias=False)
        self.down = nn.Linear(48, 16, bias=False)

    def forward(self, x):
        h = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.scale
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class SuperResolution(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.norm = nn.Conv2d(3, 16, 3, padding=1), nn.InstanceNorm2d(16, affine=True)
        self.slope, self.shuffle, self.out = nn.PReLU(16), nn.PixelShuffle(2), nn.Conv2d(4, 3, 3, padding=1)

    def forward(self, x):
        return self.out(self.shuffle(self.slope(self.norm(self.first(x)))))


class TextCnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 16)
        self.convolutions = nn.ModuleList([nn.Conv1d(16, 8, width) for width in (3, 4, 5)])
        self.out = nn.Linear(24, 2)

    def forward(self, x):
        h = self.embedding(x).transpose(1, 2)
        return self.out(torch.cat([F.relu(each(h)).max(2)[0] for each in self.convolutions], 1))


class Diffusion(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.c1, self.time = nn.GroupNorm(4, 16), nn.Conv2d(16, 16, 3, padding=1), nn.Linear(8, 16)
        self.n2, self.c2 = nn.GroupNorm(4, 16), nn.Conv2d(16, 16, 3, padding=1)

    def forward(self, x, t):
        h = self.c1(F.silu(self.n1(x))) + self.time(F.silu(t))[:, :, None, None]
        return x + self.c2(F.silu(self.n2(h)))


class DenseNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        widths = (8, 12, 16)
        self.layers = nn.ModuleList(
            [nn.Sequential(nn.BatchNorm2d(n), nn.ReLU(), nn.Conv2d(n, 4, 3, padding=1)) for n in widths]
        )
        self.pool, self.out = nn.AvgPool2d(2, ceil_mode=True), nn.Linear(20, 10)

    def forward(self, x):
        h = self.first(x)
        for layer in self.layers:
            h = torch.cat([h, layer(h)], 1)
        return self.out(F.adaptive_avg_pool2d(self.pool(h), 1).flatten(1))


def nets():
    """Nets and their inputs by name, each made when it is asked for."""
    chain = nn.Sequential
    models = torchvision.models
    images = torch.randn
    tokens = lambda length, words: torch.randint(0, words, (3, length))
    conv = nn.Conv2d
    return {
        "mlp": lambda: (chain(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 3)), [images(4, 10)]),
        "lenet": lambda: (
            chain(
                *(conv(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), conv(6, 16, 5), nn.Tanh(), nn.MaxPool2d(2)),
                *(nn.Flatten(), nn.Linear(400, 84), nn.Tanh(), nn.Linear(84, 10)),
            ),
            [images(2, 1, 28, 28)],
        ),
        "resblock": lambda: (
            chain(
                *(conv(3, 8, 7, 2, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2, 1), Residual()),
                *(Residual(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)),
            ),
            [images(2, 3, 32, 32)],
        ),
        "resnet18": lambda: (models.resnet18(num_classes=10), [images(2, 3, 64, 64)]),
        "mobilenet-v2": lambda: (models.mobilenet_v2(num_classes=10, width_mult=0.35), [images(2, 3, 64, 64)]),
        "mobilenet-v3": lambda: (models.mobilenet_v3_small(num_classes=10, width_mult=0.5), [images(2, 3, 64, 64)]),
        "efficientnet": lambda: (
            EfficientNet(
                [MBConvConfig(1, 3, 1, 32, 16, 1, 0.25, 0.25), MBConvConfig(6, 5, 2, 16, 24, 2, 0.25, 0.25)],
                *(0.2,),
                num_classes=10,
            ),
            [images(2, 3, 32, 32)],
        ),
        "densenet": lambda: (DenseNet(), [images(2, 3, 15, 15)]),
        "dcgan-generator": lambda: (
            chain(
                *(nn.ConvTranspose2d(8, 16, 4, 1, 0), nn.BatchNorm2d(16), nn.ReLU()),
                *(nn.ConvTranspose2d(16, 8, 4, 2, 1), nn.BatchNorm2d(8), nn.ReLU()),
                *(nn.ConvTranspose2d(8, 1, 3, 2, 1, output_padding=1), nn.Tanh()),
            ),
            [images(2, 8, 1, 1)],
        ),
        "dcgan-discriminator": lambda: (
            chain(
                *(conv(1, 8, 4, 2, 1), nn.LeakyReLU(0.2), conv(8, 16, 4, 2, 1), nn.BatchNorm2d(16)),
                *(nn.LeakyReLU(0.2), conv(16, 1, 4), nn.Flatten()),
            ),
            [images(2, 1, 16, 16)],
        ),
        "lstm": lambda: (Recurrent("LSTM", layers=2), [tokens(7, 20)]),
        "gru": lambda: (Recurrent("GRU"), [tokens(7, 20)]),
        "bilstm": lambda: (Recurrent("LSTM", both=True), [tokens(7, 20)]),
        "unet-transposed": lambda: (UNet("transposed"), [images(2, 1, 16, 16)]),
        "unet-nearest": lambda: (UNet("nearest"), [images(2, 1, 16, 16)]),
        "unet-bilinear": lambda: (UNet("bilinear"), [images(2, 1, 16, 16)]),
        "unet-bicubic": lambda: (UNet("bicubic"), [images(2, 1, 16, 16)]),
        "convnext": lambda: (ConvNeXt(), [images(2, 3, 32, 32)]),
        "vit": lambda: (Vit(), [images(2, 3, 16, 16)]),
        "text-cnn": lambda: (TextCnn(), [tokens(12, 50)]),
        "gpt": lambda: (Gpt(), [tokens(9, 30)]),
        "bert": lambda: (Bert(), [tokens(9, 30)]),
        "diffusion": lambda: (Diffusion(), [images(2, 16, 8, 8), images(2, 8)]),
        "vae": lambda: (Vae(), [images(4, 64), images(4, 4)]),
        "rms-swiglu": lambda: (SwiGlu(), [images(2, 5, 16)]),
        "super-resolution": lambda: (SuperResolution(), [images(2, 3, 8, 8)]),
        "dilated": lambda: (
            chain(
                *(conv(3, 8, 3, padding=2, dilation=2), nn.ReLU(), conv(8, 8, 3, padding=4, dilation=4, groups=2)),
                *(nn.ELU(), conv(8, 8, 3, padding=2, dilation=2, groups=8)),
            ),
            [images(2, 3, 12, 12)],
        ),
        "conv1d": lambda: (
            chain(
                *(nn.Conv1d(3, 8, 5, 2, 2), nn.SELU(), nn.MaxPool1d(2, ceil_mode=True)),
                *(nn.ConvTranspose1d(8, 4, 4, 2, 1), nn.Softplus()),
            ),
            [images(2, 3, 21)],
        ),
        "conv3d": lambda: (
            chain(nn.Conv3d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool3d(2), nn.Flatten(), nn.Linear(256, 2)),
            [images(2, 1, 8, 8, 8)],
        ),
        "activations": lambda: (
            chain(
                *(nn.Linear(6, 12), nn.Hardswish(), nn.Linear(12, 12), nn.Mish(), nn.Linear(12, 12), nn.CELU()),
                *(nn.Linear(12, 12), nn.GELU("tanh"), nn.Linear(12, 12), nn.Hardsigmoid(), nn.LogSoftmax(1)),
            ),
            [images(4, 6)],
        ),
    }


def made_unequal(net):
    """As after a training: fresh biases, scales and statistics are all the same, and layers of an encoder are copies."""
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.dim() > 1:
                parameter.mul_(1 + 0.1 * torch.randn_like(parameter))
            else:
                parameter.add_(0.1 * torch.randn_like(parameter))
        for module in net.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.running_mean.uniform_(-0.2, 0.2)
                module.running_var.uniform_(0.5, 1.5)
    return net.eval()


def export(net, inputs, outputs, exporter, file):
    """
    Without optimisations: a batch normalisation that is folded into a convolution, packed weights of an LSTM and tied weights of which
    one is stored transposed have other gradients than the parameters that they come from.
    """
    names = [f"x{i}" for i in range(len(inputs))]
    common = {"input_names": names, "output_names": [f"y{i}" for i in range(outputs)], "opset_version": OPSETS[exporter]}
    if exporter == "dynamo":
        shapes = tuple({0: "batch"} for _ in inputs)
        settings = {"dynamo": True, "external_data": False, "optimize": False, "dynamic_shapes": shapes, "verbose": False}
    else:
        preserve = torch.onnx.TrainingMode.PRESERVE
        axes = {name: {0: "batch"} for name in names}
        settings = {"dynamo": False, "training": preserve, "do_constant_folding": False, "dynamic_axes": axes}
    torch.onnx.export(net, tuple(inputs), str(file), **common, **settings)


def reference(net, inputs):
    """Outputs, factors of the loss sum(mean(output * factor)), and gradients by name, in float64."""
    net = copy.deepcopy(net).double().eval()
    outputs = net(*[x.double() if x.is_floating_point() else x for x in inputs])
    outputs = list(outputs) if isinstance(outputs, tuple) else [outputs]
    factors = [torch.randn(y.shape, dtype=torch.float64) for y in outputs]
    sum((y * f).mean() for y, f in zip(outputs, factors)).backward()
    gradients = {name: (p, p.grad) for name, p in net.named_parameters()}
    return outputs, factors, gradients


def by_weight(file, gradients):
    """Gradients by the names of the file: an exporter may have renamed a parameter, or transposed it."""
    known = {}
    for value, gradient in gradients.values():
        for turned in (False, True):
            if turned and value.dim() != 2:
                continue
            v, g = (value.T, gradient.T) if turned else (value, gradient)
            known.setdefault(v.detach().float().contiguous().numpy().tobytes(), g.contiguous())
    found = {}
    for tensor in onnx.load(file).graph.initializer:
        numbers = onnx.numpy_helper.to_array(tensor)
        if tensor.name in gradients:
            found[tensor.name] = gradients[tensor.name][1]
        elif numbers.dtype == np.float32 and numbers.ndim > 0 and numbers.tobytes() in known:
            found[tensor.name] = known[numbers.tobytes()]
    return found


def main(folder, seed, only):
    folder = Path(folder)
    print(json.dumps({"torch": torch.__version__, "torchvision": torchvision.__version__, "onnx": onnx.__version__}), flush=True)
    for name, make in nets().items():
        if only and name not in only:
            continue
        torch.manual_seed(int(seed))
        net, inputs = make()
        net = made_unequal(net)
        outputs, factors, gradients = reference(net, inputs)
        for exporter in OPSETS:
            stem = folder / f"{name}-{exporter}"
            row = {"net": name, "exporter": exporter, "stem": str(stem)}
            try:
                export(net, inputs, len(outputs), exporter, f"{stem}.onnx")
            except Exception as error:  # an exporter's own failure is a row of the table
                print(json.dumps({**row, "failed": f"{type(error).__name__}: {str(error).splitlines()[0]}"}), flush=True)
                continue
            found = list(by_weight(f"{stem}.onnx", gradients).items())
            named = lambda letter, tensors: [(f"{letter}{i}", tensor) for i, tensor in enumerate(tensors)]
            groups = {"inputs": named("x", inputs), "outputs": named("y", outputs), "factors": named("f", factors), "gradients": found}
            write_arrays(stem, {role: [(name, t.detach().numpy()) for name, t in each] for role, each in groups.items()})
            print(json.dumps({**row, "parameters": len(gradients)}), flush=True)


main(sys.argv[1], sys.argv[2], sys.argv[3:])
