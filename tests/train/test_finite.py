from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import NumericError
from mxtrain.train.evaluate import batch_types
from mxtrain.train.finite import check_loss, check_parameters, finite
from mxtrain.train.state import RunState
from tests.train.runs import CONV, MLP, images


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.float32([1, 2]), True),
        (np.float32([1, np.nan]), False),
        (np.float32([-np.inf]), False),
        (np.uint16([0x3F80, 0x7F7F]), True),
        (np.uint16([0x3F80, 0x7F80]), False),
        (np.uint16([0x7FC0]), False),
        (np.int32([2**31 - 1]), True),
    ],
)
def test_what_is_finite(values, expected):
    assert finite(values) is expected


def prepared(bench, net=MLP):
    """(program, plan with inputs) of a net."""
    built = bench.built(net=net)
    plan = built.program.training(batch_types(built.train.it, 8, labels=built.names))
    pixels, labels = images(8)
    plan.inputs["data"][...] = pixels[:, None] / 255
    plan.inputs["softmax_label"][...] = labels
    return built.program, plan


def blamed(program, plan):
    with pytest.raises(NumericError, match="epoch 2, batch 2, step 7: loss 'softmax' is nan") as caught:
        check_loss(plan, program.store, "softmax", float("nan"), RunState(epoch=1, batch=2, step=7))
    assert "lower the learning rate" in str(caught.value)
    return str(caught.value)


def test_the_input_is_to_blame(bench):
    program, plan = prepared(bench)
    plan.inputs["data"][3, 0, 2, 2] = np.nan
    assert "input 'data' holds values that are not finite" in blamed(program, plan)


def test_an_earlier_update_is_to_blame(bench):
    program, plan = prepared(bench)
    program.store.parameters["fc2_bias"][1] = np.inf
    program.store.version += 1
    assert "parameter 'fc2_bias' was made so by an earlier update (1 parameters are affected)" in blamed(program, plan)


def test_the_first_step_that_overflows_is_named(bench):
    program, plan = prepared(bench)
    program.store.parameters["fc1_weight"][...] = 1e30
    program.store.parameters["fc2_weight"][...] = 1e30
    program.store.version += 1
    assert "the first step whose result is not finite is fully_connected 'fc2'" in blamed(program, plan)


def test_a_loss_that_comes_out_right_the_second_time(bench):
    program, plan = prepared(bench, CONV)
    assert "no single step is to blame" in blamed(program, plan)


def test_parameters_that_are_not_finite_are_not_saved(bench):
    program, _ = prepared(bench, CONV)
    check_parameters(program.store)
    program.store.parameters["fc_bias"][0] = np.nan
    program.store.auxiliaries["bn_moving_var"][1] = np.inf
    with pytest.raises(NumericError, match="fc_bias, bn_moving_var; the last checkpoint stands"):
        check_parameters(program.store)


def test_a_run_stops_and_its_last_checkpoint_stands(bench):
    with pytest.raises(NumericError, match=r"epoch 1, batch [1-5], step [1-5]: loss 'softmax' is (nan|inf)"):
        bench.fit(optimizer={"name": "sgd", "lr": 1e38}, checkpoint={"every": 1})
    (run,) = (bench.path / "runs" / "tiny").iterdir()
    assert [p.name for p in (run / "checkpoints").iterdir() if p.name.startswith("step")] in ([], ["step-00000001"])
