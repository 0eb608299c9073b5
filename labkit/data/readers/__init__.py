"""Readers of the formats in which face and picture-to-picture data lie on disk, one module a format.

Each module describes its format to :mod:`labkit.data.readers.layout`: how to recognise it, which splits and fields it
has, and a :class:`~labkit.data.rows.Table` of its rows. Opening, caching and skipping are the same for all.
"""
