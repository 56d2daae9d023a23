"""Convert raw inputs to the inputs of a backbone: decoding and resizing happen before the network, value ranges inside it."""
