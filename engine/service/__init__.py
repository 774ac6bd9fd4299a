"""What the product does, without a terminal or a browser: assess, collect, morning, schedule.

``wiring.assess`` is the product in one function; ``morning.prepare`` adds ledger and report.
"""
