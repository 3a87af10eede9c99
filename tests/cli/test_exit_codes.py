"""Every error has a code, and every code a meaning."""

from __future__ import annotations

import inspect

import pytest

from mxtrain.base import errors
from mxtrain.cli.exit_codes import CODES, MEANINGS, code_of

CLASSES = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.MXTrainError)]


def test_every_code_has_a_meaning():
    assert set(CODES.values()) <= set(MEANINGS)


@pytest.mark.parametrize("cls", [c for c in CLASSES if c not in (errors.MXTrainError, errors.Interrupted)])
def test_every_error_has_a_code(cls):
    assert code_of(cls("x")) in range(2, 11)


def test_nearest_class():
    assert code_of(errors.ShapeError("x")) == 2
    assert code_of(errors.FormatError("x")) == 3
    assert code_of(errors.BackendUnavailable("x")) == 4
    assert code_of(errors.MXTrainError("x")) == 1


@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143)])
def test_signals(number, code):
    assert code_of(errors.Interrupted(number, "x")) == code and code in MEANINGS
