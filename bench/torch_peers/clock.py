"""What calls are timed by."""

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
