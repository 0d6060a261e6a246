"""企业规模: how large an enterprise is, by its industry and the figures of a year."""
