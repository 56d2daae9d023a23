"""An HTTP service for a bundle: requests in batches, limits, metrics, and a page to try it. FastAPI and uvicorn are an extra."""
