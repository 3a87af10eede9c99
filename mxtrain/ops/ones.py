"""ones: a tensor of ones.

Shapes:
    -> output (shape); a size of 0 is what its reader needs

Source: MXNet's _ones.
"""

from __future__ import annotations

from mxtrain.ops._constants import filled

OP = filled("ones", lambda p: 1.0, mxnet=("_ones",))
