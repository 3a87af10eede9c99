"""Bounds of ResNet-50 v1.5 training (224 x 224, 16 bits, channels last) on a GPU, from its copy bandwidth and its
matrix throughput: which fusions move how many bytes, and how fast a step could be at most. Prints the table.

    python benchmarks/gpu_roofline.py --bandwidth 4.3e12 --flops 790e12 --batch 256
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from report import table

BANDWIDTH, FLOPS = 4.3e12, 790e12
BLOCKS = ((64, 56, 3), (128, 28, 4), (256, 14, 6), (512, 7, 3))
"""Width, height and number of the bottlenecks of each stage."""
BYTES_OF_AN_UPDATE = 26
"""Per parameter: float32 weight, gradient and momentum read, weight and momentum written, 16-bit copy written and read
by forward and backward."""


@dataclass(frozen=True)
class Conv:
    """A convolution over one image.

    Args:
        kind: stem, first, middle, last (of a block) or shortcut.
    """

    kind: str
    inputs: int
    outputs: int
    kernel: int
    height: int
    stride: int = 1

    @property
    def macs(self) -> int:
        return self.inputs * self.outputs * self.kernel**2 * self.height**2

    @property
    def read(self) -> int:
        """Elements of the input."""
        return self.inputs * (self.height * self.stride) ** 2

    @property
    def written(self) -> int:
        """Elements of the output."""
        return self.outputs * self.height**2

    @property
    def parameters(self) -> int:
        return self.inputs * self.outputs * self.kernel**2


def resnet50() -> list[Conv]:
    """The 53 convolutions."""
    found, channels = [Conv("stem", 3, 64, 7, 112, 2)], 64
    for stage, (width, height, count) in enumerate(BLOCKS):
        for k in range(count):
            stride = 2 if k == 0 and stage else 1
            found.append(Conv("first", channels, width, 1, height * stride))
            found.append(Conv("middle", width, width, 3, height, stride))
            found.append(Conv("last", width, 4 * width, 1, height))
            if k == 0:
                found.append(Conv("shortcut", channels, 4 * width, 1, height, stride))
            channels = 4 * width
    return found


@dataclass(frozen=True)
class Totals:
    """Sums over the net, elements per image.

    Args:
        ends: outputs of blocks; `shortcuts`, `middles` likewise.
    """

    macs: int
    read: int
    written: int
    ends: int
    shortcuts: int
    middles: int
    stem: int
    pooled: int
    parameters: int
    stem_macs: int


def totals(convs: list[Conv]) -> Totals:
    """The sums of section's formulas; the classifier counts for operations and parameters."""

    def written(*kinds: str) -> int:
        return sum(c.written for c in convs if c.kind in kinds)

    classifier = 2048 * 1000
    norms = sum(2 * c.outputs for c in convs)
    return Totals(
        sum(c.macs for c in convs) + classifier,
        sum(c.read for c in convs),
        sum(c.written for c in convs),
        written("last"), written("shortcut"), written("first", "middle"), written("stem"), 64 * 56**2,
        sum(c.parameters for c in convs) + norms + classifier + 1000, convs[0].macs,
    )  # fmt: skip


def operations(t: Totals) -> float:
    """Floating-point operations of a training step per image: forward, and twice that, but for the stem's data."""
    return 2.0 * t.macs + 2.0 * (2 * t.macs - t.stem_macs)


def moved(t: Totals) -> dict[str, float]:
    """Bytes per image by how much is fused; weights apart."""
    operands = 3 * (t.read + t.written) - 3 * 224 * 224
    pools = 2 * (t.stem + t.pooled)
    inner = t.written - t.ends - t.shortcuts
    elements = {
        "A nothing fused": operands + 8 * t.written + 5 * inner + 11 * t.ends + pools,
        "B norm, activation, sum fused": operands + 6 * t.written + 2 * (t.written - t.ends) + 5 * t.ends + pools,
        "C statistics and scales in convolutions": (
            operands + 3 * t.written + 6 * t.ends + t.middles + t.shortcuts + 3 * t.stem + pools
        ),
        "D operands of convolutions alone": operands,
    }
    return {name: 2.0 * n for name, n in elements.items()}


def seconds_of_convs(convs: list[Conv], bandwidth: float, flops: float) -> float:
    """Per image: each pass of each convolution takes what is slower, its operations or its bytes."""
    total = 0.0
    for c in convs:
        passes = 2 if c.kind == "stem" else 3
        total += passes * max(2 * c.macs / flops, 2 * (c.read + c.written) / bandwidth)
    return total


def bounds(batch: int, bandwidth: float = BANDWIDTH, flops: float = FLOPS) -> dict[str, tuple[float, float]]:
    """Bytes per image, and images per second at most, by how much is fused."""
    convs = resnet50()
    t = totals(convs)
    by_fusion = moved(t)
    least = by_fusion["D operands of convolutions alone"]
    weights = t.parameters * BYTES_OF_AN_UPDATE / batch / bandwidth
    fixed = seconds_of_convs(convs, bandwidth, flops) + weights
    return {name: (n, 1.0 / (fixed + (n - least) / bandwidth)) for name, n in by_fusion.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bandwidth", type=float, default=BANDWIDTH, help="bytes per second of a copy, both ways")
    parser.add_argument("--flops", type=float, default=FLOPS, help="operations per second of a 16-bit product")
    parser.add_argument("--batch", type=int, default=256)
    args = parser.parse_args()
    rows = [
        [name, f"{n / 1e6:.1f}", f"{rate:,.0f}"]
        for name, (n, rate) in bounds(args.batch, args.bandwidth, args.flops).items()
    ]
    print(table(["fused", "MB/image", "images/s at most"], rows))


if __name__ == "__main__":
    main()
