"""The one read side over PostgreSQL and topics: a state, where a value comes from, what a bank is told."""
