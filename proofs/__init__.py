"""What holds the hub's own results against the topics, files and tables, and shares nothing with what it checks."""
