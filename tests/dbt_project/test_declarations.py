import re
from typing import Any

import yaml

from reports.documentation import _HOLDS, _describe
from tests.support.lakes.dbt_home import ROOT

Node = dict[str, Any]
TYPE = re.compile(r"^(string|(array<)?struct<[a-z_]+:.+>+|array<string>)$")


def nodes_of(manifest: Node, kind: str) -> list[Node]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == kind]


def test_every_model_source_and_column_is_described_with_its_type(manifest: Node) -> None:
    described = [*nodes_of(manifest, "model"), *manifest["sources"].values()]
    assert len(described) >= 14
    for node in described:
        assert node["description"], node["name"]
        assert node["columns"], node["name"]
        for column in node["columns"].values():
            assert column["description"], (node["name"], column["name"])
            assert column["data_type"], (node["name"], column["name"])


def test_every_model_says_its_grain_first_and_gold_has_an_enforced_contract(manifest: Node) -> None:
    for model in nodes_of(manifest, "model"):
        assert model["description"].startswith("One row per "), model["name"]
        assert model["contract"]["enforced"] == (model["schema"] == "gold"), model["name"]


def test_every_model_has_one_tested_primary_key(manifest: Node) -> None:
    for model in nodes_of(manifest, "model"):
        tests = [
            test["test_metadata"]
            for test in nodes_of(manifest, "test")
            if test["attached_node"] == model["unique_id"] and test["config"]["severity"] == "ERROR"
        ]
        keys = [t["kwargs"]["columns"] for t in tests if t["name"] == "primary_key"]
        assert len(keys) == 1, model["name"]
        assert set(keys[0]) <= set(model["columns"]), model["name"]


def test_every_model_of_a_day_is_known_by_its_tag(manifest: Node) -> None:
    def asks(node: Node) -> bool:
        called = node["depends_on"]["macros"]
        return "macro.wistia_elt.as_of_date" in called or any(
            asks(manifest["macros"][name]) for name in called if ".wistia_elt." in name
        )

    models = nodes_of(manifest, "model")
    dated = {model["name"] for model in models if asks(model)}
    assert dated >= {"status", "fact_audience_insights"}
    assert dated == {model["name"] for model in models if "as_of_date" in model["tags"]}


def test_every_rule_has_a_unit_test(manifest: Node) -> None:
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    assert tested == {model["name"] for model in nodes_of(manifest, "model")}


def test_what_differs_between_the_engines_is_told_for_both(manifest: Node) -> None:
    names = {m["name"] for m in manifest["macros"].values() if m["package_name"] == "wistia_elt"}
    athena = {name.removeprefix("athena__") for name in names if name.startswith("athena__")}
    assert len(athena) > 5
    assert athena == {n.removeprefix("duckdb__") for n in names if n.startswith("duckdb__")}
    assert not [name for name in names if name.startswith("default__")]


def test_only_silver_reads_bronze_and_layers_read_upwards_only(manifest: Node) -> None:
    allowed = {
        "silver": {"bronze", "silver"},
        "gold": {"silver", "gold"},
        "pages": {"silver", "gold", "pages"},
    }
    layers = {key: source["source_name"] for key, source in manifest["sources"].items()}
    layers |= {model["unique_id"]: model["schema"] for model in nodes_of(manifest, "model")}
    for model in nodes_of(manifest, "model"):
        assert model["path"].startswith(f"{model['schema']}/"), model["name"]
        read = {layers[key] for key in model["depends_on"]["nodes"] if key in layers}
        assert read <= allowed[model["schema"]], model["name"]


def test_models_are_short_and_have_no_clock_in_them(manifest: Node) -> None:
    for model in nodes_of(manifest, "model"):
        sql = model["raw_code"]
        assert len(sql.splitlines()) < 120, model["name"]
        assert not re.search(r"current_|now\(|random|uuid", sql), model["name"]


def test_the_pages_to_come_hang_on_tables(manifest: Node) -> None:
    exposures = {e["name"]: e for e in manifest["exposures"].values()}
    assert set(exposures) == {
        "overview",
        "trends",
        "media",
        "compare",
        "viewing",
        "audience",
        "recency_and_frequency",
        "data_health",
    }
    assert all(e["description"] and e["depends_on"]["nodes"] for e in exposures.values())


def test_bronze_is_declared_in_words_that_hive_and_a_short_reader_know() -> None:
    text = (ROOT / "dbt_project" / "models" / "bronze.yml").read_text()
    (source,) = yaml.safe_load(text)["sources"]
    locations = {}
    for table in source["tables"]:
        meta = table["config"]["meta"]
        names = [column["name"] for column in table["columns"]]
        assert len(names) == len(set(names)), table["name"]
        partition = meta.get("partition_column")
        assert partition in {None, names[-1]}, table["name"]
        for column in table["columns"]:
            assert TYPE.match(column["data_type"]), (table["name"], column["name"])
        locations[table["name"]] = (meta["location"], meta["files"], partition)
    assert locations == {
        "account": ("raw-data/account", "*.json.gz", "ingest_date"),
        "events": ("raw-data/events", "*.json.gz", "ingest_date"),
        "media": ("raw-data/media", "*.json.gz", "ingest_date"),
        "media_by_date": ("raw-data/media_by_date", "*.json.gz", "ingest_date"),
        "media_engagement": ("raw-data/media_engagement", "*.json.gz", "ingest_date"),
        "medias": ("raw-data/medias", "*.json.gz", "ingest_date"),
        "visitors": ("raw-data/visitors", "*.json.gz", "ingest_date"),
        "runs": ("state/runs", "*.json", None),
    }


def test_what_a_test_holds_is_said_in_words(manifest: Node) -> None:
    tests = nodes_of(manifest, "test")
    assert {test["test_metadata"]["name"] for test in tests} == set(_HOLDS)
    for test in tests:
        said = _describe(test)
        assert re.fullmatch(r"[a-z][a-z0-9_ ,'-]+", said), said
