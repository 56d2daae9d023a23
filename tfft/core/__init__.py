"""What everything else stands on: errors, frozen vocabulary, seeds, digests and safe files. Imports nothing of tfft above it."""
