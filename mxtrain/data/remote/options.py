"""What a config may say of remote files. Credentials are none of it: they stay where the stores' tools keep them."""

from __future__ import annotations

from mxtrain.base.params import declare, param


@declare
class Options:
    """How remote files are read and kept."""

    cache: str = param("", doc="folder of fetched blocks, shared by all runs; default: ~/.cache/mxtrain")
    cache_gb: float = param(20.0, ge=0, doc="most that the folder may hold, in 10^9 bytes; 0: nothing is kept")
    attempts: int = param(5, ge=1, le=100, doc="times that a request is made before it is given up")
    timeout: float = param(30.0, gt=0, le=3600, doc="seconds that one attempt may take")
    deadline: float = param(120.0, gt=0, le=86400, doc="seconds that all attempts of a request may take together")
    anonymous: bool = param(False, doc="read public data without credentials (s3, gs)")
    endpoint: str = param("", doc="address of an S3-compatible server; default: as the AWS configuration says")
