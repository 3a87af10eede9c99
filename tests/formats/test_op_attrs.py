from __future__ import annotations

import pytest

from mxtrain.base.errors import FormatError
from mxtrain.formats.op_attrs import read_attrs, write_attrs
from mxtrain.ops import REGISTRY

REQUIRED = object()
DEFAULTS = {
    "convolution": {"kernel": REQUIRED, "num_filter": REQUIRED, "stride": (), "dilate": (), "pad": (), "num_group": 1,
                    "no_bias": False},
    "deconvolution": {"kernel": REQUIRED, "num_filter": REQUIRED, "stride": (), "dilate": (), "pad": (), "num_group": 1,
                      "no_bias": True, "adj": (), "target_shape": ()},
    "fully_connected": {"num_hidden": REQUIRED, "no_bias": False, "flatten": True},
    "batch_norm": {"eps": 1e-3, "momentum": 0.9, "fix_gamma": True, "use_global_stats": False,
                   "output_mean_var": False, "axis": 1},
    "pooling": {"kernel": (), "pool_type": "max", "global_pool": False, "pooling_convention": "valid", "stride": (),
                "pad": (), "p_value": 2, "count_include_pad": True},
    "activation": {"act_type": REQUIRED},
    "leaky_relu": {"act_type": "leaky", "slope": 0.25, "lower_bound": 0.125, "upper_bound": 0.334},
    "dropout": {"p": 0.5, "mode": "training", "axes": ()},
    "softmax_output": {"grad_scale": 1.0, "ignore_label": -1.0, "multi_output": False, "use_ignore": False,
                       "preserve_shape": False, "normalization": "null", "out_grad": False, "smooth_alpha": 0.0},
    "lrn": {"alpha": 1e-4, "beta": 0.75, "knorm": 2.0, "nsize": REQUIRED},
    "concat": {"num_args": REQUIRED, "dim": 1},
    "slice_channel": {"num_outputs": REQUIRED, "axis": 1, "squeeze_axis": False},
    "l2_normalization": {"eps": 1e-10, "mode": "instance"},
    "instance_norm": {"eps": 1e-3},
    "layer_norm": {"axis": -1, "eps": 1e-5, "output_mean_var": False},
    "embedding": {"input_dim": REQUIRED, "output_dim": REQUIRED, "dtype": "float32"},
    "make_loss": {"grad_scale": 1.0, "valid_thresh": 0.0, "normalization": "null"},
    "softmax_activation": {"mode": "instance"},
    "svm_output": {"margin": 1.0, "regularization_coefficient": 1.0, "use_linear": False},
    "linear_regression_output": {"grad_scale": 1.0},
    "logistic_regression_output": {"grad_scale": 1.0},
    "mae_regression_output": {"grad_scale": 1.0},
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(DEFAULTS) & set(REGISTRY.names())))
def test_parameters_and_defaults_are_mxnets(name):
    # What equals its default is not written, so MXNet must have the same one, and no name that it does not know.
    for key, spec in REGISTRY.get(name).params.__pydantic_fields__.items():
        assert key in DEFAULTS[name]
        default = REQUIRED if spec.is_required() else spec.default
        assert default == DEFAULTS[name][key], key


def test_what_mxnet_demands_is_written_even_if_it_is_the_default():
    op = REGISTRY.get("pooling")
    assert write_attrs(op, op.params(kernel=2, pool_type="lp"), "p")["p_value"] == "2"
    assert "p_value" not in write_attrs(op, op.params(kernel=2), "p")


def test_parameters_and_foreign_attributes_are_told_apart(get):
    attrs = {"kernel": "(5,5)", "num_filter": "20", "no_bias": "0", "stride": "()", "workspace": "512", "__x__": "y"}
    found = read_attrs(get("convolution"), attrs, 3)
    assert found.problems == []
    assert found.foreign == {"workspace": "512", "__x__": "y"}
    assert (found.params.kernel, found.params.num_filter, found.params.no_bias) == ((5, 5), 20, False)
    assert write_attrs(get("convolution"), found.params, "conv") == {"kernel": "(5, 5)", "num_filter": "20"}


def test_a_lone_number_is_one_dimension(get):
    assert read_attrs(get("convolution"), {"kernel": "3", "num_filter": "1"}, 3).params.kernel == (3,)


def test_inert_attributes_pass_only_at_the_value_that_changes_nothing(get):
    attrs = {"kernel": "(1, 1)", "num_filter": "1"}
    assert read_attrs(get("convolution"), attrs | {"layout": "NCHW"}, 3).foreign == {"layout": "NCHW"}
    assert read_attrs(get("convolution"), attrs | {"layout": "NHWC"}, 3).problems == [
        "attribute 'layout': only None or NCHW or NCW or NCDHW is supported, got 'NHWC'"
    ]


def test_none_and_the_empty_tuple_mean_not_given(get):
    assert read_attrs(get("batch_norm"), {"eps": "None"}, 5).params.eps == 1e-3
    assert read_attrs(get("argmax"), {"axis": "None"}, 1).params.axis is None
    assert "Field required" in read_attrs(get("fully_connected"), {"num_hidden": "None"}, 3).problems[0]


def test_num_args_follows_from_the_inputs(get):
    assert read_attrs(get("concat"), {}, 3).params.num_args == 3


def test_all_problems_come_at_once(get):
    found = read_attrs(get("convolution"), {"kernal": "(3, 3)", "num_filter": "0", "kernel": "(3"}, 3)
    assert found.params is None
    assert [p.split(":")[0] for p in found.problems] == [
        "attribute 'kernal' is not one of this operator; did you mean 'kernel'?",
        "attribute 'kernel'",
        "attribute 'num_filter'",
        "attribute 'kernel'",
    ]
    assert "got '0'" in found.problems[2]


def test_a_value_that_mxnet_lacks_is_named(get):
    op = get("activation")
    with pytest.raises(FormatError, match=r"node: MXNet knows act_type relu, .*; it cannot be given 'mish'"):
        write_attrs(op, op.params(act_type="mish"), "node")
