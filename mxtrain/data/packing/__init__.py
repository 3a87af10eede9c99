"""Record files of images, made and looked after: what `mxtrain pack` does behind its verbs.

    listing.py     what is to be packed: a folder, a `.lst`, a list of paths
    choose.py      which images go to a validation set, and in which order they are packed
    convert.py     one image file to the payload of its record
    raw.py         payloads that hold decoded pixels
    moments.py     mean and deviation of all pixels, exact
    manifest.py    the JSON file beside the shards
    places.py      names of shards and of the files beside them, and what a path given by a user means
    shard.py       one shard: written, or found whole
    check.py       what is wrong with packed files
    records.py     records with their header, class and name, for looking at them
    unpack.py      back to files in class folders
    rewrite.py     merging and splitting packs, without touching their images

data/pack.py puts the first half together. May import base, the rest of data, and recordio. Start with manifest.py.
"""
