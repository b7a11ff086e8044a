"""An independent judge: what detect-secrets finds in generated text, ours must have removed."""


import pytest

aws = pytest.importorskip("detect_secrets.plugins.aws", reason="detect-secrets is not installed")
