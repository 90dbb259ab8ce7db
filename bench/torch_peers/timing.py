"""How the PyTorch peers are timed."""

import math

from torch_peers.clock import CLOCK, median_ms


class Steps:
    """A training step that can be timed again and again: its nets, and what was compiled for them, stay."""

    def __init__(self, step, steps, warmup=8):
        self.step, self.steps, self.warmup = step, steps, warmup

    def median_ms(self):
        return median_ms(self.step, self.steps, self.warmup)


def percentiles(calls, seconds=0.3, least=20):
    """Milliseconds of each call, by CLOCK, by name, NAME/p50 and NAME/p99, after a warm-up; nearest rank."""
    result = {}
    for name, call in calls.items():
        start = CLOCK()
        while CLOCK() - start < 0.2:
            call()
        times, spent = [], 0.0
        while spent < seconds or len(times) < least:
            before = CLOCK()
            call()
            times.append(CLOCK() - before)
            spent += times[-1]
        times.sort()
        for key, fraction in (("p50", 0.5), ("p99", 0.99)):
            result[f"{name}/{key}"] = 1e3 * times[max(0, math.ceil(fraction * len(times)) - 1)]
    return result


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
