"""filled: a tensor of one number.

Shapes:
    -> output (shape); a size of 0 is what its reader needs

Source: MXNet's _full.
"""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.ops._constants import Filled, filled


@declare
class Params(Filled):
    """Parameters of filled."""

    value: float = param(doc="the number")


OP = filled("filled", lambda p: float(p.value), Params, mxnet=("_full",))
