"""A Keras net of the user as a backbone: find its features, blocks, axes and pixel range."""
