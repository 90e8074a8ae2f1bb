"""An Alignment to text, SVG, PNG, JSON or Pharaoh pairs. Knows no torch and no models."""
