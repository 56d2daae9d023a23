"""Choose before training: the backbone, and the learning rate of a phase."""
