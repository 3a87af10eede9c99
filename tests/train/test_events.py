from __future__ import annotations

from mxtrain.train.events import Event, notify


def test_every_callback_is_told_in_order():
    told = []
    event = Event("notice", text="here")
    notify([lambda e: told.append((1, e)), lambda e: told.append((2, e))], event)
    assert told == [(1, event), (2, event)]


def test_samples_per_second():
    assert Event("batch", samples=30, seconds=1.5).rate == 20
    assert Event("batch", samples=30).rate == 0
