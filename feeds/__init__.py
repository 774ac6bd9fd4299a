"""Collectors: one file per kind of source, one stanza of ``config/feeds.toml`` per source.

``fetch`` brings bytes, politely and within bounds; each collector's ``parse`` turns bytes into
facts and items without any I/O; ``collect`` polls them side by side; ``health`` says how each
one is. ``facts`` loads the reference tables of ``config/facts``.

Adding one: a class with ``poll`` here, or a ``DocumentCollector`` with ``parse``, and a stanza that
names it ``"module:Class"``.
"""
