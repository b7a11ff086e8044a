"""The API of AWS on loopback: moto's server, with what moto 5.2 lacks of the calls that the AWS environment makes.

    python aws_api.py PORT

It runs in a process of its own. A call that nobody answers is refused with 501 at once: the provider tries a 500 again
25 times, and a test would hang.
"""

# moto is an extra, which the machine that lints need not have; and it does not expect its methods to be replaced.
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false, reportOptionalCall=false

from __future__ import annotations

import json
import sys
from typing import Any

from missing_calls import add_missing_calls
from moto.core.responses import BaseResponse
from moto.server import main
from wrong_answers import correct_wrong_answers


def refuse_the_unknown() -> None:
    call = BaseResponse.call_action

    def call_action(self: BaseResponse) -> Any:
        try:
            return call(self)
        except NotImplementedError as error:
            print(error, file=sys.stderr)
            return 501, {"status": 501, "content-type": "application/json"}, json.dumps({"message": str(error)})

    BaseResponse.call_action = call_action


if __name__ == "__main__":
    add_missing_calls()
    correct_wrong_answers()
    refuse_the_unknown()
    main(["--host", "127.0.0.1", "--port", sys.argv[1]])
