"""sigmoid: 1 / (1 + exp(-x)), element by element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's sigmoid.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import activation_op

OP = activation_op("sigmoid")
