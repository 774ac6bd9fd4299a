"""What was known when, kept for good.

``store`` the database (SQLAlchemy Core; SQLite or PostgreSQL), append-only and two-timed ·
``history`` facts in memory, answering "what was known at t" by bisection · ``ledger`` the decisions
made, hash-chained so that a track record cannot be rewritten · ``backup`` copies and exports ·
``migrations`` the schema's history (Alembic).

Why not event sourcing, an ORM or a queue: the table of facts is the queue, Core statements are
shorter than mappings, and one writer needs no broker.
"""
