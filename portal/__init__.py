"""The portal: the one process that writes consents (授权). Operators speak to it over HTTP, by the command line."""
