"""What models predict, on its way in: checks, Arrow schemas and readers.

checks.py   class probabilities: shape, dtype, NaN, range and sum, named by row or filename
"""
