"""What only building the book needs, and no reader loads: recorded runs, pictures, numbers of the prose."""
