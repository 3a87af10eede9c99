"""Values that several devices share: MXNet's KVStore (store.py), the ranks of a run that compute together
(communicator.py), and their gradients summed bucket by bucket while the backward still runs (reduce.py).

Sums are taken in the order of ranks or devices, never in that of arrival. May import executor, graph, backends and
base. Start with communicator.py.
"""

from mxtrain.kvstore.communicator import Communicator, Watch
from mxtrain.kvstore.reduce import Bucket, cut, overlapped
from mxtrain.kvstore.store import KVStore, create

__all__ = ["Bucket", "Communicator", "KVStore", "Watch", "create", "cut", "overlapped"]
