"""The places where widgets run."""
