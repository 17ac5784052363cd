"""Images -> vectors, and what vectors are good for.

descriptor.py   the built-in descriptor: gradients, colours and small pixels, reduced by PCA; no weights to download
classifier.py   labelled vectors -> a linear probe -> probabilities over all classes
"""
