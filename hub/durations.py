"""Durations as people read them."""


def duration(seconds: float) -> str:
    """Return a duration by its two largest units."""
    total_s = int(seconds)
    if total_s < 60:
        return f"{total_s} s"
    if total_s < 3600:
        return f"{total_s // 60} m {total_s % 60:02} s"
    return f"{total_s // 3600} h {total_s % 3600 // 60:02} m"
