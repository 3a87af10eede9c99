from __future__ import annotations

import pytest

from mxtrain.config import hints
from mxtrain.config.hints import HINTS, find_hint

FOREIGN = """
eta optimizer.lr; base_lr optimizer.lr; learning_rate optimizer.lr; num_round epochs; num_epochs epochs;
num-epochs epochs; max_epochs epochs; weight_decay optimizer.wd; decay optimizer.wd; mom optimizer.momentum;
batch batch_size; updater optimizer; solver optimizer; lr_policy lr_scheduler; stepsize lr_scheduler.step;
max_iter max_steps; max_batches max_steps; dev device; gpus device; model net; netconfig net;
update_period grad_accum; iter_size grad_accum; subdivisions grad_accum; random_seed seed;
seed_everything seed; snapshot checkpoint; backup checkpoint; kv-store kvstore;
lr-factor lr_scheduler.factor; burn_in lr_scheduler.warmup; save_total_limit checkpoint.keep_last;
accumulate_grad_batches grad_accum; optim optimizer; dataset data; data-train data.train;
Learning_Rate optimizer.lr
"""


@pytest.mark.parametrize("pair", [pair.split() for pair in FOREIGN.split(";")], ids=lambda pair: pair[0])
def test_the_names_of_other_tools(pair):
    assert find_hint((pair[0],), HINTS) == pair[1]


def test_per_device_batches_say_that_ours_is_global():
    assert find_hint(("per_device_train_batch_size",), HINTS) == "batch_size (the global one: over all devices)"


def test_the_longest_end_of_the_path_counts():
    assert find_hint(("net", 3, "convolution", "out_channels"), HINTS) == "convolution.num_filter"
    assert find_hint(("lr_scheduler", "gamma"), HINTS) == "lr_scheduler.factor"
    assert find_hint(("optimizer", "type"), HINTS) == "optimizer.name"
    assert find_hint(("other", "type"), HINTS) is None


def test_no_name_is_listed_twice():
    names = [name for text in hints._LISTS.values() for name in text.split()]
    assert sorted(names) == sorted(set(names))
    assert all(name == name.lower() and "-" not in name for name in names)
