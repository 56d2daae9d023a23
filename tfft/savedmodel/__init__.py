"""Use a TensorFlow SavedModel as a Keras 3 layer. It is checked before it is loaded, and can be trained and saved again."""
