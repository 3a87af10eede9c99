"""Record files on a store: every record by number and key, the index fetched or made once."""

from __future__ import annotations

import logging

import pytest

import recordio
from mxtrain.base.errors import FormatError
from mxtrain.data.remote.shard import open_shard
from recordio.format import MAGIC

RECORDS = [bytes([i % 256]) * (i * 37 % 9000) + MAGIC * (i % 3) for i in range(700)]
KEYS = [3 * i + 1 for i in range(700)]


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """(bytes of a .rec, of its .idx)."""
    path = tmp_path_factory.mktemp("packed") / "a.rec"
    with recordio.Writer(path) as writer:
        for key, record in zip(KEYS, RECORDS, strict=True):
            writer.write(record, key)
    return path.read_bytes(), path.with_suffix(".idx").read_bytes()


def serve_both(web, packed, idx=True):
    web.files["/a.rec"] = packed[0]
    if idx:
        web.files["/a.idx"] = packed[1]
    return f"{web.address}/a.rec"


def test_s3(s3, put, remote, packed):
    url = put("a.rec", packed[0])
    put("a.idx", packed[1])
    with open_shard(remote(endpoint=s3.address), url) as reader:
        assert len(reader) == 700 and reader.path == url
        for number in (0, 699, 350, 351, 7):
            assert reader[number] == RECORDS[number] == reader.get(KEYS[number])
        assert list(reader) == RECORDS
        reader.will_need(3)


@pytest.mark.parametrize("kept", [True, False])
def test_the_index_is_fetched_once(web, remote, packed, kept):
    url = serve_both(web, packed)
    for times in (1, 2):
        web.asked.clear()
        reader = open_shard(remote(cache_gb=1 if kept else 0), url)
        assert reader.index.number(KEYS[5]) == 5
        fetched = [path for _, path, asked in web.asked if path == "/a.idx" and asked != "bytes=0-0"]
        assert len(fetched) == (0 if kept and times == 2 else 1)
    web.files["/a.idx"] = packed[1].replace(b"16\t", b"9999\t", 1)
    web.tags["/a.idx"] = '"2"'
    assert open_shard(remote(), url).index.number(9999) == 5


def test_without_an_index_the_file_is_walked_through_once(web, remote, packed, caplog):
    caplog.set_level(logging.INFO)
    url = serve_both(web, packed, idx=False)
    assert list(open_shard(remote(), url)) == RECORDS
    assert "has no .idx" in caplog.text
    blocks = [asked for _, path, asked in web.asked if path == "/a.rec" and asked != "bytes=0-0"]
    assert len(blocks) == len(set(blocks)) == -(-len(packed[0]) // (1 << 20)), "each block once"
    web.asked.clear()
    reader = open_shard(remote(), url)
    assert reader[20] == RECORDS[20] and reader.index.key(20) == 20
    assert [path for _, path, _ in web.asked] == ["/a.rec", "/a.idx"], "who they are is asked, nothing is fetched"


def test_damage_names_the_file_there(web, remote, packed):
    rec, idx = packed
    start = int(idx.split()[2 * 9 + 1])
    url = serve_both(web, (rec[:start] + b"!" * 9 + rec[start + 9 :], idx))
    reader = open_shard(remote(), url)
    with pytest.raises(recordio.DamageError, match=f"^{url}: offset .*record [89]: .*said by its index"):
        list(reader)
    del web.files["/a.idx"]
    walked = open_shard(remote(), url)
    assert walked[7] == RECORDS[7] and walked[9] == RECORDS[10], "a damaged region counts as one record"
    with pytest.raises(recordio.DamageError, match=f"^{url}: offset .* record 8: "):
        walked[8]
    web.files["/a.idx"] = b"1\t0\nno number\n"
    web.tags["/a.idx"] = '"2"'
    with pytest.raises(FormatError, match=f"^{web.address}/a.idx:2: expected KEY and OFFSET"):
        open_shard(remote(), url)


def test_shards_here_and_there(web, remote, packed, tmp_path):
    here = tmp_path / "b.rec"
    with recordio.Writer(here) as writer:
        writer.write(b"here")
    with recordio.ShardedReader([here, open_shard(remote(), serve_both(web, packed))]) as reader:
        assert list(reader) == [b"here", *RECORDS]
