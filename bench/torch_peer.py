"""The benchmark's PyTorch peer: the same nets, batches and optimizer settings as the recipes.

Prints ONE JSON object on stdout: the median milliseconds of a full training step (forward, backward, optimizer; the
batch is already a tensor, the step's random numbers are drawn inside the step), and the importance-sampling
throughput in (image, sample) pairs per second.

    python bench/torch_peer.py [--threads 2] [--steps 40] [--only vae,dcgan,is,...] [--batch 64] [--channels-last] [--fused-adam] [--compile]

Defaults are PyTorch's own (NCHW memory, default Adam, eager); the three switches exist to show that they do not hide a
faster peer. With `--serve` it stays and answers lines of such arguments, so that nets and compilations are made once. Needs only `torch`.
"""

import argparse
import inspect
import json
import platform
import sys

import torch
import torch.nn.functional as F
from torch import nn
from torch_peers.adversarial import bench_gan, bench_wgan_lp
from torch_peers.classifying import bench_classifier, bench_mnist_convnet
from torch_peers.data import bench_images
from torch_peers.embedding import bench_siamese, bench_simsiam
from torch_peers.inference import (
    by_batch,
    infer_classifier,
    infer_seq2seq,
    infer_siamese,
    infer_text_cnn,
    infer_transformer,
)
from torch_peers.text import bench_generate, bench_seq2seq, bench_text_cnn, bench_transformer, bench_translate
from torch_peers.timing import Steps, median_ms, update, without_gradients
from torch_peers.variational import bench_cvae, bench_vae_2d, bench_vae_conv, bench_vae_mlp

IMAGE = 784
LATENT = 100


class Vae(nn.Module):
    """784-300-300-200 ELU encoder, 100-300-300-784 ELU decoder whose logits are shifted by -5."""

    def __init__(self, hidden=300):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(IMAGE, hidden), nn.ELU(), nn.Linear(hidden, hidden), nn.ELU(), nn.Linear(hidden, 2 * LATENT)
        )
        self.decoder = nn.Sequential(
            nn.Linear(LATENT, hidden), nn.ELU(), nn.Linear(hidden, hidden), nn.ELU(), nn.Linear(hidden, IMAGE)
        )

    def encode(self, x):
        return self.encoder(x).chunk(2, dim=-1)

    def decode(self, z):
        return self.decoder(z) - 5.0

    def loss(self, x):
        """Negative ELBO, nats per image: summed over pixels, averaged over the batch; analytic KL."""
        mu, log_var = self.encode(x)
        z = mu + torch.exp(0.5 * log_var) * torch.randn_like(mu)
        logits = self.decode(z)
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
        kl = -0.5 * (1 + log_var - mu.pow(2) - log_var.exp()).sum(-1)
        return (reconstruction + kl).mean()


def bench_vae(options, batch=64):
    torch.manual_seed(1)
    vae = Vae()
    optimizer = torch.optim.Adam(vae.parameters(), lr=3e-4, **options.adam)
    x = (torch.rand(batch, IMAGE) < 0.2).float()

    step = update(optimizer, options.compiled(lambda: vae.loss(x)))
    return {"vae_step_ms": Steps(step, max(options.steps, 200), warmup=30)}


@torch.inference_mode()
def infer_vae(options):
    net = Vae().eval()

    def encode(n):
        x = (torch.rand(n, IMAGE) < 0.2).float()
        return lambda: [part.numpy() for part in net.encode(x)]

    def decode(n):
        z = torch.randn(n, LATENT)
        return lambda: torch.sigmoid(net.decode(z)).numpy()

    return by_batch(encode=encode, decode=decode)


LOG_2PI = 1.8378770664093453


@torch.no_grad()
def log_weights(vae, x, samples):
    """log p(x|z) + log p(z) - log q(z|x), z ~ q(z|x): [n, 784] -> [n, samples], in nats."""
    mu, log_var = vae.encode(x)
    noise = torch.randn(x.shape[0], samples, LATENT)
    z = mu[:, None] + torch.exp(0.5 * log_var)[:, None] * noise
    logits = vae.decode(z)
    log_p_x = -F.binary_cross_entropy_with_logits(logits, x[:, None].expand_as(logits), reduction="none").sum(-1)
    log_p_z = -0.5 * (z * z + LOG_2PI).sum(-1)
    log_q_z = -0.5 * (noise * noise + log_var[:, None] + LOG_2PI).sum(-1)
    return log_p_x + log_p_z - log_q_z


