"""PyTorch peers of the recipes `gan` and `wgan-lp`."""

import torch
import torch.nn.functional as F
from torch import nn

from torch_peers.timing import Steps, update, without_gradients

bce = F.binary_cross_entropy_with_logits


def in_memory_format(options, *nets):
    """The nets, in channels_last memory if that was asked for."""
    return [net.to(memory_format=torch.channels_last) for net in nets] if options.channels_last else nets


def bench_gan(options, batch=256):
    torch.manual_seed(1)
    d, g = in_memory_format(
        options,
        nn.Sequential(
            nn.Unflatten(1, (1, 28, 28)),
            nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2, 2),
            nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2, 2),
            nn.Conv2d(4, 8, 3), nn.ReLU(),
            nn.Flatten(), nn.Linear(200, 1),
        ),
        nn.Sequential(
            nn.Linear(64, 1568), nn.LeakyReLU(0.2), nn.Unflatten(1, (32, 7, 7)),
            nn.Upsample(scale_factor=2), nn.Conv2d(32, 16, 3, padding=1), nn.LeakyReLU(0.2),
            nn.Upsample(scale_factor=2), nn.Conv2d(16, 8, 3, padding=1), nn.LeakyReLU(0.2),
            nn.Conv2d(8, 1, 3, padding=1), nn.Sigmoid(), nn.Flatten(),
        ),
    )  # fmt: skip
    d_optimizer, g_optimizer = (torch.optim.Adam(net.parameters(), lr=2e-4, **options.adam) for net in (d, g))
    real, ones, zeros = torch.rand(batch, 784), torch.ones(batch, 1), torch.zeros(batch, 1)

    def noise():
        return torch.rand(batch, 64) * 2 - 1

    def d_loss():
        with torch.no_grad():
            fake = g(noise())
        return (bce(d(real), ones) + bce(d(fake), zeros)) / 2

    g_loss = without_gradients(d, options.compiled(lambda: bce(d(g(noise())), ones)))
    return {
        "gan_d_step_ms": Steps(update(d_optimizer, options.compiled(d_loss)), options.steps),
        "gan_g_step_ms": Steps(update(g_optimizer, g_loss), options.steps),
    }


def bench_wgan_lp(options, batch=64, width=64, latent=100):
    torch.manual_seed(1)
    critic, g = in_memory_format(
        options,
        nn.Sequential(
            nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 4 * width, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(4 * width, 1, 4, bias=False), nn.Flatten(),
        ),
        nn.Sequential(
            nn.ConvTranspose2d(latent, 4 * width, 4), nn.BatchNorm2d(4 * width), nn.ReLU(),
            nn.ConvTranspose2d(4 * width, 2 * width, 4, 2, 1), nn.BatchNorm2d(2 * width), nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, 4, 2, 1), nn.BatchNorm2d(width), nn.ReLU(),
            nn.ConvTranspose2d(width, 3, 4, 2, 1), nn.Tanh(),
        ),
    )  # fmt: skip
    adam = {"lr": 1e-4, "betas": (0.5, 0.9), **options.adam}
    critic_optimizer, g_optimizer = (torch.optim.Adam(net.parameters(), **adam) for net in (critic, g))
    real = torch.rand(batch, 3, 32, 32) * 2 - 1

    def noise():
        return torch.randn(batch, latent, 1, 1)

    def penalty(fake):
        """One-sided, on the norm of the gradient at a random point between each pair of images."""
        t = torch.rand(batch, 1, 1, 1)
        between = (t * real + (1 - t) * fake).requires_grad_(True)
        (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        return F.relu(gradient.flatten(1).norm(dim=1) - 1).square().mean()

    def critic_loss():
        with torch.no_grad():
            fake = g(noise())
        return critic(fake).mean() - critic(real).mean() + 10 * penalty(fake)

    g_loss = without_gradients(critic, options.compiled(lambda: -critic(g(noise())).mean()))
    return {
        "wgan_lp_critic_step_ms": Steps(update(critic_optimizer, options.compiled(critic_loss)), options.steps),
        "wgan_lp_g_step_ms": Steps(update(g_optimizer, g_loss), options.steps),
    }
