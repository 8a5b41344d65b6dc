"""The one way to Kustomer: a client, two budgets, one retry policy."""
