from __future__ import annotations

import os
import shutil

import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.train.build import build, count_threads, epochs_of, measured, mode_of, monitored
from mxtrain.train.check import check_config
from mxtrain.train.fit import load_config
from tests.train.runs import CONV, MLP, images


def config(bench, *overrides, **changes):
    return load_config(bench.config(**changes), list(overrides))[0]


def test_what_is_built(bench):
    built = bench.built(net=CONV, multipliers=[{"match": "conv*", "lr_mult": 0}])
    assert built.names == {"softmax_label": "softmax_label"}
    assert [h.name for h in built.shown] == ["softmax"]
    assert "conv_weight" not in built.program.trained and "fc_bias" in built.program.trained
    info = built.info
    assert (info.inputs, info.labels, info.threads, info.seed) == ({"data": [1, 8, 8]}, {"softmax_label": []}, 1, 3)
    assert info.kinds["bn_moving_mean"] == "auxiliary" and info.kinds["data"] == "input"


def test_drawn_or_left_for_a_checkpoint(bench):
    assert build(*load_config(bench.config(), [])).program.store.parameters["fc1_weight"].any()
    assert not build(*load_config(bench.config(), []), resumed=bench.path).program.store.parameters.buffer.any()


def test_threads(bench):
    assert count_threads(config(bench, threads=3)) == 3
    assert count_threads(config(bench, threads="auto")) == len(os.sched_getaffinity(0))
    assert bench.built(threads="auto").info.threads == len(os.sched_getaffinity(0))


def test_epochs_of_a_new_run(bench):
    assert epochs_of(config(bench, epochs=0)) == 0
    with pytest.raises(ConfigError, match="expected a number of epochs, got '\\+3'; \\+N goes with --resume"):
        epochs_of(config(bench, "epochs=+3"))


@pytest.mark.parametrize("how", ["batch", "valid"])
def test_parts_of_a_batch_must_add_up_to_it(bench, how):
    net = [*MLP[:-1], {"softmax_output": {"name": "softmax", "normalization": how}}]
    assert bench.built(net=net).program.trained
    for refuses in (build, check_config):
        with pytest.raises(ConfigError, match=rf"grad_accum: 2 parts: 'softmax' divides .*normalization {how}\)"):
            refuses(*load_config(bench.config(net=net, grad_accum=2), []))


def test_there_must_be_something_to_train_on(bench):
    with pytest.raises(ConfigError, match=r"config\d+\.yaml:\d+:\d+: .*data\.train is missing"):
        bench.built(data={"train": None})


def test_evaluation_data_of_another_kind(bench):
    pixels, labels = images(4, size=9)
    bench.save("val", data=pixels, softmax_label=labels)
    with pytest.raises(
        ConfigError, match=r"data\.val: its samples are data 1 x 9 x 9, those of data.train data 1 x 8 x 8"
    ):
        bench.built()


def test_evaluation_labels_of_another_name(bench):
    pixels, labels = images(4)
    bench.save("val", data=pixels, y=labels)
    with pytest.raises(ConfigError, match=r"data\.val: its labels are y, those of data\.train softmax_label"):
        bench.built(data={"val": {"name": "arrays", "path": "val.npz", "labels": ["y"]}})


def test_evaluation_data_of_other_classes(bench):
    bench.pngs("train", 6)
    bench.pngs("val", 6)
    os.rename(bench.path / "val" / "left", bench.path / "val" / "links")
    data = {k: {"name": "image_folder", "path": k, "channels": 1} for k in ("train", "val")}
    augment = [{"center_crop": {"size": 8}}]
    with pytest.raises(ConfigError, match="data.train has no links: what was not learned cannot be measured"):
        bench.built(data=data, augment=augment)
    shutil.rmtree(bench.path / "val" / "links")
    with pytest.raises(ConfigError, match=r"it has no left; .* in label order: classes: \[left, middle, right\]"):
        bench.built(data=data, augment=augment)
    data["val"]["classes"] = ["left", "middle", "right"]
    assert bench.built(data=data, augment=augment).val.source.classes == ("left", "middle", "right")
    data["val"]["classes"] = ["right", "left", "middle"]
    with pytest.raises(ConfigError, match="its classes are those of data.train in another order"):
        bench.built(data=data, augment=augment)


