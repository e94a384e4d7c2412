"""What a run is, whoever drives it: settings, recipes, races, slices, jobs, and the form it travels in."""
