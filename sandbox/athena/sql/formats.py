"""File formats and SerDes that Athena reads, as Glue declares them."""

from typing import NamedTuple


class Format(NamedTuple):
    """The classes that Glue names for a table's files."""

    input: str
    output: str
    serde: str


_TEXT_IN = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
_HIVE = "org.apache.hadoop.hive.ql.io"

FORMATS = {
    "TEXTFILE": Format(_TEXT_IN, _TEXT_OUT, _LAZY),
    "JSON": Format(_TEXT_IN, _TEXT_OUT, "org.openx.data.jsonserde.JsonSerDe"),
    "PARQUET": Format(
        f"{_HIVE}.parquet.MapredParquetInputFormat",
        f"{_HIVE}.parquet.MapredParquetOutputFormat",
        f"{_HIVE}.parquet.serde.ParquetHiveSerDe",
    ),
    "ORC": Format(
        f"{_HIVE}.orc.OrcInputFormat", f"{_HIVE}.orc.OrcOutputFormat", f"{_HIVE}.orc.OrcSerde"
    ),
    "AVRO": Format(
        f"{_HIVE}.avro.AvroContainerInputFormat",
        f"{_HIVE}.avro.AvroContainerOutputFormat",
        "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
    ),
}
# Those of Athena's list that the engine reads too.
_TEXT_SERDES = (
    _LAZY,
    "org.openx.data.jsonserde.JsonSerDe",
    "org.apache.hive.hcatalog.data.JsonSerDe",
    "org.apache.hadoop.hive.serde2.OpenCSVSerde",
    "org.apache.hadoop.hive.serde2.RegexSerDe",
)
SERDES = {serde: Format(_TEXT_IN, _TEXT_OUT, serde) for serde in _TEXT_SERDES} | {
    found.serde: found for found in FORMATS.values() if found.input != _TEXT_IN
}
# In the order in which Hive takes them.
DELIMITED = {
    "FIELDS TERMINATED BY": "field.delim",
    "COLLECTION ITEMS TERMINATED BY": "collection.delim",
    "MAP KEYS TERMINATED BY": "mapkey.delim",
    "LINES TERMINATED BY": "line.delim",
    "NULL DEFINED AS": "serialization.null.format",
}
