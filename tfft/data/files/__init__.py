"""Find the files of a dataset, and which part (training, validation, test) and class each belongs to."""
