"""Learning from images without labels, by torch (the extra of that name).

views       a batch of images -> two random views of each
nt_xent     how far the two views of an image are told from all others
trainable   a network of `embedding.network` as a module that learns, and back as an ONNX file
"""
