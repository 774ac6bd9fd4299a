"""From a headline to an event.

``clean`` text made safe and items given an identity · ``taxonomy`` the event types · ``lexicon``
the words and rules, read from ``data`` · ``language`` what is read and what is not · ``chinese``
Chinese through its words · ``reading`` concepts, clauses, polarity, the matched words kept ·
``mood`` fact, rumour or neither · ``rules`` what follows from the wording · ``classify`` the
calibrated model on top · ``validation`` what it is worth · ``stories`` one event told by many.
"""
