"""What recipients send back (``outcome.v1``): receipts of deletion, and what became of applications."""
