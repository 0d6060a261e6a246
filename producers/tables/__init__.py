"""From a table's cells to values: titles to columns, columns to fields, cells to typed values, rows to identities."""
