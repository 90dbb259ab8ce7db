"""How the PyTorch peers are timed."""

import statistics
import time


def median_ms(step, steps, warmup=8):
    """Median wall-clock milliseconds of `step()` after `warmup` untimed calls."""
    for _ in range(warmup):
        step()
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def update(optimizer, loss):
    """A whole update as a step function: `loss()` gives a scalar; its value is read back, as training loops do."""

    def step():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        return value.item()

    return step


def without_gradients(net, loss):
    """`loss` with the parameters of `net` as constants, so that their gradients are not computed."""

    def constant():
        for parameter in net.parameters():
            parameter.requires_grad_(False)
        value = loss()
        for parameter in net.parameters():
            parameter.requires_grad_(True)
        return value

    return constant
