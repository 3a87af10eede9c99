"""Reading record files from the page cache, one byte touched per page, against `cat` of the same file; opening an index
of ten million records; writing. Rounds alternate; medians are compared.

    python benchmarks/records.py [--folder FOLDER] [--rounds N] [--gigabytes G] [--records N]
"""

from __future__ import annotations

import argparse
import mmap
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from recordio import IndexedReader, Reader, Writer, open_index, verify, write_checksums

SIZES = (50_000, 100_000, 400_000)


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def touch(path: Path) -> int:
    """Read every record and one byte of each of its pages."""
    total = 0
    for record in Reader(path):
        total += len(record[:: mmap.PAGESIZE].tobytes())
    return total


def touch_at_random(path: Path) -> int:
    total = 0
    with IndexedReader(path) as reader:
        order = list(range(len(reader)))
        random.Random(0).shuffle(order)
        for number in order:
            total += len(reader[number][:: mmap.PAGESIZE].tobytes())
    return total


def make(path: Path, size: int, total: int) -> float:
    """Write records of about `size` bytes; seconds."""
    chance = random.Random(size)
    noise = chance.randbytes(4 * size)
    sizes = [chance.randrange(size, size + size // 10) for _ in range(total // size)]

    def work() -> None:
        with Writer(path, checksum=False) as writer:
            for number in sizes:
                start = chance.randrange(2 * size)
                writer.write(noise[start : start + number])

    return timed(work)


def reading(folder: Path, total: int, rounds: int) -> None:
    print("reading from the page cache, GB/s (median of rounds); ratio to cat")
    print(f"{'record':>10} {'cat':>8} {'Reader':>8} {'ratio':>6} {'random':>8} {'ratio':>6} {'verify':>8} {'write':>8}")
    for size in SIZES:
        path = folder / f"{size}.rec"
        writing = make(path, size, total)
        ways: dict[str, Callable[[], object]] = {
            "cat": lambda path=path: subprocess.run(["cat", path], stdout=subprocess.DEVNULL, check=True),
            "reader": lambda path=path: touch(path),
            "random": lambda path=path: touch_at_random(path),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for name in ways:
            ways[name]()
        for _ in range(rounds):
            for name in ways:
                times[name].append(timed(ways[name]))
        with_sums = checked(path)
        middle = {name: statistics.median(values) for name, values in times.items()}
        rate = {name: path.stat().st_size / seconds / 1e9 for name, seconds in middle.items()}
        print(
            f"{size:>10} {rate['cat']:>8.1f} {rate['reader']:>8.1f} {rate['reader'] / rate['cat']:>6.2f} "
            f"{rate['random']:>8.1f} {rate['random'] / rate['cat']:>6.2f} {with_sums:>8.2f} "
            f"{path.stat().st_size / writing / 1e9:>8.2f}"
        )
        path.unlink()


def checked(path: Path) -> float:
    """GB/s of a read that compares every record with its checksum."""
    write_checksums(path)
    if verify(path):
        raise SystemExit(f"{path}: does not verify")
    return path.stat().st_size / timed(lambda: sum(1 for _ in Reader(path, verify=True))) / 1e9


def opening(folder: Path, records: int, rounds: int) -> None:
    path = folder / "many.rec"
    with Writer(path, checksum=False) as writer:
        for _ in range(records):
            writer.write(b"12345678")
    first = timed(lambda: open_index(path))
    later = statistics.median(timed(lambda: IndexedReader(path)[records - 1]) for _ in range(rounds))
    print(f"\n{records} records: first use of the .idx {first:.2f} s; then open and read the last {later * 1e3:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", help="where to make the files; a temporary folder if not given")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--gigabytes", type=float, default=1.0, help="size of each file that is read")
    parser.add_argument("--records", type=int, default=10_000_000, help="records of the file that is opened")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        reading(Path(folder), int(args.gigabytes * 1e9), args.rounds)
        opening(Path(folder), args.records, args.rounds)


if __name__ == "__main__":
    main()
