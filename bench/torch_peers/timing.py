"""How the PyTorch peers are timed."""

import os
import statistics
import time

# Processor time of all threads of the process, or the time that passes.
CLOCK = time.process_time if os.environ.get("BENCH_CLOCK") == "cpu" else time.perf_counter


def median_ms(step, steps, warmup=8):
    """Median milliseconds of `step()`, by CLOCK, after `warmup` untimed calls."""
    for _ in range(warmup):
        step()
    times = []
    for _ in range(steps):
        start = CLOCK()
        step()
        times.append((CLOCK() - start) * 1e3)
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
