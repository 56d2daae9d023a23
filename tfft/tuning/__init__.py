"""Choose before training: the learning rate of a phase, and how well a plan works, by cross-validation."""
