"""`pytest tests/soak/check_athena.py`: both engines on many visitors, and after a full refresh.

A quarter of the predecessor's first run, with as many events. CI compares the same two days with
fewer, tests/dbt_project/test_parity.py.
"""

import pytest

from tests.dbt_project.test_parity import assert_same
from tests.support.aws.athena_stack import AthenaStack
from tests.support.lakes.both_engines import both_engines

VISITORS = 30_000


def test_increments_of_many_and_a_full_refresh_give_the_same_rows(
    athena: AthenaStack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with both_engines(athena, tmp_path_factory.mktemp, VISITORS) as both:
        assert_same(both.first.local, both.first.athena)
        assert_same(both.second.local, both.second.athena)
        local, theirs = both.build_anew()
        assert_same(local, both.second.local)
        assert_same(theirs, both.second.athena)
