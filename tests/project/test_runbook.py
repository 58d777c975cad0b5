"""The runbook knows every alarm and every error that the code can say."""

import re

from flows.alerts.findings import ALARMS
from tests.project import runbook
from tests.support.machine.servers import ROOT

TEXT = runbook.PATH.read_text(encoding="utf-8")


def test_the_runbook_lists_every_error_as_the_code_says_it() -> None:
    listed = TEXT.partition(runbook.HEADING)[2].strip().splitlines()[2:]
    wanted = [str(sentence) for sentence in runbook.sentences()]
    assert len(wanted) > 60
    assert listed == wanted, "run `make reference`"


def test_the_runbook_has_every_alarm_with_a_section() -> None:
    alarms = (ROOT / "flows" / "alerts").glob("*.py")
    code = "".join(path.read_text(encoding="utf-8") for path in alarms)
    lookout = ROOT / "flows" / "up" / "lookout.py"
    raised = set(re.findall(r'Finding\(\s*"(\w+)"', code))
    raised |= set(re.findall(r'Finding\(\s*"(\w+)"', lookout.read_text(encoding="utf-8")))
    assert raised == ALARMS
    assert set(re.findall(r"^### `(\w+)`$", TEXT, re.MULTILINE)) == ALARMS
