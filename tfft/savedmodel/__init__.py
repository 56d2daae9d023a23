"""A TensorFlow SavedModel as a Keras 3 layer: checked before it is loaded, trainable, and saved again."""
