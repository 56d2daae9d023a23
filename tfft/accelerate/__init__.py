"""Compute the same results faster: folded norms, fused gradients, lower precision; ``switches`` and ``precision=`` turn them off."""
