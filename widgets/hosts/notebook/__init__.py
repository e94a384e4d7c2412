"""A widget in Jupyter and JupyterLite: an anywidget class around the same recipe and the same view as on a page."""
