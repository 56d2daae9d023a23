"""Read and write ``.keras`` and HDF5 files. Only allowed classes are read, and limits are checked before memory is allocated."""