def test_an_input_shape_that_the_data_does_not_have(bench):
    with pytest.raises(ConfigError, match=r"input_shape: is 1 x 9 x 9, but `data` and `augment` give 1 x 8 x 8"):
        bench.built(input_shape=[1, 9, 9])
    assert bench.built(input_shape=[1, 8, 8])


def test_multipliers_that_match_nothing_are_shown_at_their_line(bench):
    with pytest.raises(ConfigError, match=r"config\d+\.yaml:\d+:\d+: multipliers: .*no parameter matches 'fc9'"):
        bench.built(multipliers=[{"match": "fc9", "lr_mult": 0}])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("val.accuracy", "max")),
        ({"data": {"val": None}}, ("train.accuracy", "max")),
        ({"metrics": ["cross_entropy"]}, ("val.cross_entropy", "min")),
        ({"metrics": [{"top_k": {"k": 2}}]}, ("val.top_k_2", "max")),
        ({"metrics": []}, ("train.loss", "min")),
        ({"checkpoint": {"monitor": "train.loss"}}, ("train.loss", "min")),
        ({"checkpoint": {"monitor": "val.cross_entropy"}}, ("val.cross_entropy", "min")),
    ],
)
def test_the_metric_that_says_which_is_best(bench, changes, expected):
    built = bench.built(**changes)
    assert monitored(built) == expected and expected[0] in measured(built)


def test_a_metric_of_one_head(bench):
    assert mode_of("val.cross_entropy.left", config(bench)) == "min"
    assert mode_of("train.loss.left", config(bench)) == "min"


@pytest.mark.parametrize("section", [{"checkpoint": {"monitor": "val.loss"}}, {"early_stop": {"monitor": "val.loss"}}])
def test_a_metric_that_will_not_be_measured(bench, section):
    (key,) = section
    text = rf"{key}\.monitor: no metric 'val\.loss' is measured in this run; there are: train\.loss, train\.accuracy, "
    with pytest.raises(ConfigError, match=text):
        bench.built(**section)


def test_a_schedule_that_cannot_be(bench):
    with pytest.raises(ConfigError, match="warmup_begin_lr"):
        bench.built(lr_scheduler={"name": "cosine", "warmup": 3, "warmup_begin_lr": 5})


def test_labelless_losses_have_no_metrics(bench):
    net = [*MLP[:-1], {"make_loss": {"name": "loss"}}]
    built = bench.built(net=net, data={"train": {"name": "arrays", "path": "tiny.npz", "labels": []}, "val": None})
    assert built.metric_set().shown == () and measured(built) == ["train.loss"]
    assert monitored(built) == ("train.loss", "min")


@pytest.mark.parametrize("name", ["ftrl", "ftml"])
@pytest.mark.parametrize(
    ("schedule", "step"),
    [({"name": "cosine"}, 15), ({"name": "constant", "warmup": 3, "warmup_mode": "constant"}, 1)],
    ids=["at the end", "at the beginning"],
)
def test_a_rate_that_the_rule_cannot_divide_by_is_refused_before_the_first_step(bench, name, schedule, step):
    where = rf"config\d+.yaml:\d+:\d+: lr_scheduler: optimizer {name} divides by .* makes 0 at step {step}; give"
    with pytest.raises(ConfigError, match=where):
        bench.built(optimizer={"name": name}, lr_scheduler=schedule)
    assert bench.built(optimizer={"name": name}, lr_scheduler={"name": "cosine", "final_lr": 1e-5})
