"""Counter-based random streams: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).

A stream is keyed by (seed, name) and counted by (step, sample, element), so a draw depends on neither the order of
nodes, the layout, the number of threads nor of workers, and a resumed run draws what the uninterrupted one drew.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

STATE, STATE_SHAPE, STATE_DTYPE = "random_state", (5,), "uint32"
"""The variable that keys random operators, an input of each: seed low and high, step, first sample low and high."""

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)


def stream_key(seed: int, name: str) -> tuple[int, int]:
    """The two key words of the stream called `name` under `seed`."""
    low = (seed ^ zlib.crc32(name.encode())) & 0xFFFFFFFF
    high = ((seed >> 32) ^ zlib.crc32(name.encode()[::-1], 0x9747B28C)) & 0xFFFFFFFF
    return low, high


def philox(counter: Any, key: tuple[int, int], xp: Any = np) -> Any:
    """Ten rounds of Philox4x32.

    Args:
        counter: (4, n) uint32, one column per block of four words.
        key: two words.
        xp: the array module (NumPy or CuPy).

    Returns:
        (4, n) uint32.
    """
    c0, c1, c2, c3 = (counter[i].astype(np.uint64) for i in range(4))
    k0, k1 = key
    for _ in range(10):
        p0, p1 = c0 * _M0, c2 * _M1
        c0, c1, c2, c3 = (
            (p1 >> _SHIFT) ^ c1 ^ np.uint64(k0),
            p1 & _LOW,
            (p0 >> _SHIFT) ^ c3 ^ np.uint64(k1),
            p0 & _LOW,
        )
        k0, k1 = (k0 + _W0) & 0xFFFFFFFF, (k1 + _W1) & 0xFFFFFFFF
    return xp.stack([c0, c1, c2, c3]).astype(np.uint32)


def words(key: tuple[int, int], step: int, first_sample: int, samples: int, each: int, xp: Any = np) -> Any:
    """`each` random 32-bit words for each of `samples` consecutive samples of one step.

    Counter layout: (block within the sample, sample low, sample high, step).

    Returns:
        (samples, each) uint32.
    """
    blocks = -(-each // 4)
    ids = np.uint64(first_sample) + xp.arange(samples, dtype=np.uint64)
    counter = xp.empty((4, samples, blocks), np.uint32)
    counter[0] = xp.arange(blocks, dtype=np.uint32)[None, :]
    counter[1] = (ids & _LOW).astype(np.uint32)[:, None]
    counter[2] = (ids >> _SHIFT).astype(np.uint32)[:, None]
    counter[3] = np.uint32(step & 0xFFFFFFFF)
    out = philox(counter.reshape(4, -1), key, xp).reshape(4, samples, blocks)
    return xp.ascontiguousarray(out.transpose(1, 2, 0).reshape(samples, blocks * 4)[:, :each])


def uniform(word: Any) -> Any:
    """Words as float32 in [0, 1), 24 bits each."""
    return (word >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)


def normal(key: tuple[int, int], size: int) -> NDArray[np.float32]:
    """`size` independent standard normal float32 of one stream (Box-Muller)."""
    half = -(-size // 2)
    w = words(key, 0, 0, 1, 2 * half)[0].astype(np.float64)
    radius = np.sqrt(-2.0 * np.log((w[:half] + 1.0) * 2.0**-32))
    angle = 2.0 * np.pi * 2.0**-32 * w[half:]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:size].astype(np.float32)


def generator(seed: int, name: str, *counts: int) -> np.random.Generator:
    """A NumPy generator for host-side draws (augmentation, splits), keyed by seed, name and counts."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([*stream_key(seed, name), *counts])))
