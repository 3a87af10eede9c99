from __future__ import annotations

import logging
import threading

import pytest

from mxtrain.data.turns import ROUNDS, SETTLING, TRIED, Turns

TRIAL = SETTLING + TRIED


class Consumer:
    """Takes batches that last as long as the way that is tried says."""

    def __init__(self, turns, together, apart, hiccup=None):
        self.turns, self.now = turns, 0.0
        self.turns._clock = lambda: self.now
        self.together, self.apart, self.hiccup, self.taken = together, apart, hiccup, 0

    def take(self, count):
        for _ in range(count):
            self.turns.wait()
            self.now += self.apart if self.turns.apart else self.together
            self.now += 100.0 if self.taken == self.hiccup else 0.0
            self.taken += 1
            self.turns.compute()


@pytest.mark.parametrize(("together", "apart"), [(1.0, 0.8), (0.8, 1.0)])
@pytest.mark.parametrize("hiccup", [None, 10, 25])
def test_the_faster_way_is_chosen_whatever_disturbs_one_trial(together, apart, hiccup, caplog):
    turns = Turns("auto")
    consumer = Consumer(turns, together, apart, hiccup)
    with caplog.at_level(logging.INFO, "mxtrain.data"):
        consumer.take(2 * ROUNDS * TRIAL)
        assert not turns.chosen and not caplog.records
        consumer.take(1)
    assert turns.chosen and turns.apart == (apart < together)
    (record,) = caplog.records
    assert ("waits for them" if apart < together else "while the net computes: 800.0 ms") in record.getMessage()
    consumer.together, consumer.apart = consumer.apart, consumer.together
    consumer.take(3 * TRIAL)
    assert turns.apart == (apart < together)


def test_time_between_epochs_is_no_batch():
    turns = Turns("auto")
    consumer = Consumer(turns, 1.0, 0.9)
    for _ in range(2 * ROUNDS * TRIAL):
        turns.pause()
        consumer.now += 1000.0
        consumer.take(2)
        turns.pause()
    assert turns.chosen and turns.apart


@pytest.mark.parametrize("overlap", ["always", "never"])
def test_what_is_said_is_not_tried(overlap):
    turns = Turns(overlap)
    Consumer(turns, 1.0, 1.0).take(50)
    assert turns.chosen and turns.apart == (overlap == "never")


def test_a_batch_in_parts_is_one_batch():
    turns = Turns("auto")
    consumer = Consumer(turns, 1.0, 0.9)
    for _ in range(2 * ROUNDS * TRIAL + 1):
        assert not turns.chosen
        consumer.take(1)
        turns.compute()
    assert turns.chosen and turns.apart


def worker(turns, started, done):
    def run():
        started.set()
        turns.work()
        done.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("opening", ["wait", "pause"])
def test_workers_rest_while_the_consumer_computes(opening):
    turns = Turns("never")
    turns.work()
    turns.compute()
    started, done = threading.Event(), threading.Event()
    thread = worker(turns, started, done)
    assert started.wait(10) and not done.wait(0.05)
    getattr(turns, opening)()
    assert done.wait(10)
    thread.join(10)


def test_workers_never_rest_where_they_overlap():
    turns = Turns("always")
    turns.compute()
    turns.work()
