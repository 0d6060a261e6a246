"""The Faust app: batch transport, local store, and a thin agent that moves records through the rules."""
