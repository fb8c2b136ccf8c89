//! vector-store
