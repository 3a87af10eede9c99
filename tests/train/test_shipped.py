from __future__ import annotations

from mxtrain.train import shipped


def test_the_configs_beside_the_sources():
    folder = shipped.shipped_configs()
    assert (folder / "nets" / "lenet.yaml").is_file() and (folder.parent / "pyproject.toml").is_file()


def test_the_configs_inside_an_installed_package(tmp_path, monkeypatch):
    package = tmp_path / "mxtrain"
    monkeypatch.setattr(shipped.mxtrain, "__file__", str(package / "__init__.py"))
    assert shipped.shipped_configs() == package / "_configs"


def test_nets_beside_the_config_come_first(tmp_path):
    first, second, *rest = shipped.net_folders(tmp_path)
    assert (first, second) == (tmp_path, tmp_path / "nets")
    assert rest == [shipped.shipped_configs(), shipped.shipped_configs() / "nets"]
