"""What the database holds, a file for each domain; ``engine.record.store`` joins them."""
