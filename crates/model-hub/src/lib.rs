//! model-hub
