//! Ordinary trouble: a clear message with what to do, and nothing lost.
