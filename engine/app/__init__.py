"""Where everything is joined: commands, wiring, scheduling. The only room that knows them all.

``wiring.assess`` is the product in one function; ``morning.prepare`` adds ledger and report.
"""
