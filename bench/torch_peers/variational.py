"""PyTorch peers of the recipes `vae-2d`, `vae-mlp`, `vae-conv` and `cvae`."""

import torch
import torch.nn.functional as F
from torch import nn

from torch_peers.timing import Steps, update

IMAGE = 784
LOG_2PI = 1.8378770664093453


def dense(sizes, activation):
    """Linear layers with `activation` between them."""
    layers = []
    for i, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        layers += ([activation()] if i else []) + [nn.Linear(inputs, outputs)]
    return nn.Sequential(*layers)


def binary_images(batch):
    return (torch.rand(batch, IMAGE) < 0.2).float()


def draw(q):
    mu, log_var = q.chunk(2, dim=-1)
    noise = torch.randn_like(mu)
    return mu, log_var, noise, mu + torch.exp(0.5 * log_var) * noise


def negative_elbo(q, decode, x):
    """Nats per image, the KL in closed form."""
    mu, log_var, _, z = draw(q)
    reconstruction = F.binary_cross_entropy_with_logits(decode(z), x, reduction="none").sum(-1)
    kl = -0.5 * (1 + log_var - mu.pow(2) - log_var.exp()).sum(-1)
    return (reconstruction + kl).mean()


def negative_joint(q, decode, x):
    """Nats per image: -(log p(x|z) + log p(z) - log q(z|x)) for one z."""
    _, log_var, noise, z = draw(q)
    reconstruction = F.binary_cross_entropy_with_logits(decode(z), x, reduction="none").sum(-1)
    log_p_z = -0.5 * (z * z + LOG_2PI).sum(-1)
    log_q_z = -0.5 * (noise * noise + log_var + LOG_2PI).sum(-1)
    return (reconstruction - log_p_z + log_q_z).mean()


def vae_step_ms(options, key, encoder, decoder, objective, batch, few=False):
    if options.channels_last:
        encoder, decoder = (net.to(memory_format=torch.channels_last) for net in (encoder, decoder))
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3, **options.adam)
    x = binary_images(batch)
    step = update(optimizer, options.compiled(lambda: objective(encoder(x), decoder, x)))
    return {key: Steps(step, options.steps) if few else Steps(step, max(options.steps, 200), warmup=30)}


def bench_vae_2d(options):
    torch.manual_seed(1)
    nets = dense([IMAGE, 500, 4], nn.Tanh), dense([2, 500, IMAGE], nn.Tanh)
    return vae_step_ms(options, "vae_2d_step_ms", *nets, negative_joint, batch=100)


def bench_vae_mlp(options):
    torch.manual_seed(1)
    nets = dense([IMAGE, 400, 400, 40], nn.ELU), dense([20, 400, 400, IMAGE], nn.ELU)
    return vae_step_ms(options, "vae_mlp_step_ms", *nets, negative_elbo, batch=64)


def bench_vae_conv(options):
    torch.manual_seed(1)
    encoder = nn.Sequential(
        nn.Unflatten(1, (1, 28, 28)),
        nn.Conv2d(1, 32, 4, 2, 1), nn.ELU(),
        nn.Conv2d(32, 64, 4, 2, 1), nn.ELU(),
        nn.Flatten(),
        nn.Linear(7 * 7 * 64, 256), nn.ELU(), nn.Linear(256, 40),
    )  # fmt: skip
    decoder = nn.Sequential(
        nn.Linear(20, 256), nn.ELU(),
        nn.Linear(256, 7 * 7 * 64), nn.ELU(), nn.Unflatten(1, (64, 7, 7)),
        nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ELU(),
        nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.ELU(),
        nn.Conv2d(16, 1, 3, padding=1), nn.Flatten(),
    )  # fmt: skip
    return vae_step_ms(options, "vae_conv_step_ms", encoder, decoder, negative_elbo, batch=64, few=True)


def bench_cvae(options, batch=32):
    """The label's one is 5, and the grey images are made black and white inside the step, as the recipe does."""
    torch.manual_seed(1)
    recognition = dense([IMAGE + 10, 400, 400, 40], nn.ReLU)
    generation = dense([20 + 10, 400, 400, IMAGE], nn.ReLU)
    optimizer = torch.optim.Adam([*recognition.parameters(), *generation.parameters()], lr=1e-3, **options.adam)
    grey, labels = torch.rand(batch, IMAGE), torch.randint(10, (batch,))

    def loss():
        y = 5 * F.one_hot(labels, 10).float()
        x = torch.bernoulli(grey)
        return negative_elbo(recognition(torch.cat([x, y], 1)), lambda z: generation(torch.cat([z, y], 1)), x)

    return {"cvae_step_ms": Steps(update(optimizer, options.compiled(loss)), max(options.steps, 200), warmup=30)}
