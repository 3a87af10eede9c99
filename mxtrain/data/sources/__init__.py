"""Data sources, one file each: a config's `data:` entry names one. What they give is described in data/source.py."""

from __future__ import annotations

from mxtrain.base.registry import Registry
from mxtrain.data.source import Source

REGISTRY: Registry[Source] = Registry("mxtrain.data.sources", "SOURCE", "data source")
