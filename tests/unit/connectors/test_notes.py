"""Notes of single rows are gathered by what they say, and go through JSON unchanged."""

from connectors.notes import MOST_ROWS_NAMED, NoteKind, RowNotes, TableNote, note_of_rows


def test_rows_of_which_the_same_is_said_are_one_note() -> None:
    notes = RowNotes()
    for number in range(2, 30):
        notes.add(NoteKind.TOTAL_ROWS, number, "合计")
    notes.add(NoteKind.LEFT_OUT, 5, "看不懂", "电话")
    total, left_out = notes.all()
    assert (total.count, total.rows) == (28, tuple(range(2, 2 + MOST_ROWS_NAMED)))
    assert (left_out.column, left_out.rows) == ("电话", (5,))
    assert total == note_of_rows(NoteKind.TOTAL_ROWS, "合计", range(2, 30))
    for note in notes.all():
        assert TableNote.from_json(note.to_json()) == note
