"""topk: the k largest (or smallest) elements of an axis, from the first on; or where they are.

Shapes:
    data (A..., K, B...) -> output (A..., k, B...), the places (indices) or the elements (value); both: two outputs;
    mask: (A..., K, B...), 1 at these places, 0 elsewhere
    without an axis: data (S) -> output (k,); mask: (S)

Source: MXNet's topk.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialShape, PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, normal_axis, product
from mxtrain.ops._order import IndexType, back, order, rows, to_places


@declare
class Params:
    """Parameters of topk."""

    axis: int | None = param(-1, doc="the axis; negative: from the end; None: all elements in order")
    k: int = param(1, ge=0, doc="how many; 0: all, in order")
    ret_typ: Literal["both", "indices", "mask", "value"] = param("indices", doc="what is given")
    is_ascend: bool = param(False, doc="the smallest instead of the largest")
    dtype: IndexType = param("float32", doc="dtype of places")


def results(p: Params) -> tuple[str, ...]:
    """Names of what users see."""
    return ("output0", "output1") if p.ret_typ == "both" else ("output",)


def output_names(p: Params) -> tuple[str, ...]:
    """With elements, where they were, exactly: for the gradient."""
    return (*results(p), "places") if p.ret_typ in ("both", "value") else results(p)


def taken(p: Params, data: PartialShape) -> PartialShape:
    """The shape of what is taken.

    Raises:
        ShapeError: if there are not as many.
    """
    size = product(data) if p.axis is None else data[normal_axis(p.axis, len(data))]
    if size is not None and p.k > size:
        raise ShapeError(f"k {p.k} is more than the {size} elements there are; got 'data' {PartialType(data)}")
    count = p.k or size
    if p.axis is None:
        return (count,)
    axis = normal_axis(p.axis, len(data))
    return (*data[:axis], count, *data[axis + 1 :])


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Forward; from a mask, the data."""
    dtype, data = ins[0].dtype, ins[0].shape
    if p.ret_typ in ("both", "value", "mask"):
        dtype = dtype_of(ins[0], outs[0])
    if data is None and p.ret_typ == "mask":
        data = outs[0].shape
    shape = None if data is None else taken(p, data)
    kinds: list[str | None] = [p.dtype] if p.ret_typ == "indices" else [dtype]
    if p.ret_typ in ("both", "value"):
        kinds += [p.dtype, "int64"] if p.ret_typ == "both" else ["int64"]
    made = [PartialType(data if p.ret_typ == "mask" else shape, kind) for kind in kinds]
    return [PartialType(data, dtype)], made


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    x = rows(ins[0], p.axis)
    places = order(xp, x, p.is_ascend)[..., : p.k or x.shape[-1]]
    if p.ret_typ == "mask":
        mask = xp.zeros(x.shape, ins[0].dtype)
        flat, width = mask.reshape(-1, x.shape[-1]), places.shape[-1]
        flat[xp.arange(flat.shape[0])[:, None], places.reshape(-1, width)] = 1
        outs[0][...] = back(mask, p.axis, outs[0].shape)
        return
    for out in outs[p.ret_typ != "indices" :]:
        out[...] = back(places, p.axis, out.shape)
    if p.ret_typ != "indices":
        outs[0][...] = back(xp.take_along_axis(x, places, -1), p.axis, outs[0].shape)


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Of elements, to where they were; places and masks have none."""
    elements = node.params.ret_typ in ("both", "value")
    return [dys[0] and to_places(node, dys[0], node[node.output_count - 1]) if elements else None]


OP = Op(
    "topk", infer, {"reference": reference(run)}, params=Params, outputs=output_names,
    visible=lambda p: len(results(p)), mxnet=("topk",), gradient=gradient,
)  # fmt: skip
