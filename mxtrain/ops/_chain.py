"""chain: several pointwise operators in one pass over memory. The fusion pass makes it; users cannot write it.

Shapes:
    inputs (S) or () each -> one output (S) per result
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import ITEMSIZE, NARROW, PartialType, numpy_dtype
from mxtrain.graph import Call, Instruction, Node, Op, Recipe
from mxtrain.ops._call import reference
from mxtrain.ops._chain_onednn import compiled
from mxtrain.ops._infer import Inferred, Types, common

# A block of every register together stays within the second-level cache; smaller ones cost more calls than they save.
CACHE_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Params:
    """The program. Registers 0.. are the inputs, then one per instruction.

    Args:
        inputs: number of inputs.
        program: instructions in order.
        results: registers that are the outputs.
    """

    inputs: int
    program: tuple[Instruction, ...]
    results: tuple[int, ...]


def infer(params: Params, ins: Types, outs: Types) -> Inferred:
    """All but scalars have one type."""
    tensors = [t for t in ins if t.shape != ()]
    one = common([*tensors, *outs]) if tensors else common([*ins, *outs])
    if one.dtype is None:
        raise ShapeError("a chain is made of typed nodes")
    return [t if t.shape == () else one for t in ins], [PartialType(one.shape, one.dtype)] * len(params.results)


def last_reads(p: Params) -> list[int]:
    """For each register, the last instruction that reads it (-1: none)."""
    last = [-1] * (p.inputs + len(p.program))
    for k, step in enumerate(p.program):
        for a in step.args:
            last[a] = k
    return last


def assign(p: Params, shared: Mapping[int, Sequence[int]]) -> tuple[dict[int, int | None], int]:
    """Where each computed register lives: None if it is written straight into its output, else a temporary's number.

    A result goes through a temporary if its output shares the buffer of an input that is still to be read.

    Args:
        shared: result (position in p.results) -> input registers whose buffer its output shares.

    Returns:
        The places, and the number of temporaries.
    """
    last = last_reads(p)
    place: dict[int, int | None] = {}
    free: list[int] = []
    count = 0
    for k, step in enumerate(p.program):
        register = p.inputs + k
        alias = step.op.pointwise is not None and step.op.pointwise.alias
        dying = [t for a in dict.fromkeys(step.args) if last[a] == k and (t := place.get(a)) is not None
                 and a not in p.results]  # fmt: skip
        if register in p.results and all(
            last[i] < k or (last[i] == k and alias)
            for r, sharing in shared.items()
            if p.results[r] == register
            for i in sharing
        ):
            place[register] = None
        elif alias and dying:
            place[register] = dying.pop()
        elif free:
            place[register] = free.pop()
        else:
            place[register], count = count, count + 1
        free += dying
    return place, count


def run_blocks(calls: Sequence[tuple[Any, tuple[Any, ...]]]) -> None:
    """Run prepared calls in order."""
    for function, args in calls:
        function(*args)


def kernel(node: Node, device: Device) -> Recipe | None:
    """Blocks that fit the cache; temporaries in scratch, nothing allocated."""
    p: Params = node.params
    t = node.types[0]
    if any(other.dtype in NARROW for other in (t, *(e.type for e in node.inputs))):
        return whole(node, device)
    # Which buffers the planner will share is not known yet: count temporaries as if every output shared one.
    _, temporaries = assign(p, dict.fromkeys(range(len(p.results)), (p.inputs + len(p.program) - 1,)))
    temporaries = max(temporaries, assign(p, {})[1]) + len(p.results)
    width = ITEMSIZE[t.dtype]
    block = max(1024, CACHE_BYTES // width // (temporaries + p.inputs + 1) // 16 * 16)
    block = min(block, max(t.size, 1))
    pairs = tuple((i, k) for k in range(len(p.results)) for i, e in enumerate(node.inputs) if e.type == t)

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        temps = scratch[: temporaries * block * width].view(numpy_dtype(t.dtype)) if temporaries else None
        return run_blocks, (tuple(block_calls(p, device.xp, (ins, outs, temps), t.size, block)),)

    return Recipe(prepare, "chain", inplace=pairs, scratch=temporaries * block * width)


def block_calls(
    p: Params, xp: Any, arrays: tuple[Sequence[Any], Sequence[Any], Any], size: int, block: int
) -> list[tuple[Any, tuple[Any, ...]]]:
    """The program, once per block of `block` elements, as prepared calls over views."""
    ins, outs, temps = arrays
    flat = [a if a.shape == () else physical(a) for a in ins]
    flat_outs = [physical(a) for a in outs]
    # Several inputs may be one buffer, seen through views.
    starts = [address(a) for a in flat]
    shared = {k: [i for i, at in enumerate(starts) if at == address(a)] for k, a in enumerate(flat_outs)}
    place, _ = assign(p, shared)
    calls: list[tuple[Any, tuple[Any, ...]]] = []
    for start in range(0, size, block):
        stop = min(start + block, size)
        registers: list[Any] = [a if a.shape == () else a[start:stop] for a in flat]
        for k, step in enumerate(p.program):
            where = place[p.inputs + k]
            if where is None:
                target = flat_outs[p.results.index(p.inputs + k)][start:stop]
            else:
                target = temps[where * block : where * block + stop - start]
            registers.append(target)
            if step.op.pointwise is None:
                raise ShapeError(f"{step.op.name} is not pointwise and cannot stand in a chain")
            calls.append((step.op.pointwise.run, (step.params, xp, target, *(registers[a] for a in step.args))))
        for k, register in enumerate(p.results):
            if place.get(register, 0) is not None or p.results.index(register) != k:
                calls.append((xp.copyto, (flat_outs[k][start:stop], registers[register])))
    return calls


def address(a: Any) -> int:
    """Where the array's first element lies."""
    return int(a.__array_interface__["data"][0] if hasattr(a, "__array_interface__") else a.data.ptr)


