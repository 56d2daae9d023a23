"""Pretrained networks without their top: named, described without weights, loaded only by ``build``."""
