from __future__ import annotations

import json

import numpy as np
import pytest

from mxtrain import ops
from mxtrain.backends import cuda
from mxtrain.backends.cuda import libraries
from mxtrain.base.errors import ConfigError
from mxtrain.executor import uncapturable
from mxtrain.report.summary import uncaptured
from mxtrain.train import check
from mxtrain.train.check import STRATEGIES, check_config, data_inputs, input_types
from mxtrain.train.fit import load_config
from mxtrain.train.net import read_net
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import needs_compiler
from tests.train.runs import CONV, MLP


def checked(bench, *overrides, **changes):
    return check_config(*load_config(bench.config(**changes), list(overrides)))


def test_no_data_is_read_where_the_shape_is_given(bench):
    data = {"train": {"name": "arrays", "path": "missing.npz"}, "val": None}
    found = checked(bench, data=data, input_shape=[1, 28, 28], net={"file": "lenet"})
    shapes = {n.name: n.types[0].shape for n in found.graph.nodes}
    assert shapes["conv1"] == (8, 20, 24, 24) and shapes["softmax"] == (8, 10)


def test_the_shape_comes_from_the_data(bench):
    assert checked(bench).graph.variables["data"].types[0].shape == (8, 1, 8, 8)
    cropped = checked(bench, augment=[{"center_crop": {"size": [6, 5]}}])
    assert cropped.graph.variables["data"].types[0].shape == (8, 1, 6, 5)


def test_a_shape_that_the_augmenters_do_not_give(bench):
    data = {"train": {"name": "image_folder", "path": "missing"}, "val": None}
    crop = [{"random_crop": {"size": [6, 5]}}]
    with pytest.raises(ConfigError, match=r"input_shape: is 3 x 8 x 8, but `data` and `augment` give 3 x 6 x 5"):
        checked(bench, data=data, augment=crop, input_shape=[3, 8, 8])
    assert checked(bench, data=data, augment=crop, input_shape=[3, 6, 5])


def test_a_shape_that_is_not_known(bench):
    data = {"train": {"name": "arrays", "path": "missing.npz"}, "val": None}
    with pytest.raises(ConfigError, match=r"the shape of the input is not known: .*missing\.npz.*input_shape: \["):
        checked(bench, data=data)


def test_samples_that_are_no_images(bench, rng):
    bench.save("tiny", data=rng.random((9, 6)), softmax_label=[0] * 9)
    for changes in ({}, {"input_shape": [6]}):
        assert checked(bench, augment=None, **changes).graph.variables["data"].types[0].shape == (8, 6)
    with pytest.raises(ConfigError, match=r"flip: works on images only, and this source gives none"):
        checked(bench, augment=["flip"])


def test_a_label_whose_length_only_the_data_knows(bench, rng):
    bench.save("tiny", data=rng.random((9, 6, 5)), labels=np.ones((9, 3)))
    layers = [{"swap_axis": {"dim1": 0, "dim2": 1}}, {"ctc_loss": {"name": "ctc"}}, "make_loss"]
    arrays = {"name": "arrays", "path": "tiny.npz", "labels": ["labels"]}
    found = checked(bench, augment=None, data={"train": arrays, "val": None}, net=layers, metrics=[])
    assert found.graph.variables["ctc_label"].types[0].shape == (8, 3)


def test_an_input_that_the_data_does_not_have(bench, rng):
    bench.save("tiny", numbers=rng.random((9, 6)), softmax_label=[0] * 9)
    arrays = {"name": "arrays", "path": "tiny.npz", "inputs": ["numbers"]}
    with pytest.raises(ConfigError, match=r"not known: the net takes data, the data has numbers; give it"):
        checked(bench, augment=None, data={"train": arrays, "val": None})


@pytest.mark.parametrize(
    ("augment", "place"), [(["flip"], r"augment: images of dif"), (None, r"data\.train: images of dif")]
)
def test_images_of_any_size_need_one_as_fit_says(bench, augment, place):
    bench.pngs("train", 9)
    data = {"train": {"name": "image_folder", "path": "train"}, "val": None}
    for look in (checked, lambda b, **c: b.fit(**c)):
        with pytest.raises(ConfigError, match=place + r"ferent sizes .* cannot form a batch; end `augment`"):
            look(bench, data=data, augment=augment, input_shape=[3, 8, 8])
    assert checked(bench, augment=augment, input_shape=[1, 8, 8])


def test_a_layer_that_does_not_fit_is_shown_at_its_line(bench):
    net = [{"convolution": {"num_filter": 4, "kernel": 9, "name": "conv"}}, *MLP]
    with pytest.raises(ConfigError, match=r"config\d+\.yaml:\d+.*conv"):
        checked(bench, net=net)


