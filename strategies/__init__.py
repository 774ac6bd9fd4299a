"""Strategies: one idea a file, from feature arrays to a score in [-1, +1].

A strategy is two pure, causal functions (see ``strategies.base.Strategy``)::

    features (T,)  --levels-->  levels (…, T)  --score-->  score (…, T) in [-1, +1], NaN unobserved

``levels`` holds everything with memory (half-lives, running sums); ``score`` is pointwise, so that
"what would flip it" can be answered by moving one level. Parameters may be arrays of shape (P, 1):
then the same code is a sweep. Negative scores argue for SELL, positive ones for HOLD.

Adding one: a file here with a class, and one ``[[strategy]]`` stanza in a file of
``config/strategies`` that names it as ``"strategies.my_idea:MyIdea"``.
"""
