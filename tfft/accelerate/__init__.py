"""Compute the same results faster: folded norms, fused gradients, lower precision. Each can be turned off."""
