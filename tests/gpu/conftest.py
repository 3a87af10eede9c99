"""Tests that need a GPU: skipped, with the reason, where there is none."""

from __future__ import annotations

import pytest

from mxtrain.train.device import missing
from tests.train.runs import Bench, images


def pytest_collection_modifyitems(items):
    reasons = missing()
    for item in items:
        if "tests/gpu" in item.nodeid:
            item.add_marker(pytest.mark.gpu)
            if reasons:
                item.add_marker(pytest.mark.skip(reason=f"no GPU can be used: {reasons[0]}"))


@pytest.fixture
def bench(tmp_path):
    """A folder with a tiny data set: 37 samples to train on, 13 to evaluate on."""
    place = Bench(tmp_path)
    for name, count, seed in (("tiny", 37, 0), ("val", 13, 1)):
        pixels, labels = images(count, seed)
        place.save(name, data=pixels, softmax_label=labels)
    return place
