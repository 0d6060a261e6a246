"""Tables out of departments' files."""
