//! The relay on links in memory.
