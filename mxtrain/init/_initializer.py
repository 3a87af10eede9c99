"""What an initialiser is: a frozen record with one function; and the random streams that it draws from."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base import random
from mxtrain.base.errors import ConfigError
from mxtrain.base.params import NoParams
from mxtrain.base.types import Shape

Values = NDArray[np.float32]

BLOCK = 1 << 18
"""Numbers drawn at a time: what the draw of a large weight needs beside the weight itself stays small."""


@dataclass(frozen=True)
class Stream:
    """The random numbers of one parameter, which depend on nothing but these two.

    Args:
        seed: of the run.
        name: of the parameter.
    """

    seed: int
    name: str

    def uniform(self, shape: Shape, low: float, high: float) -> Values:
        """Uniform between `low` and `high`, 24 random bits each."""
        return self._draw(shape, _unit, high - low, low)

    def gaussian(self, shape: Shape, sigma: float) -> Values:
        """Normal with mean 0 and standard deviation `sigma`."""
        return self._draw(shape, random.normal, sigma, 0.0)

    def _draw(
        self, shape: Shape, numbers: Callable[[tuple[int, int], int], Values], factor: float, offset: float
    ) -> Values:
        out = np.empty(math.prod(shape), np.float32)

        def draw(block: int) -> None:
            part = out[block * BLOCK : (block + 1) * BLOCK]
            key = random.stream_key(self.seed, f"init/{block}/{self.name}")
            np.multiply(numbers(key, part.size), np.float32(factor), out=part)
            np.add(part, np.float32(offset), out=part)

        blocks = -(-out.size // BLOCK)
        if blocks <= 1:
            draw(0)
        else:
            # Every block has a stream of its own, so the threads change nothing.
            with ThreadPoolExecutor(min(blocks, os.cpu_count() or 1)) as pool:
                list(pool.map(draw, range(blocks)))
        return out.reshape(shape)


def _unit(key: tuple[int, int], size: int) -> Values:
    """Uniform in [0, 1)."""
    values: Values = random.uniform(random.words(key, 0, 0, 1, size)[0])
    return values


@dataclass(frozen=True)
class Initializer:
    """A way to draw a parameter's first value.

    Args:
        name: snake case, the name of its module.
        draw: ``(params, shape, stream) -> float32 array``. Raises ConfigError for a shape that it is not made for.
        params: class made by base.params.declare.
    """

    name: str
    draw: Callable[[Any, Shape, Stream], Values]
    params: type = NoParams


def unfit(initializer: str, stream: Stream, shape: Shape, wanted: str) -> ConfigError:
    """The error for a parameter of a shape that an initialiser is not made for."""
    return ConfigError(
        f"initializer {initializer}: parameter {stream.name!r} must have {wanted}, got {shape}; "
        f"choose another initializer for it under initializer.patterns"
    )
