"""Where the shipped configs lie, and how a config is found."""

from __future__ import annotations

from pathlib import Path

import mxtrain


def shipped_configs() -> Path:
    """The folder of shipped configs: beside the sources in a checkout, inside the package when installed."""
    package = Path(mxtrain.__file__).parent
    beside = package.parent / "configs"
    return beside if (package.parent / "pyproject.toml").is_file() and beside.is_dir() else package / "_configs"


def net_folders(where: Path) -> list[Path]:
    """Folders in which ``net: {file: NAME}`` is looked up: beside the config first, then the shipped ones."""
    shipped = shipped_configs()
    return [where, where / "nets", shipped, shipped / "nets"]
