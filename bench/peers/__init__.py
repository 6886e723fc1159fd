"""What others would write or run instead, measured in the same run as ours."""
