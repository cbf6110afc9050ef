//! Tests of the format and of the engine.
