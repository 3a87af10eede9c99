"""Chains in oneDNN's primitives against the array code of the same program."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.device import REFERENCE, Device
from mxtrain.base.types import TensorType
from mxtrain.graph import Instruction, apply_node, variable
from mxtrain.ops import _chain_onednn
from mxtrain.ops._chain import CHAIN, Params

FAST = Device(threads=2)


def step(name, *args, **params):
    op = ops.get(name)
    return Instruction(op, op.params(**params), args)


def aligned(a):
    buffer = FAST.empty(max(a.nbytes, 4))[: max(a.nbytes, 4)].view(np.float32)
    buffer = buffer.reshape(a.shape)
    buffer[...] = a
    return buffer


def recipe(params, ins, kernels="onednn"):
    types = [TensorType(a.shape, "float32") for a in ins]
    node = apply_node(CHAIN, "chain", [variable(f"x{i}", t) for i, t in enumerate(types)], params)
    return CHAIN.kernels[kernels](node, FAST if kernels == "onednn" else REFERENCE)


def check(params, ins, over=(), name="onednn:chain"):
    """The same results as the array code, the outputs lying over the inputs named by `over`."""
    size = next(a.shape for a in ins if a.shape != ())
    want = [np.empty(size, np.float32) for _ in params.results]
    plain = recipe(params, ins, "reference")
    function, args = plain.prepare(ins, want, REFERENCE.empty(plain.scratch))
    function(*args)
    fast = recipe(params, ins)
    assert fast.name == name
    ins = [aligned(a) for a in ins]
    outs = [ins[over[k]] if k < len(over) else aligned(np.zeros(size, np.float32)) for k in range(len(params.results))]
    function, args = fast.prepare(ins, outs, FAST.zeros(max(fast.scratch, 1)))
    assert not function(*args)
    for got, expected in zip(outs, want, strict=True):
        np.testing.assert_allclose(got, expected, rtol=2e-6, atol=2e-6)


MOMENTUM = Params(
    5,
    (step("mul_scalar", 0, scalar=0.9), step("broadcast_mul", 1, 2), step("broadcast_mul", 6, 3),
     step("elemwise_sub", 5, 7), step("elemwise_add", 4, 8)),
    (8, 9),
)  # fmt: skip


@pytest.mark.parametrize("size", [1, 7, 1000, (1 << 17) + 5, (1 << 19) + 3, 3 << 18])
def test_an_update_over_its_own_arrays(size, rng):
    m, g, w = (rng.standard_normal(size).astype(np.float32) for _ in range(3))
    check(MOMENTUM, [m, g, np.array(0.5, np.float32), np.array(0.1, np.float32), w], over=(0, 4))


@pytest.mark.parametrize(
    "program",
    [
        (step("elemwise_sub", 0, 1), step("square", 2), step("sqrt", 3), step("plus_scalar", 4, scalar=1.5)),
        (step("exp", 0), step("elemwise_div", 1, 2), step("maximum", 3, 0), step("negative", 4)),
        (step("broadcast_sub", 0, 1), step("elemwise_mul", 2, 2), step("rminus_scalar", 3, scalar=2.0)),
        (step("mul_scalar", 0, scalar=3.0), step("mul_scalar", 1, scalar=0.5), step("elemwise_sub", 2, 3),
         step("elemwise_mul", 4, 2), step("elemwise_add", 5, 3)),
    ],
    ids=lambda p: "-".join(s.op.name for s in p),
)  # fmt: skip
def test_programs(program, rng):
    ins = [rng.standard_normal(300).astype(np.float32) for _ in range(2)]
    check(Params(2, program, (len(program) + 1,)), ins)


def test_a_scalar_before_a_tensor(rng):
    x, s = rng.standard_normal(50).astype(np.float32), np.array(1.25, np.float32)
    for name in ("broadcast_mul", "broadcast_sub", "broadcast_add"):
        check(Params(2, (step(name, 1, 0), step("abs", 2)), (3,)), [x, s])


@pytest.mark.parametrize("over", [(0,), (1,), (0, 1), (1, 0)])
def test_results_over_inputs_that_are_still_to_be_read(over, rng):
    x, y = (rng.standard_normal(40).astype(np.float32) for _ in range(2))
    program = (step("square", 0), step("elemwise_mul", 1, 2), step("elemwise_add", 0, 3))
    check(Params(2, program, (2, 4)), [x, y], over=over)


def test_what_the_library_lacks_is_left_to_the_array_code(rng):
    x = rng.standard_normal(5).astype(np.float32)
    assert recipe(Params(1, (step("sin", 0), step("exp", 1)), (2,)), [x]) is None


def test_two_passes_and_no_more_for_what_post_ops_can_carry():
    done = _chain_onednn.passes(2, (step("elemwise_add", 0, 1), step("sqrt", 2), step("elemwise_mul", 3, 1)), (4,), ())
    assert [len(d.posts) for d in done] == [2]
    done = _chain_onednn.passes(5, MOMENTUM.program, MOMENTUM.results, (2, 3))
    assert [d.register for d in done] == [7, 8, 9]
