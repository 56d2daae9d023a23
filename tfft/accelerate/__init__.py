"""Compute the same results faster: folded norms, fused gradients, lower precision. ``switches`` explains how to turn them off."""
