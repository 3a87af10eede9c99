from __future__ import annotations

import pytest

from mxtrain.base.errors import DataError
from mxtrain.data.packing import places
from mxtrain.data.packing.check import LISTED, check, check_list
from recordio import Header, Writer, pack, read_idx, write_idx
from recordio.files import crc_path, idx_path


def found(rec, decode=True):
    (findings,) = check([rec], decode, 2)
    assert findings.count >= len(findings.problems)
    return findings


def test_whole(packed, no_new_threads):
    for rec in places.find(packed(shards=2)):
        findings = found(rec)
        assert findings.problems == [] and findings.index and findings.checksums and findings.manifest
        assert findings.records == findings.decoded > 0
        assert found(rec, decode=False).decoded == 0


def test_a_flipped_bit_anywhere_is_found(packed):
    (rec,) = places.find(packed(recipe={"resize": 4}))
    whole = rec.read_bytes()
    for at in (0, 3, 5, 12, 40, 200, len(whole) // 2, len(whole) - 9):
        rec.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        findings = found(rec, decode=False)
        assert findings.count, at
        # Without manifest and checksums the walk finds damaged headers at least.
    rec.write_bytes(whole[:1] + b"\0" + whole[2:])
    crc_path(rec).unlink()
    places.manifest_path(places.prefix_of(rec)).unlink()
    findings = found(rec, decode=False)
    assert "record 0: expected the magic word" in findings.problems[0] and "bytes lost" in findings.problems[0]
    assert any("names offset 0, where no sound record starts" in p for p in findings.problems)


def test_a_cut_file(packed):
    (rec,) = places.find(packed())
    places.manifest_path(places.prefix_of(rec)).unlink()
    rec.write_bytes(rec.read_bytes()[:-100])
    findings = found(rec)
    assert findings.records == 14 and any("made of a file of" in p for p in findings.problems)


def test_the_manifest_notices_another_size(packed):
    (rec,) = places.find(packed())
    rec.write_bytes(rec.read_bytes() + rec.read_bytes())
    with pytest.raises(DataError, match="as .*pack.json says"):
        found(rec)


def test_the_index(packed):
    (rec,) = places.find(packed())
    keys, offsets = read_idx(idx_path(rec))
    write_idx(idx_path(rec), list(zip(keys, offsets, strict=True))[1:])
    findings = found(rec)
    assert any(p.endswith("does not name the record at offset 0") for p in findings.problems)
    write_idx(idx_path(rec), zip(keys, [offsets[0] + 4, *offsets[1:]], strict=True))
    assert any("names offset 4, where no sound record" in p for p in found(rec).problems)
    idx_path(rec).write_text("1\t2\nx")
    assert any("a.idx" in p or "pack.idx" in p for p in found(rec).problems)
    idx_path(rec).unlink()
    assert not found(rec).index


def test_images_that_do_not_decode(tmp_path, encode, rng):
    rec = tmp_path / "a.rec"
    image = encode(rng.integers(0, 256, (9, 9, 3), dtype="uint8"))
    with Writer(rec, checksum=False) as writer:
        writer.write(pack(Header((3.0, 3.0), 0), b""))
        for payload in (image, image[:60], b"text"):
            writer.write(pack(Header(1.0, writer.records), payload))
        writer.write(b"x")
    findings = found(rec)
    assert (findings.records, findings.without_image, findings.decoded) == (5, 1, 1)
    assert len(findings.problems) == 3 and findings.problems[0].startswith(f"{rec}: record 2: ")
    assert "record 4: too short" in findings.problems[2]
    assert len(found(rec, decode=False).problems) == 1


def test_few_problems_are_listed_and_all_counted(tmp_path):
    rec = tmp_path / "a.rec"
    with Writer(rec, checksum=False) as writer:
        for _ in range(LISTED + 50):
            writer.write(b"x")
    findings = found(rec)
    assert findings.count == LISTED + 50 and len(findings.problems) == LISTED


def test_the_list(packed):
    out = packed()
    recs = places.find(out)
    assert check_list(recs) == []
    path = places.list_path(out)
    path.write_text(path.read_text().replace("ant", "bee"))
    assert "changed since" in check_list(recs)[0]
    path.unlink()
    assert "is missing" in check_list(recs)[0]


def test_not_there(tmp_path):
    with pytest.raises(DataError):
        list(check([tmp_path / "no.rec"], False, 1))
