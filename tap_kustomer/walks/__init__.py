"""How records are found, and in which order.

What an incremental stream promises, and where it is kept:

1. Nothing lost: after a run that exits 0, every record updated from the start to the run's frozen
   end has been handed over in that version or a later one, provided the index lags less than the
   lookback. (`search.py`; the lookback in `streams/incremental.py`)
2. The bookmark passes an instant only when everything at that instant has been written; a killed
   run goes on from its last STATE. (`streams/incremental.py`)
3. Any number of records may share a millisecond; where they can't be told apart, the stream ends
   with an error that names instant and count. (`search.py`)
4. A record that changes while its range is read makes no other one slip. (`search.py`)
5. Nothing is asked beyond page 100 or record 10,000. (`search.py`)
6. An answer that can't be true is no data: it is asked again, smaller. (`page.py`)
7. Both budgets hold, whatever the concurrency. (`api/budget.py`)
8. What is handed over, and in which order, does not depend on the concurrency. (`slices.py`)
9. Behind the search's two years the archive is read. (`archive.py`)

`tests/model` makes up histories to break them.
"""
