"""What ``state``, ``explain`` and ``watch`` look at: one enterprise, one value of it, one bank's topic."""
