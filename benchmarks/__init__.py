"""The races: this hub beside its peers and beside bare loops, in one run, as ratios. Run: ``make bench``."""
