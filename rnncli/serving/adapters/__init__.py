"""Routes with the shapes of other tools, so that their clients can use the service."""
