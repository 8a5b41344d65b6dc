"""Singer tap for Kustomer: reads an org over its REST API, and only reads."""
