"""Faster ways to compute the same: folded norms, fused gradients, lower precision. ``switches`` and ``precision=`` stop them."""
