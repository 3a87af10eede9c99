"""docs/cli.md says what the command line says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mxtrain.cli.app import COMMANDS
from mxtrain.cli.exit_codes import MEANINGS

PAGE = (Path(__file__).parents[2] / "docs/cli.md").read_text(encoding="utf-8")


def test_every_command_has_its_section():
    assert dict(re.findall(r"^\| \[`(\w+)`\]\(#\w+\) \| (.*) \|$", PAGE, re.MULTILINE)) == COMMANDS
    assert re.findall(r"^## (\w+)$", PAGE, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example(name):
    section = PAGE.split(f"\n## {name}\n")[1].split("\n## ")[0]
    assert f"    $ mxtrain {name} " in section or f"    $ mxtrain {name}\n" in section


def test_exit_codes():
    assert {int(k): v for k, v in re.findall(r"^\| (\d+) \| (.*) \|$", PAGE, re.MULTILINE)} == MEANINGS
