"""A widget on a page of the book, with Python in a worker of the reader's browser."""
