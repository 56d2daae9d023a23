"""Read files of rows: CSV, TSV, JSON lines and Parquet, each with the reason when a file is not what it seems."""
