"""What servers of the hub share: who is let in, and a server that sleeps while nobody asks."""
