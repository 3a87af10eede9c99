"""CUDA C++ for the reductions of a traced program: one launch in a fixed order, by blocks over rows or columns, and a
second one over partial results if the first is cut into chunks."""

from __future__ import annotations

import math

from mxtrain.backends.cuda.emit import Body, Dims, Layout, Meaning, Pass, collapse, every, leaves_of, whole_type
from mxtrain.backends.cuda.expression import IOTA, REDUCTIONS, Expr, Leaf
from mxtrain.backends.cuda.launch import THREADS, Grid
from mxtrain.backends.cuda.source import Source
from mxtrain.backends.cuda.trace import Work

FILL = 1024
"""Blocks that a reduction is cut into, so that it fills a large GPU. A constant: results do not depend on the GPU."""

FEWEST = 32


def partials(work: Work) -> int:
    """Elements of partial results that a reduction needs."""
    count, chunks, _, _ = _shape_of(work)
    return count * chunks if chunks > 1 else 0


def _shape_of(work: Work) -> tuple[int, int, int, bool]:
    """(results, chunks, elements of each result, by columns)."""
    ((_, e),) = work.targets
    kept = [a for a in range(len(work.shape)) if a not in work.axes and work.shape[a] != 1]
    count = math.prod(work.shape[a] for a in kept)
    each = math.prod(work.shape[a] for a in work.axes)
    columns = False
    best: tuple[int, int] | None = None
    for x in leaves_of([e]):
        for a, s in enumerate(x.strides[: len(work.shape)]):
            if s and work.shape[a] != 1 and x.slot != IOTA and (best is None or abs(s) < best[0]):
                best = (abs(s), a)
                columns = a not in work.axes
    groups = -(-count // 32) if columns else count
    chunks = max(1, min(FILL // max(groups, 1), each // (128 if columns else 2048)))
    return count, chunks, each, columns


def emit_reduction(work: Work, partial: Leaf | None = None) -> list[Pass]:
    """One launch, or two over chunks.

    Args:
        partial: where chunks put their results, float32, if there are several.
    """
    ((target, e),) = work.targets
    count, chunks, each, columns = _shape_of(work)
    if chunks == 1 or partial is None:
        return [_reduction(work, 1, columns)]
    first = _reduction(work, chunks, columns, partial)
    outer = outer_dims(work)
    steps = tuple(math.prod(outer.sizes[k + 1 :]) for k in range(len(outer.sizes)))
    shape = (chunks, *outer.sizes)
    from_partial = Expr("load", shape, "float32", leaf=partial._replace(strides=(count, *steps)))
    second = Work(((target._replace(strides=(0, *outer.strides[target])), from_partial),), shape, work.reduce, (0,))
    return [first, _reduction(second, 1, _shape_of(second)[3])]


def outer_dims(work: Work) -> Dims:
    """The axes of the results, in the order in which they lie in the target."""
    ((target, e),) = work.targets
    kept = [a for a in range(len(work.shape)) if a not in work.axes]
    return collapse(work.shape, list(dict.fromkeys([*leaves_of([e]), target])), kept, [target])


def _reduction(work: Work, chunks: int, columns: bool, partial: Leaf | None = None) -> Pass:
    """The launch of a reduction; chunks, if there are several, write one after another into `partial`."""
    ((target, e),) = work.targets
    read = leaves_of([e])
    real = [x for x in read if x.slot != IOTA] or read
    inner = collapse(work.shape, read, work.axes, real[:1])
    return _reduction_text(work, (partial or target, e, read), (outer_dims(work), inner), chunks, columns)


def _reduction_text(
    work: Work, what: tuple[Leaf, Expr, list[Leaf]], dims: tuple[Dims, Dims], chunks: int, columns: bool
) -> Pass:
    target, e, read = what
    outer, inner = dims
    count, each = math.prod(outer.sizes), math.prod(inner.sizes)
    layout = Layout(list(dict.fromkeys([*read, target])), [target], [])
    names = {x: f"x{k}" for k, x in enumerate(read)}
    gathered = {x.leaf for x in every([e]) if x.op == "gather" and x.leaf is not None}
    body = Body([e], names)
    r = REDUCTIONS[work.reduce]
    index = whole_type(count, each)
    results, elements = layout.number(count), layout.number(each)
    chunk = layout.number(-(-each // chunks))
    decode_outer, at_outer = layout.decode("o", outer, "c", index)
    decode_inner, at_inner = layout.decode("j", inner, "d", index)
    loop = list(decode_inner)
    for x in read:
        at = f"o_{names[x]} + {layout.offset(x, inner, at_inner)}"
        if x.slot == IOTA:
            loop.append(f"float {names[x]} = (float)({layout.number(x.offset)} + {at});")
        elif x in gathered:
            loop.append(f"const {x.dtype}* {names[x]} = {layout.name[x]} + {at};")
        else:
            loop.append(f"float {names[x]} = widen({layout.name[x]}[{at}]);")
    loop += [*body.lines, f"total = {r.functor}::of(total, {body.results[0]});"]
    where = f"blockIdx.y * {results} + o" if chunks > 1 else layout.offset(target, outer, at_outer)
    bases = [*decode_outer, *(f"int64 o_{names[x]} = {layout.offset(x, outer, at_outer)};" for x in read)]
    span = [
        f"int64 first = (int64)blockIdx.y * {chunk}, last = min(first + {chunk}, (int64){elements});",
        f"float total = {r.neutral};",
    ]
    write = f"put({layout.name[target]} + ({where}), total);"
    threads = THREADS if columns else min(THREADS, max(FEWEST, 1 << (-(-each // chunks) - 1).bit_length()))
    if columns:
        lines = _columns(bases, span, loop, (write, results, r.functor, r.neutral))
        grid = Grid(-(-count // 32), chunks, threads=threads)
    else:
        lines = [
            "int64 o = blockIdx.x;", *span, *bases,
            "for (int64 j = first + threadIdx.x; j < last; j += blockDim.x) {", *loop, "}",
            f"total = reduce_block<{r.functor}>(total, {r.neutral});", "if (threadIdx.x == 0) {", write, "}",
        ]  # fmt: skip
        grid = Grid(count, chunks, threads=threads)
    head = f'extern "C" __global__ void __launch_bounds__({threads}) run({", ".join(layout.parameters)}) {{'
    meaning = Meaning(work, tuple(layout.leaves), chunks)
    return Pass(Source("pass.cu", "\n".join([head, *lines, "}"]), meaning=meaning), grid, tuple(layout.args))


def _columns(bases: list[str], span: list[str], loop: list[str], what: tuple[str, str, str, str]) -> list[str]:
    """32 neighbouring results per block, eight rows at a time."""
    write, results, functor, _ = what
    rows = THREADS // 32
    return [
        "int lane = threadIdx.x % 32, row = threadIdx.x / 32;", "int64 o = blockIdx.x * 32LL + lane;",
        f"__shared__ float part[{rows}][33];", *span, f"if (o < {results}) {{", *bases,
        f"for (int64 j = first + row; j < last; j += {rows}) {{", *loop, "}", "}",
        "part[row][lane] = total;", "__syncthreads();", f"if (row == 0 && o < {results}) {{", *bases,
        f"for (int k = 1; k < {rows}; ++k) total = {functor}::of(total, part[k][lane]);", write, "}",
    ]  # fmt: skip
