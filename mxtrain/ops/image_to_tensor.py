"""image_to_tensor: pixels of 0 to 255 as numbers of 0 to 1, the channels before the pixels.

Shapes:
    data ([N,] H, W, C) -> output ([N,] C, H, W), float32 unless the data is a float

Source: MXNet's image.to_tensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.params import NoParams
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, need_rank


def infer(p: NoParams, ins: Types, outs: Types) -> Inferred:
    """The last axis becomes the third from the end; whole numbers become float32."""
    data, out = (
        need_rank(ins[0], (3, 4), "data", "([N,] H, W, C)"),
        need_rank(outs[0], (3, 4), "output", "([N,] C, H, W)"),
    )
    if data is not None:
        out = (*data[:-3], data[-1], *data[-3:-1])
    elif out is not None:
        data = (*out[:-3], *out[-2:], out[-3])
    dtype = ins[0].dtype
    wide = None if dtype is None else dtype if "float" in dtype else "float32"
    return [PartialType(data, dtype)], [PartialType(out, wide or outs[0].dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    outs[0][...] = xp.moveaxis(ins[0], -1, -3) / 255


def infer_backward(p: NoParams, ins: Types, outs: Types) -> Inferred:
    """The channels go back to the end."""
    s = ins[0].shape
    return list(ins), [PartialType(s and (*s[:-3], *s[-2:], s[-3]), ins[0].dtype)]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward."""
    outs[0][...] = xp.moveaxis(ins[0], -3, -1) / 255


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards data that is a float."""
    whole = "float" not in node.inputs[0].type.dtype
    return [None if dys[0] is None or whole else apply(BACKWARD, f"{node.name}_backward", dys[0])]


BACKWARD = Op("image_to_tensor_backward", infer_backward, array_code(run_backward), inputs=("dy",))
OP = Op("image_to_tensor", infer, array_code(run), mxnet=("_image_to_tensor",), gradient=gradient)
