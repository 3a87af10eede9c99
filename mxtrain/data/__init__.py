"""From files to batches: sources, augmentation, shuffling, prefetch.

Imports base and nothing else of mxtrain. Start with source.py (what a source gives), then iterator.py (what a
trainer sees).
"""
