"""Pretrained networks without their top: they have names, are described without weights, and are loaded only by ``build``."""
