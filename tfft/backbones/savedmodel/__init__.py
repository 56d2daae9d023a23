"""A SavedModel or a module of TensorFlow Hub as a backbone."""
