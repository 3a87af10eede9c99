"""Augmenters, one file each: an image in, an image out. The record they are made of is in data/augmenter.py."""

from __future__ import annotations

from mxtrain.base.registry import Registry
from mxtrain.data.augmenter import Augmenter

REGISTRY: Registry[Augmenter] = Registry("mxtrain.data.augment", "AUGMENTER", "augmenter")
