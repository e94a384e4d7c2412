"""The course's widgets: one folder each, with the recipe (settings and run) and the view that draws it."""
