"""The proof that never ends: each pass reads what came since the proven moment.

Of the release it proves the chain of steps, and the banks' topics against what these say. Whether a step told what it
had to tell is proved by the full pass alone (decision 32).
"""