def physical(a: Any) -> Any:
    """A dense array of any axis order as the flat array of its bytes' order."""
    order = sorted(range(a.ndim), key=lambda k: -a.strides[k])
    return a.transpose(order).reshape(-1)


def run_program(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """The program over whole arrays."""
    p: Params = node.params
    registers = list(ins)
    for step in p.program:
        if step.op.pointwise is None:
            raise ShapeError(f"{step.op.name} is not pointwise and cannot stand in a chain")
        args = [registers[a] for a in step.args]
        registers.append(xp.empty(outs[0].shape, outs[0].dtype))
        step.op.pointwise.run(step.params, xp, registers[-1], *args)
    for out, register in zip(outs, p.results, strict=True):
        out[...] = registers[register]


whole = reference(run_program)
"""The program over whole arrays, narrow ones widened: it allocates."""


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN's primitives over blocks."""
    p: Params = node.params
    t = node.types[0]
    types = [e.type for e in node.inputs]
    if any(x.dtype != "float32" or x.layout.opaque for x in (t, *types)) or t.shape == ():
        return None
    scalars = tuple(i for i, x in enumerate(types) if x.shape == ())
    made = compiled((p.inputs, p.program, p.results), scalars, t.size, device.threads)
    if made is None:
        return None
    pairs = tuple((i, k) for k in range(len(p.results)) for i, x in enumerate(types) if x == t)

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        flat, flat_outs = [physical(a) for a in ins], [physical(a) for a in outs]
        placed = made.over([address(a) for a in flat], [address(a) for a in flat_outs])
        return placed.bind(flat, flat_outs, scratch)

    return Recipe(prepare, "onednn:chain", inplace=pairs, scratch=made.scratch)


def gpu(node: Node, device: Device) -> Recipe | None:
    """One compiled kernel."""
    pairs = tuple((i, k) for k, t in enumerate(node.types) for i, e in enumerate(node.inputs) if e.type == t)
    return cuda.array_kernel(run_program, pairs)(node, device)


CHAIN = Op(
    "chain", infer, {"reference": kernel, "onednn": fast, "cuda": gpu}, params=Params,
    precision="follow", layout="follow",
    inputs=lambda p: tuple(f"input{i}" for i in range(p.inputs)),
    outputs=lambda p: tuple(f"output{i}" for i in range(len(p.results))), visible=1 << 30,
)  # fmt: skip
