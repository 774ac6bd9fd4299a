"""History: one rule, many rules, honest tuning, and how much of a result could be luck."""
