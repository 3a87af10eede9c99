from __future__ import annotations

from mxtrain.backends.cuda import cache


def test_what_is_written_is_read(kept):
    assert cache.read("a") is None
    cache.write("a", b"content")
    assert cache.read("a") == b"content"
    assert [p.name for p in kept.iterdir()] == ["a"]


def test_a_damaged_file_is_as_good_as_absent(kept):
    cache.write("a", b"content")
    data = bytearray((kept / "a").read_bytes())
    data[-1] ^= 1
    (kept / "a").write_bytes(data)
    assert cache.read("a") is None


def test_a_file_that_is_too_large_is_not_believed(kept, monkeypatch):
    cache.write("a", b"content")
    monkeypatch.setattr(cache, "LARGEST", 8)
    assert cache.read("a") is None


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(cache, "FOLDER", tmp_path / "file" / "kept")
    cache.write("a", b"content")
    assert cache.read("a") is None
