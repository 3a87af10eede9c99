"""Images per second on two threads: real JPEGs to random resized crops of 224, mirrored at random, and CIFAR-size
arrays. Ours through `mxtrain bench io`, from files and from records, against the bare loop of each decoder, PyTorch's
DataLoader with Pillow and two workers, and MXNet 1.9.1's ImageRecordIter. Rounds alternate; medians are compared.

    python benchmarks/data.py --images imagenet-sample-300.tar --torch torch-env/bin/python \
        --mxnet mxnet-env/bin/python --opencv opencv-env/bin/python

torch-env needs pillow too; opencv-env holds numpy and opencv-python-headless.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import struct
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

import recordio
from mxtrain.data.decoders import REGISTRY as DECODERS
from mxtrain.data.packing import raw
from mxtrain.data.sources import REGISTRY as SOURCES
from recordio import Header, Writer

PEERS = Path(__file__).parent / "peers"
THREADS = 2
MAGIC = struct.pack("<I", 0xCED7230A)
CONFIG = """
name: bench
data: {{train: {{name: {source}, path: {path}}}, threads: {threads}}}
net: [flatten, {{fully_connected: {{num_hidden: {classes}}}}}, softmax_output]
batch_size: {batch}
augment: {augment}
optimizer: {{name: sgd, lr: 0.1}}
"""
CROP = "[{random_resized_crop: {size: 224}}, flip]"
CIFAR = "[{random_crop: {size: 32, pad: 4}}, flip, {normalize: {mean: [125, 123, 114], std: [63, 62, 67]}}]"


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "1"}


def rate(*command: object) -> float:
    """What a script prints as its rate."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, env=environment())
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
    record = json.loads(done.stdout.strip().splitlines()[-1])
    return float(record["rate"] if "rate" in record else record["samples_per_sec"])


def ours(folder: Path, source: str, path: Path, augment: str, seconds: float) -> float:
    """Samples per second of `mxtrain bench io`: JPEGs as batches of pixels, as the others make them."""
    config = folder / f"{source}.yaml"
    batch, classes = (128, 1) if augment == CROP else (512, 10)
    values = {"source": source, "path": path, "threads": THREADS, "batch": batch, "augment": augment}
    config.write_text(CONFIG.format(**values, classes=classes))
    # Normalised pixels are floats; what the peers and the bare loops give is not.
    copy = ("--no-copy",) if augment == CROP else ()
    batches = max(4, int(seconds * (1500 if augment == CROP else 60_000) / batch))
    return rate(sys.executable, "-m", "mxtrain", "bench", "io", config, "--batches", batches, *copy, "--json")


def unpack(archive: Path, folder: Path, copies: int) -> Path:
    """One folder of one class with the JPEGs of an archive, each a few times under other names."""
    images = folder / "images" / "all"
    images.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        for member in (m for m in tar if m.isfile() and m.name.lower().endswith((".jpeg", ".jpg"))):
            stream = tar.extractfile(member)
            data = stream.read() if stream else b""
            for copy in range(copies):
                (images / f"{copy}-{Path(member.name).stem}.JPEG").write_bytes(data)
    return images.parent


def pack(images: Path, path: Path) -> Path:
    """The files as a .rec that MXNet reads: label 0, one record each."""
    with path.open("wb") as out:
        for number, file in enumerate(sorted(images.rglob("*.JPEG"))):
            body = struct.pack("<IfQQ", 0, 0.0, number, 0) + file.read_bytes()
            if MAGIC in body:
                # A record with the magic word inside would have to be split; one image less changes nothing.
                continue
            out.write(MAGIC + struct.pack("<I", len(body)) + body + b"\0" * (-len(body) % 4))
    return path


def loops(args: argparse.Namespace, folder: Path) -> dict[str, Callable[[], float]]:
    """What is measured on JPEGs, by the name of its row."""
    images = unpack(args.images, folder, args.copies)
    records = pack(images, folder / "images.rec")
    seconds = args.seconds
    found: dict[str, Callable[[], float]] = {
        "mxtrain, image_folder": lambda: ours(folder, "image_folder", images, CROP, seconds)
    }
    if "records" in SOURCES:
        found["mxtrain, records"] = lambda: ours(folder, "records", records, CROP, seconds)
    for name in DECODERS.names():
        if DECODERS.get(name).available():
            found[f"{name}, bare loop"] = partial(
                rate, sys.executable, PEERS / "decode_loop.py", name, images, THREADS, seconds
            )
    if args.opencv:
        found["opencv, bare loop"] = lambda: rate(
            args.opencv, PEERS / "decode_loop.py", "opencv", images, THREADS, seconds
        )
    if args.torch:
        found["PyTorch DataLoader, Pillow, 2 workers"] = lambda: rate(
            args.torch, PEERS / "torch_loader.py", images, 2, seconds
        )
    if args.mxnet:
        found["MXNet ImageRecordIter, 2 threads"] = lambda: rate(
            args.mxnet, PEERS / "mxnet_records.py", records, 2, seconds
        )
    return found


def cifar(folder: Path) -> dict[str, Path]:
    """50,000 random images of 32 x 32, as arrays and as raw records."""
    arrays, records = folder / "cifar.npz", folder / "cifar.rec"
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (50_000, 32, 32, 3), dtype=np.uint8)
    labels = rng.integers(0, 10, len(images)).astype(np.float32)
    np.savez(arrays, data=images, softmax_label=labels)
    with Writer(records) as writer:
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            writer.write(recordio.pack(Header(float(label), number), raw.encode(image)), number)
    return {"arrays": arrays, "records": records}


def measured(rows: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The median of each row, in rounds over all of them."""
    found: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(rounds):
        for name, measure in rows.items():
            found[name].append(measure())
    return {name: statistics.median(rates) for name, rates in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="tar of JPEGs")
    parser.add_argument("--torch", help="a Python that has torch and pillow")
    parser.add_argument("--mxnet", help="a Python that has mxnet")
    parser.add_argument("--opencv", help="a Python that has opencv")
    parser.add_argument("--copies", type=int, default=10, help="how many times each image is there")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each row in each round, roughly")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jpegs = measured(loops(args, folder), args.rounds)
        best = max(v for k, v in jpegs.items() if k.startswith("mxtrain"))
        print("| JPEG to random resized crop 224, flip; two threads | images/s | mxtrain / this |\n|---|---|---|")
        for row, value in jpegs.items():
            print(f"| {row} | {value:,.0f} | {best / value:.2f} |")
        data = cifar(folder)
        small = {name: partial(ours, folder, name, path, CIFAR, args.seconds) for name, path in data.items()}
        print("\n| CIFAR-size, crop, flip, normalize; two threads | images/s |\n|---|---|")
        for row, value in measured(small, args.rounds).items():
            print(f"| {'raw records' if row == 'records' else row} | {value:,.0f} |")


if __name__ == "__main__":
    main()
