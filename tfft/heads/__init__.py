"""Layers that are put on a backbone; every head ends in float32 logits."""
