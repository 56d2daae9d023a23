"""Backbone + Task -> a model to train."""
