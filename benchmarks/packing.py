"""Images per second of `mxtrain pack images` on two threads, JPEG to JPEG and to raw pixels of 224, against the bare
loop of Pillow: open, decode, encode with the same quality. Rounds alternate; medians are compared. Then what a long
data set costs: memory of an epoch over few and many records, and the time to the first batch of ten million.

    python benchmarks/packing.py --images imagenet-sample-300.tar [--rounds N] [--copies N] [--records N]
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from data import unpack
from PIL import Image

from mxtrain.data.packing import raw
from recordio import Header, Writer, pack

THREADS = 2
QUALITY = 95
READ = """
import json, resource, sys, time
from pathlib import Path
begun = time.perf_counter()
from mxtrain.data.augment import REGISTRY
from mxtrain.data.iterator import DataIter, Options, first_image
from mxtrain.data.pipeline import Step, prepare
from mxtrain.data.sources import records
imported = time.perf_counter()
source = records.open_source(records.Params(path=(sys.argv[1],)), Path())
steps = [Step("flip", REGISTRY.get("flip").params())]
it = DataIter(source, prepare(steps, first_image(source), training=True), Options(batch_size=512))
with it.epoch(0) as batches:
    next(batches)
    first = time.perf_counter() - imported
    for number, _ in zip(range(int(sys.argv[2])), batches):
        pass
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with open("/proc/self/status") as status:
    own = next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))
print(json.dumps({"first": first, "peak": peak / 1024, "own": own / 1024, "records": len(source)}))
"""


def pillow(files: list[bytes], threads: int) -> float:
    """Images per second of Pillow alone."""

    def work(part: list[bytes]) -> None:
        for data in part:
            with Image.open(io.BytesIO(data)) as image:
                image.convert("RGB").save(io.BytesIO(), "JPEG", quality=QUALITY)

    workers = [threading.Thread(target=work, args=(files[n::threads],)) for n in range(threads)]
    begun = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return len(files) / (time.perf_counter() - begun)


def packing(images: Path, out: Path, count: int, *options: str) -> float:
    """Images per second of the command, from its start to its end, less what an empty start takes."""
    # A finished pack would be left alone.
    for old in out.parent.glob(f"{out.name}.*"):
        old.unlink()
    command = [sys.executable, "-m", "mxtrain", "pack", "images", str(images), str(out), "--threads", str(THREADS)]
    begun = time.perf_counter()
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    seconds = time.perf_counter() - begun
    if done.returncode:
        sys.exit(done.stderr)
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "mxtrain", "pack", "images", "--help"], capture_output=True, check=True)
    return count / (seconds - (time.perf_counter() - begun))


def long_file(path: Path, records: int) -> Path:
    """Raw gray images of 4 x 4."""
    payload = raw.encode(np.zeros((4, 4, 1), np.uint8))
    with Writer(path, checksum=False) as writer:
        for number in range(records):
            writer.write(pack(Header(float(number % 10), number), payload), number)
    return path


def reading(path: Path, batches: int) -> dict[str, float]:
    """What a process of its own says of reading so many batches."""
    done = subprocess.run([sys.executable, "-c", READ, str(path), str(batches)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return dict(json.loads(done.stdout))


def rates(args: argparse.Namespace, folder: Path) -> None:
    images = unpack(args.images, folder, args.copies)
    files = [p.read_bytes() for p in sorted(images.rglob("*.JPEG"))]
    rows: dict[str, Callable[[], float]] = {
        "Pillow, bare loop": lambda: pillow(files, THREADS),
        "mxtrain pack images (jpeg)": lambda: packing(images, folder / "jpeg", len(files)),
        "mxtrain pack images --resize 224 --encode raw": lambda: packing(
            images, folder / "raw", len(files), "--resize", "224", "--center-crop", "--encode", "raw"
        ),
        "mxtrain pack images --pass-through": lambda: packing(images, folder / "same", len(files), "--pass-through"),
    }
    found: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(args.rounds):
        for name, measure in rows.items():
            found[name].append(measure())
    middle = {name: statistics.median(values) for name, values in found.items()}
    print(f"| packing {len(files)} JPEGs, two threads | images/s | this / Pillow |\n|---|---|---|")
    for name, value in middle.items():
        print(f"| {name} | {value:,.0f} | {value / middle['Pillow, bare loop']:.2f} |")


def lengths(args: argparse.Namespace, folder: Path) -> None:
    print("\n| records | opening to first batch | after the first use of the index | memory, 200 batches of 512 |")
    print("|---|---|---|---|")
    for records in (args.records // 100, args.records):
        path = long_file(folder / f"{records}.rec", records)
        once = reading(path, 0)
        again = statistics.median(reading(path, 0)["first"] for _ in range(args.rounds))
        memory = reading(path, 200)["own"]
        print(f"| {records:,} | {once['first']:.2f} s | {again:.2f} s | {memory:.0f} MiB |")
        os.unlink(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="tar of JPEGs")
    parser.add_argument("--copies", type=int, default=4, help="how many times each image is there")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--records", type=int, default=10_000_000, help="records of the long file; 0: leave it out")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rates(args, folder)
        if args.records:
            lengths(args, folder)


if __name__ == "__main__":
    main()
