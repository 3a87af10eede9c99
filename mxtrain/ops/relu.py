"""relu: max(x, 0), element by element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's relu.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import activation_op

OP = activation_op("relu")
