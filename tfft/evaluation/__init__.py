"""evaluate(): a trained model and examples -> a Report with intervals."""