def bench_importance_sampling(options, samples=200):
    """Best throughput over several chunk sizes (small chunks stay in cache, large ones save overhead)."""
    torch.manual_seed(1)
    vae = Vae().eval()
    best, chunk = 0.0, 0
    for images in (1, 2, 5, 10, 20):
        x = (torch.rand(images, IMAGE) < 0.2).float()
        ms = median_ms(lambda: log_weights(vae, x, samples), max(20, 100 // images), warmup=5)
        rate = images * samples / (ms / 1e3)
        if rate > best:
            best, chunk = rate, images
    return {"is_image_samples_per_s": best, "is_samples": samples, "is_images_per_chunk": chunk}


def discriminator():
    return nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        nn.Conv2d(1, 32, 5), nn.LeakyReLU(0.01), nn.MaxPool2d(2, 2),
        nn.Conv2d(32, 64, 5), nn.LeakyReLU(0.01), nn.MaxPool2d(2, 2),
        nn.Flatten(),
        nn.Linear(1024, 1024), nn.LeakyReLU(0.01), nn.Linear(1024, 1),
    )  # fmt: skip


def generator():
    return nn.Sequential(
        nn.Linear(96, 1024), nn.ReLU(), nn.BatchNorm1d(1024),
        nn.Linear(1024, 7 * 7 * 128), nn.ReLU(), nn.BatchNorm1d(7 * 7 * 128),
        nn.Unflatten(1, (128, 7, 7)),
        nn.ConvTranspose2d(128, 64, 4, 2, 1), nn.ReLU(), nn.BatchNorm2d(64),
        nn.ConvTranspose2d(64, 1, 4, 2, 1), nn.Tanh(),
        nn.Flatten(),
    )  # fmt: skip


def bench_dcgan(options, batch=128):
    torch.manual_seed(1)
    d, g = discriminator(), generator()
    if options.channels_last:
        d, g = d.to(memory_format=torch.channels_last), g.to(memory_format=torch.channels_last)
    d_optimizer = torch.optim.Adam(d.parameters(), lr=1e-3, betas=(0.5, 0.999), **options.adam)
    g_optimizer = torch.optim.Adam(g.parameters(), lr=1e-3, betas=(0.5, 0.999), **options.adam)
    real = torch.rand(batch, IMAGE) * 2 - 1
    ones, zeros = torch.ones(batch, 1), torch.zeros(batch, 1)
    bce = F.binary_cross_entropy_with_logits

    def noise():
        return torch.rand(batch, 96) * 2 - 1

    def d_loss():
        with torch.no_grad():
            fake = g(noise())
        return bce(d(real), ones) + bce(d(fake), zeros)

    g_loss = without_gradients(d, options.compiled(lambda: bce(d(g(noise())), ones)))
    return {
        "dcgan_d_step_ms": Steps(update(d_optimizer, options.compiled(d_loss)), options.steps),
        "dcgan_g_step_ms": Steps(update(g_optimizer, g_loss), options.steps),
    }


BENCHES = {
    "vae": bench_vae,
    "vae-2d": bench_vae_2d,
    "vae-mlp": bench_vae_mlp,
    "vae-conv": bench_vae_conv,
    "cvae": bench_cvae,
    "dcgan": bench_dcgan,
    "gan": bench_gan,
    "wgan-lp": bench_wgan_lp,
    "classifier": bench_classifier,
    "mnist-convnet": bench_mnist_convnet,
    "text-cnn": bench_text_cnn,
    "siamese": bench_siamese,
    "simsiam": bench_simsiam,
    "seq2seq": bench_seq2seq,
    "transformer": bench_transformer,
    "is": bench_importance_sampling,
    "translate": bench_translate,
    "generate": bench_generate,
    "images": bench_images,
    "infer-vae": infer_vae,
    "infer-classifier": infer_classifier,
    "infer-text-cnn": infer_text_cnn,
    "infer-siamese": infer_siamese,
    "infer-seq2seq": infer_seq2seq,
    "infer-transformer": infer_transformer,
}


def arguments(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=40, help="timed steps per median (at least 20)")
    parser.add_argument("--only", default="vae,dcgan,is", help=f"comma-separated: {', '.join(BENCHES)}")
    parser.add_argument("--batch", type=int, help="batch of the training steps whose size is not fixed; default: theirs")
    parser.add_argument("--channels-last", action="store_true", help="convolutions in channels_last memory")
    parser.add_argument("--fused-adam", action="store_true", help="torch.optim.Adam(fused=True)")
    parser.add_argument("--compile", action="store_true", help="losses through torch.compile")
    parser.add_argument("--serve", action="store_true", help="answer lines of JSON, each a list of such arguments")
    parser.add_argument("--images", help="folder of images, one folder a class, for the benchmark images")
    options = parser.parse_args(words)
    unknown = [name for name in options.only.split(",") if name not in BENCHES]
    if unknown or options.threads < 1 or options.steps < 20:
        parser.error(f"unknown benchmark {unknown[0]!r}" if unknown else "--threads must be >= 1 and --steps >= 20")
    options.adam = {"fused": True} if options.fused_adam else {}
    options.form = (options.batch, options.channels_last, options.fused_adam, options.compile)
    options.compiled = torch.compile if options.compile else lambda function: function
    return options


class Peer:
    """Measures what it is asked for; training steps are made once, and stay."""

    def __init__(self):
        self.made = {}

    def measure(self, options):
        result = facts(options)
        for name in options.only.split(","):
            numbers = self.made.get((name, options.form)) or make(name, options)
            if any(isinstance(number, Steps) for number in numbers.values()):
                self.made[name, options.form] = numbers
            for key, number in numbers.items():
                result[key] = number.median_ms() if isinstance(number, Steps) else number
        return result


def make(name, options):
    bench = BENCHES[name]
    sized = options.batch is not None and "batch" in inspect.signature(bench).parameters
    return bench(options, batch=options.batch) if sized else bench(options)


def facts(options):
    return {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "onednn": torch.backends.mkldnn.is_available(),
        "channels_last": options.channels_last,
        "fused_adam": options.fused_adam,
        "compile": options.compile,
    }


def serve(peer):
    """A line of JSON for every line of JSON: arguments in, numbers or what went wrong out."""
    print(json.dumps({"torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        try:
            answer = peer.measure(arguments(json.loads(line)))
        except Exception as error:  # whatever a form of PyTorch refuses: the others go on
            lines = str(error).strip().splitlines()
            answer = {"error": f"{type(error).__name__}: {lines[0] if lines else ''}"[:200]}
        print(json.dumps(answer), flush=True)


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    if options.serve:
        serve(Peer())
    else:
        print(json.dumps(Peer().measure(options)))


if __name__ == "__main__":
    main()
