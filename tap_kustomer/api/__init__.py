"""All access to Kustomer: one client, two request budgets, one retry policy."""
