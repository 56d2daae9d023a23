"""Find the files of a dataset, and the part (training, validation, test) and class of each file."""
