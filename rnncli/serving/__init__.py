"""The service: labels texts for other programs over HTTP."""
