"""How records are found, and in which order.

The guarantees of an incremental stream, and the module that implements each:

1. No record is lost: after a run that exits 0, every record updated between the start and the run's
   fixed end has been emitted in that version or a later one, provided that indexing lags less than
   the lookback. (`search.py`; the lookback in `streams/incremental.py`)
2. The bookmark passes an instant only when every record at that instant is written, or listed under
   `unread` in the state. A killed run resumes from its last STATE. (`streams/incremental.py`)
3. Any number of records may share a millisecond. If more than 10,000 of them can't be separated,
   the stream fails with an error that names the instant and the count. (`ties.py`)
4. A record that changes while its range is read never causes another to be missed. (`search.py`)
5. No request goes beyond page 100 or record 10,000. (`search.py`)
6. A page counts as complete only if it proves so (`page.py`). Otherwise its range is split until
   the unproven rest is a single instant (`search.py`, `ties.py`).
7. Both rate budgets hold at any concurrency. (`api/budget.py`)
8. The records and their order do not depend on the concurrency. (`slices.py`)
9. Records older than the search's two years are read from the archive. (`history.py`)

`tests/model` generates histories that try to break these guarantees.
"""
