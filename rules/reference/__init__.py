"""The reference (基准): how the scores of the enterprises of a sector and a size are spread, month by month."""
