"""What recipients report of what became of an application, and its totals for oversight."""
