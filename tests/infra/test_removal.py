"""What was applied is removed without a trace, data and all, when one says so."""

from tests.infra.stages import Site
from tests.infra.terraform import VARIABLES, traces


def test_destroy_leaves_nothing_behind(site: Site) -> None:
    """The last of the room: what the pipeline left there goes too."""
    name, root = VARIABLES["production"]["name"], site.root
    bucket, s3 = root.outputs()["buckets"]["bronze"], root.client("s3")
    assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) > 20
    assert len(traces(root, name)) > 20
    root.terraform("destroy", "-auto-approve", "-input=false")
    assert traces(root, name) == []
