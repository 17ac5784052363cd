"""Jobs of the web app: listed by key, watched, cancelled; no worker runs them here."""

from sqlalchemy import update

from lightly_ray.platform.context import Platform
from lightly_ray.platform.storage.ids import now
from lightly_ray.platform.storage.schema import jobs as table
from lightly_ray.platform.storage.store import jobs
from tests.platform.browser import Browser
from tests.platform.served import Api, Dataset

UNKNOWN = "0" * 24


def add(platform: Platform, dataset: Dataset, count: int = 1, status: str = "FAILED", ended: int = 0) -> list[str]:
    """Jobs that no worker takes."""
    with platform.database.write() as db:
        ids = [
            jobs.add(db, dataset.id, "SAMPLING", name=f"tag {number}", request={}, pinned={}) for number in range(count)
        ]
        values = {"status": status, "finished_at": now() - ended, "error": "no"}
        db.execute(update(table).where(table.c.id.in_(ids)).values(**values))
    return ids


def test_list__newest_first_by_key(api: Api, browser: Browser, platform: Platform) -> None:
    dataset, other = api.dataset(), api.dataset()
    made = add(platform, dataset, 101)
    elsewhere = add(platform, other)
    first = browser.get("jobs", dataset=dataset.id)
    assert [one["id"] for one in first["jobs"]] == made[:-51:-1]
    second = browser.get("jobs", dataset=dataset.id, before=first["next"])
    assert [one["id"] for one in second["jobs"]] == made[-51:-101:-1]
    third = browser.get("jobs", dataset=dataset.id, before=second["next"])
    assert ([one["id"] for one in third["jobs"]], third["next"]) == (made[:1], None)
    assert [one["id"] for one in browser.get("jobs")["jobs"]][:2] == [*elsewhere, made[-1]]
    assert browser.get("jobs", dataset=UNKNOWN) == {"jobs": [], "next": None}


def test_read__names_what_it_works_on(api: Api, browser: Browser, platform: Platform) -> None:
    dataset = api.dataset()
    [job] = add(platform, dataset)
    shown = browser.get(f"jobs/{job}")
    assert shown == browser.get("jobs", dataset=dataset.id)["jobs"][0]
    assert set(shown) == {
        *("id", "dataset", "datasetName", "kind", "name", "status", "processed", "total", "error", "result"),
        *("createdAt", "finishedAt"),
    }
    assert shown["datasetName"] == api.get(dataset.path)["name"]
    assert (shown["name"], shown["status"], shown["error"], shown["result"]) == ("tag 0", "FAILED", "no", None)
    assert browser.refused("GET", f"jobs/{UNKNOWN}")[:2] == (404, "JOB_UNKNOWN")


def test_read__a_projection_is_called_by_its_method(api: Api, browser: Browser, platform: Platform) -> None:
    dataset = api.dataset()
    with platform.database.write() as db:
        request = {"embeddingId": UNKNOWN, "method": "UMAP", "version": 1}
        job = jobs.add(db, dataset.id, "PROJECTION", name=None, request=request, pinned={})
        jobs.cancel(db, job)
    assert browser.get(f"jobs/{job}")["name"] == "UMAP"


def test_cancel__a_job_that_waits(api: Api, browser: Browser, platform: Platform) -> None:
    dataset = api.dataset()
    [job] = add(platform, dataset, status="RUNNING")  # under a lease that was never given: it waits
    assert browser.get(f"jobs/{job}")["status"] == "WAITING"
    assert browser.send("DELETE", f"jobs/{job}").status_code == 204
    shown = browser.get(f"jobs/{job}")
    assert (shown["status"], shown["error"]) == ("FAILED", "the job was cancelled")
    assert browser.send("DELETE", f"jobs/{job}").status_code == 204
    assert browser.refused("DELETE", f"jobs/{UNKNOWN}")[:2] == (404, "JOB_UNKNOWN")


def test_state__jobs_that_are_going_on_or_just_ended(api: Api, browser: Browser, platform: Platform) -> None:
    dataset = api.dataset()
    [live] = add(platform, dataset, status="RUNNING", ended=10**9)
    [just], [long_ago] = add(platform, dataset, ended=1_000), add(platform, dataset, ended=3_600_000)
    shown = [one["id"] for one in browser.get("state", dataset=dataset.id)["jobs"]]
    assert shown.index(just) < shown.index(live)
    assert long_ago not in shown
    elsewhere = browser.get("state", dataset=api.dataset().id)["jobs"]
    assert live in [one["id"] for one in elsewhere]
    browser.call("DELETE", f"jobs/{live}")
