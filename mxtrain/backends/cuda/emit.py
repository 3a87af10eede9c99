"""CUDA C++ for the assignments of a traced program: a grid-stride loop, which loads and stores 16 bytes at once where
elements lie side by side. Reductions are in emit_reduction.py."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mxtrain.backends.cuda.expression import FUNCTIONS, IOTA, Expr, Leaf
from mxtrain.backends.cuda.launch import THREADS, Grid
from mxtrain.backends.cuda.source import Source
from mxtrain.backends.cuda.trace import Work
from mxtrain.base.types import ITEMSIZE, Shape

MOST_BLOCKS = 4096


class Meaning(NamedTuple):
    """What a generated kernel computes.

    Args:
        work: the pass.
        leaves: that its pointers stand for, in order.
        chunks: pieces of a reduction, which write one after another into the last pointer; 1: one piece, to the target.
    """

    work: Work
    leaves: tuple[Leaf, ...]
    chunks: int = 1


class Pointer(NamedTuple):
    """An argument: where a leaf begins."""

    leaf: Leaf


@dataclass(frozen=True)
class Pass:
    """One kernel launch.

    Args:
        source: its text, one kernel called `run`.
        grid: blocks and threads.
        args: Pointers and numbers.
        vector: elements loaded at once; the pointers of `aligned` must be multiples of that many elements.
        aligned: leaves that are loaded or stored so.
    """

    source: Source
    grid: Grid
    args: tuple[Pointer | int, ...]
    vector: int = 1
    aligned: tuple[Leaf, ...] = ()


class Dims(NamedTuple):
    """Axes passed over: sizes, and for each leaf its strides."""

    sizes: tuple[int, ...]
    strides: dict[Leaf, tuple[int, ...]]


def leaves_of(exprs: Sequence[Expr]) -> list[Leaf]:
    """Every leaf once, in the order in which expressions read them."""
    found: dict[Leaf, None] = {}
    seen: set[int] = set()

    def walk(e: Expr) -> None:
        if id(e) in seen:
            return
        seen.add(id(e))
        for a in e.args:
            walk(a)
        if e.leaf is not None:
            found.setdefault(e.leaf)

    for e in exprs:
        walk(e)
    return list(found)


def collapse(sizes: Shape, leaves: Sequence[Leaf], axes: Sequence[int], lead: Sequence[Leaf]) -> Dims:
    """The axes with those of 1 left out, in the order in which `lead` lies in memory, neighbours joined."""
    long = [a for a in axes if sizes[a] != 1]
    long.sort(key=lambda a: tuple(-abs(x.strides[a]) for x in lead))
    runs: list[tuple[int, list[int]]] = []
    for a in long:
        steps = [x.strides[a] for x in leaves]
        if runs and all(before == s * sizes[a] for before, s in zip(runs[-1][1], steps, strict=True)):
            runs[-1] = (runs[-1][0] * sizes[a], steps)
        else:
            runs.append((sizes[a], steps))
    return Dims(tuple(n for n, _ in runs), {x: tuple(s[k] for _, s in runs) for k, x in enumerate(leaves)})


def number(value: float) -> str:
    """A float literal."""
    v = float(np.float32(value))
    if math.isnan(v):
        return "NOT_A_NUMBER"
    if math.isinf(v):
        return "INFINITE" if v > 0 else "(-INFINITE)"
    return f"{v:.9g}{'' if any(ch in f'{v:.9g}' for ch in '.e') else '.0'}f" if v >= 0 else f"(-{number(-v)})"


class Body:
    """The text that computes expressions of one element.

    Args:
        exprs: what is computed.
        names: leaf -> name of the variable that holds its element (its index for an iota, a pointer for a gather).
    """

    def __init__(self, exprs: Sequence[Expr], names: dict[Leaf, str]) -> None:
        self.names, self.lines = names, list[str]()
        self._texts: dict[Any, str] = {}
        self._done: dict[int, str] = {}
        self.results = [self.text(e) for e in exprs]

    def text(self, e: Expr) -> str:
        """The variable, or literal, that holds the value of an expression."""
        if id(e) not in self._done:
            self._done[id(e)] = self._made(e)
        return self._done[id(e)]

    def _made(self, e: Expr) -> str:
        args = [self.text(a) for a in e.args]
        if e.op == "const":
            return number(e.value)
        if e.leaf is not None and e.op != "gather":
            return self.names[e.leaf]
        if e.op == "gather" and e.leaf is not None:
            right = f"widen({self.names[e.leaf]}[(int64){args[0]} * {e.leaf.strides[-1]}LL])"
        else:
            right = FUNCTIONS[e.op].text.format(*args)
        if right not in self._texts:
            self._texts[right] = f"t{len(self._texts)}"
            self.lines.append(f"float {self._texts[right]} = {right};")
        return self._texts[right]


class Layout:
    """Names and parameters of the leaves of one kernel."""

    def __init__(self, leaves: Sequence[Leaf], written: Sequence[Leaf], dims: Sequence[Dims]) -> None:
        self.leaves = [x for x in leaves if x.slot != IOTA]
        self.written = set(written)
        self.name = {x: f"a{k}" for k, x in enumerate(self.leaves)}
        self.args: list[Pointer | int] = [Pointer(x) for x in self.leaves]
        self.parameters = [
            f"{'' if x in self.written else 'const '}{x.dtype}* {self.name[x]}" for x in self.leaves
        ]  # fmt: skip
        self._numbers: dict[int, str] = {0: "0", 1: "1"}
        for d in dims:
            for value in (
                *d.sizes,
                *(s for x in leaves for s in d.strides[x]),
                *(x.offset for x in leaves if x.slot == IOTA),
            ):
                self.number(value)

    def number(self, value: int) -> str:
        """The parameter that brings a number."""
        if value not in self._numbers:
            self._numbers[value] = f"n{len(self._numbers)}"
            self.parameters.append(f"long long {self._numbers[value]}")
            self.args.append(value)
        return self._numbers[value]

    def offset(self, leaf: Leaf, dims: Dims, coordinates: Sequence[str]) -> str:
        """Elements from a leaf's beginning at these coordinates."""
        terms = []
        for s, c in zip(dims.strides[leaf], coordinates, strict=True):
            if s:
                terms.append(f"(int64){c}" if s == 1 else f"(int64){c} * {self.number(s)}")
        return " + ".join(terms) or "0"

    def decode(self, index: str, dims: Dims, prefix: str, whole: str) -> tuple[list[str], list[str]]:
        """(statements that split an index into coordinates, their names)."""
        names = [f"{prefix}{k}" for k in range(len(dims.sizes))]
        lines = [f"{whole} {prefix}_ = ({whole}){index};"] if names else []
        for k in reversed(range(len(names))):
            if k == 0:
                lines.append(f"{whole} {names[k]} = {prefix}_;")
            else:
                lines.append(f"{whole} {names[k]} = {prefix}_ % ({whole}){self.number(dims.sizes[k])};")
                lines.append(f"{prefix}_ /= ({whole}){self.number(dims.sizes[k])};")
        return lines, names


