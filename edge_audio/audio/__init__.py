"""Sound in and out: frames, files, resampling, devices, echo."""
