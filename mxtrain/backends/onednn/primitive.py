"""Memory descriptors, primitive descriptors and prepared calls."""

from __future__ import annotations

import ctypes as c
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from mxtrain.backends.onednn.library import Arg, ExecArg, create, engine, library, must_create, stream
from mxtrain.base.types import Layout, TensorType, strides
from mxtrain.graph import Call, Node, Recipe

_DTYPES = {"float16": 1, "bfloat16": 2, "float32": 3, "int32": 4, "int8": 5, "uint8": 6}
_QUERY_IMPLEMENTATION, _QUERY_SCRATCHPAD, _QUERY_EXEC_ARG = 8, 136, 255


class MemoryDesc:
    """A tensor's dtype, shape and format. Equal if the library says so.

    Args:
        handle: dnnl_memory_desc_t.
        shape: the axes as which the library sees the tensor (grouped weights have one more than MXNet's).
        owner: what keeps the handle alive, if it is not its own.
    """

    __slots__ = ("handle", "owner", "shape")

    def __init__(self, handle: c.c_void_p, shape: tuple[int, ...] | None = None, owner: Any = None) -> None:
        self.handle, self.shape, self.owner = handle, shape, owner

    def __del__(self, ending: Callable[[], bool] = sys.is_finalizing) -> None:
        # At the end of the process modules are gone, and the memory with them.
        if self.owner is None and not ending():
            library().dnnl_memory_desc_destroy(self.handle)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MemoryDesc) and bool(library().dnnl_memory_desc_equal(self.handle, other.handle))

    def __hash__(self) -> int:
        return hash(self.nbytes)

    @property
    def nbytes(self) -> int:
        """Size of a buffer that holds the tensor."""
        return int(library().dnnl_memory_desc_get_size(self.handle))


class PrimitiveDesc:
    """What a primitive will do, chosen by the library."""

    __slots__ = ("handle", "kept")

    def __init__(self, handle: c.c_void_p, kept: Sequence[Any]) -> None:
        self.handle, self.kept = handle, tuple(kept)

    def __del__(self, ending: Callable[[], bool] = sys.is_finalizing) -> None:
        if not ending():
            library().dnnl_primitive_desc_destroy(self.handle)

    def desc(self, arg: int) -> MemoryDesc | None:
        """The format in which the primitive takes or gives an execution argument; None if it has no such argument."""
        return self._md(_QUERY_EXEC_ARG, arg)

    @property
    def scratchpad(self) -> int:
        """Bytes it needs during the call."""
        md = self._md(_QUERY_SCRATCHPAD, 0)
        return md.nbytes if md else 0

    @property
    def implementation(self) -> str:
        """The library's name of the implementation, such as brgconv:avx512_core."""
        text = c.c_char_p()
        library().dnnl_primitive_desc_query(self.handle, _QUERY_IMPLEMENTATION, 0, c.byref(text))
        return (text.value or b"").decode()

    def _md(self, what: int, index: int) -> MemoryDesc | None:
        handle = library().dnnl_primitive_desc_query_md(self.handle, what, index)
        if not handle:
            return None
        md = MemoryDesc(c.c_void_p(handle), owner=self)
        return md if md.nbytes else None


class _Attributes:
    """Attributes: the scratchpad is ours, so that it is planned and counted; and post-ops."""

    __slots__ = ("handle", "kept")

    def __init__(self) -> None:
        self.handle = must_create("dnnl_primitive_attr_create")
        self.kept: list[Any] = []
        library().dnnl_primitive_attr_set_scratchpad_mode(self.handle, 1)

    def __del__(self, ending: Callable[[], bool] = sys.is_finalizing) -> None:
        if not ending():
            library().dnnl_primitive_attr_destroy(self.handle)


class _Primitive(c.c_void_p):
    """A primitive's handle, with the memories and arrays that its prepared call points at."""

    kept: tuple[Any, ...] = ()
    memories: tuple[c.c_void_p, ...] = ()

    def __del__(self, ending: Callable[[], bool] = sys.is_finalizing) -> None:
        if not ending():
            for memory in self.memories:
                library().dnnl_memory_destroy(memory)
            library().dnnl_primitive_destroy(self)


