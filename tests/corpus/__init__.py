"""Malformed files by the thousand, made by a seed: each gets a clear answer, in bounded memory, and loses nothing."""
