"""Raw input -> what a backbone takes: decoding and geometry before the net, value ranges inside it."""
