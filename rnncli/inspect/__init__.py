"""What a trained network keeps in memory, as numbers."""
