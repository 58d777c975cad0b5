"""The token and the keys are nowhere but where they belong."""

import zipfile
from pathlib import Path

from tests.infra.stages import HASH_KEY, Site
from tests.infra.terraform import KEYS, PLAN, Root

# Everything Terraform could have written down: state, its copies, plans, what it said and logged.


def written(root: Root) -> dict[str, str]:
    root.plan()
    root.terraform("output", "-json")
    found = {
        str(path.relative_to(root.folder)): path.read_bytes().decode(errors="replace")
        for path in root.folder.rglob("*")
        if path.is_file() and ".terraform/" not in path.as_posix()
    }
    with zipfile.ZipFile(root.folder / PLAN) as plan:
        found |= {
            f"plan/{name}": plan.read(name).decode(errors="replace") for name in plan.namelist()
        }
    return found | {"said": "\n".join(root.said)}


def test_no_secret_is_in_state_plan_outputs_or_logs(site: Site) -> None:
    planted = {
        "token": site.wistia.token,
        "hash key": HASH_KEY,
        "AWS key": KEYS["AWS_SECRET_ACCESS_KEY"],
    }
    everywhere = written(site.root)
    everywhere["the pipeline's own words"] = (site.folder / "said.log").read_text()
    everywhere[".env"] = (site.folder / "worker" / ".env").read_text()
    assert "terraform.tfstate" in everywhere
    assert "plan/tfplan" in everywhere
    assert len(everywhere["said"]) > 10_000
    leaks = [
        (what, where)
        for where, text in everywhere.items()
        for what, one in planted.items()
        if one in text
    ]
    assert leaks == []


def test_the_secret_is_where_the_pipeline_looks(site: Site) -> None:
    manager = site.root.client("secretsmanager")
    secret = site.root.outputs()["settings"]["WISTIA_SECRET_ID"]
    assert site.wistia.token in manager.get_secret_value(SecretId=secret)["SecretString"]


def test_no_file_of_the_module_holds_a_secret_s_value() -> None:
    module = Path(__file__).parents[2] / "infra"
    resources = "".join(path.read_text() for path in module.rglob("*.tf"))
    assert "aws_secretsmanager_secret_version" not in resources