def dims(values: Sequence[int]) -> Any:
    """dnnl_dims_t."""
    return (c.c_int64 * 12)(*values)


@cache
def _strided(shape: tuple[int, ...], dtype: int, steps: tuple[int, ...]) -> MemoryDesc:
    return MemoryDesc(
        must_create("dnnl_memory_desc_create_with_strides", len(shape), dims(shape), dtype, dims(steps)), shape
    )


def supports(*types: TensorType) -> bool:
    """True if the library has these dtypes and can look at these tensors (1 to 6 axes, none empty)."""
    return all(t.dtype in _DTYPES and 1 <= len(t.shape) <= 6 and t.size > 0 for t in types)


def desc(t: TensorType, shape: tuple[int, ...] | None = None) -> MemoryDesc:
    """The descriptor of a tensor as it lies in memory; `shape` sees a plain one with other axes."""
    if isinstance(t.layout.key, MemoryDesc):
        return t.layout.key
    if shape is not None and shape != t.shape:
        t = TensorType(shape, t.dtype)
    return _strided(t.shape, _DTYPES[t.dtype], strides(t))


def strided(shape: tuple[int, ...], dtype: str, steps: tuple[int, ...]) -> MemoryDesc:
    """The descriptor of elements that lie `steps` apart along each axis: a transposed or partial tensor."""
    return _strided(shape, _DTYPES[dtype], steps)


@cache
def any_layout(shape: tuple[int, ...], dtype: str) -> MemoryDesc:
    """A descriptor whose format the library may choose."""
    return MemoryDesc(
        must_create("dnnl_memory_desc_create_with_tag", len(shape), dims(shape), _DTYPES[dtype], 1), shape
    )


def layout_of(md: MemoryDesc, shape: tuple[int, ...] | None = None, name: str = "packed") -> Layout:
    """A layout that only this library can read, of a tensor with the axes `shape`."""
    md.shape = shape or md.shape
    return Layout(name, md, md.nbytes)


def attributes(*post_ops: tuple[Any, ...]) -> _Attributes:
    """Attributes with post-ops: ("eltwise", algorithm, alpha, beta), ("sum", scale), ("binary", algorithm, md)."""
    attr = _Attributes()
    if not post_ops:
        return attr
    chain = must_create("dnnl_post_ops_create")
    for kind, *args in post_ops:
        if kind == "eltwise":
            algorithm, alpha, beta = args
            status = library().dnnl_post_ops_append_eltwise(chain, int(algorithm), c.c_float(alpha), c.c_float(beta))
        elif kind == "sum":
            status = library().dnnl_post_ops_append_sum(chain, c.c_float(args[0]), 0, 0)
        else:
            attr.kept.append(args[1])
            status = library().dnnl_post_ops_append_binary(chain, int(args[0]), args[1].handle)
        if status:
            raise ValueError(f"oneDNN refused the post-op {kind}")
    library().dnnl_primitive_attr_set_post_ops(attr.handle, chain)
    library().dnnl_post_ops_destroy(chain)
    return attr


def _native(value: Any) -> Any:
    """A Python value as the C API takes it."""
    if isinstance(value, (MemoryDesc, PrimitiveDesc, _Attributes)):
        return value.handle
    if isinstance(value, tuple):
        return dims(value)
    if isinstance(value, float):
        return c.c_float(value)
    if isinstance(value, int):
        return c.c_int64(value)
    return value


