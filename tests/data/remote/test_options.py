"""Options: defaults that make sense, bad values refused, no place for a credential."""

from __future__ import annotations

import dataclasses

import pytest
from pydantic import ValidationError

from mxtrain.data.remote.options import Options


def test_defaults():
    options = Options()
    assert options.attempts > 1 and options.timeout <= options.deadline and options.cache_gb > 0


@pytest.mark.parametrize("bad", [{"attempts": 0}, {"timeout": 0}, {"deadline": -1}, {"cache_gb": -1}, {"secret": "x"}])
def test_bad_values(bad):
    with pytest.raises(ValidationError):
        Options(**bad)


def test_no_credentials():
    names = {field.name for field in dataclasses.fields(Options)}
    assert not names & {"key", "secret", "token", "user", "password", "profile"}
