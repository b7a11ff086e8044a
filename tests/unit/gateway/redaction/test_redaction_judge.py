"""An independent judge: what detect-secrets finds in generated text, ours must have removed."""

from random import Random

import pytest
from secret_samples import EVERY, leaked

from gateway.redaction import redact_text

aws = pytest.importorskip("detect_secrets.plugins.aws", reason="detect-secrets is not installed")