def describe(kind: str, *args: Any, attr: _Attributes | None = None) -> PrimitiveDesc | None:
    """The library's plan for ``dnnl_<kind>_primitive_desc_create(engine, *args, attr)``.

    Args:
        args: descriptors, ints, floats and tuples of dimensions in the C API's order.

    Returns:
        None if the library refuses, or would fall back to its own unoptimised reference code.
    """
    attr = attr or attributes()
    kept = [*args, attr]
    if kind == "reorder":
        source, target = args
        native = (source.handle, engine(), target.handle, engine(), attr.handle)
    elif kind in ("sum", "concat"):
        target, extra, sources = args
        mds = (c.c_void_p * len(sources))(*[s.handle.value for s in sources])
        middle: tuple[Any, ...] = (len(sources), extra if kind == "concat" else (c.c_float * len(extra))(*extra))
        native = (engine(), target.handle, *middle, mds, attr.handle)
    else:
        native = (engine(), *(_native(a) for a in args), attr.handle)
    handle = create(f"dnnl_{kind}_primitive_desc_create", *native)
    if handle is None:
        return None
    pd = PrimitiveDesc(handle, kept)
    return None if pd.implementation.startswith("ref") else pd


Slots = Mapping[Any, "int | tuple[int, tuple[int, ...] | MemoryDesc]"]
"""Execution argument -> index of an input or output, or (index, axes as which the library sees the plain tensor, or the
descriptor of how it sees it)."""


def recipe(
    pd: PrimitiveDesc,
    node: Node,
    ins: Slots,
    outs: Slots,
    inplace: tuple[tuple[int, int], ...] = (),
    hidden: Sequence[int] = (),
) -> Recipe:
    """The recipe of a node that is one primitive.

    Args:
        inplace: pairs (input, output) that may share a buffer.
        hidden: outputs (workspaces) whose size and format the library decides.
    """
    source = {a: s if isinstance(s, tuple) else (s, None) for a, s in ins.items()}
    target = {a: s if isinstance(s, tuple) else (s, None) for a, s in outs.items()}
    takes = {i: lay for a, (i, axes) in source.items() if (lay := _wanted(pd, a, node.inputs[i].type, axes))}
    gives = {i: lay for a, (i, axes) in target.items()
             if i not in hidden and (lay := _wanted(pd, a, node.types[i], axes))}  # fmt: skip
    for a, (i, _) in target.items():
        md = pd.desc(a)
        if i in hidden and md is not None:
            gives[i] = layout_of(md, name="workspace")

    def prepare(inputs: Sequence[Any], outputs: Sequence[Any], scratch: Any) -> Call:
        arrays = {a: inputs[i] for a, (i, _) in source.items()} | {a: outputs[i] for a, (i, _) in target.items()}
        if pd.scratchpad:
            arrays[Arg.SCRATCHPAD] = scratch
        return prepared(pd, arrays)

    return Recipe(prepare, f"onednn:{pd.implementation}", inplace, False, pd.scratchpad, takes, gives)


def _wanted(pd: PrimitiveDesc, arg: int, t: TensorType, axes: tuple[int, ...] | MemoryDesc | None) -> Layout | None:
    """The layout the primitive wants an argument in; None if the tensor is fine as it lies."""
    md = pd.desc(arg)
    if md is None or isinstance(axes, MemoryDesc) or md == desc(t, axes):
        return None
    return layout_of(md, axes or t.shape)


def prepared(pd: PrimitiveDesc, arrays: Mapping[int, Any]) -> Call:
    """One call with everything built: ``dnnl_primitive_execute(primitive, stream, n, args)``; it returns a status."""
    primitive = _Primitive(must_create("dnnl_primitive_create", pd.handle).value)
    memories = []
    table = (ExecArg * len(arrays))()
    for k, (arg, array) in enumerate(arrays.items()):
        md = pd._md(_QUERY_SCRATCHPAD, 0) if arg == Arg.SCRATCHPAD else pd.desc(arg)
        if md is None:
            raise ValueError(f"{pd.implementation} has no argument {arg}")
        memory = must_create("dnnl_memory_create", md.handle, engine(), c.c_void_p(array.ctypes.data))
        memories.append(memory)
        table[k] = ExecArg(int(arg), memory)
    primitive.memories = tuple(memories)
    primitive.kept = (pd, arrays, table)
    return library().dnnl_primitive_execute, (primitive, stream(), len(arrays), table)
