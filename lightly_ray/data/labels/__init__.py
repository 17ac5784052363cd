"""Labels: one table for all tasks, and the files of labelling tools that they come from and go to.

    table            the form that every reader makes and every writer takes
    files            `read_labels(path, *, format=None, task=None) -> Labels`; `FORMATS`, the names of the formats read
    exporting        `Sample` and `Export`: what a writer takes; `with_labels` brings samples and labels together
    exports          `EXPORTS`, the formats written by name; `stream(name, export) -> Iterator[bytes]` for a download,
                     `write(name, export, place)` for a file or a folder
    packed           the table as a file that says its task and classes: what client and platform send and keep
    task_parquet     how such a file is written and read, of labels and of predictions
    joining          which samples of a dataset labels are of
    same             which rows of two tables say the same

    coco, cvat, hugging_face, image_folder, label_studio, voc, yolo, columns (CSV, Parquet)        readers
    coco, cvat_file, hugging_face, image_folder, label_studio_tasks, yolo_folder, fiftyone,
    simple_exports (file names, CSV, Labelbox, ZIP)                                                writers
    rows, geometry, masks, label_studio_rle, label_studio_regions, xml_file, folders, unzipped     parts of them

In a table that a reader made, annotations that are null say: the file has this sample, and nobody has labelled it.
A list without annotations says that somebody looked, and there was nothing to be seen.

A file is read up to `files.MOST_BYTES` (1 GiB). Keys that come back with it: the sample's id where the format has a
place for it (Label Studio, COCO, Hugging Face, CSV, Parquet), else its file name (CVAT, YOLO, VOC, ImageFolder).
"""
