"""One module per family of commands; each offers ``register(app)`` and imports lazily."""
