"""Exchange between nodes: the protocol, and the receiver of batches from below."""
