"""Training of the codec and of the flow, on rendered sounds or on a folder of one's own."""
