"""Images of a folder in batches: torchvision's ImageFolder and PyTorch's DataLoader. Without torchvision there is no number."""

import time


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
    rates = []
    for _ in range(3):
        start = time.perf_counter()
        images = sum(len(x) for x, _ in loader)
        rates.append(images / (time.perf_counter() - start))
    return {"images_per_s": sorted(rates)[1]}
