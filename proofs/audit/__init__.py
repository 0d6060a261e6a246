"""Whether the chains of what was released and asked are whole, from the topics or from a file, and what anchors say."""
