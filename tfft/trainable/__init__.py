"""What trains: policies choose variables of the backbone; the head always trains.

Synopsis: ``everything()``, ``nothing()``, ``last_blocks(2)``, ``all_but_first_blocks(1)``, ``match("block5_conv3/.*")``,
``bias_only()``.
"""

from tfft.trainable.policy import Policy, all_but_first_blocks, bias_only, everything, last_blocks, match, nothing

__all__ = ["Policy", "all_but_first_blocks", "bias_only", "everything", "last_blocks", "match", "nothing"]
