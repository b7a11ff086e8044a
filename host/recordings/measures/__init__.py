"""What a replay is judged by. Pure: from calls, advice and predictions to figures; one measure a file."""
