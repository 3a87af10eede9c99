"""orthogonal: orthogonal rows or columns, as MXNet 1.9.1 (Orthogonal).

Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks", ICLR 2014.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from mxtrain.base.params import declare, param
from mxtrain.base.types import Shape
from mxtrain.init._initializer import Initializer, Stream, Values, unfit


@declare
class Params:
    """A matrix (O, I * window) whose rows, or columns where they are fewer, are orthogonal."""

    scale: float = param(1.414, doc="length of each row or column")
    rand_type: Literal["uniform", "normal"] = param("uniform", doc="distribution of the matrix that is made orthogonal")


def draw(params: Params, shape: Shape, stream: Stream) -> Values:
    """The nearest orthogonal factor of a random matrix: U or V' of its singular value decomposition.

    Raises:
        ConfigError: for a scalar or an empty shape.
    """
    if not shape or 0 in shape:
        raise unfit("orthogonal", stream, shape, "at least 1 axis and 1 element")
    matrix = (shape[0], math.prod(shape[1:]))
    drawn = stream.uniform(matrix, -1.0, 1.0) if params.rand_type == "uniform" else stream.gaussian(matrix, 1.0)
    u, _, v = np.linalg.svd(drawn.astype(np.float64), full_matrices=False)
    return (params.scale * (u if u.shape == matrix else v)).reshape(shape).astype(np.float32)


INITIALIZER = Initializer("orthogonal", draw, Params)
