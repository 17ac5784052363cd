"""Networks as ONNX: pretrained weights -> a graph -> features of images, without torch.

torch_file     a file of tensors in torch's format of 2016 to 2020 -> arrays; code in it is never run
graph          layers -> an ONNX graph
efficientnet   the weights of EfficientNet-Lite -> its graph up to the last feature map
session        an ONNX graph in the runtime: prepared images -> its output, on CPU or GPU
features       outputs -> features: some images at a time, averaged over positions
torch_model    networks of torch, timm and transformers
"""
