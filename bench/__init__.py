"""Benchmarks: `python -m bench`, or `make bench`. Every comparison is made within one run."""
