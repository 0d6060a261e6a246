-- The registry keeps its schemas in a database of its own, as in the embedded stack.
create database registry;
