"""What the investor edits, the reference tables, and ``settings``, which loads and checks both."""
