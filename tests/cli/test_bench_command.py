"""mxtrain bench: the data of a config by itself, and its net."""

from __future__ import annotations

import json
import re

import pytest

from mxtrain.executor import roofline


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


def test_the_copy_is_left_out_if_asked(mx, config):
    (found,) = mx("bench", "io", config, "--batches=3", "--no-copy", "--json").lines
    assert found["stages"]["copy"] == 0 and found["samples"] > 0


def test_overrides_are_checked(mx, config):
    said = mx("bench", "io", config, "augment.0.random_crop.size=0")
    assert said.code == 2 and "size" in said.err


def test_only_io_and_net(mx, config):
    said = mx("bench", "oi", config)
    assert said.code == 2 and "No such command 'oi'" in said.err


def test_missing_data(mx, config):
    said = mx("bench", "io", config, "data.train.path=nowhere")
    assert said.code == 3 and "nowhere" in said.err


def test_a_net_in_two_lines(mx):
    said = mx("bench", "net", "digits", "threads=1", "--batch", "4", "--seconds", "0")
    assert said.code == 0 and not said.err
    first, second = said.out.splitlines()
    assert re.match(
        r"digits: training step, batch 4, fp32, 1 thread: [\d.]+ ms \(median of 7; fastest [\d.]+\), [\d.,]+ samples",
        first,
    )
    assert re.match(r"built in [\d.]+ s; peak memory of the process [\d,]+ MiB", second)


@pytest.fixture
def small_machine(monkeypatch):
    monkeypatch.setattr(roofline, "COPIED", 1 << 16)
    monkeypatch.setattr(roofline, "EDGE", 64)


def test_a_profile(mx, config, small_machine, tmp_path):
    trace = tmp_path / "trace.json"
    said = mx("bench", "net", config, "--infer", "--seconds=0", "--profile", "--trace", trace)
    assert said.code == 0 and not said.err
    lines = said.out.splitlines()
    assert "prediction" in lines[0] and lines[3].startswith("this machine: copies ")
    kinds = {line.split("  ")[0]: line.split()[-1] for line in lines[7 : lines.index("", 7)]}
    assert {"convolution", "fully_connected", "all"} <= set(kinds) and kinds["all"].endswith("%")
    assert re.match(r"the \d+ dearest of \d+ calls:", lines[lines.index("", 7) + 1])
    events = json.loads(trace.read_text())["traceEvents"]
    assert "convolution" in {e["name"] for e in events}


def test_a_profile_as_json(mx, config, small_machine):
    (found,) = mx("bench", "net", config, "--seconds=0", "--profile", "--json").lines
    assert found["mode"] == "train" and found["batch"] == 8 and found["ms"] >= found["ms_min"] > 0
    assert found["samples_per_sec"] == pytest.approx(8 / found["ms"] * 1e3)
    assert set(found["machine"]["rates"]) == {"float32"}
    assert sum(k["calls"] for k in found["kinds"].values()) == len(found["calls"])
    assert {c["segment"] for c in found["calls"]} >= {"compute", "update"}


def test_a_net_that_is_not_there(mx):
    said = mx("bench", "net", "lenett")
    assert said.code == 2 and "there are the nets" in said.err
