"""Read and write ``.keras`` and HDF5 files: allowed classes only, with limits before anything is allocated."""
