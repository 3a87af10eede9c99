from __future__ import annotations

from pathlib import Path

import pytest

from mxtrain.base.errors import DataError
from mxtrain.data import paths


def test_relative_paths_start_at_the_config(tmp_path):
    assert paths.expand("a/b.npz", tmp_path) == tmp_path / "a/b.npz"


def test_absolute_paths_stay(tmp_path):
    assert paths.expand("/a/b.npz", tmp_path) == Path("/a/b.npz")


def test_the_variable_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setenv("MXTRAIN_DATA", "/pack")
    assert paths.expand("${MXTRAIN_DATA}/idx/mnist", tmp_path) == Path("/pack/idx/mnist")


def test_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    assert paths.expand("~/data", tmp_path) == Path("/home/someone/data")


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_not_set(tmp_path, monkeypatch, value):
    monkeypatch.delenv("MXTRAIN_DATA", raising=False)
    if value is not None:
        monkeypatch.setenv("MXTRAIN_DATA", value)
    with pytest.raises(DataError, match=r"MXTRAIN_DATA is not set; set it to the folder that holds 'idx/mnist'"):
        paths.expand("${MXTRAIN_DATA}/idx/mnist", tmp_path)


def test_another_variable_is_refused(tmp_path):
    with pytest.raises(DataError, match="the only variable"):
        paths.expand("${HOME}/x", tmp_path)


def test_zero_byte(tmp_path):
    with pytest.raises(DataError, match="zero byte"):
        paths.existing("a\0b", tmp_path)


def test_a_missing_file_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(DataError) as error:
        paths.existing("no/such.csv", tmp_path)
    text = str(error.value)
    assert str(tmp_path / "no/such.csv") in text
    assert "relative paths start at" in text
    assert "MXTRAIN_DATA" in text


def test_file_and_folder_are_told_apart(tmp_path):
    (tmp_path / "f").write_text("x")
    assert paths.existing("f", tmp_path) == tmp_path / "f"
    assert paths.existing(".", tmp_path, folder=True) == tmp_path
    with pytest.raises(DataError, match="is a file"):
        paths.existing("f", tmp_path, folder=True)
    with pytest.raises(DataError, match="is a folder"):
        paths.existing(".", tmp_path)
