from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.train.checkpoint_io import Policy
from mxtrain.train.saver import Every, Saver, parse_every
from mxtrain.train.state import RunState


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, Every()),
        (500, Every(steps=500)),
        ("500 steps", Every(steps=500)),
        ("1 step", Every(steps=1)),
        ("2 epochs", Every(epochs=2)),
        ("1 epoch", Every(epochs=1)),
    ],
)
def test_periods(value, expected):
    assert parse_every(value) == expected


@pytest.mark.parametrize("value", ["", "5", "epoch", "5 apples", "-1 steps", "1.5 epochs", "٣ steps"])
def test_what_is_no_period(value):
    with pytest.raises(ConfigError, match=r"checkpoint\.every: expected a number of steps"):
        parse_every(value)


LAST = Policy()


class Recorder(Saver):
    """Notes why it would save."""

    def save(self, s, why):
        self.extra["saved"].append((s.state.step, why))


def due(every, states, policy=LAST, values=None):
    """What is saved over a run of these states, as (step, why)."""
    saved = []
    saver = Recorder(None, "id", every, policy, None, {}, None, {"saved": saved})
    for state in states:
        monitor = SimpleNamespace(value=(values or {}).get(state.step))
        session = SimpleNamespace(state=state, monitor=monitor)
        if state.batch == 0:
            saver.after_epoch(session)
        else:
            saver.after_step(session)
    return saved


RUN = [RunState(epoch=s // 3, batch=s % 3, step=s, best=0.5) for s in range(1, 10)]


def test_every_so_many_steps():
    assert due(Every(steps=2), RUN) == [(2, "step"), (4, "step"), (8, "step")]


def test_every_so_many_epochs():
    assert due(Every(epochs=1), RUN) == [(3, "epoch"), (6, "epoch"), (9, "epoch")]
    assert due(Every(epochs=2), RUN) == [(6, "epoch")]


def test_an_epoch_that_max_steps_cut_is_not_saved_as_a_whole_one(bench):
    run = bench.fit(max_steps=7, checkpoint={"every": "1 epoch", "keep_last": None})
    assert {s: json.loads(run.file("state.json", s))["why"] for s in run.steps} == {5: "epoch", 7: "end"}


def test_never():
    assert due(Every(), RUN, Policy(keep_best=1, monitor="m"), {3: 0.5}) == []


def test_the_best_epoch_where_steps_are_counted():
    assert due(Every(steps=100), RUN, Policy(keep_best=1, monitor="m"), {3: 0.4, 6: 0.5}) == [(6, "best")]
    assert due(Every(steps=100), RUN, Policy(), {6: 0.5}) == []


def test_a_state_is_saved_once(bench):
    run = bench.fit(epochs=1, checkpoint={"every": "1 epoch"})
    assert (run.path / "log.txt").read_text().count("checkpoint committed") == 1
    run = bench.fit(max_steps=5, epochs=1, checkpoint={"every": 5})
    # After the last step, and once more when the evaluation is through, which gives it a score.
    assert (run.path / "log.txt").read_text().count("checkpoint committed") == 2
    score = json.loads((run.checkpoint() / "manifest.json").read_text())["score"]
    assert score["value"] == run.values["val.accuracy"]


def test_only_what_an_evaluation_measured_is_a_score(bench):
    run = bench.fit(checkpoint={"every": 2, "keep_last": None})
    scores = {s: json.loads((run.checkpoint(s) / "manifest.json").read_text())["score"]["value"] for s in run.steps}
    ends = {5: 0, 10: 1, 15: 2}
    evaluated = [line["metrics"]["accuracy"] for line in run.lines("eval")]
    assert {s: v for s, v in scores.items() if v is not None} == {s: evaluated[ends[s]] for s in run.steps if s in ends}


def test_the_log_is_on_disk_before_the_checkpoint_that_counts_on_it(bench):
    run = bench.fit(checkpoint={"every": 2, "keep_last": None})
    text = (run.path / "metrics.jsonl").read_bytes()
    for step in run.steps:
        size = json.loads(run.file("state.json", step))["metrics_size"]
        assert json.loads(text[:size].splitlines()[-1])["step"] == step
