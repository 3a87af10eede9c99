from __future__ import annotations

import json

from mxtrain.train.callbacks.metrics_log import metrics_log
from mxtrain.train.events import Event
from mxtrain.train.metrics_file import open_metrics


def test_one_line_per_event(tmp_path):
    with open_metrics(tmp_path / "m.jsonl") as file:
        tell = metrics_log(file, 2)
        for batch in (1, 2):
            tell(Event("batch", epoch=0, batch=batch, step=batch, metrics={"loss": 0.5}, lr=0.1, seconds=2.0,
                       waited=0.5, samples=16))  # fmt: skip
        tell(Event("epoch", epoch=0, batch=2, step=2, metrics={"loss": 0.25}, lr=0.1))
        tell(Event("eval", epoch=0, step=2, metrics={"accuracy": 1.0}, name="val"))
        tell(Event("saved", step=2, name="step-00000002"))
        tell(Event("notice", step=2, text="text"))
    lines = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text().splitlines()]
    assert [(line["event"], line["step"], line["metrics"]) for line in lines] == [
        ("train", 2, {"loss": 0.5}), ("epoch", 2, {"loss": 0.25}), ("eval", 2, {"accuracy": 1.0}),
    ]  # fmt: skip
    assert lines[0]["samples_per_sec"] == 8 and lines[0]["data_wait_frac"] == 0.25 and lines[0]["lr"] == 0.1
    assert lines[1]["samples_per_sec"] == 0 and "lr" not in lines[2]
