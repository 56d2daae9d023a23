"""Measures: how good answers are, as sums over examples, so that one bootstrap gives every metric its interval."""
