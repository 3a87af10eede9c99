from __future__ import annotations

import math

import numpy as np
import pytest

from mxtrain.backends.cuda.expression import REDUCTIONS, evaluate, index_of
from mxtrain.backends.cuda.trace import trace
from mxtrain.backends.cuda.traced import Untraceable
from mxtrain.base.types import TensorType


def play(program, arrays, out_shapes):
    """The program by NumPy."""
    slots = [a.reshape(-1) for a in arrays] + [np.zeros(math.prod(s)) for s in out_shapes]
    slots += [np.zeros(n) for n in program.temporaries]
    for w in program.work:
        values = [evaluate(e, slots) for _, e in w.targets]
        for (t, _), v in zip(w.targets, values, strict=True):
            shape = w.shape
            if w.reduce:
                v = REDUCTIONS[w.reduce].numpy(v, axis=w.axes, keepdims=True)
                shape = v.shape
            slots[t.slot][index_of(t, shape)] = v
    return [s.reshape(shape) for s, shape in zip(slots[len(arrays) :], out_shapes, strict=False)]


def check(run, arrays, out_shapes):
    """Array code gives the same when traced."""
    program = trace(run, [TensorType(a.shape) for a in arrays], [TensorType(s) for s in out_shapes])
    outs = [np.zeros(s) for s in out_shapes]
    run(np, arrays, outs)
    for got, want in zip(play(program, arrays, out_shapes), outs, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)
    return program


def test_steps_over_one_output_are_one_pass(rng):
    def run(xp, ins, outs):
        xp.multiply(ins[0], 0.5, out=outs[0])
        xp.tanh(outs[0], out=outs[0])
        outs[0] += ins[1]

    program = check(run, [rng.standard_normal((4, 5)), rng.standard_normal(5)], [(4, 5)])
    assert len(program.work) == 1 and not program.temporaries


def test_outputs_of_one_shape_are_one_pass(rng):
    def run(xp, ins, outs):
        outs[0][...] = xp.exp(ins[0])
        outs[1][...] = outs[0] * ins[0]

    assert len(check(run, [rng.standard_normal((4, 5))], [(4, 5), (4, 5)]).work) == 1


def test_reductions_are_passes_of_their_own(rng):
    def run(xp, ins, outs):
        e = xp.exp(ins[0] - ins[0].max(axis=1, keepdims=True))
        outs[0][...] = e / e.sum(axis=1, keepdims=True)
        outs[1][...] = ins[0].var(axis=(0, 2))
        outs[2][...] = xp.sum(ins[0] ** 2)

    program = check(run, [rng.standard_normal((4, 5, 3))], [(4, 5, 3), (5,), ()])
    assert [w.reduce for w in program.work].count("") == 3


def test_windows_padded_and_put_together_again(rng):
    def run(xp, ins, outs):
        wide = xp.zeros((2, 7), ins[0].dtype)
        wide[:, 1:6] = ins[0]
        steps = wide.strides
        w = xp.lib.stride_tricks.as_strided(wide, (2, 5, 3), (*steps, steps[1]))
        outs[0][...] = w.max(axis=-1)
        outs[1][...] = 0
        outs[1][:, ::2] += ins[0][:, ::-1][:, :3]

    check(run, [np.ascontiguousarray(rng.standard_normal((2, 5)))], [(2, 5), (2, 5)])


def test_gathers_and_indices(rng):
    def run(xp, ins, outs):
        index = xp.clip(ins[1].astype(xp.int64), 0, 4)
        outs[0][...] = xp.take(ins[0], index, axis=1)
        outs[1][...] = xp.where(index[:, None] == xp.arange(5), 1.0, 0.0)

    check(run, [rng.standard_normal((3, 5, 2)), rng.uniform(-2, 7, 4)], [(3, 4, 2), (4, 5)])


def test_reshapes_that_strides_cannot_say_go_through_memory(rng):
    def run(xp, ins, outs):
        outs[0][...] = ins[0].transpose(0, 2, 1).reshape(3, -1)
        outs[1][...] = (ins[0] * 2).reshape(15, 2).sum(axis=0)

    program = check(run, [rng.standard_normal((3, 5, 2))], [(3, 10), (2,)])
    assert program.temporaries[0] == 30


@pytest.mark.parametrize(
    "run",
    [
        lambda xp, i, o: o[0].set(i[0] * float(i[0].sum())),
        lambda xp, i, o: xp.copyto(o[0], i[0]) if i[0].max() > 0 else None,
        lambda xp, i, o: o[0].set(xp.einsum("i->i", i[0])),
        lambda xp, i, o: o[0].set(i[0][i[0] > 0]),
        lambda xp, i, o: xp.add.at(o[0], i[0], 1),
        lambda xp, i, o: o[0].set(np.ones(3) + i[0]),
        lambda xp, i, o: o[0].set(i[0].argsort()),
    ],
)
def test_what_depends_on_values_cannot_be_traced(run):
    with pytest.raises(Untraceable):
        trace(run, [TensorType((3,))], [TensorType((3,))])
