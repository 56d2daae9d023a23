"""Compute the same results faster: folded norms, fused gradients, lower precision; ``switches``, ``precision=`` turn them off."""
