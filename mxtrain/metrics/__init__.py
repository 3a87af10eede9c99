"""Metrics: what a prediction is worth, as sums that can be saved, resumed and added up over workers.

May import base. One file per metric, its record at the foot. Start with _metric.py (the record); _set.py holds the
totals of a run, _exact.py says why sums do not depend on how samples were cut into batches, _classes.py brings labels
and predictions together.
"""

from mxtrain.base.registry import Registry
from mxtrain.metrics._metric import Metric
from mxtrain.metrics._set import MetricSet, Shown

REGISTRY: Registry[Metric] = Registry("mxtrain.metrics", "METRIC", "metric")
get = REGISTRY.get

__all__ = ["REGISTRY", "Metric", "MetricSet", "Shown", "get"]
