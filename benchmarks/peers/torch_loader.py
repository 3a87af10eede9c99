"""Times PyTorch's DataLoader: Pillow (drafted), random resized crop 224, flip, uint8 tensors, worker processes.

    python torch_loader.py FOLDER WORKERS SECONDS

Prints one JSON line.
"""

import json
import pathlib
import random
import sys
import time

import numpy as np
import torch
from decode_loop import pillow
from torch.utils.data import DataLoader, Dataset

BATCH = 128


class Images(Dataset):
    """The files of a folder over and over: an epoch is long enough that its ends do not count."""

    def __init__(self, folder):
        self.files = [str(p) for p in sorted(pathlib.Path(folder).rglob("*.JPEG"))]
        self.one = None

    def __len__(self):
        return 1_000_000

    def __getitem__(self, index):
        self.one = self.one or pillow()
        rng = random.Random(index)
        image = self.one(pathlib.Path(self.files[index % len(self.files)]).read_bytes(), rng)
        if rng.random() < 0.5:
            image = image[:, ::-1]
        return torch.from_numpy(np.ascontiguousarray(image)), index % 1000


def main(folder, workers, seconds):
    torch.set_num_threads(1)
    loader = DataLoader(Images(folder), BATCH, shuffle=True, num_workers=workers, prefetch_factor=4)
    batches = iter(loader)
    for _ in range(2 * workers):
        next(batches)
    count, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        count += len(next(batches)[0])
    print(json.dumps({"rate": count / (time.perf_counter() - begun)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
