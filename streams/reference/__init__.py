"""The maker of the references: month by month from the changes of ratings and records, ``reference.v1``."""
