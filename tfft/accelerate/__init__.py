"""Faster ways to compute the same: folded norms, fused gradients, lower precision. Each can be turned off."""
