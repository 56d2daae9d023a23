"""Random changes of images and texts in training, each reproducible from seed, epoch and example."""
