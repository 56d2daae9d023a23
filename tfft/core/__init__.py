"""The base that all rooms import: errors, shared value classes, seeds, hashes and safe files. It imports no other room of tfft."""
