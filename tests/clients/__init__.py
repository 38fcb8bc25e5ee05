"""Published clients against the emulator, unchanged but for their base address."""
