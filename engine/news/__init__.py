"""From a headline to an event.

``clean`` text made safe and items given an identity · ``taxonomy`` the event types ·
``lexicon`` the names and verbs of this field · ``rules`` entities, verbs, negation and
reversal, with the matched words kept · ``classify`` the calibrated model on top · ``stories``
one event told by many sources.
"""
