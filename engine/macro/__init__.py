"""Rates, valuation and market time.

``fedwatch`` meeting probabilities from fed funds futures, as CME computes them · ``ladder`` what
stands in for them when prices are missing, with its rung recorded · ``valuation`` what a market
value implies · ``sessions`` which session may act on a fact.
"""
