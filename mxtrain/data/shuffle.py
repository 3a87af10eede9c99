"""The order of an epoch as a keyed bijection: any stretch of it is computed on the spot, no permutation is held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.random import stream_key, words

_ROUNDS = 12


@dataclass(frozen=True)
class Order:
    """The order in which an epoch visits `size` samples: a function of (seed, epoch) alone.

    A Feistel network over the smallest power of two that holds `size` (its halves may be unequal; each round changes
    one of them by a hash of the other), walked along its cycles until it lands below `size`: on average fewer than two
    steps (Black, Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002).

    Args:
        size: number of samples, at least 1.
        seed: of the run.
        shuffle: False visits them as they come.
    """

    size: int
    seed: int
    shuffle: bool = True

    def at(self, epoch: int, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sample ids at `positions` (n,) of the epoch; a position from `size` on wraps around."""
        ids = np.asarray(positions, np.int64) % self.size
        if not self.shuffle or self.size == 1:
            return ids
        bits = (self.size - 1).bit_length()
        keys = words(stream_key(self.seed, "data/order"), epoch, 0, 1, _ROUNDS)[0]
        ids = _permute(ids, bits, keys)
        outside = np.flatnonzero(ids >= self.size)
        while outside.size:
            ids[outside] = _permute(ids[outside], bits, keys)
            outside = outside[ids[outside] >= self.size]
        return ids


@dataclass(frozen=True)
class Within:
    """The order within a few samples of a stream: what comes after the last is the first again.

    Args:
        ids: of the samples.
        first: position of the first in the epoch.
    """

    ids: NDArray[np.int64]
    first: int

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.ids)

    def at(self, epoch: int, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sample ids at `positions` (n,) of the epoch."""
        return self.ids[(np.asarray(positions, np.int64) - self.first) % len(self.ids)]


def _permute(values: NDArray[np.int64], bits: int, keys: NDArray[np.uint32]) -> NDArray[np.int64]:
    """A bijection of [0, 2^bits), bits <= 62."""
    low_bits = bits // 2
    high = (values >> low_bits).astype(np.uint32)
    low = (values & ((1 << low_bits) - 1)).astype(np.uint32)
    high_mask, low_mask = np.uint32((1 << (bits - low_bits)) - 1), np.uint32((1 << low_bits) - 1)
    for number, key in enumerate(keys):
        if number % 2:
            low ^= _mix(high, key) & low_mask
        else:
            high ^= _mix(low, key) & high_mask
    return (high.astype(np.int64) << low_bits) | low.astype(np.int64)


def _mix(values: NDArray[np.uint32], key: np.uint32) -> NDArray[np.uint32]:
    """A keyed hash of 32-bit words (the finaliser of MurmurHash3, with the key put in before each multiplication)."""
    out = (values ^ key) * np.uint32(0x85EBCA6B)
    out ^= out >> np.uint32(13)
    out = (out + key) * np.uint32(0xC2B2AE35)
    out ^= out >> np.uint32(16)
    return out
