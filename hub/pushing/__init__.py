"""A run of ``credithub push``: files in, receipts out, by one process or several."""
