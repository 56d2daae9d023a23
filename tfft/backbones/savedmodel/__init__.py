"""Backbones from SavedModels and from modules of TensorFlow Hub."""
