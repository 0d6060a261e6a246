"""What the records of each item say, one module a field of business: cells that must fit together and follow a life."""
