"""argmax: where the largest element of an axis is; of several equal ones, the first.

Shapes:
    data (S) -> output (S without the axis, or with 1 in its place), numbers in the dtype of the data

Source: MXNet's argmax.
"""

from __future__ import annotations

from mxtrain.ops._extremum import extremum

OP = extremum("argmax")
