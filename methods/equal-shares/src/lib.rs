//! Participatory budgeting: greedy rules, the Method of Equal Shares and sequential Phragmén, exact and explained.
