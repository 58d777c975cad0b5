"""`pytest tests/soak/check_module.py`: the smallest example of `infra/` on the emulated account.

CI applies the production example alone; this is the other one, without a key of its own,
delivery or alarms' readers: applied, planned again, destroyed.
"""

from pathlib import Path

from tests.infra.terraform import KEYS, VARIABLES, aws_environment, copy_example, traces
from tests.support.aws.athena_stack import running_account


def test_the_smallest_example_is_applied_planned_again_and_destroyed(tmp_path: Path) -> None:
    variables = VARIABLES["smallest"]
    with running_account(tmp_path) as account:
        environment = aws_environment(account.endpoint) | KEYS
        root = copy_example("smallest", tmp_path / "root", variables, environment)
        root.apply()
        bucket, s3 = root.outputs()["buckets"]["bronze"], root.client("s3")
        for body in (b"first", b"second"):
            s3.put_object(Bucket=bucket, Key="raw-data/media/x.json.gz", Body=body)
        assert "No changes" in root.plan()[0]
        assert len(traces(root, variables["name"])) > 20
        root.terraform("destroy", "-auto-approve", "-input=false")
        assert traces(root, variables["name"]) == []
