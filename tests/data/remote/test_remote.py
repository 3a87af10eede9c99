"""What one reader of data opens: stores made when they are needed, everything ended with it."""

from __future__ import annotations

import builtins
import sys

import pytest

from mxtrain.base.errors import BackendUnavailable, DataError
from mxtrain.data.remote.blocks import BLOCK
from mxtrain.data.remote.options import Options
from mxtrain.data.remote.remote import Remote

CONTENT = bytes(range(256)) * 10000


def test_files_share_cache_and_connections(web, remote):
    web.files.update({"/a.rec": CONTENT, "/b.rec": CONTENT[::-1]})
    reader = remote()
    first, second = (reader.open(f"{web.address}/{name}.rec") for name in "ab")
    assert first.read(0, 100) + second.read(0, 100) == CONTENT[:100] + CONTENT[::-1][:100]
    asked = len(web.asked)
    again = remote().open(f"{web.address}/a.rec")
    assert again.read(0, BLOCK) == CONTENT[:BLOCK] and len(web.asked) == asked + 1, "only who it is was asked"


def test_another_version_is_fetched_anew(web, remote):
    web.files["/a.rec"] = CONTENT
    remote().open(f"{web.address}/a.rec").read(0, 10)
    web.files["/a.rec"], web.tags["/a.rec"] = CONTENT[::-1], '"2"'
    assert remote().open(f"{web.address}/a.rec").read(0, 10) == CONTENT[::-1][:10]


@pytest.mark.parametrize("why", ["no cache", "no tag"])
def test_nothing_is_kept(web, remote, tmp_path, why):
    web.files["/a.rec"] = CONTENT
    web.tags["/a.rec"] = "" if why == "no tag" else '"1"'
    reader = remote(cache_gb=0 if why == "no cache" else 1)
    opened = reader.open(f"{web.address}/a.rec")
    assert opened.read(0, 10) == CONTENT[:10]
    assert not (tmp_path / "cache").exists()


def test_nothing_secret_is_kept(web, remote, tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password hush-hush\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    web.files["/a.rec"] = CONTENT
    remote().open(f"{web.address}/a.rec").read(0, 10)
    written = [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]
    assert written and not any(b"hush-hush" in p.read_bytes() or "127.0.0.1" in str(p) for p in written)


def test_bad_urls(remote):
    reader = remote()
    for wrong in ("ftp://h/x", "http://h", "s3://id:key@b/k"):
        for ask in (reader.open, reader.look, reader.find):
            with pytest.raises(DataError):
                ask(wrong)


@pytest.mark.parametrize(
    ("url", "module", "says"),
    [
        ("s3://b/k", "s3fs", r"pip install 'mxtrain\[remote\]'$"),
        ("http://h/k", "aiohttp", r"pip install 'mxtrain\[remote\]'$"),
        ("gs://b/k", "gcsfs", r"pip install 'mxtrain\[remote\]' gcsfs$"),
        ("hdfs:///k", "pyarrow", r"pip install 'mxtrain\[remote\]' pyarrow$"),
    ],
)
def test_what_is_not_installed(remote, monkeypatch, url, module, says):
    original = builtins.__import__

    def importing(name, *args):
        if name.partition(".")[0] == module:
            raise ModuleNotFoundError(f"No module named {module!r}")
        return original(name, *args)

    for name in [n for n in sys.modules if n.partition(".")[0] == module or n.startswith("mxtrain.data.remote.")]:
        if name.rpartition(".")[2] in ("s3", "http", "other") or not name.startswith("mxtrain"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", importing)
    with pytest.raises(BackendUnavailable, match=f"^{url}: .* need a library that is not here .*{says}"):
        remote().open(url)


def test_a_context():
    with Remote(Options(cache_gb=0)) as reader:
        pass
    assert reader.disk is None
    reader.close()
