"""The release proved by its steps: the chain, what each step had to tell, and the banks' topics."""
