"""How records are found, and in which order.

What an incremental stream promises, and where it is kept:

1. Nothing lost: after a run that exits 0, every record updated from the start to the run's frozen
   end has been handed over in that version or a later one, provided the index lags less than the
   lookback. (`search.py`; the lookback in `streams/incremental.py`)
2. The bookmark passes an instant only when everything at that instant has been written, or stands
   under `unread` in the state; a killed run goes on from its last STATE. (`streams/incremental.py`)
3. Any number of records may share a millisecond; where more than 10,000 can't be told apart, the
   stream ends with an error that names instant and count. (`ties.py`)
4. A record that changes while its range is read makes no other one slip. (`search.py`)
5. Nothing is asked beyond page 100 or record 10,000. (`search.py`)
6. An answer is believed only when it proves itself (`page.py`); what is not proven is cut until
   the doubtful part is one instant (`search.py`, `ties.py`).
7. Both budgets hold, whatever the concurrency. (`api/budget.py`)
8. What is handed over, and in which order, does not depend on the concurrency. (`slices.py`)
9. Behind the search's two years the archive is read. (`history.py`)

`tests/model` makes up histories to break them.
"""
