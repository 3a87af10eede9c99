from __future__ import annotations

import sys

import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.base.registry import Registry


@pytest.fixture
def registry(tmp_path, monkeypatch):
    package = tmp_path / "fruit_components"
    package.mkdir()
    (package / "__init__.py").write_text("")
    for name in ("apple", "pear", "_helper"):
        (package / f"{name}.py").write_text(f"FRUIT = 'the {name}'\n")
    (package / "broken.py").write_text("raise RuntimeError('imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Registry("fruit_components", "FRUIT", "fruit")
    for name in [m for m in sys.modules if m.startswith("fruit_components")]:
        del sys.modules[name]


def test_the_folder_is_the_list_and_nothing_is_imported(registry):
    assert registry.names() == ("apple", "broken", "pear")
    assert "apple" in registry and "_helper" not in registry and 3 not in registry
    assert "fruit_components.apple" not in sys.modules


def test_a_component_is_imported_when_it_is_asked_for(registry):
    assert registry.get("pear") == "the pear"
    assert "fruit_components.apple" not in sys.modules
    with pytest.raises(RuntimeError, match="imported"):
        registry.get("broken")


def test_an_unknown_name_gets_the_nearest_or_all(registry):
    with pytest.raises(ConfigError, match=r"^no fruit 'aple'; did you mean 'apple'\?$"):
        registry.get("aple")
    with pytest.raises(ConfigError, match=r"^no fruit 'x'; there are: apple, broken, pear$"):
        registry.get("x")
    with pytest.raises(ConfigError, match="no fruit '_helper'"):
        registry.get("_helper")


def test_a_plugin_is_one_of_them_but_replaces_none(registry):
    registry.add("plum", "the plum")
    assert registry.get("plum") == "the plum" and "plum" in registry
    assert registry.names() == ("apple", "broken", "pear", "plum")
    for taken in ("plum", "apple"):
        with pytest.raises(ConfigError, match=f"fruit '{taken}' exists already"):
            registry.add(taken, "another")
