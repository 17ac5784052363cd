"""Images -> vectors, and what vectors are good for.

models.py         the name of a model -> the model; `embedder.py` adds the axes that were fitted on its features
model_options.py  what a network that the user brings does not say of itself
preparation.py    pixels as a network wants them
network/          networks as ONNX: the pretrained one, files, those of torch
descriptor.py     gradients and colours, for tiny pictures; its loops are in `histograms.py`
reduction.py      features -> principal axes -> unit vectors
embedder.py       a model and its reduction, kept with the embeddings they made
classifier.py     labelled vectors -> a linear probe -> probabilities over all classes
"""
