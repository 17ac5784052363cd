"""What models predict, on its way in: one Arrow schema per task, readers and checks.

classification    filename, probabilities
detection         filename, object_probabilities, class_probabilities [, scores, labels] [, boxes];
or filename, scores, labels [, boxes]
segmentation      filename, probabilities [, shape]; or filename, path
keypoints         filename, keypoints

files             which reader a path needs: Parquet, .npy, COCO, YOLO, folders of maps
row_groups        Parquet, some row groups at a time
coco, yolo        readers of result files
image_matching    which image a prediction file belongs to

table             `Predictions`: a whole checked table and the names of its classes, as stored and evaluated
packed            the same as one Parquet file

checks            what can be wrong with a prediction, found per sample and named
columns, ragged   Arrow lists as flat arrays with offsets
kernels           compiled passes over them
"""
