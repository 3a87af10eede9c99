"""What follows from a failure: another attempt or not, and what the user is told."""

from __future__ import annotations

import re

import pytest

from mxtrain.data.remote.faults import Fault, of_error, of_status, told


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, "denied"), (403, "denied"), (404, "missing"), (410, "missing"), (412, "changed"), (416, "changed"),
     (408, "passing"), (429, "passing"), (500, "passing"), (503, "passing"), (501, "refused"), (400, "refused")],
)  # fmt: skip
def test_status(status, kind):
    fault = of_status(status, "why")
    assert fault.kind == kind and str(status) in fault.reason


@pytest.mark.parametrize(
    ("error", "kind"),
    [(FileNotFoundError("x"), "missing"), (PermissionError("x"), "denied"), (TimeoutError(), "passing"),
     (ConnectionResetError("x"), "passing"), (ValueError("x"), "refused"), (RuntimeError("odd"), "passing"),
     (Fault("changed", "x"), "changed")],
)  # fmt: skip
def test_errors(error, kind):
    assert of_error(error).kind == kind and of_error(error).reason


def test_reasons_hold_no_secret():
    assert "hush" not in str(Fault("passing", "GET https://h/x?X-Amz-Signature=hush failed"))


@pytest.mark.parametrize(
    ("url", "kind", "says"),
    [
        ("s3://b/k", "denied", "aws configure"),
        ("gs://b/k", "denied", "gcloud auth"),
        ("hdfs:///k", "denied", "kinit"),
        ("https://h/k", "denied", "netrc"),
        ("http://h/k", "denied", "netrc"),
        ("s3://b/k", "missing", "check the path, the region and the endpoint"),
        ("http://h/k", "missing", "check the path$"),
        ("http://h/k", "passing", "remote.attempts"),
        ("http://h/k", "changed", "start again"),
    ],
)
def test_what_to_do(url, kind, says):

    text = str(told(url, "bytes 0 to 9", Fault(kind, "the reason")))
    assert text.startswith(f"{url}: bytes 0 to 9: the reason; ") and re.search(says, text)
