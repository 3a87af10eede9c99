"""rint: the nearest integer, of two the lower. No gradient.

Shapes:
    data (any) -> output, same shape

Source: MXNet's rint.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import elementwise


def run(params: Any, xp: Any, out: Any, data: Any) -> None:
    """Halves go down, as in MXNet."""
    xp.ceil(data - 0.5, out=out)


OP = elementwise("rint", run, (None,), alias=False, mxnet=("rint",))
