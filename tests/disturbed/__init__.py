"""Files of the sample city, disturbed as real files are: no wrong value is taken in without being told."""
