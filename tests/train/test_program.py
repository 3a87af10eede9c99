from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from mxtrain.backends import onednn
from mxtrain.base.device import REFERENCE
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import TensorType
from mxtrain.passes import Options
from mxtrain.train.device import make_device
from mxtrain.train.evaluate import batch_types
from mxtrain.train.program import compile_prediction, compile_training, make_program
from tests.train.runs import CONV, LENET, MLP, images


def types(built, rows, labels=True):
    return batch_types(built.train.it, rows, labels=built.names if labels else None)


def test_a_plan_for_each_size_over_one_store(bench):
    built = bench.built(net=CONV)
    program = built.program
    large, small = program.training(types(built, 8)), program.training(types(built, 5))
    assert program.training(types(built, 8)) is large and small is not large
    evaluation = program.prediction(types(built, 8, labels=False))
    assert program.prediction(types(built, 8, labels=False)) is evaluation
    assert list(evaluation.inputs) == ["data"]


def test_plans_share_one_block(bench):
    built = bench.built(net=CONV)
    plans = [built.program.training(types(built, 8)), built.program.prediction(types(built, 8, labels=False))]
    assert plans[0].keep[0] is plans[1].keep[0] is built.program.block


def test_packs_of_training_share_the_block_unless_gradients_add_up(bench):
    runs = []
    for parts in (1, 2):
        built = bench.built(net=CONV, device="cpu", grad_accum=parts)
        plan = built.program.training(types(built, 8))
        plan.run()
        runs.append([np.array(plan.losses[n]) for n in plan.losses])
        assert bool(plan.pack) is bool(plan.compiled.memory.persistent) is (parts == 2)
    assert runs[0] == runs[1]


def test_predictions_share_their_packs_whatever_training_has(bench):
    built = bench.built(net=CONV, device="cpu")
    program = built.program
    program.training(types(built, 8))
    first, second = (program.prediction(types(built, rows, labels=False)) for rows in (8, 5))
    assert first.pack and first.packs is second.packs is program.packs
    assert program.packs.nbytes == first.compiled.memory.persistent


def test_a_change_of_parameters_reaches_every_plan(bench, rng):
    built = bench.built(net=CONV)
    program = built.program
    plan = program.prediction(types(built, 4, labels=False))
    plan.inputs["data"][...] = rng.random(plan.inputs["data"].shape)
    plan.run()
    before = plan.outputs[0].copy()
    values = {n: rng.standard_normal(t.shape) for n, t in program.store.parameters.types.items()}
    values |= {n: program.store.auxiliaries[n].copy() for n in program.store.auxiliaries.types}
    program.store.load(values)
    plan.run()
    assert np.abs(plan.outputs[0] - before).max() > 1e-3


def test_an_inner_layer_is_a_plan_of_its_own(bench):
    built = bench.built(net=MLP)
    program = built.program
    hidden = next(n for n in program.heads[0].node.inputs[0].node.inputs[0].node.inputs[:1])
    plan = program.prediction(types(built, 4, labels=False), (hidden,))
    assert plan.outputs[0].shape == (4, 12)
    assert [s.name for s in plan.steps if s.name == "fc2"] == []


def test_random_operators_draw_by_seed_step_and_sample(bench):
    built = bench.built(net=CONV)
    program = built.program
    plan = program.training(types(built, 8))
    program.seed((7 << 32) + 5, 3, (1 << 33) + 2)
    assert program.store.scalars["random_state"].tolist() == [5, 7, 3, 2, 2]
    pixels, labels = images(8)
    plan.inputs["data"][...] = pixels[:, None] / 255
    plan.inputs["softmax_label"][...] = labels

    def loss(*key):
        program.seed(*key)
        plan.run()
        return float(next(iter(plan.losses.values())))

    assert loss(1, 0, 0) == loss(1, 0, 0)
    assert len({loss(1, 0, 0), loss(2, 0, 0), loss(1, 1, 0), loss(1, 0, 8)}) == 4


def test_frozen_parameters_cost_no_backward(bench):
    free = bench.built(net=CONV).program
    frozen = bench.built(net=CONV, multipliers=[{"match": match, "lr_mult": 0} for match in ("conv*", "bn*")]).program
    assert frozen.trained == ("fc_weight", "fc_bias")
    assert set(frozen.store.gradients.types) == {"fc_weight", "fc_bias"}

    def backward(program, rows):
        t = {"data": TensorType((rows, 1, 8, 8)), "softmax_label": TensorType((rows,))}
        return [
            s for s in program.training(t).steps if s.name.startswith(("conv", "bn", "drop")) and "backward" in s.op
        ]

    assert [s.name for s in backward(free, 4)] != []
    assert backward(frozen, 4) == []


def test_a_layer_that_does_not_fit_is_named(bench):
    heads = bench.built().heads
    with pytest.raises(ShapeError, match="softmax"):
        make_program(heads, {"data": TensorType((4, 6)), "softmax_label": TensorType((5,))}, REFERENCE, Options())


def test_predictions_need_no_label_and_keep_no_gradient(bench):
    built = bench.built()
    training = compile_training(built.heads, ["fc2_weight"], types(built, 4), REFERENCE, Options())
    prediction = compile_prediction(built.heads, types(built, 4, labels=False), REFERENCE, Options())
    assert len(training.graph.outputs) == 2 and len(prediction.graph.outputs) == 1
    assert prediction.memory.block < training.memory.block


@pytest.mark.skipif(not onednn.available(), reason="oneDNN is not installed")
@pytest.mark.parametrize("net", [MLP, LENET], ids=["mlp", "lenet"])
@pytest.mark.parametrize("clip", [None, 1.0], ids=["", "clipped"])
def test_a_training_step_allocates_nothing(bench, net, clip):
    pixels, labels = images(64, size=28)
    bench.save("tiny", data=pixels, softmax_label=labels)
    built = bench.built(net=net, batch_size=64, clip_global_norm=clip, data={"val": None})
    assert built.device == make_device(1)
    plan = built.program.training(types(built, 64))
    plan.inputs["data"][...] = pixels[:, None] / 255
    plan.inputs["softmax_label"][...] = labels
    for step in range(3):
        plan.run()
        built.updater.update(step, 64)
    tracemalloc.start()
    try:
        plan.run()
        built.updater.update(3, 64)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4096
