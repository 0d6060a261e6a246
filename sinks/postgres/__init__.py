"""PostgreSQL: what pages and reports read. One batch, one database transaction."""
