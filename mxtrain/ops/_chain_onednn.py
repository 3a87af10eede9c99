"""Chains of what oneDNN has: each instruction is a primitive of its own or a post-op of the one before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mxtrain.backends import onednn
from mxtrain.backends.onednn import Piece, Products
from mxtrain.graph import Call, Instruction

A, F = onednn.Arg, onednn.Algorithm
ADD_LIKE = (F.ADD, F.MUL, F.MAX, F.MIN)
BLOCK = 1 << 17  # elements: half a megabyte of each register
THREADED = 1 << 19  # elements from which a second thread is worth waking


@dataclass
class Pass:
    """One primitive: a function of two tensors, for no other takes all post-ops.

    Args:
        algorithm: of its first function.
        sources: registers that function reads: two, or one and the number `factor`.
        posts: ("eltwise", algorithm, alpha, beta) or ("binary", algorithm, register) in order.
        register: where its result goes.
    """

    algorithm: Any
    sources: tuple[int, ...]
    factor: float
    register: int
    posts: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def reads(self) -> set[int]:
        """All registers it reads."""
        return {*self.sources, *(p[2] for p in self.posts if p[0] == "binary")}


def passes(
    inputs: int, program: Sequence[Instruction], results: Sequence[int], scalars: Sequence[int]
) -> list[Pass] | None:
    """The program as primitives, in order; None if oneDNN lacks a function of it.

    Args:
        scalars: inputs with no axes.
    """
    if len(set(results)) < len(results) or any(r < inputs for r in results):
        return None
    reads = [a for step in program for a in step.args]
    done: list[Pass] = []
    open_: dict[int, Pass] = {}
    for k, step in enumerate(program):
        native = step.op.pointwise.native if step.op.pointwise else None
        if native is None or all(a in scalars for a in step.args):
            return None
        register = inputs + k
        extended = None
        for at, a in enumerate(step.args):
            found = open_.get(a)
            if found is None or reads.count(a) > 1 or a in results:
                continue
            posts = _post(native, step, at)
            if posts is not None:
                extended = found
                found.posts += posts
                break
        if extended is None:
            extended = _first(native, step, scalars)
            if extended is None:
                return None
        else:
            done.remove(extended)
        extended.register = register
        done.append(extended)
        for a in step.args:
            open_.pop(a, None)
        open_[register] = extended
    return done


def _post(native: Any, step: Instruction, at: int) -> list[tuple[Any, ...]] | None:
    """The instruction as post-ops on its argument number `at`."""
    if native.numbers is not None:
        return [("eltwise", native.algorithm, *native.numbers(step.params))]
    other = step.args[1 - at]
    if other == step.args[at]:
        return None
    if at == 0 or native.algorithm in ADD_LIKE:
        return [("binary", native.algorithm, other)]
    if native.algorithm == F.SUB:
        return [("eltwise", F.LINEAR, -1.0, 0.0), ("binary", F.ADD, other)]
    return None


def _first(native: Any, step: Instruction, scalars: Sequence[int]) -> Pass | None:
    """The instruction as a primitive."""
    if native.numbers is not None:
        alpha, beta = native.numbers(step.params)
        # 0 - 0 must stay 0, and -1 times 0 is not: gaps of arenas are zero.
        if native.algorithm == F.LINEAR and beta == 0 and alpha > 0:
            return Pass(F.MUL, step.args, alpha, -1)
        return Pass(F.MUL, step.args, 1.0, -1, [("eltwise", native.algorithm, alpha, beta)])
    first, second = step.args
    if first not in scalars:
        return Pass(native.algorithm, (first, second), 1.0, -1)
    if native.algorithm in ADD_LIKE:
        return Pass(native.algorithm, (second, first), 1.0, -1)
    if native.algorithm == F.SUB:
        return Pass(F.MUL, (second,), -1.0, -1, [("binary", F.ADD, first)])
    return None


def deferred(done: Sequence[Pass], results: Sequence[int], late: Sequence[int]) -> tuple[list[Pass], tuple[int, ...]]:
    """The primitives with copies at the end, and the registers of the results.

    Args:
        late: results that wait in temporaries until all else is done.
    """
    free = max(d.register for d in done) + 1
    moved = {r: free + k for k, r in enumerate(late)}
    copies = [Pass(F.MUL, (r,), 1.0, to) for r, to in moved.items()]
    return [*done, *copies], tuple(moved.get(r, r) for r in results)


def overwriting(done: Sequence[Pass], results: Sequence[int], ins: Sequence[int], outs: Sequence[int]) -> list[int]:
    """The results that are written over an input which a later primitive still reads.

    Args:
        ins: address of each input.
        outs: address of each result.
    """
    last: dict[int, int] = {}
    for k, d in enumerate(done):
        last |= {ins[r]: k for r in d.reads if r < len(ins)}
    place = {d.register: k for k, d in enumerate(done)}
    return [r for r, at in zip(results, outs, strict=True) if last.get(at, -1) > place[r]]


def temporaries(done: Sequence[Pass], results: Sequence[int]) -> tuple[dict[int, int], int]:
    """A slot for each register that is no result, and the number of slots."""
    last = {r: k for k, p in enumerate(done) for r in p.reads}
    slots: dict[int, int] = {}
    free: list[int] = []
    count = 0
    for k, p in enumerate(done):
        dying = [slots[r] for r in p.reads if r in slots and last[r] == k]
        if p.register not in results:
            if free:
                slots[p.register] = free.pop()
            else:
                slots[p.register], count = count, count + 1
        free += dying
    return slots, count


@dataclass(frozen=True)
class Compiled:
    """A chain in primitives.

    Args:
        done: they, in order.
        slots: of registers that are no results.
        count: number of slots.
        size: elements of each tensor.
        threads: of the device.
    """

    done: list[Pass]
    slots: Mapping[int, int]
    count: int
    inputs: int
    results: tuple[int, ...]
    scalars: tuple[int, ...]
    size: int
    threads: int

    @property
    def parallel(self) -> bool:
        """True if threads take blocks by themselves."""
        return self.threads > 1 and self.size >= THREADED

    @property
    def workers(self) -> int:
        """Threads that need temporaries of their own."""
        return self.threads if self.parallel else 1

    @property
    def block(self) -> int:
        """Elements of a block."""
        return min(BLOCK, max(self.size, 1))

    @property
    def scratch(self) -> int:
        """Bytes of all temporaries."""
        return 4 * self.workers * self.count * self.block

    def over(self, ins: Sequence[int], outs: Sequence[int]) -> Compiled:
        """The same where results lie over inputs, by their addresses."""
        late = overwriting(self.done, self.results, ins, outs)
        if not late:
            return self
        done, results = deferred(self.done, self.results, late)
        return replace(self, done=done, results=results, slots=temporaries(done, results)[0])

    def bind(self, ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        """The prepared call over flat arrays; float32 scalars."""
        arrays = {f"in{i}": a.reshape(-1) for i, a in enumerate(ins)} | {f"out{i}": a for i, a in enumerate(outs)}
        arrays["factors"] = np.array([d.factor for d in self.done], np.float32)
        known: dict[int, list[Any]] = {}
        starts = range(0, self.size, self.block)
        step = self.count * self.block
        own = [arrays | {"temporaries": scratch[4 * w * step : 4 * (w + 1) * step].view(np.float32)} if step else arrays
               for w in range(self.workers)]  # fmt: skip
        if not self.parallel:
            p = Products()
            for start in starts:
                self._block(p, start, known)
            return p.bind(own[0])
        with onednn.one_thread(self.threads):
            parts = [Products() for _ in starts]
            for p, start in zip(parts, starts, strict=True):
                self._block(p, start, known)
            bound = [onednn.bind_each(parts, found) for found in own]
        return _run, ([[] for _ in own], bound, self.threads)

    def _block(self, p: Products, start: int, known: dict[int, list[Any]]) -> None:
        length = min(self.block, self.size - start)
        if length not in known:
            known[length] = [self.describe(d, length) for d in self.done]
        for k, (d, pd) in enumerate(zip(self.done, known[length], strict=True)):
            p.run(pd, self._operands(d, k, start, length))

    def describe(self, d: Pass, length: int) -> onednn.PrimitiveDesc | None:
        """The primitive of one pass over a block."""
        posts = [p if p[0] == "eltwise" else ("binary", p[1], self._desc(p[2], length)) for p in d.posts]
        attr = onednn.attributes(*posts)
        target = self._desc(d.register, length)
        second = self._desc(d.sources[1], length) if len(d.sources) == 2 else _one()
        return onednn.describe("binary", d.algorithm, self._desc(d.sources[0], length), second, target, attr=attr)

    def _desc(self, register: int, length: int) -> onednn.MemoryDesc:
        return _one() if register in self.scalars else onednn.strided((length,), "float32", (1,))

    def _operands(self, d: Pass, number: int, start: int, length: int) -> dict[int, Piece]:
        two = len(d.sources) == 2
        second = self._piece(d.sources[1], start, length) if two else Piece("factors", number, (1,), (1,))
        operands: dict[int, Piece] = {A.SRC: self._piece(d.sources[0], start, length), A.SRC_1: second}
        for k, p in enumerate(d.posts):
            if p[0] == "binary":
                operands[A.POST_OP_BASE * (k + 1) | A.SRC_1] = self._piece(p[2], start, length)
        return operands | {A.DST: self._piece(d.register, start, length)}

    def _piece(self, register: int, start: int, length: int) -> Piece:
        if register in self.scalars:
            return Piece(f"in{register}", 0, (1,), (1,))
        if register < self.inputs:
            return Piece(f"in{register}", start, (length,), (1,))
        if register in self.results:
            return Piece(f"out{self.results.index(register)}", start, (length,), (1,))
        return Piece("temporaries", self.slots[register] * self.block, (length,), (1,))


def _one() -> onednn.MemoryDesc:
    """A number."""
    return onednn.strided((1,), "float32", (1,))


def _run(firsts: Any, parts: Any, threads: int) -> Any:
    return onednn.run_parts(firsts, parts, dealt=False, threads=threads)


def compiled(
    program: tuple[int, Sequence[Instruction], tuple[int, ...]], scalars: tuple[int, ...], size: int, threads: int
) -> Compiled | None:
    """The chain in primitives, or None if oneDNN lacks or refuses one.

    Args:
        program: number of inputs, instructions, results.
    """
    inputs, steps, results = program
    if not onednn.available() or size == 0:
        return None
    done = passes(inputs, steps, results, scalars)
    if done is None:
        return None
    slots, _ = temporaries(done, results)
    # Which results will lie over inputs is not known yet.
    _, count = temporaries(*deferred(done, results, results))
    count = max(count, len(slots))
    made = Compiled(done, slots, count, inputs, results, scalars, size, threads)
    return made if all(made.describe(d, made.block) for d in done) else None
