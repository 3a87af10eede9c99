"""reshape: the same elements with other axes.

Shapes:
    data (any) -> output, as the codes of `shape` say, read from left to right beside the axes of the data:
    n > 0   an axis of n
    0       the data's axis at this place
    -1      whatever is left; once
    -2      all axes of the data that are left
    -3      two axes of the data as one
    -4 a b  an axis of the data as two, a and b; one of them may be -1

Source: MXNet's Reshape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialShape, PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._call import view
from mxtrain.ops._infer import Inferred, Types, dtype_of, product
from mxtrain.ops._reshaped import reshaped

INFER, REST, MERGE, SPLIT = -1, -2, -3, -4


@declare
class Params:
    """Parameters of reshape."""

    shape: tuple[Annotated[int, Field(ge=SPLIT)], ...] = param(doc="sizes and codes 0 -1 -2 -3 -4", min_length=1)
    reverse: bool = param(False, doc="read codes and axes from right to left")


class Reader:
    """The axes of the data, taken one by one, and the output that they become.

    `left` and `open` hold what is not the same on both sides: their products are equal, but for the -1.
    """

    def __init__(self, data: PartialShape, p: Params) -> None:
        self.data, self.params = data, p
        self.at = 0
        self.out: list[int | None] = []
        self.left: list[int | None] = []
        self.open: list[int | None] = []

    def take(self, code: int) -> int | None:
        """The next axis of the data."""
        if self.at >= len(self.data):
            raise ShapeError(f"shape {self.params.shape}: code {code} needs one axis more than 'data' {self.text} has")
        self.at += 1
        return self.data[self.at - 1]

    @property
    def text(self) -> PartialType:
        """The data for an error text."""
        return PartialType(self.data[::-1] if self.params.reverse else self.data)

    def copy(self, dim: int | None) -> None:
        """An axis as it is."""
        self.out.append(dim)
        if dim is None:
            # Unknown on both sides alike: it says nothing about the rest.
            return
        self.left.append(dim)
        self.open.append(dim)

    def split(self, dim: int | None, first: int, second: int) -> None:
        """An axis as two."""
        parts: list[int | None] = [first, second]
        if first < 1 and first != INFER or second < 1 and second != INFER or first == second == INFER:
            raise ShapeError(f"shape {self.params.shape}: after -4 come two sizes, one of which may be -1")
        for k, other in ((0, second), (1, first)):
            if parts[k] == INFER:
                if dim is not None and dim % other:
                    raise ShapeError(
                        f"shape {self.params.shape}: an axis of {dim} cannot be split into parts of {other}"
                    )
                parts[k] = None if dim is None else dim // other
        if dim is not None and product(tuple(parts)) not in (None, dim):
            raise ShapeError(f"shape {self.params.shape}: an axis of {dim} cannot be split into {first} and {second}")
        self.left.append(dim)
        self.open += parts
        self.out += parts


def forward(data: PartialShape, p: Params) -> PartialShape:
    """The shape of the output, as far as that of the data is known.

    Raises:
        ShapeError: naming the code that does not fit.
    """
    codes = p.shape[::-1] if p.reverse else p.shape
    r = Reader(data[::-1] if p.reverse else data, p)
    hole = None
    k = 0
    while k < len(codes):
        code = codes[k]
        if code > 0 or code == INFER:
            if code == INFER:
                if hole is not None:
                    raise ShapeError(f"shape {p.shape}: only one -1 can be inferred")
                hole = len(r.out)
            # A size stands for the axis at its place, as far as zeros after it are concerned.
            if r.at < len(r.data):
                r.left.append(r.take(code))
            r.out.append(None if code == INFER else code)
            r.open += [] if code == INFER else [code]
        elif code == 0:
            r.copy(r.take(code))
        elif code == REST:
            while r.at < len(r.data):
                r.copy(r.take(code))
        elif code == MERGE:
            pair = [r.take(code), r.take(code)]
            r.left += pair
            r.out.append(product(tuple(pair)))
            r.open.append(product(tuple(pair)))
        else:
            if k + 2 >= len(codes):
                raise ShapeError(f"shape {p.shape}: after -4 come two sizes, one of which may be -1")
            r.split(r.take(code), codes[k + 1], codes[k + 2])
            k += 2
        k += 1
    return finish(r, hole)


def finish(r: Reader, hole: int | None) -> PartialShape:
    """Fill in the -1, and compare the numbers of elements."""
    r.left += r.data[r.at :]
    have, want = product(tuple(r.left)), product(tuple(r.open))
    if have is not None and want is not None:
        if hole is None and have != want or hole is not None and (have % want if want else have):
            out = PartialType(tuple(r.out[::-1] if r.params.reverse else r.out))
            raise ShapeError(f"shape {r.params.shape}: 'data' {r.text} has another number of elements than {out}")
        if hole is not None:
            r.out[hole] = have // want if want else 0
    return tuple(r.out[::-1] if r.params.reverse else r.out)


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Forward; backward, one unknown axis of the data from the number of elements."""
    dtype = dtype_of(ins[0], outs[0])
    data = ins[0].shape
    if data is None:
        fixed = all(code > 0 for code in p.shape)
        return [PartialType(None, dtype)], [PartialType(p.shape if fixed else None, dtype)]
    out = forward(data, p)
    size = product(outs[0].shape) if outs[0].shape is not None else product(out)
    known = [d for d in data if d is not None]
    rest = product(tuple(known))
    if size is not None and rest and len(known) == len(data) - 1:
        if size % rest:
            raise ShapeError(f"'data' {PartialType(data)} cannot have {size} elements")
        data = tuple(size // rest if d is None else d for d in data)
    return [PartialType(data, dtype)], [PartialType(out, dtype)]


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """The same elements with the axes of the data."""
    return [dy[0] and reshaped(f"{node.name}_backward", dy[0], node.inputs[0].type.shape)]


OP = Op(
    "reshape", infer, {"reference": view()}, params=Params, mxnet=("Reshape", "reshape"), gradient=gradient,
    precision="follow",
)  # fmt: skip
