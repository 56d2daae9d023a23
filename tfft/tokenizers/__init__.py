"""Turn texts into token ids with the tokenizer of the backbone."""
