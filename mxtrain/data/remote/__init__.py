"""Record files on a remote store, read in blocks as they are needed: s3://, gs://, hdfs://, http(s)://.

    options.py   what a config may say of it
    address.py   URLs: which are remote, what lies beside one, which would carry a secret into a config
    faults.py    what can go wrong: what passes, what does not, what a user can do about it
    retry.py     attempts, waits, deadlines
    store.py     what a store gives; s3.py, http.py, other.py: the stores
    cache.py     blocks on the local disk, shared by all processes
    file.py      one file: blocks in memory, fetched ahead; what `recordio` calls a range reader
    remote.py    the stores and the cache of one reader of data: opens files, finds names
    shard.py     a record file with its index
    packs.py     what a URL means, and the manifests beside record files: packing/places.py for stores
    stream.py    records in the order of a walk, shuffled within a window: for files without an index

Imports base, params and recordio; fsspec and what it needs only when a path has a scheme (pip install
'mxtrain[remote]'). Start with remote.py.
"""
