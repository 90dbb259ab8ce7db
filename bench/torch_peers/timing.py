"""How the PyTorch peers are timed."""

import math
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
