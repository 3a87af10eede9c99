from __future__ import annotations

import json
from pathlib import Path

import pytest

from mxtrain.base.errors import DataError, FormatError
from mxtrain.data.packing import manifest
from mxtrain.data.packing.manifest import FileFacts, ImageFacts, Manifest, Progress, Rejected, Shard, Skipped
from mxtrain.data.packing.moments import Moments

SHARD = Shard(
    records=2, files=(FileFacts(name="a.rec", bytes=4, sha256="ab"),), counts={"0": 2}, widths=(1,), size=(1, 2, 3),
    moments=Moments(gray=(1, 2, 3)),
)  # fmt: skip
FULL = Manifest(
    plan="p", records=2, classes=("ä", "b"), counts={"ä": 2, "b": 0}, label_width=(1, 1),
    images=ImageFacts(encode="raw", size=(1, 2, 3)), mean=(0.5,), std=(1e-3,), moments=Moments(gray=(1, 2, 3)),
    source={"kind": "folder"}, options={"seed": 0}, shards=(SHARD,), list=FileFacts(name="a.lst", bytes=1, sha256="c"),
    rejected=(Rejected(path="x", reason="y", shard=0, id=3),), skipped=(Skipped(path=".x", reason="hidden"),),
)  # fmt: skip


def test_round_trip(tmp_path):
    path = tmp_path / "a.json"
    manifest.write(path, FULL)
    assert manifest.read(path) == FULL
    progress = Progress(plan="p", shards={3: SHARD}, rejected=FULL.rejected)
    manifest.write(path, progress)
    assert manifest.read_progress(path) == progress
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    with pytest.raises(FormatError, match="expected a file of format 'mxtrain-pack', got 'mxtrain-pack-progress'"):
        manifest.read(path)


def test_every_flipped_bit_and_every_cut_is_an_error_or_changes_nothing(tmp_path):
    path = tmp_path / "a.json"
    manifest.write(path, FULL)
    whole = path.read_bytes()
    survivors = 0
    for at in range(len(whole)):
        for bit in range(0, 8, 3):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
            try:
                found = manifest.read(path)
            except FormatError as error:
                assert str(error).startswith(f"{path}: ")
            else:
                survivors += 1
                assert found == FULL
    # Only space between the values can change unseen, and the name of the checksum cannot.
    assert survivors < len(whole) // 4
    for end in range(len(whole) - 1):
        path.write_bytes(whole[:end])
        with pytest.raises(FormatError):
            manifest.read(path)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"version": 2}, "version 2; this program reads version 1"),
        ({"records": -1}, "records: Input should be greater than or equal to 0"),
        ({"surprise": 1}, "surprise: Unexpected keyword argument"),
        ({"shards": [{}]}, "shards.0.records: "),
        ({"mean": ["x"]}, "mean.0: "),
        ({"format": "other"}, "expected a file of format 'mxtrain-pack', got 'other'"),
    ],
)
def test_edited_by_hand(tmp_path, change, text):
    path = tmp_path / "a.json"
    manifest.write(path, FULL)
    record = json.loads(path.read_text())
    del record["crc32"]
    path.write_text(json.dumps(record))
    assert manifest.read(path) == FULL
    path.write_text(json.dumps({**record, **change}))
    with pytest.raises(FormatError) as raised:
        manifest.read(path)
    assert text in str(raised.value)


@pytest.mark.parametrize("text", ["", "[]", "3", "{", "[" * 100_000, '{"format": 1}', "\0", "NaN"])
def test_no_manifest(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(FormatError):
        manifest.read(path)


def test_not_there(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        manifest.read(tmp_path / "a.json")


@pytest.mark.parametrize("name", ["../a.rec", "/etc/passwd", "a/b.rec", "", ".", "..", "a\0b"])
def test_a_manifest_leads_nowhere_else(name):
    shard = Shard(records=0, files=(FileFacts(name=name, bytes=0, sha256=""),), counts={}, widths=())
    with pytest.raises(FormatError, match="expected one of its own folder"):
        manifest.file_names(shard, Path("/x"))


def test_file_names():
    assert manifest.file_names(SHARD, Path("x")) == [Path("x/a.rec")]
