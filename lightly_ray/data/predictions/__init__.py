"""What models predict, on its way in: one Arrow schema per task, readers and checks.

classification.py   filename, probabilities
detection.py        filename, object_probabilities, class_probabilities [, scores, labels];
                    or filename, scores, labels
segmentation.py     filename, probabilities [, shape]; or filename, path
keypoints.py        filename, keypoints

files.py            which reader a path needs: Parquet, .npy, COCO, YOLO, folders of maps
row_groups.py       Parquet in pieces
coco.py, yolo.py    readers of result files; json_list.py reads JSON of any size
naming.py           which image a prediction file belongs to

checks.py           the faults a prediction can have, found per sample and named
columns.py, rows.py Arrow lists as flat arrays with offsets
kernels.py          compiled passes over them
"""
