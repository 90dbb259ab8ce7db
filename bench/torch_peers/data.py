"""Images of a folder in batches: torchvision's ImageFolder and PyTorch's DataLoader. Without torchvision there is no number."""

import os
import time


def cpu_seconds(processes):
    """User and system time of processes, by /proc (Linux)."""
    ticks = os.sysconf("SC_CLK_TCK")
    times = (open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split() for pid in processes)
    return sum(int(fields[11]) + int(fields[12]) for fields in times) / ticks


def bench_images(options, batch=64):
    try:
        from torchvision.datasets import ImageFolder
        from torchvision.transforms import ToTensor
    except ImportError:
        return {}
    from torch.utils.data import DataLoader

    loader = DataLoader(
        ImageFolder(options.images, transform=ToTensor()),
        batch_size=batch,
        shuffle=True,
        drop_last=True,
        num_workers=options.threads,
        persistent_workers=True,
    )
    sum(len(x) for x, _ in loader)  # starts the workers, which stay
    workers = [worker.pid for worker in loader._iterator._workers]
    rates, costs = [], []
    for _ in range(3):
        start, used = time.perf_counter(), cpu_seconds([os.getpid(), *workers])
        images = sum(len(x) for x, _ in loader)
        rates.append(images / (time.perf_counter() - start))
        costs.append(1000 * (cpu_seconds([os.getpid(), *workers]) - used) / images)
    return {"images_per_s": sorted(rates)[1], "cpu_ms_per_image": sorted(costs)[1]}
