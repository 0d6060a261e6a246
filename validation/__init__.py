"""Whether a rating tells who will pay: outcomes, what is measured by them, cards fitted to them, the back-test."""
