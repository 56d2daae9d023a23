"""Leave the recorder out of the collection: it needs PyTorch."""

collect_ignore = ["record_hidden_states.py"]
