"""What trains: policies choose variables of the backbone; the head always trains.

Synopsis: ``everything()``, ``nothing()``, ``last_blocks(2)``, ``match("block5_conv3/.*")``, ``bias_only()``.
"""

from tfft.trainable.policy import Policy, bias_only, everything, last_blocks, match, nothing

__all__ = ["Policy", "bias_only", "everything", "last_blocks", "match", "nothing"]
