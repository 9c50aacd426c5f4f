//! What the registry keeps, in SQL.
