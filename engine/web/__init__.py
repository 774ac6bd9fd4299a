"""The local page: today's report, the archive, feeds, releases and backtests in a browser."""
