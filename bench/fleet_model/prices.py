"""List prices of AWS in us-east-1, US dollars, on demand, as published in 2026.

They were not taken from AWS itself: check them (https://aws.amazon.com/pricing) before a decision hangs on them. No
free tier, no savings plan, no support plan.
"""

from __future__ import annotations

FARGATE_VCPU_HOUR = 0.03238
FARGATE_GB_HOUR = 0.00356
"""Linux on ARM; x86 is 25 % more."""
ACU_HOUR = 0.12
AURORA_GB_MONTH = 0.10
AURORA_MILLION_IO = 0.20
"""Aurora Standard. I/O-Optimized is 0.156 an ACU-hour and 0.225 a GB, without a price for I/O: it is taken where it is
cheaper."""
OPTIMIZED_ACU_HOUR = 0.156
OPTIMIZED_GB_MONTH = 0.225
ALB_HOUR = 0.0225
LCU_HOUR = 0.008
LCU_BYTES_HOUR = 1e9
LCU_CONNECTIONS = 3_000
DISK_GB_MONTH = 0.08
"""EBS gp3 for NATS."""
NAT_HOUR = 0.045
SECRET_MONTH = 0.40
SECRETS = 4
ALARM_MONTH = 0.10
ALARMS = 20
LOG_GB = 0.50
LOG_BYTES_A_PROCESS_DAY = 1e6
"""Spark logs what is unusual; guessed."""
