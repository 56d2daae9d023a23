"""Cache features on disk between runs. A cache entry is identified by everything that its values depend on."""
