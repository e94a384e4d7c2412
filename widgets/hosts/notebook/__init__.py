"""A widget in Jupyter and JupyterLite: an anywidget class around the recipe and the view of the pages."""
