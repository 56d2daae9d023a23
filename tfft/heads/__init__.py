"""Heads: the new layers on a backbone; each head ends in float32 logits."""
