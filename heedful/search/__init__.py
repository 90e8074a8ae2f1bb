"""From a Stepper to hypotheses. Knows not which model, cell or attention."""