def test_a_net_without_data_is_refused(bench):
    nodes = [{"op": "null", "name": "w", "inputs": []}, {"op": "_zeros", "name": "z", "attrs": {"shape": "(2, 3)"},
             "inputs": []}, {"op": "FullyConnected", "name": "fc", "attrs": {"num_hidden": "2", "no_bias": "True"},
             "inputs": [[1, 0, 0], [0, 0, 0]]}]  # fmt: skip
    (bench.path / "odd-symbol.json").write_text(json.dumps({"nodes": nodes, "arg_nodes": [0], "heads": [[2, 0, 0]]}))
    with pytest.raises(ConfigError, match="the net reads no data: all its variables are parameters or labels"):
        checked(bench, net={"symbol": "odd-symbol.json"}, epochs=0)


def test_labels_are_no_data(bench):
    _, tree, where = load_config(bench.config(), [])
    heads = read_net(tree, where)
    assert data_inputs(heads) == ["data"]
    config = load_config(bench.config(input_shape=[2, 3, 3]), [])[0]
    assert {n: t.shape for n, t in input_types(config, tree, where, heads, 5).items()} == {"data": (5, 2, 3, 3)}


def test_every_strategy_for_training_and_prediction(bench):
    found = checked(bench, net=CONV)
    assert set(found.training) == set(found.prediction) == set(STRATEGIES)
    blocks = {s: c.memory.block for s, c in found.training.items()}
    assert blocks["both"] <= min(blocks["inplace"], blocks["co-share"]) <= blocks["none"]
    assert all(found.prediction[s].memory.block <= blocks[s] for s in STRATEGIES)


@pytest.mark.parametrize(
    ("changes", "copies"),
    [
        ({"optimizer": {"name": "sgd", "lr": 0.1}}, 0),
        ({}, 1),
        ({"optimizer": {"name": "adam"}}, 2),
        ({"ema": {}, "grad_accum": 2}, 3),
    ],
)
def test_optimizer_state(bench, changes, copies):
    parameters = 4 * (12 * 64 + 12 + 3 * 12 + 3)
    assert checked(bench, **changes).state_bytes == copies * parameters


def test_frozen_layers_have_no_state(bench):
    found = checked(bench, multipliers=[{"match": "fc1*", "lr_mult": 0}])
    assert found.state_bytes == 4 * (3 * 12 + 3) and found.groups.frozen == ("fc1_weight", "fc1_bias")


def test_figures_are_for_one_part_of_a_batch(bench):
    assert checked(bench, grad_accum=3).rows == 3


DEVICE_STEP = {"net": CONV, "device": "gpu", "optimizer": {"name": "lamb", "lr": 0.1}, "clip_global_norm": 1.0}


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(check, "missing", lambda: ("there is no GPU",))


def test_a_gpu_that_is_not_there(bench, no_gpu):
    found = checked(bench, **DEVICE_STEP, ema={"decay": 0.9}, grad_accum=2)
    assert cuda.is_planned(found.device) and len(found.captured) == 2
    kernels = {n.name: r.name for n, r in found.training["both"].recipes.items()}
    assert kernels["conv"].startswith("cuda:cu") and "reference" not in kernels.values()
    assert not any(uncapturable(p) for p in found.captured)


def test_on_the_host_there_is_no_graph(bench, no_gpu):
    assert checked(bench, net=CONV).captured == ()


def test_an_operator_without_a_kernel_of_its_own(bench, no_gpu, monkeypatch):
    monkeypatch.delitem(ops.get("batch_norm").kernels, "cuda")
    (training, _) = checked(bench, **DEVICE_STEP).captured
    assert {n.op.name for n in uncapturable(training)} == {"batch_norm", "batch_norm_backward"}


@needs_compiler
@pytest.mark.parametrize("net", [MLP, CONV], ids=["mlp", "conv"])
def test_a_run_says_the_same(bench, net, monkeypatch, caplog):
    """On a device that is a fake and has no libraries, so that something cannot be captured."""
    monkeypatch.setattr(cuda, "why_not", lambda: ())
    monkeypatch.setattr(libraries, "states", list)
    monkeypatch.setattr(cuda, "make_device", lambda *args, **options: fake_device())
    config = bench.config(net=net, device="gpu")
    found = check_config(*load_config(config, []))
    assert not cuda.is_planned(found.device)
    bench.start(config, "max_steps=1")
    said = [r.getMessage() for r in caplog.records if "call by call" in r.getMessage()]
    assert said == [cuda.call_by_call(u.op for u in uncaptured(found.captured))] and "fully_connected" in said[0]
