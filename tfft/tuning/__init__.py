"""Choose before training: the learning rate of a phase."""
