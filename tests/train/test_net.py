from __future__ import annotations

import pytest

from mxtrain import symbol as sym
from mxtrain.base.errors import ConfigError
from mxtrain.base.types import TensorType
from mxtrain.symbol.compose import settled
from mxtrain.train.feeder import Classes
from mxtrain.train.fit import load_config
from mxtrain.train.net import Head, check_classes, find_heads, inputs_of, label_classes, label_names, read_net
from tests.train.runs import MLP


def heads(bench, *layers, **types):
    """The heads of a net of these layers, on a label (4,) unless `types` says otherwise."""
    _, tree, where = load_config(bench.config(net=list(layers)), [])
    entries = read_net(tree, where)
    (label,) = [n for n in inputs_of(entries) if n != "data"]
    return find_heads(entries, {"data": TensorType((4, 6)), label: TensorType(types.get("label", (4,)))})


FC3 = {"fully_connected": {"num_hidden": 3, "name": "fc"}}
FC1 = {"fully_connected": {"num_hidden": 1, "name": "fc"}}


def test_a_head_of_classes(bench):
    assert heads(bench, FC3, {"softmax_output": {"name": "out"}}) == [Head("out", "out_label", 3, True)]


def test_a_class_for_each_position(bench):
    layers = [FC3, {"reshape": {"shape": [0, 3, 1]}}, {"softmax_output": {"name": "out", "multi_output": True}}]
    assert heads(bench, *layers, label=(4, 1)) == [Head("out", "out_label", 3, True)]


def test_a_label_with_other_axes_for_the_loss():
    data, label = sym.variable("data"), sym.reshape(sym.variable("softmax_label"), shape=(-1,), name="all")
    rows = sym.fully_connected(sym.reshape(data, shape=(-1, 3), name="rows"), num_hidden=4)
    entries = settled(sym.softmax_output(rows, label, name="softmax").entries)
    types = {"data": TensorType((4, 6)), "softmax_label": TensorType((4, 2))}
    heads = find_heads(entries, types)
    assert heads == [Head("softmax", "softmax_label", 4, True)]
    assert label_classes(heads) == {"softmax_label": Classes(4)}


@pytest.mark.parametrize(
    ("made", "rows"), [(lambda y: y - 1, 32), (lambda y: sym.slice_axis(y, axis=1, begin=0, end=1), 16)]
)
def test_a_label_that_becomes_other_numbers_need_be_no_class(made, rows):
    label = sym.reshape(made(sym.variable("label")), shape=(-1,), name="flat")
    scores = sym.fully_connected(sym.variable("data"), num_hidden=4)
    entries = settled(sym.softmax_output(scores, label, name="softmax").entries)
    (head,) = find_heads(entries, {"data": TensorType((rows, 3)), "label": TensorType((16, 2))})
    assert head.label == "label" and label_classes([head]) == {}


def test_probabilities_are_no_classes(bench):
    assert heads(bench, FC3, {"softmax_output": {"name": "out"}}, label=(4, 3)) == [
        Head("out", "out_label", None, True)
    ]


@pytest.mark.parametrize("label", [(4,), (4, 1)])
def test_numbers_to_come_near_to_are_no_classes(bench, label):
    layers = [FC1, {"linear_regression_output": {"name": "out"}}]
    assert heads(bench, *layers, label=label) == [Head("out", "out_label", None, True)]


def test_a_label_that_is_ignored(bench):
    (head,) = heads(bench, FC3, {"softmax_output": {"name": "out", "use_ignore": True, "ignore_label": 9}})
    assert head.ignored == 9
    assert label_classes([head, Head("b", None, None), Head("c", "c_label", None)]) == {"out_label": Classes(3, 9.0)}


def test_a_net_must_end_in_a_loss(bench):
    with pytest.raises(ConfigError, match=r"fc2.* ends the net, but is no loss; add one .*softmax_output"):
        load_config(bench.config(net=MLP[:-1]), [])


def test_a_net_that_is_not_trained_needs_no_loss(bench):
    _, tree, where = load_config(bench.config(net=MLP[:-1], epochs=0), [])
    assert [e.node.name for e in read_net(tree, where)] == ["fc2"]
    with pytest.raises(ConfigError, match="ends the net, but is no loss"):
        load_config(bench.config(net=MLP[:-1], epochs=0), ["epochs=+1"])


def test_problems_of_the_net_and_of_the_config_come_together(bench):
    with pytest.raises(ConfigError) as found:
        load_config(bench.config(net=MLP[:-1], batch_size=0), [])
    assert len(found.value.problems) == 2


def test_shipped_nets_and_nets_beside_the_config(bench):
    _, tree, where = load_config(bench.config(net={"file": "lenet"}), [])
    assert inputs_of(read_net(tree, where)) == ["data", "softmax_label"]
    (bench.path / "mine.yaml").write_text("net: [flatten, {fully_connected: {num_hidden: 2}}, softmax_output]\n")
    _, tree, where = load_config(bench.config(net={"file": "mine"}), [])
    assert len(read_net(tree, where)) == 1


def names(bench, net, **labels):
    """What label_names says for a data set with these labels."""
    built = bench.built(net=MLP, data={"val": None, "train": {"name": "arrays", "path": "tiny.npz", **labels}})
    _, tree, where = load_config(bench.config(net=net), [])
    return label_names(read_net(tree, where), built.train.it, tree)


def test_one_label_needs_no_name(bench):
    assert names(bench, [*MLP[:-1], {"softmax_output": {"name": "other"}}]) == {"softmax_label": "other_label"}


def test_several_labels_are_matched_by_name(bench):
    net = {
        "outputs": ["a", "b"],
        "net": [
            "flatten",
            {"fully_connected": {"num_hidden": 3, "name": "fc"}},
            {"softmax_output": {"name": "a"}},
            {"softmax_output": {"name": "b", "from": "fc"}},
        ],
    }
    with pytest.raises(ConfigError, match="the net reads 'a_label', 'b_label', but the data gives data, softmax_label"):
        names(bench, net)


def test_more_classes_than_outputs(bench):
    _, tree, _ = load_config(bench.config(), [])
    head = [Head("softmax", "softmax_label", 3, True)]
    check_classes(head, ("a", "b", "c"), tree)
    check_classes(head, None, tree)
    with pytest.raises(
        ConfigError, match=r"has 3 outputs, but the data has 6 classes \(a, b, c, d, e, \.\.\.\); give the"
    ):
        check_classes(head, tuple("abcdef"), tree)


def test_outputs_that_stand_for_no_class_are_said(bench, caplog):
    _, tree, _ = load_config(bench.config(), [])
    for names in (None, ("a", "b", "c")):
        check_classes([Head("softmax", "softmax_label", 3, True)], names, tree)
    assert not caplog.records
    check_classes([Head("softmax", "softmax_label", 3, True)], ("a", "b"), tree)
    assert "has 3 outputs, but the data has 2 classes (a, b); outputs without a class: 1" in caplog.text


def test_a_run_with_more_classes_than_outputs(bench):
    bench.pngs("train", 9)
    net = [*MLP[:3], {"fully_connected": {"num_hidden": 2}}, "softmax_output"]
    train = {"name": "image_folder", "path": "train", "channels": 1}
    with pytest.raises(ConfigError, match=r"has 2 outputs, but the data has 3 classes \(left, middle, right\)"):
        bench.fit(net=net, data={"train": train, "val": None}, augment=[{"center_crop": {"size": 8}}])
