"""Section 3.3: schemes for the weight of the initial condition, raced from the same start."""
