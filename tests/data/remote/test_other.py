"""Any file system of fsspec: asynchronous or not, pieces, versions, errors."""

from __future__ import annotations

import pytest

from mxtrain.data.remote.faults import Fault
from mxtrain.data.remote.store import Identity

fsspec = pytest.importorskip("fsspec", reason="needs the extra `remote`")
wrapper = pytest.importorskip("fsspec.implementations.asyn_wrapper", reason="needs the extra `remote`")
other = pytest.importorskip("mxtrain.data.remote.other")


@pytest.fixture(params=["plain", "asynchronous"])
def store(request):
    """A store in memory with one file of ten bytes."""
    memory = fsspec.filesystem("memory", skip_instance_cache=True)
    memory.pipe_file("memory://box/a.rec", b"0123456789")
    yield other.Other(memory if request.param == "plain" else Asynchronous(memory))
    memory.rm("memory://box", recursive=True)


class Asynchronous(wrapper.AsyncFileSystemWrapper):
    def __init__(self, inner):
        super().__init__(inner, asynchronous=False)

    def unstrip_protocol(self, name):
        return self.sync_fs.unstrip_protocol(name)


URL = "memory://box/a.rec"


def test_pieces(store):
    of = store.identify(URL, 5).result(5)
    assert of.size == 10 and of.tag
    assert store.fetch(URL, range(3, 6), of, 5).result(5) == b"345"
    assert store.glob("memory://box/*.rec", 5).result(5) == ["memory:///box/a.rec"]
    store.close()


def test_versions(store):
    of = store.identify(URL, 5).result(5)
    for wrong in (Identity(11, of.tag), Identity(10, "older")):
        with pytest.raises(Fault, match="when it was opened") as caught:
            store.fetch(URL, range(3, 6), wrong, 5).result(5)
        assert caught.value.kind == "changed"


def test_short(store):
    of = store.identify(URL, 5).result(5)
    with pytest.raises(Fault, match="expected 5 bytes, got 2"):
        store.fetch(URL, range(8, 13), of, 5).result(5)


def test_missing(store):
    with pytest.raises(Fault) as caught:
        store.identify("memory://box/b.rec", 5).result(5)
    assert caught.value.kind == "missing"


def test_systems(monkeypatch):
    asked = []
    monkeypatch.setattr(fsspec, "filesystem", lambda kind, **known: asked.append((kind, known)))
    for arguments in (("gs", "gs://b/k", True), ("gs", "gs://b/k", False), ("hdfs", "hdfs://h:8020/k", False),
                      ("hdfs", "hdfs:///k", False)):  # fmt: skip
        other.system(*arguments)
    fresh = {"skip_instance_cache": True}
    assert asked == [
        ("gs", {**fresh, "token": "anon"}),
        ("gs", fresh),
        ("hdfs", {**fresh, "host": "h", "port": 8020}),
        ("hdfs", fresh),
    ]
