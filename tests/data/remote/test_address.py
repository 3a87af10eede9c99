"""URLs: which are remote, which are refused, and that no message repeats a secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxtrain.base.errors import DataError
from mxtrain.data.remote.address import beside, checked, is_remote, scheme, scrubbed


@pytest.mark.parametrize("text", ["s3://b/k", "HTTP://h/x", "ftp://h/x"])
def test_remote(text):
    assert is_remote(text)


@pytest.mark.parametrize("text", ["a.rec", "/a/b.rec", "~/x", "a:b", "://x", "./s3://x", "C:\\x"])
def test_local(text):
    assert not is_remote(text)


def test_checked():
    assert checked("S3://Bucket/Key?x#y") == "s3://Bucket/Key?x#y"
    assert checked("hdfs:///a/b.rec") == "hdfs:///a/b.rec"
    assert checked("https://h:8/a.rec?part=3") == "https://h:8/a.rec?part=3"
    assert scheme("GS://a") == "gs" and scheme("a/b") == ""


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://h/x", "one of s3://, gs://, hdfs://, http://, https://"),
        ("s3://bucket", "expected s3://BUCKET/NAME"),
        ("s3:///key", "expected s3://BUCKET/NAME"),
        ("http://host/", "expected http://HOST/PATH"),
        ("http://user:hush@host/x", "user name or password.* ~/.netrc"),
        ("s3://id:hush@bucket/x", "user name or password.* `aws configure`"),
        ("https://h/x?X-Amz-Signature=hush", "'X-Amz-Signature' is a credential"),
        ("https://h/x?a=1&access_token=hush", "'access_token' is a credential"),
        ("https://h/x?sig=hush", "'sig' is a credential"),
        ("ftp://user:hush@h/x?token=hush", "one of"),
    ],
)
def test_refused(url, says):
    with pytest.raises(DataError, match=says) as caught:
        checked(url)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("s3://b/a/x.rec", "s3://b/a/x.idx"),
        ("s3://b/a.b/x", "s3://b/a.b/x.idx"),
        ("s3://b/x?y.rec", "s3://b/x?y.idx"),
        ("http://h/x.rec?v=1.2", "http://h/x.idx?v=1.2"),
    ],
)
def test_beside(url, expected):
    assert beside(url, ".idx") == expected


@given(st.text(), st.text())
def test_scrubbed_texts_hold_no_secret(before, after):
    word = "S3CR3T"
    for quoted in (f"https://user:{word}@host/x", f"http://host/x?sig={word}"):
        assert word not in scrubbed(f"{before.replace('?', '')} {quoted} {after}")


def test_ordinary_texts_stay():
    assert scrubbed("Cannot connect to http://h:1/a.rec (why?)") == "Cannot connect to http://h:1/a.rec (why?)"
