"""cosine: the numbers of MXNet 1.9.1's lr_scheduler for updates 1 to 12."""

from __future__ import annotations

import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.optim.schedules import Span

STEPS = range(1, 13)


def test_as_mxnet(rates):
    numbers = [
        0.09779754323328192, 0.09140576474687263, 0.08145033635316129, 0.06890576474687264, 0.055,
        0.04109423525312737, 0.028549663646838717, 0.01859423525312737, 0.012202456766718092, 0.01, 0.01, 0.01,
    ]  # fmt: skip
    assert rates("cosine", STEPS, final_lr=0.01) == pytest.approx(numbers, rel=1e-13)


def test_as_mxnet_with_warmup(rates):
    numbers = [
        0.0325, 0.055, 0.0775, 0.1, 0.09397114317029975, 0.0775, 0.055, 0.0325, 0.01602885682970026, 0.01, 0.01, 0.01,
    ]  # fmt: skip
    assert rates("cosine", STEPS, final_lr=0.01, warmup=4, warmup_begin_lr=0.01) == pytest.approx(numbers, rel=1e-13)


def test_a_run_without_end_is_refused(rates):
    with pytest.raises(ConfigError, match="needs its length; give max_update"):
        rates("cosine", [1], span=Span(None, 5))
    assert rates("cosine", [5], max_update="2 epochs", span=Span(None, 5)) == pytest.approx([0.05], rel=1e-14)
