"""Canaries: values that nobody could come by otherwise, put into whatever is not public, and looked for everywhere."""
