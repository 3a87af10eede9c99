"""zeros: every element 0, as MXNet 1.9.1."""

from __future__ import annotations

import numpy as np

from mxtrain.base.params import NoParams
from mxtrain.base.types import Shape
from mxtrain.init._initializer import Initializer, Stream, Values


def draw(params: NoParams, shape: Shape, stream: Stream) -> Values:
    """All 0."""
    return np.zeros(shape, np.float32)


INITIALIZER = Initializer("zeros", draw)
