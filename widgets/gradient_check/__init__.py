"""Appendix A: compare hand-written gradients with the complex step, also with a rule bent on purpose."""
