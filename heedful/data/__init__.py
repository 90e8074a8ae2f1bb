"""Text to units to ids in padded batches, and back. Knows no models."""
