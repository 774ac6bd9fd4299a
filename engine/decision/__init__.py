"""From the record to HOLD or SELL.

``grid`` facts to rows · ``events`` headlines to signed events · ``ratings`` releases rated on their
day · ``rates`` expectations by session · ``features`` one array each · ``decide`` the blend and the
latch · ``explain`` contributions and flip levels.

Missing data never causes SELL: see ``decide``.
"""
