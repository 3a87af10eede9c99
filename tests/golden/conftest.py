"""Golden texts: compared with what is stored, or stored anew by ``pytest --update-golden tests/golden``."""

from __future__ import annotations

import pathlib

import pytest

FOLDER = pathlib.Path(__file__).parent


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="store the golden texts anew; read the diff")


@pytest.fixture
def golden(request):
    """``golden("name", text)``: the text must be that of name.txt."""

    def check(name, text):
        path = FOLDER / f"{name}.txt"
        if request.config.getoption("--update-golden", default=False):
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing; make it with pytest --update-golden tests/golden"
        assert text == path.read_text(encoding="utf-8"), (
            f"{path.name} differs; if it should, pytest --update-golden tests/golden"
        )

    return check
