from __future__ import annotations

import pytest

from mxtrain.formats.checkpoint_names import (
    CheckpointFile,
    params_name,
    parse_name,
    saved_epochs,
    symbol_name,
)


@pytest.mark.parametrize("prefix", ["lenet", "a-b", "mnist-lenet-0", "v1.2"])
@pytest.mark.parametrize("epoch", [0, 7, 9999, 10000])
def test_names_are_read_back(prefix, epoch):
    assert parse_name(params_name(prefix, epoch)) == CheckpointFile(prefix, "params", epoch)
    assert parse_name(f"{prefix}-{epoch:04d}.states") == CheckpointFile(prefix, "states", epoch)
    assert parse_name(symbol_name(prefix)) == CheckpointFile(prefix, "symbol")


def test_epochs_have_four_digits():
    assert params_name("net", 7) == "net-0007.params"


@pytest.mark.parametrize(
    "name",
    ["net.params", "net-7.params", "net-0007.txt", "net-00007.params", "net-٠٠٠٧.params", "0007.params", "net.json"],
)
def test_other_names_are_none(name):
    assert parse_name(name) is None


def test_saved_epochs_are_sorted_and_of_one_prefix(tmp_path):
    for name in ("net-0010.params", "net-0002.params", "net-0003.states", "other-0001.params", "net-symbol.json"):
        (tmp_path / name).touch()
    assert saved_epochs(tmp_path, "net") == (2, 10)
