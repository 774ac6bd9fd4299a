"""The forms of the report, one a file: each lays out blocks and knows no section."""
