"""The doctor: looks at everything a run stands on, and says what to do about what is wrong."""
