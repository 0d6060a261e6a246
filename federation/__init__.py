"""Exchange between nodes: the protocol, the node that receives batches from below, and its store."""
