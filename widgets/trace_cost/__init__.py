"""Section 3.3 and appendix B: the trace in closed form, checked and timed against a loop over points."""
