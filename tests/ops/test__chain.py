from __future__ import annotations

import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.device import REFERENCE
from mxtrain.base.types import TensorType
from mxtrain.graph import Instruction, apply_node, variable
from mxtrain.ops._chain import CACHE_BYTES, CHAIN, Params


def step(name, *args, **params):
    op = ops.get(name)
    return Instruction(op, op.params(**params), args)


def run(params, ins, outs):
    types = [TensorType(a.shape, "float64") for a in ins]
    node = apply_node(CHAIN, "chain", [variable(f"x{i}", t) for i, t in enumerate(types)], params)
    recipe = CHAIN.kernels["reference"](node, REFERENCE)
    function, args = recipe.prepare(ins, outs, REFERENCE.empty(recipe.scratch))
    function(*args)
    return recipe


def test_a_program_runs_over_blocks_and_scalars(rng):
    size = 3 * CACHE_BYTES // 8 + 5
    x, factor, y = rng.standard_normal(size), np.array(1.5), np.empty(size)
    program = (step("broadcast_mul", 0, 1), step("tanh", 2), step("elemwise_sub", 0, 3))
    run(Params(2, program, (4,)), [x, factor], [y])
    np.testing.assert_array_equal(y, x - np.tanh(x * 1.5))


def test_an_output_over_an_input_that_is_still_to_be_read(rng):
    x, y = rng.standard_normal(7), np.empty(7)
    want = np.tanh(x), np.tanh(x) * x
    run(Params(1, (step("tanh", 0), step("elemwise_mul", 1, 0)), (1, 2)), [x], [x, y])
    np.testing.assert_array_equal([x, y], want)


def test_a_scalar_output_over_a_scalar_input_that_is_still_to_be_read():
    x, y = np.array(0.5), np.array(0.0)
    run(Params(1, (step("tanh", 0), step("elemwise_mul", 1, 0)), (1, 2)), [x], [x, y])
    assert (x, y) == (np.tanh(0.5), np.tanh(0.5) * 0.5)


def test_an_output_over_two_inputs_that_are_one_buffer(rng):
    x, y = rng.standard_normal(7), np.empty(7)
    want = np.tanh(x), np.tanh(x) * x
    for first, second in ((0, 1), (1, 0)):
        a = x.copy()
        program = (step("tanh", first), step("elemwise_mul", 2, second))
        run(Params(2, program, (2, 3)), [a, a[:]], [a, y])
        np.testing.assert_array_equal([a, y], want)


def test_a_body_of_several_steps_never_gets_its_input_as_output(rng):
    x = rng.standard_normal(7)
    want = x + x + np.tanh(x)
    program = (step("tanh", 0), step("add_n", 0, 0, 1, num_args=3))
    run(Params(1, program, (2,)), [x], [x])
    np.testing.assert_array_equal(x, want)


def test_an_axis_order_is_kept(rng):
    x, y = (np.moveaxis(a, -1, 1) for a in (rng.standard_normal((2, 3, 4, 5)), np.empty((2, 3, 4, 5))))
    run(Params(1, (step("sin", 0), step("exp", 1)), (2,)), [x], [y])
    np.testing.assert_array_equal(y, np.exp(np.sin(x)))


@pytest.mark.parametrize("count", [1, 4])
def test_temporaries_come_from_scratch_alone(rng, count):
    x, y = rng.standard_normal(9), np.empty(9)
    program = tuple(step("tanh", k) for k in range(count)) + (step("elemwise_mul", 0, count),)
    recipe = run(Params(1, program, (count + 1,)), [x], [y])
    assert recipe.scratch % (9 * 8) == 0
