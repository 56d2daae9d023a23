"""Choose before training: a backbone, a learning rate, and how well a plan works, by cross-validation."""
