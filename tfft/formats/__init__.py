"""Formats that other programs read: writers, and the comparison of their answers with those of the Keras net."""
