"""mxtrain bench: the data of a config by itself."""

from __future__ import annotations

import pytest


def test_the_table_and_the_sentence(mx, config):
    said = mx("bench", "io", config, "data.threads=1", "--batches", "5")
    assert said.code == 0 and not said.err
    lines = said.out.splitlines()
    assert lines[0].split() == ["stage", "samples/s", "per", "thread", "of", "the", "work"]
    assert [line.split()[0] for line in lines[2:7]] == ["read", "decode", "augment", "batch", "copy"]
    assert all(float(line.split()[1].replace(",", "")) > 0 for line in lines[2:7])
    assert lines[7].startswith("all stages, 1 thread: ")
    assert " limits: " in lines[8]
    assert len(lines) == 9


@pytest.mark.parametrize("threads", [0, 2])
def test_json(mx, config, threads):
    (found,) = mx("bench", "io", config, f"data.threads={threads}", "--batches=3", "--json").lines
    assert found["threads"] == threads
    assert found["samples"] == pytest.approx(found["samples_per_sec"] * found["seconds"])
    assert set(found["stages"]) == {"read", "decode", "augment", "batch", "copy"}
    assert found["waited"] > 0
    assert " limits: " in found["advice"]


def test_more_batches_than_an_epoch_has(mx, config):
    (few,) = mx("bench", "io", config, "--batches=1", "batch_size=4", "--json").lines
    (many,) = mx("bench", "io", config, "--batches=40", "batch_size=4", "--json").lines
    assert few["samples"] == 4
    assert many["samples"] > 100


def test_overrides_are_checked(mx, config):
    said = mx("bench", "io", config, "augment.0.random_crop.size=0")
    assert said.code == 2 and "size" in said.err


def test_only_io(mx, config):
    said = mx("bench", "net", config)
    assert said.code == 2 and "write: mxtrain bench io CONFIG" in said.err


def test_missing_data(mx, config):
    said = mx("bench", "io", config, "data.train.path=nowhere")
    assert said.code == 3 and "nowhere" in said.err
