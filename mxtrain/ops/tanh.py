"""tanh: the hyperbolic tangent of each element, element by element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's tanh.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import activation_op

OP = activation_op("tanh")
