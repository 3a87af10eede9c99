from __future__ import annotations

import re

import pytest

from mxtrain.data.advice import advice, limit
from mxtrain.data.stages import Stages

FILES = Stages(1, 6, 2, 1, waited=5, samples=100, batches=10, threads=2, cores=2, encoded=True, files=True)


def test_the_dearest_stage_limits():
    assert limit(FILES) == "decode"
    assert limit(FILES._replace(read=7)) == "read"


def test_the_copy_runs_beside_the_threads():
    assert limit(FILES._replace(copy=4.9)) == "decode"
    assert limit(FILES._replace(copy=5.1)) == "copy"
    assert limit(FILES._replace(copy=5.1, threads=0)) == "decode"
    assert limit(FILES._replace(copy=6.1, threads=0)) == "copy"


def test_computing_that_seldom_waits_limits():
    text = advice(FILES._replace(waited=1), 99)
    assert text == "computing limits: it waits for data 1.0% of the time; nothing to change in the data"


def test_data_that_is_waited_for():
    assert advice(FILES, 5).startswith(
        "decoding limits: 60% of the work on data; computing waits for data 50% of the time; pack the images, smaller"
    )


def test_data_alone():
    assert advice(FILES, 0).startswith("decoding limits: 60% of the work on data; pack the images, smaller")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"copy": 15}, "copying to the net limits: 60% of the work on data; computing waits .*take smaller images"),
        ({"copy": 15, "threads": 0}, "raise data.threads from 0 to 2: batches are then made meanwhile"),
        ({"threads": 0}, "raise data.threads from 0 to 2"),
        ({"threads": 1, "cores": 8}, "raise data.threads from 1 to 8"),
        ({"fast": False}, r"install the faster decoder: pip install 'mxtrain\[fast\]'"),
        ({"read": 9}, "reading samples limits: .*mxtrain pack"),
        ({"read": 9, "files": False}, "reading samples limits: [^(]*; put the data on a faster disk$"),
        ({"files": False}, "decoding limits: .*pack the images again, smaller or decoded"),
        ({"augment": 9}, "augmentation limits: .*put what makes images smaller first"),
        ({"augment": 9, "fast": False}, "augmentation limits: .*install the faster resizer"),
        ({"augment": 9, "fast": False, "encoded": False}, "put what makes images smaller first"),
        ({"batch": 9}, "copying into batches limits: .*smaller images or batches"),
        ({"batch": 9, "threads": 1, "cores": 2}, "smaller images or batches"),
    ],
)
def test_what_to_change(change, text):
    assert re.search(text, advice(FILES._replace(**change), 1))


def test_nothing_measured():
    assert advice(Stages(), 1) == "nothing was measured: no batch was made"