def whole_type(*counts: int) -> str:
    """32 bits where they do: division is dear."""
    return "uint32" if max(counts, default=0) < 1 << 31 else "int64"


def is_move(target: Leaf, e: Expr) -> bool:
    """True if bits are moved, or whole numbers converted: nothing is computed in float."""
    return e.op == "load" and e.leaf is not None and (
        e.leaf.dtype == target.dtype or target.dtype not in ("float32", "bfloat16", "float16") or
        e.leaf.dtype not in ("float32", "bfloat16", "float16")
    )  # fmt: skip


def vector_width(dims: Dims, layout: Layout, targets: Sequence[Leaf], gathered: set[Leaf]) -> int:
    """Elements that can be loaded at once."""
    if not dims.sizes:
        return 1
    side = [x for x in layout.leaves if dims.strides[x][-1] == 1 and x not in gathered]
    if any(dims.strides[x][-1] not in (0, 1) for x in layout.leaves) or any(t not in side for t in targets):
        return 1
    width = 16 // max(ITEMSIZE[x.dtype] for x in side)
    if len(dims.sizes) > 1:
        outer = [dims.sizes[-1], *(s for x in side for s in dims.strides[x][:-1])]
        while width > 1 and any(v % width for v in outer):
            width //= 2
    return width


def emit_assignment(work: Work, vectors: bool = True) -> Pass:
    """The launch of an assignment.

    Args:
        vectors: load several elements at once where they lie side by side.
    """
    targets = [t for t, _ in work.targets]
    exprs = [e for _, e in work.targets]
    leaves = list(dict.fromkeys([*leaves_of(exprs), *targets]))
    dims = collapse(work.shape, leaves, range(len(work.shape)), targets)
    layout = Layout(leaves, targets, [dims])
    gathered = {e.leaf for e in every(exprs) if e.op == "gather" and e.leaf is not None}
    count = math.prod(dims.sizes)
    width = vector_width(dims, layout, targets, gathered) if vectors else 1
    moves = {t for t, e in work.targets if is_move(t, e)}
    computed = [(t, e) for t, e in work.targets if t not in moves]
    names = {x: f"x{k}" for k, x in enumerate(leaves)}
    body = Body([e for _, e in computed], names)
    total = layout.number(count)
    index = whole_type(count)
    inner = len(dims.sizes) > 0
    read = [x for x in leaves if x in set(leaves_of([e for _, e in computed]))]
    element = _element(read, layout, dims, gathered, names)
    lines = [
        f"for (int64 i = GLOBAL_THREAD * {width}; i < {total}; i += GLOBAL_THREADS * {width}) {{",
    ]
    decode, coordinates = layout.decode("i", dims, "c", index)
    lines += decode
    for x in leaves:
        lines.append(f"int64 o_{names[x]} = {layout.offset(x, dims, coordinates)};")
    if width > 1:
        lines.append(f"if (i + {width} <= {total}) {{")
        lines += _vector_part(work, layout, dims, (names, gathered), (body, computed, read, width))
        lines.append("} else")
    tail = f"for (int k = 0; k < {width} && i + k < {total}; ++k) " if width > 1 else "{ const int k = 0; "
    lines.append(tail + ("{" if width > 1 else ""))
    lines += element
    lines += body.lines
    for (t, _), r in zip(computed, body.results, strict=True):
        lines.append(f"put({layout.name[t]} + o_{names[t]} + {_step(dims, t, inner)}, {r});")
    for t, e in work.targets:
        if t in moves and e.leaf is not None:
            value = f"{layout.name[e.leaf]}[o_{names[e.leaf]} + {_step(dims, e.leaf, inner)}]"
            cast = f"Cast<{t.dtype}, {e.leaf.dtype}>::of({value})"
            lines.append(f"{layout.name[t]}[o_{names[t]} + {_step(dims, t, inner)}] = {cast};")
    head = f'extern "C" __global__ void __launch_bounds__({THREADS}) run({", ".join(layout.parameters)}) {{'
    lines = [head, *lines, "}", "}", "}"]
    grid = Grid(max(1, min(-(-count // (width * THREADS)), MOST_BLOCKS)))
    side = tuple(x for x in layout.leaves if width > 1 and dims.strides[x][-1] == 1 and x not in gathered)
    meaning = Meaning(work, tuple(layout.leaves))
    return Pass(Source("pass.cu", "\n".join(lines), meaning=meaning), grid, tuple(layout.args), width, side)


def _step(dims: Dims, leaf: Leaf, inner: bool) -> str:
    """Elements to the k-th of a vector."""
    return "0" if not inner or dims.strides[leaf][-1] == 0 else "k" if dims.strides[leaf][-1] == 1 else "0"


def _element(
    read: Sequence[Leaf], layout: Layout, dims: Dims, gathered: set[Leaf], names: dict[Leaf, str]
) -> list[str]:
    """Statements that load element k of every leaf that is read."""
    inner = len(dims.sizes) > 0
    lines = []
    for x in read:
        at = f"o_{names[x]} + {_step(dims, x, inner)}"
        if x.slot == IOTA:
            lines.append(f"float {names[x]} = (float)({layout.number(x.offset)} + {at});")
        elif x in gathered:
            lines.append(f"const {x.dtype}* {names[x]} = {layout.name[x]} + {at};")
        else:
            lines.append(f"float {names[x]} = widen({layout.name[x]}[{at}]);")
    return lines


def _vector_part(
    work: Work, layout: Layout, dims: Dims, leaves: tuple[dict[Leaf, str], set[Leaf]], parts: tuple[Any, ...]
) -> list[str]:
    """Statements that do `width` elements at once: all loads come before all stores."""
    names, gathered = leaves
    body, computed, read, width = parts
    lines = []
    vectors = {x for x in read if x.slot != IOTA and dims.strides[x][-1] == 1 and x not in gathered}
    for x in vectors:
        lines.append(f"float v_{names[x]}[{width}];")
        lines.append(f"load<{x.dtype}, {width}>({layout.name[x]} + o_{names[x]}, v_{names[x]});")
    moved = [(t, e.leaf) for t, e in work.targets if (t, e) not in computed and e.leaf is not None]
    for k, (_, x) in enumerate(moved):
        if dims.strides[x][-1] == 1:
            pack = f"Pack<{x.dtype}, {width}>"
            lines.append(f"{pack} m{k} = *reinterpret_cast<const {pack}*>({layout.name[x]} + o_{names[x]});")
        else:
            lines.append(f"{x.dtype} m{k} = {layout.name[x]}[o_{names[x]}];")
    for j in range(len(computed)):
        lines.append(f"float r{j}[{width}];")
    if computed:
        lines += ["#pragma unroll", f"for (int k = 0; k < {width}; ++k) {{"]
        for x in read:
            lines += (
                [f"float {names[x]} = v_{names[x]}[k];"]
                if x in vectors
                else _element([x], layout, dims, gathered, names)
            )
        lines += body.lines
        lines += [f"r{j}[k] = {r};" for j, r in enumerate(body.results)]
        lines.append("}")
    for j, (t, _) in enumerate(computed):
        lines.append(f"store<{t.dtype}, {width}>({layout.name[t]} + o_{names[t]}, r{j});")
    for k, (t, x) in enumerate(moved):
        pack = f"Pack<{t.dtype}, {width}>"
        source = f"m{k}.at[k]" if dims.strides[x][-1] == 1 else f"m{k}"
        lines += [f"{pack} w{k};", "#pragma unroll"]
        lines.append(f"for (int k = 0; k < {width}; ++k) w{k}.at[k] = Cast<{t.dtype}, {x.dtype}>::of({source});")
        lines.append(f"*reinterpret_cast<{pack}*>({layout.name[t]} + o_{names[t]}) = w{k};")
    return lines


def every(exprs: Sequence[Expr]) -> list[Expr]:
    """Every expression inside, once."""
    found: dict[int, Expr] = {}

    def walk(e: Expr) -> None:
        if id(e) not in found:
            found[id(e)] = e
            for a in e.args:
                walk(a)

    for e in exprs:
        walk(e)
    return list(found.values())
