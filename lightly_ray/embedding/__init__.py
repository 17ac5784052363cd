"""Images -> vectors.

descriptor.py   the built-in descriptor: gradients, colours and small pixels, reduced by PCA; no weights to download
"""
