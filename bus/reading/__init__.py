"""Reading topics: offsets, scans to the end, batches for sinks."""
