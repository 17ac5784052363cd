"""What labelling tools' own converters make of our exports; run by an interpreter that has them, not by ours.

tool_runs.py label-studio TASKS CONFIG FOLDER     the exports of a project with these tasks
tool_runs.py datumaro FOLDER OUT FORMAT ...       a COCO folder in other formats
tool_runs.py datasets FOLDER                      the rows of a folder of images, as JSON
tool_runs.py fiftyone FOLDER KIND                 the labels of an import folder, as JSON
"""

import json
import sys
from pathlib import Path
from typing import Any


def label_studio(tasks: Path, config: Path, out: Path) -> None:
    """As the server exports a project: it numbers tasks and annotations, and dates them."""
    from label_studio_sdk.converter import Converter
    from label_studio_sdk.converter.converter import Format

    content = json.loads(tasks.read_text("utf-8"))
    dated = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "lead_time": 1.0}
    for number, task in enumerate(content, start=1):
        task["id"] = number
        task.setdefault("annotations", [])
        for annotation in task["annotations"]:
            annotation |= {"id": number, "completed_by": {"id": 1, "email": "a@b.c"}, **dated}
    out.mkdir()
    (out / "tasks.json").write_text(json.dumps(content), "utf-8")
    converter = Converter(config=config.read_text("utf-8"), project_dir=str(out))
    for name in ("JSON", "JSON_MIN", "CSV", "COCO", "YOLO"):
        converter.convert(str(out / "tasks.json"), str(out / name), Format.from_string(name), is_dir=False)


def datumaro(folder: Path, out: Path, formats: list[str]) -> None:
    """Import a COCO folder, and export it."""
    import datumaro

    dataset = datumaro.Dataset.import_from(str(folder), "coco")
    for name in formats:
        dataset.export(str(out / name), name, save_media=True)


def datasets(folder: Path) -> list[Any]:
    """Load a folder of images with its metadata."""
    from datasets import load_dataset

    loaded = load_dataset("imagefolder", data_dir=str(folder), split="train", cache_dir=str(folder.parent / "cache"))
    return [{**row, "image": row["image"].size} for row in loaded]


def fiftyone(folder: Path, kind: str) -> dict[str, Any]:
    """The labels that the importer of a folder yields, by file; a database is not needed for that."""
    from fiftyone.utils import data

    found = {}
    with getattr(data, f"FiftyOneImage{kind}DatasetImporter")(dataset_dir=str(folder)) as importer:
        for path, _, label in importer:
            found[str(Path(path).relative_to(folder / "data"))] = label and label.to_dict()
    return found


if __name__ == "__main__":
    tool, *words = sys.argv[1:]
    if tool == "label-studio":
        label_studio(*map(Path, words))
    elif tool == "datumaro":
        datumaro(Path(words[0]), Path(words[1]), words[2:])
    else:
        result = datasets(Path(words[0])) if tool == "datasets" else fiftyone(Path(words[0]), words[1])
        sys.stdout.write("\n" + json.dumps(result, default=str))
