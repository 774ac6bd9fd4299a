"""The sections of the report, one a file; ``engine.report.section`` says how to add one."""
