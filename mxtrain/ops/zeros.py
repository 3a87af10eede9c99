"""zeros: a tensor of zeros.

Shapes:
    -> output (shape); a size of 0 is what its reader needs

Source: MXNet's _zeros.
"""

from __future__ import annotations

from mxtrain.ops._constants import filled

OP = filled("zeros", lambda p: 0.0, mxnet=("_zeros",))
