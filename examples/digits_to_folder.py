"""Scikit-learn's handwritten digits as a folder of PNG files: OUT/train/<digit>/NNNN.png and OUT/val/<digit>/NNNN.png.

The data set (1,797 images of 8 x 8 pixels, values 0 to 16) comes with scikit-learn: nothing is downloaded. A fifth of
each digit goes to val, drawn by --seed; pixels are scaled to 0..255. NNNN is the image's number in the data set.

    python examples/digits_to_folder.py demo/digits
"""

from __future__ import annotations

import argparse
import pathlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits

VAL_SHARE = 0.2


def split(labels: NDArray[np.int64], seed: int) -> NDArray[np.bool_]:
    """True for the samples of the validation set: a fifth of each class."""
    rng = np.random.default_rng(seed)
    held_out = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        held_out[members[: round(VAL_SHARE * len(members))]] = True
    return held_out


def write(out: pathlib.Path, seed: int) -> tuple[int, int]:
    """Write the PNG files and return how many went to train and to val."""
    digits = load_digits()
    pixels = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    held_out = split(digits.target, seed)
    for number, (image, label, held) in enumerate(zip(pixels, digits.target, held_out, strict=True)):
        folder = out / ("val" if held else "train") / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{number:04}.png")
    return int((~held_out).sum()), int(held_out.sum())


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Write scikit-learn's digits as a folder of PNG files.")
    parser.add_argument("out", type=pathlib.Path, metavar="OUT", help="folder to write; it must not hold another split")
    parser.add_argument("--seed", type=int, default=0, help="decides which images are held out (default: 0)")
    args = parser.parse_args()
    marker = args.out / "seed.txt"
    if args.out.exists() and (not marker.exists() or marker.read_text(encoding="utf-8").strip() != str(args.seed)):
        parser.error(f"{args.out} is there and was not made with --seed {args.seed}; remove it or name another folder")
    args.out.mkdir(parents=True, exist_ok=True)
    marker.write_text(f"{args.seed}\n", encoding="utf-8")
    train, val = write(args.out, args.seed)
    print(f"{args.out}: {train} images in train, {val} in val")


if __name__ == "__main__":
    main()
