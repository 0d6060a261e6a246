"""The same merge as the hub's, written for its peers, each as a good user of that framework would write it."""
