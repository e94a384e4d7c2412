"""Section 3.2: set the weight of the initial condition by hand."""
