"""The systems of the literature, each with its recipe, reproduced and compared.

Importing this package imports no framework.
"""
