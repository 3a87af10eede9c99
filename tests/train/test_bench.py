from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.train.bench import find_net, make_bare, peak_memory, time_steps


def test_a_shipped_net_and_its_parameters():
    config, tree, _ = find_net("resnet-cifar", ["depth=32", "precision=bf16", "net.classes=7"])
    assert tree.data["net"] == {"file": "resnet-cifar", "depth": 32, "classes": 7}
    assert config.precision == "bf16" and config.input_shape == (3, 32, 32)
    assert find_net("alexnet.yaml", [])[0].input_shape == (3, 224, 224)


def test_a_config_comes_before_a_net():
    config, _, _ = find_net("digits", [])
    assert config.name == "digits" and config.data.train is not None


def test_neither_a_config_nor_a_net():
    with pytest.raises(ConfigError, match=r"no config and no net is called 'lenett'; there are the nets alexnet, "):
        find_net("lenett", [])


def test_a_mistake_in_a_parameter():
    config, tree, where = find_net("lenet", ["clases=3"])
    with pytest.raises(ConfigError, match="net has no parameter 'clases'; did you mean 'classes'"):
        make_bare(config, tree, where)


@pytest.mark.parametrize("accum", [1, 2])
def test_a_step_trains(accum):
    found = find_net("digits", ["batch_size=8", f"grad_accum={accum}", "threads=1", "optimizer.lr=0.1"])
    bare = make_bare(*found)
    assert bare.rows == 8 and bare.plan.inputs["data"].shape == (8 // accum, 1, 8, 8)
    labels = bare.plan.inputs["softmax_label"]
    assert labels.max() < 10 and np.array_equal(labels, labels.round()) and len(set(labels.tolist())) > 1
    losses = []
    for k in range(30):
        bare.step(k)
        losses.append(float(next(iter(bare.plan.losses.values()))))
    assert losses[-1] < losses[0] / 2
    assert bare.update_plan is not None


def test_prediction():
    bare = make_bare(*find_net("digits", ["threads=1"]), batch=3, infer=True)
    assert bare.update_plan is None and bare.rows == 3 and "softmax_label" not in bare.plan.inputs
    bare.step(0)
    np.testing.assert_allclose(bare.plan.outputs[0].sum(1), 1, rtol=1e-5)


def test_labels_that_are_no_classes(bench):
    net = [{"fully_connected": {"num_hidden": 3}}, {"linear_regression_output": {"name": "out"}}]
    found = find_net(str(bench.config(net=net)), [])
    labels = make_bare(*found).plan.inputs["out_label"]
    assert labels.shape[1:] == (3,) and not np.array_equal(labels, labels.round())


def test_times():
    bare = make_bare(*find_net("digits", ["threads=1"]), batch=1, infer=True)
    assert len(time_steps(bare, 0.0)) == 7
    assert len(time_steps(bare, 0.05)) > 7 and min(time_steps(bare, 0.0)) > 0
    assert peak_memory() > 10 << 20
